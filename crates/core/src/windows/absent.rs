//! What Windows has not: users to become, limits, root folders, descriptors, supervisors with sockets.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result, Subject};
use crate::given::Descriptor;
use crate::given::{Identity, Limits, Name};
use crate::pidfile::{Abort, PidFile, StopOptions, Stopped};
use crate::process::Process;
use crate::sys::{self, Source};

/// Stops the daemon, which has no keeper: [`PidFile::stop`] or [`PidFile::stop_holder`].
///
/// # Errors
///
/// Those of the two.
pub fn stop_daemon(
    pidfile: &PidFile,
    holder: Option<&Process>,
    options: &StopOptions,
    abort: &Abort,
) -> Result<Option<Stopped>> {
    match holder {
        Some(holder) => pidfile.stop_holder(holder, options, abort),
        None => pidfile.stop(options, abort),
    }
}

impl PidFile {
    /// Tells that no daemon has a keeper.
    pub fn may_have_keeper(&self) -> bool {
        false
    }
}

impl Identity {
    /// Nothing to change where nothing is asked for.
    ///
    /// # Errors
    ///
    /// `Unsupported` otherwise.
    pub fn resolve(user: Option<&Name>, group: Option<&Name>) -> Result<Option<Self>> {
        match (user, group) {
            (None, None) => Ok(None),
            (Some(_), _) => Err(unsupported(Subject::User, "run the service as that user")),
            (None, Some(_)) => Err(unsupported(Subject::Group, "leave it out")),
        }
    }

    /// # Errors
    ///
    /// `Unsupported`.
    pub fn take(&self) -> Result<()> {
        Err(unsupported(Subject::User, "run the service as that user"))
    }
}

impl Name {
    /// # Errors
    ///
    /// `Unsupported`.
    pub fn user_id(&self) -> Result<u32> {
        Err(unsupported(Subject::User, "leave it out"))
    }
}

impl Limits {
    /// # Errors
    ///
    /// `Unsupported` where anything is asked for.
    pub fn check(&self) -> Result<()> {
        if !self.resources.is_empty() {
            return Err(unsupported(Subject::Limits, "leave them out"));
        }
        if self.no_new_privileges {
            return Err(unsupported(Subject::Limits, "leave them out"));
        }
        Ok(())
    }

    /// # Errors
    ///
    /// As [`Limits::check`]; `PermissionDenied` or `StartFailed` with the step `nice`.
    pub fn apply(&self) -> Result<()> {
        self.check()?;
        self.nice
            .map_or(Ok(()), sys::set_own_priority)
            .map_err(|errno| Error::system("nice", "SetPriorityClass", errno, "the priority cannot be set"))
    }
}

/// Nothing to do: there is no such limit.
///
/// # Errors
///
/// None.
pub fn set_soft_nofile(_soft: u64) -> Result<()> {
    Ok(())
}

/// # Errors
///
/// `Unsupported`.
pub fn check_oom_score_adj(_wanted: i32) -> Result<()> {
    Err(unsupported(Subject::OomScore, "leave it out"))
}

/// # Errors
///
/// `Unsupported`.
pub fn set_oom_score_adj(value: i32) -> Result<()> {
    check_oom_score_adj(value)
}

/// # Errors
///
/// `Unsupported`.
pub fn check_chroot() -> Result<()> {
    Err(unsupported(Subject::Root, "leave it out"))
}

/// # Errors
///
/// `Unsupported`.
pub fn enter_root(_path: &Path) -> Result<()> {
    check_chroot()
}

/// Descriptors have no meaning outside of one program's C library.
pub fn is_open(_fd: impl Into<Descriptor>) -> bool {
    false
}

/// As [`is_open`].
pub fn let_inherit(_fd: impl Into<Descriptor>) -> bool {
    false
}

/// As [`is_open`].
pub fn take_socket(_fd: impl Into<Descriptor>) -> bool {
    false
}

/// As [`is_open`].
pub fn duplicate_socket(_fd: impl Into<Descriptor>) -> Option<Source> {
    None
}

/// Gives a connection away by its number, that of the C library of Node.js; whoever has the number closes it. `None` in
/// a program without libuv: the connection is closed then.
pub fn into_number(stream: Source) -> Option<i32> {
    sys::into_descriptor(stream)
}

/// A connection to a supervisor's socket, which no supervisor has here.
#[derive(Debug)]
pub enum Notifier {}

impl Notifier {
    /// # Errors
    ///
    /// `Unsupported`.
    pub fn connect(_address: &OsStr) -> Result<Self> {
        Err(unsupported(Subject::NotifySocket, "unset it"))
    }

    /// # Errors
    ///
    /// None: there is no such connection.
    pub fn send(&self, _message: &str, _patience: Duration) -> Result<()> {
        match *self {}
    }
}

/// The time since this was first asked for: no supervisor compares it.
pub fn monotonic() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}

fn unsupported(subject: Subject, advice: &str) -> Error {
    Error::unsupported(subject, format!("Windows has nothing like it; {advice}"))
}
