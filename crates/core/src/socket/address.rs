//! The address of a socket at a path that may be longer than an address can be.

use std::ffi::OsStr;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::socket::UnixAddr;

use crate::error::{Error, Subject};
use crate::sys;

/// The address of the socket `name` in an open folder, whose path is `path` as a whole.
///
/// On Linux it leads through the open folder, because a path may be longer than an address (107 bytes), unix(7), and
/// because for root it must be the folder that has been looked at.
///
/// # Errors
///
/// ENAMETOOLONG for what no address can hold, see [`too_long`].
pub(super) fn address_in(folder: BorrowedFd<'_>, path: &Path, name: &OsStr) -> Result<UnixAddr, Errno> {
    match sys::path_of_open(folder) {
        Some(mut through) => {
            through.push(name);
            UnixAddr::new(through.as_os_str().as_bytes())
        }
        None => UnixAddr::new(path.as_os_str().as_bytes()),
    }
}

/// The path's folder and the file's name.
pub(super) fn split(path: &Path) -> (PathBuf, &OsStr) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    (folder.unwrap_or_else(|| Path::new("/")).to_path_buf(), path.file_name().unwrap_or_default())
}

/// The error for a path that no address can hold.
pub(super) fn too_long(path: &Path) -> Error {
    let message =
        format!("{}: is too long for a socket on this system; choose a shorter path", path.to_string_lossy());
    Error::invalid(Subject::Socket, message).at(path)
}
