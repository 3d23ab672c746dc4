//! Files: the lock by what others may open at the same time, and identity.
#![expect(unsafe_code, reason = "std gives neither the number of a file nor its removal by handle")]

use std::fs::{File, OpenOptions};
use std::mem::MaybeUninit;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::os::windows::io::AsRawHandle;
use std::path::Path;

use windows_sys::Win32::Foundation::{GENERIC_READ, GENERIC_WRITE};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, DELETE, FILE_APPEND_DATA, FILE_ATTRIBUTE_DIRECTORY,
    FILE_ATTRIBUTE_REPARSE_POINT, FILE_DISPOSITION_FLAG_DELETE, FILE_DISPOSITION_FLAG_POSIX_SEMANTICS,
    FILE_DISPOSITION_INFO, FILE_DISPOSITION_INFO_EX, FILE_FLAG_OPEN_REPARSE_POINT, FILE_SHARE_DELETE,
    FILE_SHARE_READ, FILE_SHARE_WRITE, FileDispositionInfo, FileDispositionInfoEx,
    GetFileInformationByHandle, SYNCHRONIZE, SetFileInformationByHandle,
};

use super::{Errno, errno_of};

/// Volume and number of a file: the same by whatever path it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    pub(crate) volume: u32,
    pub(crate) index: u64,
}

/// What is known of an open file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileInfo {
    pub(crate) id: FileId,
    /// How many names it has.
    pub(crate) links: u32,
    pub(crate) is_link: bool,
    pub(crate) is_folder: bool,
}

const SHARE_ALL: u32 = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
/// Others may read it, and neither open it to write nor remove it.
const SHARE_READING: u32 = FILE_SHARE_READ;
/// Others may read it and remove it, and not open it to write.
const SHARE_NO_WRITING: u32 = FILE_SHARE_READ | FILE_SHARE_DELETE;

/// Opens a pidfile as its holder, and makes it where there is none: as long as a handle of this opening is left,
/// nobody else can open it to write, or remove it. ERROR_SHARING_VIOLATION when another process is the holder, or looks
/// at it.
pub(crate) fn open_locked(path: &Path) -> Result<File, Errno> {
    OpenOptions::new()
        .access_mode(GENERIC_READ | GENERIC_WRITE | DELETE)
        .share_mode(SHARE_READING)
        .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
        .create(true)
        .write(true)
        .truncate(false)
        .open(path)
        .map_err(|error| errno_of(&error))
}

/// Opens a pidfile if nobody is its holder; ERROR_SHARING_VIOLATION otherwise. A start has to wait as long as the file
/// is open.
pub(crate) fn open_unless_held(path: &Path) -> Result<File, Errno> {
    open_to_read(path, SHARE_NO_WRITING)
}

/// Opens a file to read it, whoever has it open.
pub(crate) fn open_shared(path: &Path) -> Result<File, Errno> {
    open_to_read(path, SHARE_ALL)
}

fn open_to_read(path: &Path, share: u32) -> Result<File, Errno> {
    OpenOptions::new()
        .access_mode(GENERIC_READ)
        .share_mode(share)
        .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
        .open(path)
        .map_err(|error| errno_of(&error))
}

/// Opens a log to append to, and makes it where there is none. Others may read, write, rename and remove it.
pub(crate) fn open_to_append(path: &Path) -> Result<File, Errno> {
    OpenOptions::new()
        .access_mode(FILE_APPEND_DATA | SYNCHRONIZE)
        .share_mode(SHARE_ALL)
        .create(true)
        .append(true)
        .open(path)
        .map_err(|error| errno_of(&error))
}

/// What the system knows of an open file.
pub(crate) fn file_info(file: &File) -> Result<FileInfo, Errno> {
    let mut info = MaybeUninit::<BY_HANDLE_FILE_INFORMATION>::uninit();
    // SAFETY: the handle is open for the whole call, and the system writes one such structure to the pointer, or fails.
    let done = unsafe { GetFileInformationByHandle(file.as_raw_handle(), info.as_mut_ptr()) };
    if done == 0 {
        return Err(Errno::last());
    }
    // SAFETY: the call has succeeded, so that it has filled the structure in; all its bytes are numbers.
    let info = unsafe { info.assume_init() };
    Ok(FileInfo {
        id: FileId {
            volume: info.dwVolumeSerialNumber,
            index: u64::from(info.nFileIndexHigh) << 32 | u64::from(info.nFileIndexLow),
        },
        links: info.nNumberOfLinks,
        is_link: info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT != 0,
        is_folder: info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY != 0,
    })
}

/// Whether the path is on a share of another machine.
pub(crate) fn is_remote(path: &Path) -> bool {
    let text: Vec<u16> = path.as_os_str().encode_wide().take(8).collect();
    let text = String::from_utf16_lossy(&text).replace('/', "\\").to_uppercase();
    text.starts_with("\\\\?\\UNC\\") || (text.starts_with("\\\\") && !text.starts_with("\\\\?\\"))
}

/// Whether the path names a folder.
pub(crate) fn is_folder(path: &Path) -> Result<bool, Errno> {
    let metadata = std::fs::metadata(path).map_err(|error| errno_of(&error))?;
    Ok(metadata.file_attributes() & FILE_ATTRIBUTE_DIRECTORY != 0)
}

/// Removes the name of an open file, which was opened by [`open_locked`]: when this handle is closed, where the file
/// system has POSIX's deletion; elsewhere when the last handle on the file is.
pub(crate) fn remove_by_handle(file: &File) -> Result<(), Errno> {
    let flags = FILE_DISPOSITION_FLAG_DELETE | FILE_DISPOSITION_FLAG_POSIX_SEMANTICS;
    let at_once = FILE_DISPOSITION_INFO_EX { Flags: flags };
    // SAFETY: the handle is open for the whole call, and the pointer is to a structure of the kind and the size that
    // are told, which the system only reads.
    let done = unsafe {
        SetFileInformationByHandle(
            file.as_raw_handle(),
            FileDispositionInfoEx,
            (&raw const at_once).cast(),
            size_of_val(&at_once) as u32,
        )
    };
    if done != 0 {
        return Ok(());
    }
    let later = FILE_DISPOSITION_INFO { DeleteFile: true };
    // SAFETY: as above.
    let done = unsafe {
        SetFileInformationByHandle(
            file.as_raw_handle(),
            FileDispositionInfo,
            (&raw const later).cast(),
            size_of_val(&later) as u32,
        )
    };
    if done == 0 { Err(Errno::last()) } else { Ok(()) }
}
