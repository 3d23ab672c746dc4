//! The system calls of this crate, with equal signatures on every platform.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::*;

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub(crate) use macos::*;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub use unix::decimal;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::*;

use std::time::Duration;

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
        match self {
            Self::Ended => true,
            Self::System(_, errno) => is_no_process(errno),
        }
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RawExit {
    /// With this code.
    Code(i32),
    /// By this signal.
    #[cfg_attr(windows, expect(dead_code, reason = "a process ends with a code there"))]
    Signal(i32),
}

/// The kernel's counts of a process.
pub(crate) struct RawStats {
    pub(crate) uptime: Duration,
    pub(crate) memory: u64,
    pub(crate) cpu: Duration,
}
