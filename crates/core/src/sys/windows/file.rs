//! Files: the lock by what others may open at the same time, and identity.
#![expect(unsafe_code, reason = "std gives neither the number of a file nor its removal by handle")]

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::mem::MaybeUninit;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::os::windows::io::AsRawHandle;
use std::path::{Component, Path, Prefix};

use windows_sys::Win32::Foundation::{GENERIC_READ, GENERIC_WRITE};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, DELETE, FILE_APPEND_DATA, FILE_ATTRIBUTE_DIRECTORY,
    FILE_ATTRIBUTE_REPARSE_POINT, FILE_DISPOSITION_FLAG_DELETE, FILE_DISPOSITION_FLAG_POSIX_SEMANTICS,
    FILE_DISPOSITION_INFO, FILE_DISPOSITION_INFO_EX, FILE_FLAG_BACKUP_SEMANTICS,
    FILE_FLAG_OPEN_REPARSE_POINT, FILE_ID_INFO, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE,
    FileDispositionInfo, FileDispositionInfoEx, FileIdInfo, GetDriveTypeW, GetFileInformationByHandle,
    GetFileInformationByHandleEx, GetFinalPathNameByHandleW, SYNCHRONIZE, SetFileInformationByHandle,
    VOLUME_NAME_DOS,
};
use windows_sys::Win32::System::WindowsProgramming::DRIVE_REMOTE;

use super::{Errno, errno_of, wide};

/// Volume and number of a file: the same by whatever path it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    volume: u32,
    index: u128,
}

impl FileId {
    #[cfg(test)]
    pub(crate) const NONE: Self = Self { volume: 0, index: 0 };

    /// One that no other test has.
    #[cfg(test)]
    pub(crate) fn random() -> Self {
        Self { volume: 0, index: super::random().into() }
    }
}

/// As part of a name that all can find.
impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { volume, index } = self;
        write!(f, "{volume:08x}-{index:032x}")
    }
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

/// The longest path of the system, in units of UTF-16.
const LONGEST_PATH: usize = 32_768;

pub(super) const SHARE_ALL: u32 = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
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

/// Whether an open pidfile is its lock: it can be written to, and nobody else can open it to write.
pub(crate) fn is_lock(mut file: &File, path: &Path) -> bool {
    // Nothing is written, and refused without the right to write.
    let may_write = file.write(&[]).is_ok();
    let other = OpenOptions::new()
        .access_mode(GENERIC_WRITE)
        .share_mode(SHARE_ALL)
        .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
        .open(path);
    may_write && other.is_err_and(|error| errno_of(&error) == Errno::SHARING_VIOLATION)
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
    let short = u128::from(info.nFileIndexHigh) << 32 | u128::from(info.nFileIndexLow);
    Ok(FileInfo {
        id: FileId { volume: info.dwVolumeSerialNumber, index: long_index(file).unwrap_or(short) },
        links: info.nNumberOfLinks,
        is_link: info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT != 0,
        is_folder: info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY != 0,
    })
}

/// The number in full: those of ReFS do not fit into the short ones. `None` where a file system has no such numbers,
/// for all of its files.
fn long_index(file: &File) -> Option<u128> {
    let mut info = FILE_ID_INFO::default();
    // SAFETY: the handle is open for the whole call, and the system writes at most the size of the structure to the
    // pointer.
    let done = unsafe {
        GetFileInformationByHandleEx(
            file.as_raw_handle(),
            FileIdInfo,
            (&raw mut info).cast(),
            size_of_val(&info) as u32,
        )
    };
    (done != 0).then(|| u128::from_le_bytes(info.FileId.Identifier))
}

/// Whether the file of that path would be on another machine: its folder's path is a share's, its drive stands for a
/// share, or a link leads to one.
pub(crate) fn is_remote(path: &Path, folder: &Path) -> bool {
    is_of_share(path.as_os_str())
        || is_remote_drive(path)
        || final_path(folder).is_some_and(|path| is_of_share(&path))
}

fn is_of_share(path: &OsStr) -> bool {
    let text: Vec<u16> = path.encode_wide().take(8).collect();
    let text = String::from_utf16_lossy(&text).replace('/', "\\").to_uppercase();
    text.starts_with("\\\\?\\UNC\\") || (text.starts_with("\\\\") && !text.starts_with("\\\\?\\"))
}

fn is_remote_drive(path: &Path) -> bool {
    let Some(Component::Prefix(prefix)) = path.components().next() else { return false };
    let (Prefix::Disk(letter) | Prefix::VerbatimDisk(letter)) = prefix.kind() else { return false };
    let root = wide(format!("{}:\\", char::from(letter)));
    // SAFETY: the text ends with a zero and lives through the call.
    unsafe { GetDriveTypeW(root.as_ptr()) == DRIVE_REMOTE }
}

/// The path without links and drives that stand for others, as far as the system tells.
fn final_path(folder: &Path) -> Option<OsString> {
    let opened =
        OpenOptions::new().access_mode(0).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(folder).ok()?;
    let mut text = vec![0; LONGEST_PATH];
    // SAFETY: the handle is open for the whole call, and the system writes at most so many units to the memory.
    let length = unsafe {
        GetFinalPathNameByHandleW(
            opened.as_raw_handle(),
            text.as_mut_ptr(),
            LONGEST_PATH as u32,
            VOLUME_NAME_DOS,
        )
    };
    // A failure gives 0, and a path that is too long a larger number.
    let length = usize::try_from(length).ok().filter(|length| (1..LONGEST_PATH).contains(length))?;
    Some(OsString::from_wide(&text[..length]))
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn shares_are_told_by_their_paths_and_local_folders_by_where_they_are() {
        for share in
            [r"\\server\share\x", "//server/share/x", r"\\?\UNC\server\share", r"\\?\unc\s\x", r"\\.\pipe\x"]
        {
            assert!(is_of_share(OsStr::new(share)), "{share}");
        }
        for local in [r"C:\x", r"\\?\C:\x", r"\\?\Volume{1}\x", "x"] {
            assert!(!is_of_share(OsStr::new(local)), "{local}");
        }
        let folder = std::env::temp_dir();
        assert!(final_path(&folder).is_some_and(|path| path.to_string_lossy().starts_with(r"\\?\")));
        assert!(!is_remote(&folder.join("x.pid"), &folder));
    }

    #[test]
    fn only_the_opening_that_keeps_others_from_writing_is_a_lock() {
        let path = std::env::temp_dir().join(format!("daimon-lock-{}", std::process::id()));
        let lock = open_locked(&path).unwrap();
        assert!(is_lock(&lock, &path));
        assert!(!is_lock(&open_shared(&path).unwrap(), &path));
        drop(lock);
        let open = File::options().read(true).write(true).open(&path).unwrap();
        assert!(!is_lock(&open, &path));
        drop(open);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_file_has_one_number_by_all_of_its_paths_and_no_other_file_has_it() {
        let path = std::env::temp_dir().join(format!("daimon-id-{}", std::process::id()));
        let other = path.with_extension("other");
        for path in [&path, &other] {
            std::fs::write(path, "").unwrap();
        }
        let id = |path: &Path| file_info(&open_shared(path).unwrap()).unwrap().id;
        let upper = PathBuf::from(path.to_string_lossy().to_uppercase());
        assert_eq!(id(&path), id(&upper));
        assert_ne!(id(&path), id(&other));
        assert_ne!(id(&path), FileId::NONE);
        for path in [&path, &other] {
            std::fs::remove_file(path).unwrap();
        }
    }
}
