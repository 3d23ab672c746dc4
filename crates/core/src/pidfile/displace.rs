//! The mark by which a stop tells the daemon that it makes way for another version.

use std::fs::File;
use std::os::fd::AsFd;

use super::PidFile;
use super::file::looking;
use super::open::Opened;
use crate::process::Process;
use crate::sys;

impl PidFile {
    /// Marks the pidfile, as long as the file that this gives is open: its holder makes way for another version.
    pub(super) fn displace(&self, _process: &Process) -> Option<File> {
        let _looking = looking();
        match self.open_to_read() {
            Ok(Opened::File(file, _)) if sys::mark_displaced(file.as_fd()) => Some(file),
            _ => None,
        }
    }
}
