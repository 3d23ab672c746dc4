//! Why a pidfile is refused.

use std::fmt;
use std::path::Path;

use crate::advice::UNSEEN;
use crate::astray::{LED_ASTRAY, LINKED_ASTRAY};
use crate::error::{Error, ErrorKind, Pid, PidFileReason};
use crate::shown::shown;

/// How many of the processes that have the file of a leaked lock open are named.
const NAMED: usize = 16;

/// How much is shown of a process's name, in characters. Linux gives its own threads longer names than processes.
const LONGEST_NAME: usize = 63;

/// The fault of a pidfile, or of its folder.
#[cfg_attr(windows, expect(dead_code, reason = "owners and modes are Unix's"))]
pub(super) enum Flaw<'a> {
    NoFolder(&'a Path),
    /// The folder, or a part of its path, is another kind of file.
    OtherThanFolder(&'a Path),
    /// Others than root can have the folder's path lead elsewhere.
    FolderMovable(&'a Path),
    FolderWritable(&'a Path),
    FolderForeign(&'a Path, u32),
    /// A user's link leads to a file that does not belong to the same user.
    LedAstray,
    /// A user may have linked another's file into a folder of their own.
    LinkedAstray,
    Symlink,
    NotRegular,
    HardLinked,
    ForeignOwner(u32),
    WorldWritable,
    Garbage,
    /// Held, though by no daemon: the processes that have it open, by PID and name.
    LockLeaked(Vec<(Pid, Vec<u8>)>),
    Contended,
}

impl Flaw<'_> {
    fn reason(&self) -> PidFileReason {
        match self {
            Self::NoFolder(_) | Self::OtherThanFolder(_) => PidFileReason::MissingDirectory,
            Self::FolderMovable(_) | Self::FolderWritable(_) | Self::FolderForeign(..) | Self::LedAstray => {
                PidFileReason::UnsafeDirectory
            }
            Self::Symlink => PidFileReason::Symlink,
            Self::NotRegular => PidFileReason::NotRegular,
            Self::HardLinked | Self::LinkedAstray => PidFileReason::HardLinked,
            Self::ForeignOwner(_) => PidFileReason::ForeignOwner,
            Self::WorldWritable => PidFileReason::WorldWritable,
            Self::Garbage => PidFileReason::Garbage,
            Self::LockLeaked(_) => PidFileReason::LockLeaked,
            Self::Contended => PidFileReason::Contended,
        }
    }

    /// The error for the pidfile at this path.
    pub(super) fn of(self, path: &Path) -> Error {
        let kind = ErrorKind::PidFile(self.reason());
        Error::new(kind, format!("{}: {self}", path.display())).at(path)
    }
}

impl fmt::Display for Flaw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNSAFE: &str = "who could replace the file; choose a folder that only you or root can write to";
        match self {
            Self::NoFolder(folder) => {
                write!(f, "the folder {} does not exist; create it first", folder.display())
            }
            Self::OtherThanFolder(folder) => write!(
                f,
                "{} is no folder, or below something that is none; choose another path",
                folder.display()
            ),
            Self::FolderMovable(folder) => write!(
                f,
                "the folder {} is reached by a folder or a link that others than root can change, who could have \
                 it lead elsewhere; choose another",
                folder.display()
            ),
            Self::FolderWritable(folder) => {
                write!(f, "the folder {} is writable by others, {UNSAFE}", folder.display())
            }
            Self::FolderForeign(folder, uid) => {
                write!(f, "the folder {} belongs to user {uid}, {UNSAFE}", folder.display())
            }
            Self::LedAstray => f.write_str(LED_ASTRAY),
            Self::LinkedAstray => f.write_str(LINKED_ASTRAY),
            Self::Symlink => f.write_str("is a symbolic link; give the path of a regular file"),
            Self::NotRegular => f.write_str("is not a regular file; choose another path"),
            Self::HardLinked => f.write_str("has a second hard link; remove one of the two"),
            Self::ForeignOwner(uid) => write!(f, "belongs to user {uid}; choose another path"),
            Self::WorldWritable => f.write_str("may be written by everybody; chmod it to 0600"),
            Self::Garbage => f.write_str(
                "holds something that no daemon wrote; if it is not needed delete it, else choose another path",
            ),
            Self::LockLeaked(openers) => write_openers(f, openers),
            Self::Contended => f.write_str("other starts and probes kept the lock away; try again"),
        }
    }
}

fn write_openers(f: &mut fmt::Formatter<'_>, openers: &[(Pid, Vec<u8>)]) -> fmt::Result {
    if openers.is_empty() {
        return f.write_str(UNSEEN);
    }
    f.write_str("is locked, though by no daemon; these processes have it open: ")?;
    for (index, (pid, name)) in openers.iter().take(NAMED).enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(f, "{comma}{pid} ({})", shown(name, LONGEST_NAME))?;
    }
    match openers.len().saturating_sub(NAMED) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}
