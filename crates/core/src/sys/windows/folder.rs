//! The folders that the system knows.
#![expect(unsafe_code, reason = "std does not know them")]

use std::ffi::OsString;
use std::os::windows::ffi::OsStringExt;
use std::path::PathBuf;
use std::ptr::null_mut;

use windows_sys::Win32::System::Com::CoTaskMemFree;
use windows_sys::Win32::UI::Shell::{FOLDERID_LocalAppData, FOLDERID_ProgramData, SHGetKnownFolderPath};

/// The folder for files of this user on this machine, or of the machine; by the system's table, which the environment
/// does not change.
pub(crate) fn local_folder(for_machine: bool) -> Option<PathBuf> {
    let folder = if for_machine { FOLDERID_ProgramData } else { FOLDERID_LocalAppData };
    let mut text = null_mut();
    // SAFETY: the id lives through the call, and the system writes one pointer.
    let result = unsafe { SHGetKnownFolderPath(&raw const folder, 0, null_mut(), &raw mut text) };
    let path = (result == 0 && !text.is_null()).then(|| {
        let mut length = 0;
        // SAFETY: the text ends with a zero, before which all of it is the system's.
        while unsafe { *text.add(length) } != 0 {
            length += 1;
        }
        // SAFETY: as above; nobody changes it meanwhile.
        let text = unsafe { std::slice::from_raw_parts(text, length) };
        PathBuf::from(OsString::from_wide(text))
    });
    // SAFETY: the system has made the text by this allocator, whether the call has succeeded or not; null is allowed.
    unsafe { CoTaskMemFree(text.cast()) };
    path
}
