//! The folders that the system knows.
#![expect(unsafe_code, reason = "std does not know them")]

use std::ffi::OsString;
use std::os::windows::ffi::OsStringExt;
use std::path::PathBuf;
use std::ptr::null_mut;

use windows_sys::Win32::Globalization::lstrlenW;
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
        // SAFETY: the text ends with a zero, and is the system's up to there; nobody changes it meanwhile.
        let length = unsafe { lstrlenW(text) };
        // SAFETY: as above.
        let text = unsafe { std::slice::from_raw_parts(text, usize::try_from(length).unwrap_or(0)) };
        PathBuf::from(OsString::from_wide(text))
    });
    // SAFETY: the system has made the text by this allocator, whether the call has succeeded or not; null is allowed.
    unsafe { CoTaskMemFree(text.cast()) };
    path
}
