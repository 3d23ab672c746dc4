//! Handles that came with the creation of this process, by their values.
#![expect(unsafe_code, reason = "values come from the launcher, and are used by their value")]

use std::os::windows::io::{AsHandle, FromRawHandle, OwnedHandle};

use std::ptr::null_mut;

use windows_sys::Win32::Foundation::{GetHandleInformation, HANDLE};
use windows_sys::Win32::Storage::FileSystem::{FILE_TYPE_DISK, FILE_TYPE_PIPE, GetFileType};
use windows_sys::Win32::System::Pipes::PeekNamedPipe;

/// What a handle of this process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Pipe,
    /// Anything else.
    Other,
}

/// Takes the end of a pipe of that value in which exactly so many bytes are to be read: what the launcher has written
/// before this process ran. Nothing else is touched.
pub(crate) fn take_with(value: usize, bytes: u32) -> Option<OwnedHandle> {
    let handle: HANDLE = std::ptr::with_exposed_provenance_mut(value);
    let mut there = 0;
    // SAFETY: the call only asks about the value, and writes one number to the pointer. It fails for what is no pipe.
    let done = unsafe { PeekNamedPipe(handle, null_mut(), 0, null_mut(), &raw mut there, null_mut()) };
    if value == 0 || done == 0 || there != bytes { None } else { take(value, Kind::Pipe) }
}

/// Takes the handle of that value, if one is open there and is of that kind. Once for each value.
pub(crate) fn take(value: usize, kind: Kind) -> Option<OwnedHandle> {
    let handle: HANDLE = std::ptr::with_exposed_provenance_mut(value);
    let mut flags = 0;
    // SAFETY: the call only asks about the value, and writes one number to the pointer.
    if value == 0 || unsafe { GetHandleInformation(handle, &raw mut flags) } == 0 {
        return None;
    }
    // SAFETY: as above, without a pointer.
    let found = match unsafe { GetFileType(handle) } {
        FILE_TYPE_DISK => Kind::File,
        FILE_TYPE_PIPE => Kind::Pipe,
        _ => Kind::Other,
    };
    if found != kind {
        return None;
    }
    // SAFETY: the launcher has made this handle for this very process, as the caller has checked by the variable, and
    // it is taken once. Where a program has set the variable itself, the value means what it says.
    let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
    // It has come by inheritance, and is not handed on to the processes that this one makes.
    let _ = keep(&handle);
    Some(handle)
}

fn keep(handle: &OwnedHandle) -> bool {
    use std::os::windows::io::AsRawHandle;
    use windows_sys::Win32::Foundation::{HANDLE_FLAG_INHERIT, SetHandleInformation};
    // SAFETY: the handle is open for the whole call, which touches no memory.
    unsafe { SetHandleInformation(handle.as_handle().as_raw_handle(), HANDLE_FLAG_INHERIT, 0) != 0 }
}
