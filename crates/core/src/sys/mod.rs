//! The system calls of this crate, with equal signatures on every platform.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::*;

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub(crate) use macos::*;

mod exit;
mod fd;
mod file_id;
mod guard;
mod inherited;
mod kill;
mod limits;
pub(crate) use exit::at_exit;
pub(crate) use fd::{
    duplicate_above, duplicate_number, errno_of, is_open, is_socket, let_inherit, set_close_on_exec, stat_of,
};
pub(crate) use file_id::FileId;
pub(crate) use guard::end_group_from_outside;
pub(crate) use inherited::{Inherited, NotInherited, take_inherited};
pub(crate) use kill::{signal_group, signal_process};
pub(crate) use limits::RawLimit;

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::stat::FileStat;

/// A process id as the kernel counts it; always positive here.
pub type Pid = i32;

/// The name tag of a pidfile: whom the kernel names as its holder, and how far the holder has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NameTag {
    /// 0 for a process of another PID namespace.
    pub(crate) pid: Pid,
    pub(crate) phase: Phase,
}

/// How far the holder of a pidfile has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It is ready, or nothing tells.
    Serving,
    /// It is not ready.
    Starting,
    /// It is not ready, and has no handlers for signals, so that the system's default would end it.
    Deaf,
    /// It was ready, and is about to end: its socket is closed.
    Leaving,
}

/// A failed system call, and its error.
pub(crate) type Failure = (&'static str, Errno);

/// Why a process or a group cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreached {
    /// It has ended, as another look than the call has told.
    Ended,
    /// The call has failed.
    System(&'static str, Errno),
}

impl Unreached {
    /// Whether there is no such process, or group, any more.
    pub(crate) fn has_ended(self) -> bool {
        matches!(self, Self::Ended | Self::System(_, Errno::ESRCH))
    }
}

/// One part of a path.
pub(crate) enum PathPart {
    /// A folder, open for its place.
    Folder(OwnedFd, FileStat),
    /// A symbolic link, and the path that is written in it.
    Link(FileStat, OsString),
}

/// Why other processes cannot be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(target_os = "macos", expect(dead_code, reason = "there is no /proc"))]
pub(crate) enum Hidden {
    /// `/proc` hides the processes of other users.
    ByOption,
    /// There is no `/proc`.
    ByAbsence,
}

/// The process at the other end of a Unix socket.
pub(crate) struct RawPeer {
    /// `None` for a process of another PID namespace.
    pub(crate) pid: Option<Pid>,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// The kernel's counts of a process.
pub(crate) struct RawStats {
    pub(crate) uptime: Duration,
    pub(crate) memory: u64,
    pub(crate) cpu: Duration,
}
