//! The core's values as plain JavaScript data.

use daimon_core::{Error, ErrorKind, ExitStatus, PidFile, Stats, Status, Subject};
use napi_derive::napi;
use std::time::UNIX_EPOCH;

/// An error as data: the facade makes the class of its code.
#[napi(object)]
pub struct NativeError {
    pub code: String,
    pub message: String,
    pub step: Option<String>,
    pub path: Option<String>,
    pub errno: Option<i32>,
    pub syscall: Option<String>,
    pub pid: Option<i32>,
    pub reason: Option<String>,
    pub option: Option<String>,
}

impl NativeError {
    /// One that the core knows nothing of.
    pub(crate) fn new(kind: ErrorKind, message: String) -> Self {
        Self {
            code: kind.code().to_owned(),
            message,
            step: None,
            path: None,
            errno: None,
            syscall: None,
            pid: None,
            reason: None,
            option: None,
        }
    }
}

impl From<Error> for NativeError {
    fn from(error: Error) -> Self {
        Self {
            code: error.kind().code().to_owned(),
            message: message_of(&error),
            step: error.step().map(str::to_owned),
            path: error.path().map(|path| path.to_string_lossy().into_owned()),
            errno: error.os_error().and_then(|error| error.raw_os_error()),
            syscall: error.syscall().map(str::to_owned),
            pid: error.pid(),
            reason: error.reason().map(str::to_owned),
            option: error.subject().map(|subject| name_of(subject).to_owned()),
        }
    }
}

/// What the facade calls what an error is about: an option, or a feature.
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
    }
}

/// In the facade's words, where the core cannot name the option.
fn message_of(error: &Error) -> String {
    match error.subject() {
        Some(subject @ Subject::OomScore) if error.kind() == ErrorKind::Unsupported => {
            format!("Option '{}' is not supported by this system. Leave it out.", name_of(subject))
        }
        _ => error.to_string(),
    }
}

/// What a pidfile says: `state` and what belongs to it, or `error`. Times are milliseconds, memory is bytes.
#[napi(object)]
#[derive(Default)]
pub struct NativeStatus {
    pub state: String,
    pub pid: Option<i32>,
    /// Not ready yet: `true` or absent.
    pub starting: Option<bool>,
    pub stale: Option<bool>,
    pub reason: Option<String>,
    /// Worth another look in a moment.
    pub transient: Option<bool>,
    pub started_at: Option<f64>,
    pub uptime: Option<f64>,
    pub memory: Option<f64>,
    pub cpu: Option<f64>,
    pub error: Option<NativeError>,
}

/// One look at a pidfile: some system calls that do not wait.
#[napi]
pub fn status(pid_file: String) -> NativeStatus {
    match PidFile::new(pid_file).and_then(|pid_file| pid_file.status()) {
        Ok(Status::Running { pid, starting }) => {
            let starting = starting.then_some(true);
            NativeStatus { starting, ..running(pid, daimon_core::stats(pid)) }
        }
        Ok(Status::Stopped { stale }) => {
            NativeStatus { state: "stopped".into(), stale: Some(stale), ..NativeStatus::default() }
        }
        Ok(Status::Unverified(held)) => NativeStatus {
            state: "unverified".into(),
            pid: held.pid,
            reason: Some(held.reason),
            transient: Some(held.transient),
            ..NativeStatus::default()
        },
        Err(error) => NativeStatus { error: Some(error.into()), ..NativeStatus::default() },
    }
}

fn running(pid: i32, stats: Option<Stats>) -> NativeStatus {
    let millis = |time: std::time::Duration| time.as_secs_f64() * 1_000.0;
    NativeStatus {
        state: "running".into(),
        pid: Some(pid),
        started_at: stats.and_then(|stats| stats.started_at.duration_since(UNIX_EPOCH).ok()).map(millis),
        uptime: stats.map(|stats| millis(stats.uptime)),
        memory: stats.map(|stats| stats.memory as f64),
        cpu: stats.map(|stats| millis(stats.cpu)),
        ..NativeStatus::default()
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
