//! One round for the lock: the starts' side of the protocol.

use std::fs::File;
use std::os::fd::AsFd;

use nix::sys::stat::{FileStat, Mode, fchmod, fstat};
use nix::unistd::ftruncate;

use super::PidFile;
use super::file::{Flock, is_distrusted, looking, read_text, trusted, try_flock};
use super::flaw::Flaw;
use super::folder::Folder;
use super::lock::{LockOptions, Round};
use super::locked::Locked;
use super::probe::{FOREIGN, Look, look_at};
use super::text::Text;
use crate::error::{Error, Result};
use crate::own;
use crate::seam;
use crate::sys::{self, FileId, Phase};

impl PidFile {
    /// Checks that a start would take the path, whichever process holds the file now, so that a restart finds what is
    /// wrong before it stops the daemon.
    ///
    /// # Errors
    ///
    /// `PidFile`, as [`PidFile::lock`] has them for folder and file.
    pub fn check(&self) -> Result<()> {
        match self.open_folder()?.stat()? {
            Some(stat) => self.check_file(&stat),
            None => Ok(()),
        }
    }

    /// One pass through the protocol; whatever it opened is closed unless it locked.
    pub(super) fn lock_round(&self, folder: &Folder<'_>, options: &LockOptions) -> Result<Round> {
        let _looking = looking();
        let present = folder.stat()?.as_ref().map(FileId::of);
        if let Some(pid) = own::own_pid(&self.path, present) {
            // Do not even open our own pidfile, because closing it again would take our name tag off.
            return Err(self.already_running(pid));
        }
        let file = folder.open_or_create()?;
        seam::at("lock.opened");
        let stat = fstat(&file).map_err(|errno| self.system("fstat", errno, "cannot be examined"))?;
        let id = FileId::of(&stat);
        if stat.st_nlink == 0 {
            return Ok(Round::Replaced);
        }
        self.check_file(&stat)?;
        // The shared lock alone says whether there is a holder: probes, which share it too, cannot be mistaken
        // for one.
        if !self.flock(&file, Flock::Shared)? {
            return self.held_round(folder, &file, &stat);
        }
        seam::at("lock.shared");
        // Another program holds its pidfile by a POSIX lock alone: it is not ours to clear.
        if sys::name_tag(file.as_fd()).is_some() {
            return self.held_round(folder, &file, &stat);
        }
        if !folder.names(id)? {
            return Ok(Round::Replaced);
        }
        let is_distrusted = is_distrusted(&stat);
        if !is_distrusted {
            self.clear_stale_text(&file)?;
        }
        seam::at("lock.cleared");
        // The conversion is not atomic, flock(2): it drops the shared lock when it fails.
        if !self.flock(&file, Flock::Exclusive)? && !seam::breaks("exclusive") {
            return Ok(Round::Contended);
        }
        seam::at("lock.exclusive");
        if is_distrusted {
            // Root must not believe this file again, because a process with a descriptor on it can write to it for
            // ever.
            if folder.names(id)? {
                folder.unlink()?;
            }
            return Ok(Round::Replaced);
        }
        let text = read_text(&file).map_err(|errno| self.system("pread", errno, "cannot be read"))?;
        if !folder.names(id)? || text != Text::Empty {
            return Ok(Round::Replaced);
        }
        fchmod(&file, Mode::from_bits_truncate(options.mode as _))
            .map_err(|errno| self.system("fchmod", errno, "its mode cannot be set"))?;
        seam::at("lock.locked");
        Ok(Round::Locked(Locked { file, id }))
    }

    fn held_round(&self, folder: &Folder<'_>, file: &File, stat: &FileStat) -> Result<Round> {
        if !folder.names(FileId::of(stat))? {
            return Ok(Round::Replaced);
        }
        Ok(match look_at(file, stat) {
            Look::Running(pid, Phase::Starting | Phase::Deaf) => Round::Starting(pid),
            Look::Running(pid, phase) => Round::Running { pid, leaving: phase == Phase::Leaving },
            Look::Foreign(pid) => {
                let message =
                    "is held by a process in another PID namespace; stop that daemon from its own container";
                return Err(Error::unverified(&self.path, pid, FOREIGN, message));
            }
            Look::Unproven { pid, reason, transient: false } => {
                let message = format!("{reason}; no signal was sent");
                return Err(Error::unverified(&self.path, pid, reason, message));
            }
            Look::Unproven { .. } => Round::Held,
        })
    }

    fn check_file(&self, stat: &FileStat) -> Result<()> {
        self.check_regular(stat)?;
        let flaw = if stat.st_nlink > 1 {
            Flaw::HardLinked
        } else if !trusted(stat.st_uid) {
            Flaw::ForeignOwner(stat.st_uid)
        } else if stat.st_mode & 0o002 != 0 {
            Flaw::WorldWritable
        } else {
            return Ok(());
        };
        Err(self.refuse(flaw))
    }

    /// Clears a dead daemon's text. Safe under the shared lock: while a process holds that, none holds the exclusive
    /// one, so no text can be valid. A reader thus never sees a dead PID in a file that a new launch has locked.
    fn clear_stale_text(&self, file: &File) -> Result<()> {
        match read_text(file).map_err(|errno| self.system("pread", errno, "cannot be read"))? {
            Text::Empty => Ok(()),
            Text::Garbage => Err(self.refuse(Flaw::Garbage)),
            Text::Pid(_) | Text::Clearable => ftruncate(file, 0)
                .map_err(|errno| self.system("ftruncate", errno, "its stale text cannot be cleared")),
        }
    }

    pub(super) fn flock(&self, file: &File, how: Flock) -> Result<bool> {
        try_flock(file, how).map_err(|errno| {
            let system = sys::file_system(file.as_fd()).unwrap_or_else(|| "unknown".into());
            let message =
                format!("cannot be locked on a file system of type {system}; choose a local folder");
            self.system("flock", errno, &message)
        })
    }
}
