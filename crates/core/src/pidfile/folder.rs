//! The folder of a pidfile, which must be trusted before anything in it is.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat};
use nix::sys::stat::{FileStat, Mode, fstat, fstatat};
use nix::unistd::{UnlinkatFlags, geteuid, unlinkat};

use super::PidFile;
use super::file::trusted;
use super::flaw::Flaw;
use crate::error::Result;
use crate::sys::{self, FileId};
use crate::trusted_path::{SAFE_OPEN, Walk};

impl PidFile {
    /// Opens the folder and checks that no other user can replace files in it.
    pub(crate) fn open_folder(&self) -> Result<Folder<'_>> {
        let fd = self.reach_folder()?;
        let stat =
            fstat(&fd).map_err(|errno| self.system("fstat", errno, "its folder cannot be examined"))?;
        let is_sticky = stat.st_mode & 0o1000 != 0;
        // Among users a group is often the user's own; root has no business in a folder of some group's.
        let group_writes = geteuid().is_root() && stat.st_mode & 0o020 != 0 && stat.st_gid != 0;
        if !is_sticky && (stat.st_mode & 0o002 != 0 || group_writes) {
            return Err(self.refuse(Flaw::FolderWritable(&self.folder)));
        }
        if !trusted(stat.st_uid) {
            return Err(self.refuse(Flaw::FolderForeign(&self.folder, stat.st_uid)));
        }
        Ok(Folder { fd, pidfile: self })
    }

    fn reach_folder(&self) -> Result<OwnedFd> {
        let opened = match Walk::to(&self.folder) {
            Ok(Some(walk)) if !walk.is_fixed() => {
                return Err(self.refuse(Flaw::FolderMovable(&self.folder)));
            }
            Ok(Some(walk)) => Ok(walk.into_folder()),
            Ok(None) => open(&self.folder, sys::FOLDER_FLAGS, Mode::empty()),
            Err(errno) => Err(errno),
        };
        opened.map_err(|errno| match errno {
            Errno::ENOENT => self.refuse(Flaw::NoFolder(&self.folder)).because("open", errno),
            Errno::ENOTDIR => self.refuse(Flaw::OtherThanFolder(&self.folder)).because("open", errno),
            errno => self.system("open", errno, "its folder cannot be opened"),
        })
    }
}

/// An open folder, through which the file is opened, compared and unlinked.
pub(crate) struct Folder<'a> {
    fd: OwnedFd,
    pidfile: &'a PidFile,
}

impl Folder<'_> {
    /// The file's name in it.
    pub(crate) fn name(&self) -> &OsStr {
        &self.pidfile.name
    }

    /// The stat of the file that has the name now; `None` if there is none.
    pub(crate) fn stat(&self) -> Result<Option<FileStat>> {
        stat_at(&self.fd, &self.pidfile.name)
            .map_err(|errno| self.pidfile.system("fstatat", errno, "cannot be examined"))
    }

    /// Whether the name still stands for the file `id`.
    pub(super) fn names(&self, id: FileId) -> Result<bool> {
        Ok(self.stat()?.is_some_and(|stat| FileId::of(&stat) == id))
    }

    /// Under the exclusive lock alone.
    pub(crate) fn unlink(&self) -> Result<()> {
        unlinkat(&self.fd, self.pidfile.name.as_os_str(), UnlinkatFlags::NoRemoveDir)
            .map_err(|errno| self.pidfile.system("unlinkat", errno, "cannot be removed"))
    }

    pub(super) fn open_or_create(&self) -> Result<File> {
        self.open(OFlag::O_RDWR | OFlag::O_CREAT)
    }

    fn open(&self, access: OFlag) -> Result<File> {
        if let Some(stat) = self.stat()? {
            self.pidfile.check_regular(&stat)?;
        }
        openat(&self.fd, self.pidfile.name.as_os_str(), access | SAFE_OPEN, Mode::from_bits_truncate(0o600))
            .map(File::from)
            .map_err(|errno| self.pidfile.open_error(errno))
    }
}

impl AsFd for Folder<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn stat_at(folder: &OwnedFd, name: &OsStr) -> std::result::Result<Option<FileStat>, Errno> {
    match fstatat(folder, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}
