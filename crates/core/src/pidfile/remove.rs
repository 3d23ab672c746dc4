//! Removing a pidfile, always under its exclusive lock.

use std::fs::File;
use std::path::Path;

use nix::sys::stat::lstat;
use nix::unistd::{ftruncate, unlink};

use super::{FileId, LockOptions, PidFile, Status};
use crate::error::Result;

impl PidFile {
    /// Removes what a daemon that is gone left behind: takes the lock by the protocol, and unlinks under it.
    ///
    /// # Errors
    ///
    /// As [`PidFile::lock`]; `AlreadyRunning` when a successor holds the file, which then stays untouched.
    pub fn remove_leftover(&self) -> Result<()> {
        let folder = self.open_folder()?;
        if folder.stat()?.is_none() {
            return Ok(());
        }
        // Not left to `lock`, which would wait for a successor that is not ready yet.
        if let Status::Running { pid, .. } = self.status()? {
            return Err(self.already_running(pid));
        }
        let locked = self.lock(&LockOptions::default())?;
        if folder.names(locked.id())? {
            folder.unlink()?;
        }
        Ok(())
    }
}

/// Removes the pidfile of the daemon that this process is, whose lock `file` holds: only if the path still stands
/// for that very file. Where it cannot be unlinked (privileges dropped, another root) it is emptied.
pub(crate) fn remove_own(path: &Path, file: &File, id: FileId) {
    let still_ours = lstat(path).is_ok_and(|stat| FileId::of(&stat) == id);
    if !still_ours || unlink(path).is_err() {
        // Nothing can be told to anybody any more: an unlocked file with old text is harmless by design.
        let _ = ftruncate(file, 0);
    }
}
