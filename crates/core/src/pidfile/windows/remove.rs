//! Removing a pidfile, always under its lock.

use std::fs::File;

use crate::error::Result;
use crate::listener::BoundFile;
use crate::pidfile::{LockOptions, PidFile, Status};
use crate::process::Process;
use crate::sys;

impl PidFile {
    /// Removes the pidfile that an ended daemon has left: takes the lock by the protocol, and removes it under it. A
    /// socket leaves no file here.
    ///
    /// # Errors
    ///
    /// As [`PidFile::lock`]; `AlreadyRunning` when a successor holds the file, which then stays untouched.
    pub fn remove_leftover(&self, _socket: Option<&BoundFile>) -> Result<()> {
        self.open_folder()?;
        if sys::open_shared(&self.path).is_err_and(sys::Errno::is_missing) {
            return Ok(());
        }
        // Not left to `lock`, which would wait for a successor that is not ready yet.
        if let Status::Running { pid, .. } = self.status()? {
            return Err(self.already_running(pid));
        }
        self.lock(&LockOptions::default())?.remove();
        Ok(())
    }

    /// From now on each signal to the holder, which this process is, tells it that it makes way for another version.
    /// Nothing is to be kept open for that.
    #[expect(clippy::unused_self, reason = "other systems mark the file")]
    pub(in crate::pidfile) fn displace(&self, process: &Process) -> Option<File> {
        process.handle().displace();
        None
    }
}
