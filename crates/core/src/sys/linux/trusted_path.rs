//! The steps of a path's walk.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, SFlag, fstat};
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};

use super::FOLDER_FLAGS;
use super::proc_files::read_begin;
use super::proc_texts::numbers_of;
use crate::sys::PathPart;
use crate::sys::unix::fd::errno;

/// Looks at a name in a folder. It opens a link, so that owner and text are of the same link.
pub(crate) fn look_at_part(at: &OwnedFd, name: &OsStr) -> Result<PathPart, Errno> {
    let found =
        openat(at.as_fd(), name, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())?;
    let stat = fstat(&found)?;
    match SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) {
        SFlag::S_IFDIR => Ok(PathPart::Folder(found, stat)),
        // The empty path means the open link itself, readlinkat(2).
        SFlag::S_IFLNK => Ok(PathPart::Link(stat, read_link(found.as_fd(), "")?)),
        // Something else: the kernel says ENOTDIR, unless the name is a folder's by now.
        _ => {
            let folder = openat(at.as_fd(), name, FOLDER_FLAGS | OFlag::O_NOFOLLOW, Mode::empty())?;
            let stat = fstat(&folder)?;
            Ok(PathPart::Folder(folder, stat))
        }
    }
}

/// The text of a link.
pub(super) fn read_link(at: BorrowedFd<'_>, path: &str) -> Result<OsString, Errno> {
    let text = rustix::fs::readlinkat(at, path, Vec::new()).map_err(errno)?;
    Ok(OsString::from_vec(text.into_bytes()))
}

/// Whether a folder is in `/proc`, so that the kernel makes its entries.
pub(crate) fn is_proc(folder: &OwnedFd) -> bool {
    fstatfs(folder).is_ok_and(|system| system.filesystem_type() == PROC_SUPER_MAGIC)
}

/// The user that stat(2) shows for an owner without a number in this user namespace; `None` in the first namespace,
/// which has a number for every user.
pub(crate) fn overflow_user() -> Option<u32> {
    static USER: OnceLock<Option<u32>> = OnceLock::new();
    *USER.get_or_init(|| {
        let numbers = |path| read_begin(path).map(|text| numbers_of(&text));
        if numbers("/proc/self/uid_map")? == [0, 0, u32::MAX] {
            return None;
        }
        numbers("/proc/sys/kernel/overflowuid")?.first().copied()
    })
}
