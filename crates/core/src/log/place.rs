//! Where an output file is opened: by its path, or, for root, in the folder that this has safely led to.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open};
use nix::sys::stat::{Mode, fstat, fstatat};

use super::open::Owner;
use crate::trusted_path::Walk;

/// Where an output file is, or will be.
pub(super) struct Place<'a> {
    path: &'a Path,
    name: &'a OsStr,
    /// `None` where the kernel may find it by the path.
    walk: Option<Walk>,
}

impl<'a> Place<'a> {
    /// `EXDEV`, as openat2(2) has it for a path that leads elsewhere: links lead to a folder of somebody else's.
    pub(super) fn of(path: &'a Path) -> Result<Self, Errno> {
        let name = path.file_name().ok_or(Errno::EISDIR)?;
        let walk = Walk::to(path.parent().unwrap_or(Path::new(".")))?;
        let is_led_well = match &walk {
            Some(walk) => walk.leads_to_own(&fstat(walk.folder())?),
            None => true,
        };
        if is_led_well { Ok(Self { path, name, walk }) } else { Err(Errno::EXDEV) }
    }

    /// The file that is there. `EXDEV` for one of somebody else's, at the end of links.
    pub(super) fn open(&self, flags: OFlag) -> Result<OwnedFd, Errno> {
        let Some(walk) = &self.walk else { return open(self.path, flags, Mode::empty()) };
        let file = walk.open(self.name, flags, Mode::empty())?;
        if walk.leads_to_own(&fstat(&file)?) { Ok(file) } else { Err(Errno::EXDEV) }
    }

    /// A new file, `owner`'s. `EXDEV` where links have led here, and it would be somebody else's.
    pub(super) fn make(&self, flags: OFlag, owner: Option<Owner>) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlag::O_CREAT | OFlag::O_EXCL;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        let Some(walk) = &self.walk else { return open(self.path, flags, mode) };
        let uid = owner.and_then(|owner| owner.uid).unwrap_or(0);
        // One that is there is looked at for itself.
        if !walk.may_lead_to(uid) && fstatat(walk.folder(), self.name, AtFlags::AT_SYMLINK_NOFOLLOW).is_err()
        {
            return Err(Errno::EXDEV);
        }
        walk.open(self.name, flags, mode)
    }
}
