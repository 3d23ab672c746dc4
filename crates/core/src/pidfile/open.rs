//! Opening a pidfile to look at it.

use std::fs::File;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open};
use nix::sys::stat::{FileStat, Mode, fstat, fstatat, lstat};

use super::PidFile;
use super::flaw::Flaw;
use crate::error::{Pid, Result};
use crate::own;
use crate::sys::FileId;
use crate::trusted_path::{SAFE_OPEN, Walk};

/// The file at the pidfile's path.
pub(super) enum Opened {
    File(File, FileStat),
    /// The pidfile of the daemon that this process is.
    Own(Pid),
    Missing,
}

impl PidFile {
    /// Opens the file, except this process's own: closing a second descriptor on that would take the name tag off,
    /// fcntl(2).
    pub(super) fn open_to_read(&self) -> Result<Opened> {
        let missing = |errno| matches!(errno, Errno::ENOENT | Errno::ENOTDIR);
        let walk = match Walk::to(&self.folder) {
            Ok(walk) => walk,
            Err(errno) if missing(errno) => return Ok(Opened::Missing),
            Err(errno) => return Err(self.system("open", errno, "its folder cannot be opened")),
        };
        let looked = match &walk {
            Some(walk) => fstatat(walk.folder(), self.name.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW),
            None => lstat(&self.path),
        };
        let stat = match looked {
            Ok(stat) => Some(stat),
            Err(errno) if missing(errno) => None,
            Err(errno) => return Err(self.system("lstat", errno, "cannot be examined")),
        };
        if let Some(pid) = own::own_pid(&self.path, stat.as_ref().map(FileId::of)) {
            return Ok(Opened::Own(pid));
        }
        match stat {
            Some(stat) => self.check_regular(&stat)?,
            None => return Ok(Opened::Missing),
        }
        let opened = match &walk {
            Some(walk) => walk.open(&self.name, OFlag::O_RDONLY | SAFE_OPEN, Mode::empty()),
            None => open(&self.path, OFlag::O_RDONLY | SAFE_OPEN, Mode::empty()),
        };
        let file = match opened {
            Ok(fd) => File::from(fd),
            Err(errno) if missing(errno) => return Ok(Opened::Missing),
            Err(errno) => return Err(self.open_error(errno)),
        };
        let stat = fstat(&file).map_err(|errno| self.system("fstat", errno, "cannot be examined"))?;
        self.check_regular(&stat)?;
        match walk {
            Some(walk) if !walk.leads_to_own(&stat) => Err(self.refuse(Flaw::LedAstray)),
            Some(walk) if !walk.has_own_name(&stat) => Err(self.refuse(Flaw::LinkedAstray)),
            _ => Ok(Opened::File(file, stat)),
        }
    }
}
