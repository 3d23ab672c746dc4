//! The pidfile: its flock says *whether* a daemon runs, its one line `PID\n` says *which*.
//!
//! Three marks on one file. The **flock** is held by the daemon or by a launch. The **text** is for people and
//! tools. On Linux the **name tag**, a POSIX write lock that the daemon takes itself before it executes, makes
//! the kernel name the holder.
//!
//! Two rules carry everything: nobody writes or unlinks without the exclusive flock, except that stale text may
//! be cleared under the shared one; and nobody is signalled without proof that it is the holder.
//!
//! # Not guaranteed
//!
//! Exclusion needs a file system on which flock(2) works for all that share the file: most network file systems
//! emulate or lack it. A pidfile that somebody deletes under a running daemon no longer excludes a second one.

mod lock;
mod open;
mod probe;
mod remove;
mod text;
mod wait;

pub use lock::{LockOptions, Locked};
pub use probe::{Held, Holder, Status};
pub use wait::Cancel;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use fs4::{FileExt, TryLockError};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};
use nix::unistd::{UnlinkatFlags, geteuid, getpid, unlinkat};

use crate::error::{Error, ErrorKind, PidFileReason, Result};
use crate::own::DISTRUST;
use crate::sys::{self, FileId};
use crate::trusted_path::Walk;

/// Shared by the looks of this process at pidfiles, exclusive for the moment in which it becomes a daemon itself.
static LOOKS: RwLock<()> = RwLock::new(());

/// Held from the question whether a pidfile is our own until the descriptor on it is closed. Never nested.
fn looking() -> RwLockReadGuard<'static, ()> {
    LOOKS.read().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the looks under way and keeps others away.
pub(crate) fn nobody_looks() -> RwLockWriteGuard<'static, ()> {
    LOOKS.write().unwrap_or_else(PoisonError::into_inner)
}

/// A pidfile by its path.
///
/// The path is absolute and names a file; nothing else is known about it before a verb looks.
#[derive(Clone, Debug)]
pub struct PidFile {
    path: PathBuf,
    folder: PathBuf,
    name: OsString,
}

impl PidFile {
    /// A pidfile at `path`.
    ///
    /// # Errors
    ///
    /// `InvalidOption` when the path is relative or does not end in a file name.
    pub fn new(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let (Some(folder), Some(name), true) = (path.parent(), path.file_name(), path.is_absolute()) else {
            let message =
                format!("{}: a pidfile's path must be absolute and end in a file name", path.display());
            return Err(Error::new(ErrorKind::InvalidOption, message).at(&path).for_option("pidFile"));
        };
        Ok(Self { folder: folder.to_path_buf(), name: name.to_os_string(), path })
    }

    /// The absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn refuse(&self, reason: PidFileReason, message: impl std::fmt::Display) -> Error {
        Error::pid_file(reason, &self.path, message)
    }

    fn system(&self, syscall: &'static str, errno: Errno, message: &str) -> Error {
        Error::system("lock", syscall, errno, format!("{}: {message}", self.path.display())).at(&self.path)
    }

    /// Opens the folder and checks that nobody else can replace files in it.
    fn open_folder(&self) -> Result<Folder<'_>> {
        let opened = Walk::to(&self.folder).and_then(|walk| match walk {
            Some(walk) if !walk.is_fixed() => Err(Errno::EXDEV),
            Some(walk) => Ok(walk.into_folder()),
            None => open(&self.folder, sys::FOLDER_FLAGS, Mode::empty()),
        });
        let fd = match opened {
            Ok(fd) => fd,
            Err(Errno::EXDEV) => {
                let message = format!(
                    "the folder {} is reached by a folder or a link that others than root can change, who could have \
                     it lead elsewhere; choose another",
                    self.folder.display()
                );
                return Err(self.refuse(PidFileReason::UnsafeDirectory, message));
            }
            Err(errno @ (Errno::ENOENT | Errno::ENOTDIR)) => {
                let folder = self.folder.display();
                let message = if errno == Errno::ENOENT {
                    format!("the folder {folder} does not exist; create it first")
                } else {
                    format!("{folder} is no folder, or below something that is none; choose another path")
                };
                return Err(self.refuse(PidFileReason::MissingDirectory, message).because("open", errno));
            }
            Err(errno) => return Err(self.system("open", errno, "its folder cannot be opened")),
        };
        let stat =
            fstat(&fd).map_err(|errno| self.system("fstat", errno, "its folder cannot be examined"))?;
        let sticky = stat.st_mode & 0o1000 != 0;
        // Among users a group is often the user's own; root has no business in a folder of some group's.
        let group_writes = geteuid().is_root() && stat.st_mode & 0o020 != 0 && stat.st_gid != 0;
        let others_write = !sticky && (stat.st_mode & 0o002 != 0 || group_writes);
        if others_write || !trusted(stat.st_uid) {
            let message = format!(
                "the folder {} {}, who could replace the pidfile; choose a folder that only you or root can write to",
                self.folder.display(),
                if others_write {
                    "is writable by others".into()
                } else {
                    format!("belongs to user {}", stat.st_uid)
                },
            );
            return Err(self.refuse(PidFileReason::UnsafeDirectory, message));
        }
        Ok(Folder { fd, pidfile: self })
    }

    /// What `stat` shows must be a regular file; looked at before it is opened, since opening a device can act.
    fn check_regular(&self, stat: &FileStat) -> Result<()> {
        let kind = SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits());
        match kind {
            SFlag::S_IFREG => Ok(()),
            SFlag::S_IFLNK => {
                Err(self
                    .refuse(PidFileReason::Symlink, "is a symbolic link; give the path of a regular file"))
            }
            _ => Err(self.refuse(PidFileReason::NotRegular, "is not a regular file; choose another path")),
        }
    }

    fn open_error(&self, errno: Errno) -> Error {
        match errno {
            Errno::ELOOP => {
                self.refuse(PidFileReason::Symlink, "is a symbolic link; give the path of a regular file")
            }
            Errno::EISDIR | Errno::ENXIO | Errno::ENODEV => {
                self.refuse(PidFileReason::NotRegular, "is not a regular file; choose another path")
            }
            Errno::EROFS => {
                self.system("openat", errno, "is on a file system that is read-only; choose another path")
            }
            errno => self.system("openat", errno, "cannot be opened"),
        }
    }
}

/// An open folder, through which the file is opened, compared and unlinked.
struct Folder<'a> {
    fd: OwnedFd,
    pidfile: &'a PidFile,
}

impl Folder<'_> {
    /// What the name stands for now; `None` when it stands for nothing.
    fn stat(&self) -> Result<Option<FileStat>> {
        stat_at(&self.fd, &self.pidfile.name)
            .map_err(|errno| self.pidfile.system("fstatat", errno, "cannot be examined"))
    }

    /// Whether the name still stands for the file `id`.
    fn names(&self, id: FileId) -> Result<bool> {
        Ok(self.stat()?.is_some_and(|stat| FileId::of(&stat) == id))
    }

    /// Under the exclusive lock alone.
    fn unlink(&self) -> Result<()> {
        unlinkat(&self.fd, self.pidfile.name.as_os_str(), UnlinkatFlags::NoRemoveDir)
            .map_err(|errno| self.pidfile.system("unlinkat", errno, "cannot be removed"))
    }

    fn open_or_create(&self) -> Result<File> {
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

/// Neither follow a link, nor wait for a FIFO's other end, nor gain a terminal, nor leak into a child.
const SAFE_OPEN: OFlag =
    OFlag::O_CLOEXEC.union(OFlag::O_NOFOLLOW).union(OFlag::O_NONBLOCK).union(OFlag::O_NOCTTY);

fn stat_at(folder: &OwnedFd, name: &OsStr) -> std::result::Result<Option<FileStat>, Errno> {
    match fstatat(folder, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

fn is_distrusted(stat: &FileStat) -> bool {
    stat.st_mode & DISTRUST.bits() != 0
}

/// Whether files of this user may be relied on: our own and root's.
fn trusted(uid: u32) -> bool {
    uid == 0 || uid == geteuid().as_raw()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flock {
    Shared,
    Exclusive,
}

/// Takes the lock if it is free; false when somebody else holds it. It is released by closing alone: LOCK_UN on
/// any copy of the descriptor would free it for all of them, the daemon's too.
fn try_flock(file: &File, how: Flock) -> std::result::Result<bool, Errno> {
    let taken = match how {
        Flock::Shared => FileExt::try_lock_shared(file),
        Flock::Exclusive => FileExt::try_lock(file),
    };
    match taken {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)),
    }
}

fn read_text(file: impl AsFd) -> std::result::Result<text::Text, Errno> {
    let mut bytes = [0; text::READ_LIMIT];
    let length = nix::sys::uio::pread(file, &mut bytes, 0)?;
    Ok(text::Text::parse(&bytes[..length]))
}

/// Whether the open file's text is this process's PID.
pub(crate) fn file_names_us(file: impl AsFd) -> bool {
    read_text(file).is_ok_and(|text| text.pid() == Some(getpid().as_raw()))
}
