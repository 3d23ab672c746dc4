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

/// What a launcher gives this process: the handles whose values it writes into a small pipe. Whoever has set the
/// variable and written to such a pipe instead has given away the handles that it names.
pub(crate) struct Gift {
    taken: Vec<usize>,
}

impl Gift {
    /// Takes the end of a pipe of that value in which exactly so many bytes are to be read: what the launcher has
    /// written before this process ran. Nothing else is touched.
    pub(crate) fn find(value: usize, bytes: u32) -> Option<(OwnedHandle, Self)> {
        let handle: HANDLE = std::ptr::with_exposed_provenance_mut(value);
        let mut there = 0;
        // SAFETY: the call only asks about the value, and writes one number to the pointer. It fails for what is no
        // pipe.
        let done = unsafe { PeekNamedPipe(handle, null_mut(), 0, null_mut(), &raw mut there, null_mut()) };
        if value == 0 || done == 0 || there != bytes {
            return None;
        }
        let mut gift = Self { taken: Vec::new() };
        gift.take(value, Kind::Pipe).map(|end| (end, gift))
    }

    /// Takes the handle of that value, which the pipe has named, if one is open there and is of that kind. Each value
    /// once.
    pub(crate) fn take(&mut self, value: usize, kind: Kind) -> Option<OwnedHandle> {
        if self.taken.contains(&value) {
            return None;
        }
        self.taken.push(value);
        // SAFETY: the handle is given away, see `Gift`, and has not been taken before.
        unsafe { take(value, kind) }
    }
}

/// Takes the handle of that value, if one is open there and is of that kind.
///
/// # Safety
///
/// Nothing else in this process owns the handle of that value, or uses it from now on; as where a launcher has made it
/// for this process, and this is called once for it.
unsafe fn take(value: usize, kind: Kind) -> Option<OwnedHandle> {
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
    // SAFETY: it is open, as has been seen above, and the caller promises that it is nobody else's.
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
