//! The path to a file, for root. Other users must not be able to redirect it, by folders and links that they can
//! exchange, to a place where they have no rights: a daemon chooses the contents of its log (CVE-2016-1247), and root
//! signals the process that a pidfile names.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{FileStat, Mode, fstat, mode_t};
use nix::unistd::geteuid;

use crate::sys::{self, PathPart};

/// Opens a file without following a link, waiting for a FIFO's other end, gaining a terminal or leaking into a child.
pub(crate) const SAFE_OPEN: OFlag =
    OFlag::O_CLOEXEC.union(OFlag::O_NOFOLLOW).union(OFlag::O_NONBLOCK).union(OFlag::O_NOCTTY);

/// How many links the kernel follows, path_resolution(7). It answers ELOOP to more.
const MAX_LINKS: usize = 40;

/// Stands for all users: no file belongs to it.
const EVERYBODY: u32 = u32::MAX;

/// A folder that has been reached part by part.
#[derive(Debug)]
pub(crate) struct Walk {
    folder: OwnedFd,
    /// The users, other than root, that own the links that have led here, or could exchange them.
    led_by: Vec<u32>,
    /// Whether a user other than root can change the names in a folder on the way, or in this folder.
    is_open: (bool, bool),
    /// The users, other than root, that can link files into this folder.
    linkers: Vec<u32>,
}

impl Walk {
    /// Goes to a folder, as the kernel does. `None` for any user but root, because a user gains no rights by
    /// redirecting another user's path.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(crate) fn to(folder: &Path) -> Result<Option<Self>, Errno> {
        if geteuid().is_root() { Self::follow(folder).map(Some) } else { Ok(None) }
    }

    fn follow(path: &Path) -> Result<Self, Errno> {
        // The present folder may be gone, or closed to root by its file system.
        let first = if path.is_absolute() { "/" } else { "." };
        let mut at = open(Path::new(first), sys::FOLDER_FLAGS, Mode::empty())?;
        let mut stat = fstat(&at)?;
        let mut led_by = Vec::new();
        let mut is_open = false;
        let mut parts = reversed_parts(path);
        if path.is_absolute() {
            // The first part is the root, which is open already.
            parts.pop();
        }
        let mut links = 0;
        while let Some(part) = parts.pop() {
            let changers = changers(&stat);
            // A path that begins at the root does not depend on where it has begun before.
            is_open |= !changers.is_empty() && part != "/";
            match sys::look_at_part(&at, &part)? {
                PathPart::Folder(next, found) => (at, stat) = (next, found),
                // The kernel's own links lead elsewhere than their text says.
                PathPart::Link(..) if sys::is_proc(&at) => {
                    at = openat(at.as_fd(), part.as_os_str(), sys::FOLDER_FLAGS, Mode::empty())?;
                    stat = fstat(&at)?;
                }
                PathPart::Link(link, target) => {
                    links += 1;
                    if links > MAX_LINKS {
                        // Unless the links have been exchanged meanwhile, the kernel says so itself.
                        return Err(open(path, sys::FOLDER_FLAGS, Mode::empty())
                            .err()
                            .unwrap_or(Errno::ELOOP));
                    }
                    let owner = Some(link.st_uid).filter(|uid| is_other(*uid));
                    led_by.extend(changers.into_iter().chain(owner));
                    parts.extend(reversed_parts(Path::new(&target)));
                }
            }
        }
        let is_open = (is_open, !changers(&stat).is_empty());
        Ok(Self { folder: at, led_by, is_open, linkers: those_who_may(&stat, 0o002, 0o002) })
    }

    /// The folder at its end.
    pub(crate) fn folder(&self) -> &OwnedFd {
        &self.folder
    }

    pub(crate) fn into_folder(self) -> OwnedFd {
        self.folder
    }

    /// Whether every link that has led here belongs to the owner of `found`: the folder, or a file in it.
    pub(crate) fn leads_to_own(&self, found: &FileStat) -> bool {
        self.may_lead_to(found.st_uid)
    }

    /// Whether every link that has led here belongs to this user.
    pub(crate) fn may_lead_to(&self, uid: u32) -> bool {
        self.led_by.iter().all(|one| *one == uid)
    }

    /// Whether a file in the folder has its name there by root or by its owner. Another user can link files of others
    /// into a folder, unless `fs.protected_hardlinks` is set, proc_sys_fs(5).
    pub(crate) fn has_own_name(&self, found: &FileStat) -> bool {
        found.st_nlink <= 1 || self.linkers.iter().all(|one| *one == found.st_uid)
    }

    /// Whether only root can redirect the path from now on.
    pub(crate) fn is_fixed(&self) -> bool {
        self.led_by.is_empty() && !self.is_open.0
    }

    /// Whether only root can, besides, exchange the files in the folder.
    pub(crate) fn is_roots_alone(&self) -> bool {
        self.is_fixed() && !self.is_open.1
    }

    /// Opens a file in the folder.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(crate) fn open(&self, name: &OsStr, flags: OFlag, mode: Mode) -> Result<OwnedFd, Errno> {
        openat(self.folder.as_fd(), name, flags, mode)
    }
}

/// The users, other than root, that can change the names in a folder: its owner, or everybody. A group is no danger:
/// root has chosen its members, and Ubuntu lets one write to `/var/log`.
fn changers(stat: &FileStat) -> Vec<u32> {
    // In a sticky folder users can exchange their own files alone.
    those_who_may(stat, 0o1002, 0o002)
}

/// The owner of a folder, unless that is root, and everybody if these bits of its mode have this value.
fn those_who_may(stat: &FileStat, bits: mode_t, value: mode_t) -> Vec<u32> {
    let is_everybodys = stat.st_mode & bits == value;
    let owner = Some(stat.st_uid).filter(|uid| is_other(*uid));
    owner.into_iter().chain(is_everybodys.then_some(EVERYBODY)).collect()
}

/// In a user namespace, files of the system's own root seem to belong to the overflow user, user_namespaces(7).
fn is_other(uid: u32) -> bool {
    uid != 0 && Some(uid) != sys::overflow_user()
}

/// The last part first; `/` is a part of its own.
fn reversed_parts(path: &Path) -> Vec<OsString> {
    let mut parts = Vec::new();
    for part in path.as_os_str().as_bytes().rsplit(|byte| *byte == b'/') {
        if !matches!(part, b"" | b".") {
            parts.push(OsStr::from_bytes(part).to_os_string());
        }
    }
    if path.is_absolute() {
        parts.push("/".into());
    }
    parts
}
