//! Events, by which the system tells that an operation is done.
#![expect(unsafe_code, reason = "std has no events")]

use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::null;
use std::time::Duration;

use windows_sys::Win32::System::Threading::{CreateEventW, ResetEvent, SetEvent};

use super::Errno;
use super::process::ends_within;

/// An event: set by hand or by the end of an operation, until it is reset.
#[derive(Debug)]
pub(crate) struct Event(OwnedHandle);

impl Event {
    pub(crate) fn new() -> Result<Self, Errno> {
        // SAFETY: without name and attributes the call takes numbers alone.
        let handle = unsafe { CreateEventW(null(), 1, 0, null()) };
        if handle.is_null() {
            return Err(Errno::last());
        }
        // SAFETY: the call has just made this handle, which nobody else owns.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    pub(crate) fn set(&self) {
        // SAFETY: the handle is open for the whole call, which touches no memory.
        unsafe { SetEvent(self.0.as_raw_handle()) };
    }

    pub(crate) fn reset(&self) {
        // SAFETY: as above.
        unsafe { ResetEvent(self.0.as_raw_handle()) };
    }

    pub(crate) fn is_set(&self) -> bool {
        ends_within(self.as_handle(), Duration::ZERO)
    }
}

impl Event {
    /// A second handle on it, for a selector.
    pub(crate) fn try_clone(&self) -> Result<OwnedHandle, Errno> {
        self.0.try_clone().map_err(|error| super::errno_of(&error))
    }
}

impl AsHandle for Event {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }
}
