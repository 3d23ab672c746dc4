//! Removing a pidfile, always under its exclusive lock.

use std::path::Path;

use super::{LockOptions, Locked, PidFile, Status};
use crate::error::Result;
use crate::listener::BoundFile;
use crate::own;

impl PidFile {
    /// Removes the pidfile that an ended daemon has left, and the file of its socket: takes the lock by the protocol,
    /// and unlinks both under it.
    ///
    /// # Errors
    ///
    /// As [`PidFile::lock`]; `AlreadyRunning` when a successor holds the file, which then stays untouched.
    pub fn remove_leftover(&self, socket: Option<&BoundFile>) -> Result<()> {
        let folder = self.open_folder()?;
        if folder.stat()?.is_none() && !socket.is_some_and(BoundFile::is_there) {
            return Ok(());
        }
        // Not left to `lock`, which would wait for a successor that is not ready yet.
        if let Status::Running { pid, .. } = self.status()? {
            return Err(self.already_running(pid));
        }
        let locked = self.lock(&LockOptions::default())?;
        if let Some(socket) = socket {
            socket.remove();
        }
        if folder.names(locked.id())? {
            folder.unlink()?;
        }
        Ok(())
    }
}

impl Locked {
    /// Removes the pidfile at `path` after a failure: this process alone holds its lock, so that no new descriptor is
    /// needed.
    pub(crate) fn remove(&self, path: &Path) {
        own::remove(path, self.file(), self.id());
    }
}
