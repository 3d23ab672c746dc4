//! The folders that the system knows, and one of the machine that only administrators can change.
#![expect(unsafe_code, reason = "std does not know them")]

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::os::windows::ffi::OsStringExt;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::ptr::null_mut;

use windows_sys::Win32::Globalization::lstrlenW;
use windows_sys::Win32::Storage::FileSystem::{
    CreateDirectoryW, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT, READ_CONTROL,
};
use windows_sys::Win32::System::Com::CoTaskMemFree;
use windows_sys::Win32::UI::Shell::{FOLDERID_LocalAppData, FOLDERID_ProgramData, SHGetKnownFolderPath};

use super::security::{Access, is_machine, owner_of};
use super::{Errno, errno_of, wide};

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

/// Makes a folder in which administrators and the system alone can change anything; false when there is something at
/// that path already.
pub(crate) fn make_folder_of_machine(path: &Path) -> Result<bool, Errno> {
    let name = wide(path);
    let access = Access::of_machine()?;
    let attributes = access.attributes();
    // SAFETY: the name ends with a zero; name, attributes and access list live through the call.
    if unsafe { CreateDirectoryW(name.as_ptr(), &raw const attributes) } != 0 {
        return Ok(true);
    }
    match Errno::last() {
        errno if errno.is_taken() => Ok(false),
        errno => Err(errno),
    }
}

/// Whether the folder belongs to the system or administrators: its owner can always change it. Of a link this tells the
/// link's own owner, who could have it lead elsewhere.
pub(crate) fn is_of_trusted(folder: &Path) -> Result<bool, Errno> {
    let opened = OpenOptions::new()
        .access_mode(READ_CONTROL)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)
        .open(folder);
    let opened: File = opened.map_err(|error| errno_of(&error))?;
    owner_of(&opened).map(|owner| is_machine(&owner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_the_machine_is_made_once_and_belongs_to_nobody_else() {
        let path = std::env::temp_dir().join(format!("daimon-folder-{}", std::process::id()));
        assert_eq!(make_folder_of_machine(&path), Ok(true));
        assert_eq!(make_folder_of_machine(&path), Ok(false));
        assert_eq!(is_of_trusted(&path), Ok(true));
        std::fs::remove_dir(&path).unwrap();
        assert!(is_of_trusted(&path).is_err_and(Errno::is_missing));
        assert!(local_folder(true).is_some_and(|path| path.is_absolute()));
    }
}
