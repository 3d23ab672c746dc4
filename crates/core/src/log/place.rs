//! The place of an output file: its path, or, for root, the folder to which a safe walk along the path has led.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open};
use nix::sys::stat::{Mode, fstat, fstatat};

use crate::given::Owner;
use crate::trusted_path::Walk;

/// Why an output file is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The system's.
    System(Errno),
    /// The path ends in no name, or names a folder.
    Folder,
    /// Links have led to a folder or a file that does not belong to the links' owner.
    LedAstray,
    /// A user may have linked another's file into a folder of their own.
    LinkedAstray,
    /// It is neither a regular file nor a character device.
    OtherKind,
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        Self::System(errno)
    }
}

/// The place where an output file is, or will be made.
pub(super) struct Place<'a> {
    path: &'a Path,
    name: &'a OsStr,
    /// `None` where the kernel may find it by the path.
    walk: Option<Walk>,
}

impl<'a> Place<'a> {
    /// Goes to the file's folder.
    pub(super) fn of(path: &'a Path) -> Result<Self, Refusal> {
        let name = path.file_name().ok_or(Refusal::Folder)?;
        let walk = Walk::to(path.parent().unwrap_or(Path::new(".")))?;
        let is_led_well = match &walk {
            Some(walk) => walk.leads_to_own(&fstat(walk.folder())?),
            None => true,
        };
        if is_led_well { Ok(Self { path, name, walk }) } else { Err(Refusal::LedAstray) }
    }

    /// Opens the file that is there.
    pub(super) fn open(&self, flags: OFlag) -> Result<OwnedFd, Refusal> {
        let Some(walk) = &self.walk else { return Ok(open(self.path, flags, Mode::empty())?) };
        let file = walk.open(self.name, flags, Mode::empty())?;
        let stat = fstat(&file)?;
        if !walk.leads_to_own(&stat) {
            Err(Refusal::LedAstray)
        } else if !walk.has_own_name(&stat) {
            Err(Refusal::LinkedAstray)
        } else {
            Ok(file)
        }
    }

    /// Makes a file, `owner`'s, where there is none.
    pub(super) fn make(&self, flags: OFlag, owner: Option<Owner>) -> Result<OwnedFd, Refusal> {
        let flags = flags | OFlag::O_CREAT | OFlag::O_EXCL;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        let Some(walk) = &self.walk else { return Ok(open(self.path, flags, mode)?) };
        let uid = owner.and_then(|owner| owner.uid).unwrap_or(0);
        // A file that is there is judged by its own owner, when it is opened.
        if !walk.may_lead_to(uid)
            && fstatat(walk.folder().as_fd(), self.name, AtFlags::AT_SYMLINK_NOFOLLOW).is_err()
        {
            return Err(Refusal::LedAstray);
        }
        Ok(walk.open(self.name, flags, mode)?)
    }
}
