//! The file itself: which kinds are accepted, its lock, its text.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use fs4::{FileExt, TryLockError};
use nix::errno::Errno;
use nix::sys::stat::{FileStat, SFlag};
use nix::unistd::geteuid;

use super::flaw::Flaw;
use super::{PidFile, text};
use crate::error::{Error, Result};
use crate::own::DISTRUST;
use crate::sys;

/// Shared by the looks of this process at pidfiles, exclusive for the moment in which it becomes a daemon itself.
static LOOKS: RwLock<()> = RwLock::new(());

pub(super) type Looking = RwLockReadGuard<'static, ()>;

/// Held from the question whether a pidfile is our own until the descriptor on it is closed. Never nested.
pub(super) fn looking() -> Looking {
    LOOKS.read().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the looks under way, and holds later ones back.
pub(crate) fn nobody_looks() -> RwLockWriteGuard<'static, ()> {
    LOOKS.write().unwrap_or_else(PoisonError::into_inner)
}

impl PidFile {
    /// Refuses all but regular files, before the file is opened, because opening a device can have an effect.
    pub(super) fn check_regular(&self, stat: &FileStat) -> Result<()> {
        let kind = SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits());
        match kind {
            SFlag::S_IFREG => Ok(()),
            SFlag::S_IFLNK => Err(self.refuse(Flaw::Symlink)),
            _ => Err(self.refuse(Flaw::NotRegular)),
        }
    }

    pub(super) fn open_error(&self, errno: Errno) -> Error {
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

pub(super) fn is_distrusted(stat: &FileStat) -> bool {
    stat.st_mode & DISTRUST.bits() != 0
}

/// Whether files of this user may be relied on: our own and root's.
pub(super) fn trusted(uid: u32) -> bool {
    uid == 0 || uid == geteuid().as_raw()
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flock {
    Shared,
    Exclusive,
}

/// Takes the lock if it is free; false when another process holds it. Only closing releases it: LOCK_UN on
/// any copy of the descriptor would free it for all of them, the daemon's too.
pub(super) fn try_flock(file: &File, how: Flock) -> std::result::Result<bool, Errno> {
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

pub(super) fn read_text(file: impl AsFd) -> std::result::Result<text::Text, Errno> {
    let mut bytes = [0; text::READ_LIMIT];
    let length = nix::sys::uio::pread(file, &mut bytes, 0)?;
    Ok(text::Text::parse(&bytes[..length]))
}
