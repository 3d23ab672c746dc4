//! The steps of a path's walk.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::stat::{Mode, SFlag, fstat, fstatat};

use super::FOLDER_FLAGS;
use crate::sys::PathPart;

/// Looks at a name in a folder. macOS has no `O_PATH`, so owner and text may be of two links, if one replaces the other
/// in between.
pub(crate) fn look_at_part(at: &OwnedFd, name: &OsStr) -> Result<PathPart, Errno> {
    let stat = fstatat(at, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
    if stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFLNK.bits() {
        return Ok(PathPart::Link(stat, readlinkat(at, name)?));
    }
    let folder = openat(at, name, FOLDER_FLAGS | OFlag::O_NOFOLLOW, Mode::empty())?;
    let stat = fstat(&folder)?;
    Ok(PathPart::Folder(folder, stat))
}

/// Whether a folder is in `/proc`: never, because macOS has none.
pub(crate) fn is_proc(_folder: &OwnedFd) -> bool {
    false
}

/// None: macOS has no user namespaces.
pub(crate) fn overflow_user() -> Option<u32> {
    None
}
