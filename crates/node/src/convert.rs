//! The core's values as plain JavaScript data.

use daimon_core::{Error, ErrorKind, ExitStatus, PidFile, Stats, Status, Stopped, Subject};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use std::time::UNIX_EPOCH;

use crate::kinds::{NativeErrorCode, NativePidFileReason, NativeState};

/// An error as data: the facade makes the class of its code.
#[napi(object)]
pub struct NativeError {
    pub code: NativeErrorCode,
    pub message: String,
    pub step: Option<String>,
    pub path: Option<String>,
    pub errno: Option<i32>,
    pub syscall: Option<String>,
    pub pid: Option<i32>,
    /// Why a pidfile is refused.
    pub reason: Option<NativePidFileReason>,
    /// Why a holder is not proven, in words.
    pub unproven: Option<String>,
    pub option: Option<String>,
    /// How long the process had to end, in milliseconds.
    pub timeout: Option<f64>,
}

impl NativeError {
    /// One that the core knows nothing of.
    pub(crate) fn new(kind: ErrorKind, message: String) -> Self {
        Self {
            code: kind.into(),
            message,
            step: None,
            path: None,
            errno: None,
            syscall: None,
            pid: None,
            reason: None,
            unproven: None,
            option: None,
            timeout: None,
        }
    }
}

impl From<Error> for Box<NativeError> {
    fn from(error: Error) -> Self {
        Self::new(error.into())
    }
}

impl From<Error> for NativeError {
    fn from(error: Error) -> Self {
        let reason = match error.kind() {
            ErrorKind::PidFile(reason) => Some(NativePidFileReason::from(reason)),
            _ => None,
        };
        let unproven = if reason.is_none() { error.reason().map(str::to_owned) } else { None };
        Self {
            code: error.kind().into(),
            message: error.to_string(),
            step: error.step().map(str::to_owned),
            path: error.path().map(|path| path.to_string_lossy().into_owned()),
            errno: error.os_error().and_then(|error| error.raw_os_error()),
            syscall: error.syscall().map(str::to_owned),
            pid: error.pid(),
            reason,
            unproven,
            option: error.subject().map(|subject| name_of(subject).to_owned()),
            timeout: None,
        }
    }
}

/// The facade's name of an error's subject: an option, or a feature.
fn name_of(subject: Subject) -> &'static str {
    match subject {
        Subject::PidFile => "pidFile",
        Subject::Log => "log",
        Subject::LogRotation => "log.maxSize",
        Subject::Stdin => "stdin",
        Subject::Stdout => "stdout",
        Subject::Stderr => "stderr",
        Subject::Program => "execPath",
        Subject::Arguments => "scriptArgs",
        Subject::Environment => "env",
        Subject::Folder => "cwd",
        Subject::KeptDescriptors => "keepFds",
        Subject::Limits => "limits",
        Subject::Nice => "nice",
        Subject::OomScore => "oomScoreAdj",
        Subject::User => "user",
        Subject::Group => "group",
        Subject::Root => "chroot",
        Subject::Signal => "signal",
        Subject::Foreground => "foreground",
        Subject::NotifySocket => "NOTIFY_SOCKET",
        Subject::Socket => "socket",
        Subject::Listen => "listen",
    }
}

/// The status of a pidfile: `state`, and the values that it has. Times are milliseconds, memory is bytes.
#[napi(object)]
pub struct NativeStatus {
    pub state: NativeState,
    pub pid: Option<i32>,
    /// Not ready yet: `true` or absent.
    pub starting: Option<bool>,
    /// About to end: `true` or absent.
    pub stopping: Option<bool>,
    pub stale: Option<bool>,
    pub reason: Option<String>,
    /// Worth another look in a moment.
    pub transient: Option<bool>,
    pub started_at: Option<f64>,
    pub uptime: Option<f64>,
    pub memory: Option<f64>,
    pub cpu: Option<f64>,
    /// Of one that runs: whether there may be a keeper to be asked: `true` or absent.
    pub kept: Option<bool>,
}

/// One look at a pidfile, or the error: some system calls that do not wait.
#[napi]
pub fn status(pid_file: String) -> Either<NativeStatus, NativeError> {
    let seen = PidFile::new(pid_file).and_then(|pid_file| {
        let status = pid_file.status()?;
        Ok(NativeStatus::from(status).of_kept(&pid_file))
    });
    match seen {
        Ok(status) => Either::A(status),
        Err(error) => Either::B(error.into()),
    }
}

impl From<Status> for NativeStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Running { pid, starting, stopping } => Self {
                starting: starting.then_some(true),
                stopping: stopping.then_some(true),
                ..Self::of(NativeState::Running).with_stats(pid)
            },
            Status::Stopped { stale } => Self { stale: Some(stale), ..Self::of(NativeState::Stopped) },
            Status::Unverified(held) => Self {
                pid: held.pid,
                reason: Some(held.reason),
                transient: Some(held.transient),
                ..Self::of(NativeState::Unverified)
            },
        }
    }
}

impl NativeStatus {
    /// The same, and whether the daemon of that pidfile may have a keeper.
    pub(crate) fn of_kept(self, pid_file: &PidFile) -> Self {
        let is_kept = matches!(self.state, NativeState::Running) && pid_file.may_have_keeper();
        Self { kept: is_kept.then_some(true), ..self }
    }

    fn of(state: NativeState) -> Self {
        Self {
            state,
            pid: None,
            starting: None,
            stopping: None,
            stale: None,
            reason: None,
            transient: None,
            started_at: None,
            uptime: None,
            memory: None,
            cpu: None,
            kept: None,
        }
    }

    fn with_stats(self, pid: i32) -> Self {
        let millis = |time: std::time::Duration| time.as_secs_f64() * 1_000.0;
        let stats: Option<Stats> = daimon_core::stats(pid);
        Self {
            pid: Some(pid),
            started_at: stats.and_then(|stats| stats.started_at.duration_since(UNIX_EPOCH).ok()).map(millis),
            uptime: stats.map(|stats| millis(stats.uptime)),
            memory: stats.map(|stats| stats.memory as f64),
            cpu: stats.map(|stats| millis(stats.cpu)),
            ..self
        }
    }
}

/// The result of a stop.
#[napi(object)]
pub struct NativeStopped {
    pub was_running: bool,
    /// It did not end in time, and was killed.
    pub forced: bool,
    /// A pidfile is left that no process holds.
    pub stale: bool,
}

impl From<Stopped> for NativeStopped {
    fn from(Stopped { was_running, forced, stale }: Stopped) -> Self {
        Self { was_running, forced, stale }
    }
}

/// How a process ended: one of the two.
#[napi(object)]
pub struct NativeExit {
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

impl From<ExitStatus> for NativeExit {
    fn from(status: ExitStatus) -> Self {
        match status {
            ExitStatus::Code(code) => Self { code: Some(code), signal: None },
            ExitStatus::Signal(signal) => Self { code: None, signal: Some(signal.number()) },
        }
    }
}
