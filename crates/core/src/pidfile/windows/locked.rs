//! A pidfile whose lock this process holds.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use crate::error::Pid;
use crate::sys::{self, Errno, FileId};

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

    /// Writes the PID of the holder.
    pub(crate) fn write_pid(&self, pid: Pid) -> Result<(), Errno> {
        let mut file = &self.file;
        // One write to the empty file, so that no reader sees half a number.
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.write_all(format!("{pid}\n").as_bytes()))
            .map_err(|error| sys::errno_of(&error))
    }

    /// Removes the pidfile after a failure: this process alone holds its lock.
    pub(crate) fn remove(&self) {
        remove(&self.file);
    }
}

/// Removes the pidfile that `file` holds, by the handle, so that no other file is removed. A file that cannot be
/// removed is emptied.
pub(crate) fn remove(file: &File) {
    if sys::remove_by_handle(file).is_err() {
        // Ignore an error: a file that nobody holds, with old text, is harmless, and at exit nobody can be told.
        let _ = file.set_len(0);
    }
}
