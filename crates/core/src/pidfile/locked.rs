//! A pidfile whose lock this process holds.

use std::fs::File;

use nix::sys::stat::fstat;

use super::file::read_text;
use super::probe::{Look, look_at};
use crate::error::Pid;
use crate::sys::FileId;

/// A pidfile that this process holds exclusively, empty, at its path. Closing releases it.
#[derive(Debug)]
pub struct Locked {
    pub(super) file: File,
    pub(super) id: FileId,
}

impl Locked {
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn id(&self) -> FileId {
        self.id
    }

    pub(crate) fn into_parts(self) -> (File, FileId) {
        (self.file, self.id)
    }

    /// Gives the PID that the daemon of this launch has written.
    pub(crate) fn pid(&self) -> Option<Pid> {
        read_text(&self.file).ok()?.pid()
    }

    /// Whether `pid` provably shares this lock.
    pub(crate) fn is_held_by(&self, pid: Pid) -> bool {
        let stat = fstat(&self.file);
        stat.is_ok_and(|stat| matches!(look_at(&self.file, &stat), Look::Running(holder, _) if holder == pid))
    }
}
