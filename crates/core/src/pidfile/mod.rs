//! The pidfile: its flock says *whether* a daemon runs, its one line `PID\n` says *which*.
//!
//! Three marks on one file. The **flock** is held by the daemon or by a launch. The **text** is for people and
//! tools. On Linux the **name tag**, a POSIX write lock that the daemon takes itself before it executes, makes
//! the kernel name the holder; its length says how far the holder has come.
//!
//! Everything rests on two rules: no process writes or unlinks without the exclusive flock, except that stale text may
//! be cleared under the shared one; and no process is signalled without proof that it is the holder.
//!
//! # Not guaranteed
//!
//! Exclusion needs a file system on which flock(2) works for all that share the file: most network file systems
//! emulate or lack it. A pidfile that is deleted under a running daemon no longer excludes a second one.

mod abort;
mod flaw;
mod folder;
mod holder;
mod lock;
mod locked;
mod open;
mod probe;
mod proof;
mod remove;
mod serving;
mod stop;
mod text;
mod wait;

pub use abort::Abort;
pub(crate) use folder::Folder;
pub use holder::Holder;
pub use lock::LockOptions;
pub use locked::Locked;
pub use probe::{Held, Status};
pub use stop::{StopOptions, Stopped, end_process};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use text::check_text;
pub use wait::Cancel;
pub(crate) use wait::{Backoff, wait_for};

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use fs4::{FileExt, TryLockError};
use nix::errno::Errno;
use nix::sys::stat::{FileStat, SFlag};
use nix::unistd::geteuid;

use self::flaw::Flaw;
use crate::error::{Error, Result, Subject};
use crate::own::DISTRUST;
use crate::sys;

/// Shared by the looks of this process at pidfiles, exclusive for the moment in which it becomes a daemon itself.
static LOOKS: RwLock<()> = RwLock::new(());

type Looking = RwLockReadGuard<'static, ()>;

/// Held from the question whether a pidfile is our own until the descriptor on it is closed. Never nested.
fn looking() -> Looking {
    LOOKS.read().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the looks under way, and holds later ones back.
pub(crate) fn nobody_looks() -> RwLockWriteGuard<'static, ()> {
    LOOKS.write().unwrap_or_else(PoisonError::into_inner)
}

/// A pidfile by its path.
///
/// The path is absolute and names a file; nothing else is known about it before a verb looks.
///
/// ```
/// use daimon_core::{PidFile, Status};
///
/// let pidfile = PidFile::new("/run/no-such-daemon.pid")?;
/// assert_eq!(pidfile.status()?, Status::Stopped { stale: false });
/// # Ok::<(), daimon_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PidFile {
    path: PathBuf,
    folder: PathBuf,
    name: OsString,
}

impl PidFile {
    /// Names the pidfile at `path`.
    ///
    /// # Errors
    ///
    /// `InvalidOption` when the path is relative or does not end in a file name.
    pub fn new(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let (Some(folder), Some(name), true) = (path.parent(), path.file_name(), path.is_absolute()) else {
            let message =
                format!("{}: a pidfile's path must be absolute and end in a file name", path.display());
            return Err(Error::invalid(Subject::PidFile, message).at(&path));
        };
        Ok(Self { folder: folder.to_path_buf(), name: name.to_os_string(), path })
    }

    /// Gives the absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn refuse(&self, flaw: Flaw<'_>) -> Error {
        flaw.of(&self.path)
    }

    fn system(&self, syscall: &'static str, errno: Errno, message: &str) -> Error {
        Error::system("lock", syscall, errno, format!("{}: {message}", self.path.display())).at(&self.path)
    }

    /// Refuses all but regular files, before the file is opened, because opening a device can have an effect.
    fn check_regular(&self, stat: &FileStat) -> Result<()> {
        let kind = SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits());
        match kind {
            SFlag::S_IFREG => Ok(()),
            SFlag::S_IFLNK => Err(self.refuse(Flaw::Symlink)),
            _ => Err(self.refuse(Flaw::NotRegular)),
        }
    }

    fn open_error(&self, errno: Errno) -> Error {
        match errno {
            Errno::ELOOP => self.refuse(Flaw::Symlink),
            Errno::EISDIR | Errno::ENXIO | Errno::ENODEV => self.refuse(Flaw::NotRegular),
            Errno::EROFS => {
                self.system("openat", errno, "is on a file system that is read-only; choose another path")
            }
            errno => self.system("openat", errno, "cannot be opened"),
        }
    }
}

/// Longer than any wait, and short enough that no instant is out of range.
const LONGEST_WAIT: Duration = Duration::from_secs(1 << 32);

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

/// Takes the lock if it is free; false when another process holds it. Only closing releases it: LOCK_UN on
/// any copy of the descriptor would free it for all of them, the daemon's too.
fn try_flock(file: &File, how: Flock) -> std::result::Result<bool, Errno> {
    let taken = match how {
        Flock::Shared => FileExt::try_lock_shared(file),
        Flock::Exclusive => FileExt::try_lock(file),
    };
    match taken {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(sys::errno_of(&error)),
    }
}

fn read_text(file: impl AsFd) -> std::result::Result<text::Text, Errno> {
    let mut bytes = [0; text::READ_LIMIT];
    let length = nix::sys::uio::pread(file, &mut bytes, 0)?;
    Ok(text::Text::parse(&bytes[..length]))
}
