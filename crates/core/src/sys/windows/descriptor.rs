//! Descriptors of the C library of Node.js, which net.Socket takes for a handle.
#![expect(unsafe_code, reason = "the program that has loaded this library is asked by name")]

use std::ffi::c_int;
use std::mem::transmute;
use std::os::windows::io::{FromRawHandle, IntoRawHandle, OwnedHandle};
use std::ptr::null;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};

/// The function of libuv that makes a descriptor of a handle, `uv_open_osfhandle`.
type OpenHandle = unsafe extern "C" fn(HANDLE) -> c_int;

/// Gives a handle away as a descriptor of the program's own C library, which closes it; `None` where the program has no
/// libuv, and the handle is closed.
pub(crate) fn into_descriptor(handle: OwnedHandle) -> Option<i32> {
    // SAFETY: without a name the call gives the program's own file, which stays loaded.
    let program = unsafe { GetModuleHandleW(null()) };
    // SAFETY: the name ends with a zero and lives through the call.
    let found = unsafe { GetProcAddress(program, c"uv_open_osfhandle".as_ptr().cast()) }?;
    // SAFETY: libuv declares the function of this name so, since version 1.23.
    let open_handle = unsafe { transmute::<unsafe extern "system" fn() -> isize, OpenHandle>(found) };
    let raw = handle.into_raw_handle();
    // SAFETY: the handle is open, and this process's alone; from here on it belongs to the descriptor.
    let descriptor = unsafe { open_handle(raw) };
    if descriptor < 0 {
        // SAFETY: the function has failed, so that nobody else owns the handle.
        drop(unsafe { OwnedHandle::from_raw_handle(raw) });
        return None;
    }
    Some(descriptor)
}
