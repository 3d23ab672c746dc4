//! The words that cross the border, as types: the compilers of both sides check that each is handled.

use std::time::Duration;

use daimon_core::{Course, ErrorKind, FrameKind, PidFileReason};
use napi_derive::napi;

/// The code of an error.
#[napi(string_enum)]
pub enum NativeErrorCode {
    #[napi(value = "ERR_DAEMON_ALREADY_RUNNING")]
    AlreadyRunning,
    #[napi(value = "ERR_DAEMON_NOT_RUNNING")]
    NotRunning,
    #[napi(value = "ERR_DAEMON_STOP_TIMEOUT")]
    StopTimeout,
    #[napi(value = "ERR_DAEMON_START_FAILED")]
    StartFailed,
    #[napi(value = "ERR_DAEMON_PIDFILE")]
    PidFile,
    #[napi(value = "ERR_DAEMON_UNVERIFIED")]
    Unverified,
    #[napi(value = "ERR_DAEMON_INVALID_OPTION")]
    InvalidOption,
    #[napi(value = "ERR_DAEMON_PERMISSION_DENIED")]
    PermissionDenied,
    #[napi(value = "ERR_DAEMON_UNSUPPORTED")]
    Unsupported,
}

impl From<ErrorKind> for NativeErrorCode {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::AlreadyRunning => Self::AlreadyRunning,
            ErrorKind::NotRunning => Self::NotRunning,
            ErrorKind::StopTimeout => Self::StopTimeout,
            ErrorKind::StartFailed => Self::StartFailed,
            ErrorKind::PidFile(_) => Self::PidFile,
            ErrorKind::Unverified => Self::Unverified,
            ErrorKind::InvalidOption => Self::InvalidOption,
            ErrorKind::PermissionDenied => Self::PermissionDenied,
            ErrorKind::Unsupported => Self::Unsupported,
        }
    }
}

/// Where a service is in its course.
#[napi(string_enum = "kebab-case")]
pub enum NativeCourse {
    Starting,
    Running,
    Stopping,
}

impl NativeCourse {
    /// That course; `time` is that until the next report of a start or a stop.
    pub fn within(self, time: Duration) -> Course {
        match self {
            Self::Starting => Course::Starting(time),
            Self::Running => Course::Running,
            Self::Stopping => Course::Stopping(time),
        }
    }
}

/// Why a pidfile is refused.
#[napi(string_enum = "kebab-case")]
pub enum NativePidFileReason {
    MissingDirectory,
    Symlink,
    NotRegular,
    HardLinked,
    ForeignOwner,
    WorldWritable,
    UnsafeDirectory,
    Garbage,
    LockLeaked,
    Contended,
    NotASocket,
    SocketForeign,
    InUse,
}

impl From<PidFileReason> for NativePidFileReason {
    fn from(reason: PidFileReason) -> Self {
        match reason {
            PidFileReason::MissingDirectory => Self::MissingDirectory,
            PidFileReason::Symlink => Self::Symlink,
            PidFileReason::NotRegular => Self::NotRegular,
            PidFileReason::HardLinked => Self::HardLinked,
            PidFileReason::ForeignOwner => Self::ForeignOwner,
            PidFileReason::WorldWritable => Self::WorldWritable,
            PidFileReason::UnsafeDirectory => Self::UnsafeDirectory,
            PidFileReason::Garbage => Self::Garbage,
            PidFileReason::LockLeaked => Self::LockLeaked,
            PidFileReason::Contended => Self::Contended,
            PidFileReason::NotASocket => Self::NotASocket,
            PidFileReason::SocketForeign => Self::SocketForeign,
            PidFileReason::InUse => Self::InUse,
        }
    }
}

/// The state of a daemon.
#[napi(string_enum = "lowercase")]
pub enum NativeState {
    Running,
    Stopped,
    Unverified,
}

/// The kind of a wait's event.
#[napi(string_enum = "lowercase")]
pub enum NativeEventKind {
    /// The daemon of a launch executes its program.
    Launched,
    /// Nothing follows; `error` says why.
    Failed,
    /// The daemon serves.
    Ready,
    /// The daemon's progress, in `text`.
    Status,
    /// The daemon's error, as JSON, in `text`.
    Error,
    /// The daemon's exit code, in `text`.
    Exit,
    /// The daemon's end of the channel is closed.
    Ended,
    /// A wait other than a launch has succeeded.
    Done,
    /// The keeper's report, as JSON, in `text`.
    Bodies,
    /// The keeper refuses an upgrade, or gives it up: the code of an error, and why, in `text`.
    Refused,
}

impl NativeEventKind {
    /// The event for a daemon's frame; `None` for a frame that only a launcher sends.
    pub(crate) fn of(frame: FrameKind) -> Option<Self> {
        match frame {
            FrameKind::Ready => Some(Self::Ready),
            FrameKind::Status => Some(Self::Status),
            FrameKind::Error => Some(Self::Error),
            FrameKind::Exit => Some(Self::Exit),
            FrameKind::Bodies => Some(Self::Bodies),
            FrameKind::Refused => Some(Self::Refused),
            _ => None,
        }
    }
}

/// The kind of file of a standard descriptor.
#[napi(string_enum = "lowercase")]
pub enum NativeStdioKind {
    Null,
    Inherit,
    File,
}

/// The option that named a file.
#[napi(string_enum = "lowercase")]
pub enum NativeStdioOption {
    Stdin,
    Stdout,
    Stderr,
    Log,
}

/// The result of a signal.
#[napi(string_enum = "lowercase")]
pub enum NativeSignalled {
    Sent,
    /// The daemon has no handlers yet: nothing was sent.
    Deaf,
}
