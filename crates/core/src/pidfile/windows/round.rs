//! One round for the lock: the starts' side of the protocol.

use std::fs::File;

use super::locked::Locked;
use super::probe::{Look, look_at, read_text};
use crate::error::Result;
use crate::own;
use crate::pidfile::PidFile;
use crate::pidfile::flaw::Flaw;
use crate::pidfile::lock::{LockOptions, Round};
use crate::pidfile::text::Text;
use crate::seam;
use crate::sys::{self, Errno, FileId, Phase};

/// A folder that has been checked. The protocol needs no handle of it.
pub(crate) struct Folder;

impl PidFile {
    /// Checks that a start would take the path, whichever process holds the file now, so that a restart finds what is
    /// wrong before it stops the daemon.
    ///
    /// # Errors
    ///
    /// `PidFile`, as [`PidFile::lock`] has them for folder and file.
    pub fn check(&self) -> Result<()> {
        self.open_folder()?;
        match sys::open_shared(&self.path) {
            Ok(file) => self.check_file(&file).map(drop),
            _ => Ok(()),
        }
    }

    /// Checks the folder.
    pub(crate) fn open_folder(&self) -> Result<Folder> {
        self.check_local()?;
        match sys::is_folder(&self.folder) {
            Ok(true) => Ok(Folder),
            Ok(false) => Err(self.refuse(Flaw::OtherThanFolder(&self.folder))),
            Err(errno) if errno.is_missing() => Err(self.refuse(Flaw::NoFolder(&self.folder))),
            Err(errno) => Err(self.system("GetFileAttributesW", errno, "its folder cannot be examined")),
        }
    }

    /// One pass through the protocol; whatever it opened is closed unless it locked.
    pub(in crate::pidfile) fn lock_round(&self, _folder: &Folder, _options: &LockOptions) -> Result<Round> {
        let present = sys::open_shared(&self.path).ok().and_then(|file| sys::file_info(&file).ok());
        if let Some(pid) = own::own_pid(&self.path, present.map(|info| info.id)) {
            return Err(self.already_running(pid));
        }
        let file = match sys::open_locked(&self.path) {
            Ok(file) => file,
            Err(Errno::SHARING_VIOLATION) => return self.held_round(),
            // A file that has been removed, and is still open, keeps its name, denied to all.
            Err(Errno::ACCESS_DENIED) => return self.denied_round(),
            Err(errno) if errno.is_missing() => return Ok(Round::Replaced),
            Err(errno) => return Err(self.system("CreateFileW", errno, "cannot be opened")),
        };
        seam::at("lock.opened");
        let id = self.check_file(&file)?;
        if !self.names(id) {
            return Ok(Round::Replaced);
        }
        match read_text(&file).map_err(|errno| self.system("ReadFile", errno, "cannot be read"))? {
            Text::Empty => (),
            Text::Garbage => return Err(self.refuse(Flaw::Garbage)),
            Text::Pid(_) | Text::Clearable => file.set_len(0).map_err(|error| {
                self.system("SetEndOfFile", sys::errno_of(&error), "its stale text cannot be cleared")
            })?,
        }
        seam::at("lock.locked");
        Ok(Round::Locked(Locked { file, id }))
    }

    fn check_file(&self, file: &File) -> Result<FileId> {
        let info = self.examine(file)?;
        if info.links > 1 {
            return Err(self.refuse(Flaw::HardLinked));
        }
        Ok(info.id)
    }

    /// Whether the path stands for that very file.
    pub(super) fn names(&self, id: FileId) -> bool {
        let file = sys::open_shared(&self.path);
        file.is_ok_and(|file| sys::file_info(&file).is_ok_and(|info| info.id == id))
    }

    fn held_round(&self) -> Result<Round> {
        let Ok(file) = sys::open_shared(&self.path) else { return Ok(Round::Replaced) };
        let id = self.check_file(&file)?;
        Ok(match look_at(&file, id) {
            Look::Running(pid, Phase::Starting | Phase::Deaf) => Round::Starting(pid),
            Look::Running(pid, phase) => Round::Running { pid, leaving: phase == Phase::Leaving },
            Look::Unproven { .. } => Round::Held,
        })
    }

    fn denied_round(&self) -> Result<Round> {
        match sys::is_folder(&self.path) {
            Ok(true) => Err(self.refuse(Flaw::NotRegular)),
            _ if sys::open_shared(&self.path).is_err() => Ok(Round::Replaced),
            // Another file may have the name by now.
            _ => match sys::open_locked(&self.path) {
                Err(Errno::ACCESS_DENIED) => {
                    Err(self.system("CreateFileW", Errno::ACCESS_DENIED, "this user may not write to it"))
                }
                _ => Ok(Round::Replaced),
            },
        }
    }
}
