//! The one error type of the core.

use std::fmt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

pub use crate::sys::Pid;

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of failure it is. Each kind has one stable code ([`ErrorKind::code`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Another daemon holds the pidfile; [`Error::pid`] names it.
    AlreadyRunning,
    /// No daemon holds the pidfile.
    NotRunning,
    /// A step of the launch failed; [`Error::step`] names it.
    StartFailed,
    /// The pidfile, or the folder it is in, cannot be trusted or used.
    PidFile(PidFileReason),
    /// The pidfile is held by a process that cannot be proven from here, or whose end cannot be seen, for want of
    /// descriptors for one; [`Error::reason`] says why.
    Unverified,
    /// A value that the caller gave is wrong; [`Error::option`] names it.
    InvalidOption,
    /// The kernel refuses for lack of rights; [`Error::syscall`] says what.
    PermissionDenied,
    /// This platform or program cannot do it.
    Unsupported,
}

impl ErrorKind {
    /// The stable code that scripts match on.
    pub fn code(self) -> &'static str {
        match self {
            Self::AlreadyRunning => "ERR_DAEMON_ALREADY_RUNNING",
            Self::NotRunning => "ERR_DAEMON_NOT_RUNNING",
            Self::StartFailed => "ERR_DAEMON_START_FAILED",
            Self::PidFile(_) => "ERR_DAEMON_PIDFILE",
            Self::Unverified => "ERR_DAEMON_UNVERIFIED",
            Self::InvalidOption => "ERR_DAEMON_INVALID_OPTION",
            Self::PermissionDenied => "ERR_DAEMON_PERMISSION_DENIED",
            Self::Unsupported => "ERR_DAEMON_UNSUPPORTED",
        }
    }
}

/// Why a pidfile is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PidFileReason {
    /// Its folder does not exist.
    MissingDirectory,
    /// It is a symbolic link, dangling or not.
    Symlink,
    /// It is a folder, a FIFO, a device or a socket.
    NotRegular,
    /// It has a second name.
    HardLinked,
    /// It belongs to somebody who is neither the caller nor root.
    ForeignOwner,
    /// Anybody may write to it.
    WorldWritable,
    /// Somebody else could replace files in its folder.
    UnsafeDirectory,
    /// It holds something that no daemon wrote.
    Garbage,
    /// It is locked, though by no daemon that can be found.
    LockLeaked,
    /// Probes and rival starts kept the lock away for too long.
    Contended,
}

impl PidFileReason {
    /// The stable word for the reason.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingDirectory => "missing-directory",
            Self::Symlink => "symlink",
            Self::NotRegular => "not-regular",
            Self::HardLinked => "hard-linked",
            Self::ForeignOwner => "foreign-owner",
            Self::WorldWritable => "world-writable",
            Self::UnsafeDirectory => "unsafe-directory",
            Self::Garbage => "garbage",
            Self::LockLeaked => "lock-leaked",
            Self::Contended => "contended",
        }
    }
}

/// What failed, where, and with which error number.
#[derive(Clone, Debug)]
pub struct Error(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    kind: ErrorKind,
    message: String,
    step: Option<&'static str>,
    path: Option<PathBuf>,
    syscall: Option<&'static str>,
    errno: Option<Errno>,
    pid: Option<Pid>,
    option: Option<&'static str>,
    reason: Option<String>,
}

impl Error {
    /// An error of `kind`; `message` is a whole sentence without the system's own text.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind,
            message: message.into(),
            step: None,
            path: None,
            syscall: None,
            errno: None,
            pid: None,
            option: None,
            reason: None,
        }))
    }

    /// A refused pidfile.
    pub(crate) fn pid_file(reason: PidFileReason, path: &Path, message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::PidFile(reason), format!("{}: {message}", path.display())).at(path)
    }

    /// A holder of the pidfile that cannot be proven; `reason` is the why alone.
    pub(crate) fn unverified(
        path: &Path,
        pid: Option<Pid>,
        reason: impl Into<String>,
        message: impl fmt::Display,
    ) -> Self {
        let message = format!("{}: {message}", path.display());
        Self::new(ErrorKind::Unverified, message).at(path).with_pid(pid).for_reason(reason)
    }

    /// A failed system call: `PermissionDenied` for EACCES and EPERM, else a failed step of the launch.
    pub(crate) fn system(
        step: &'static str,
        syscall: &'static str,
        errno: Errno,
        message: impl Into<String>,
    ) -> Self {
        let kind = match errno {
            Errno::EACCES | Errno::EPERM => ErrorKind::PermissionDenied,
            _ => ErrorKind::StartFailed,
        };
        Self::new(kind, message).during(step).because(syscall, errno)
    }

    pub(crate) fn at(mut self, path: &Path) -> Self {
        self.0.path = Some(path.to_path_buf());
        self
    }

    pub(crate) fn during(mut self, step: &'static str) -> Self {
        self.0.step = Some(step);
        self
    }

    pub(crate) fn because(mut self, syscall: &'static str, errno: Errno) -> Self {
        self.0.syscall = Some(syscall);
        self.0.errno = Some(errno);
        self
    }

    /// The system's error of another one.
    pub(crate) fn caused_by(mut self, cause: &Self) -> Self {
        (self.0.syscall, self.0.errno) = (cause.0.syscall, cause.0.errno);
        self
    }

    pub(crate) fn with_pid(mut self, pid: Option<Pid>) -> Self {
        self.0.pid = pid;
        self
    }

    pub(crate) fn for_reason(mut self, reason: impl Into<String>) -> Self {
        self.0.reason = Some(reason.into());
        self
    }

    pub(crate) fn for_option(mut self, option: &'static str) -> Self {
        self.0.kind = ErrorKind::InvalidOption;
        self.0.option = Some(option);
        self
    }

    /// What is unsupported; it travels as the option.
    pub(crate) fn for_feature(mut self, feature: &'static str) -> Self {
        self.0.option = Some(feature);
        self
    }

    /// The kind, for decisions.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What happened and what to do, without the system's own text.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The step of the launch that failed.
    pub fn step(&self) -> Option<&'static str> {
        self.0.step
    }

    /// The path that it is about.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// The system call that failed.
    pub fn syscall(&self) -> Option<&'static str> {
        self.0.syscall
    }

    /// The system's error number, as in errno(3).
    pub fn errno(&self) -> Option<i32> {
        self.0.errno.map(|errno| errno as i32)
    }

    /// The process that it is about.
    pub fn pid(&self) -> Option<Pid> {
        self.0.pid
    }

    /// Why the pidfile is refused, by its stable word, or why its holder is not proven, in words.
    pub fn reason(&self) -> Option<&str> {
        match self.0.kind {
            ErrorKind::PidFile(reason) => Some(reason.as_str()),
            _ => self.0.reason.as_deref(),
        }
    }

    /// The option whose value is wrong.
    pub fn option(&self) -> Option<&'static str> {
        self.0.option
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match (self.0.syscall, self.0.errno) {
            (Some(syscall), Some(errno)) => write!(f, " ({syscall}: {errno})"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every kind, with one sample of the pidfile's reasons.
    const KINDS: [ErrorKind; 8] = [
        ErrorKind::AlreadyRunning,
        ErrorKind::NotRunning,
        ErrorKind::StartFailed,
        ErrorKind::PidFile(PidFileReason::Symlink),
        ErrorKind::Unverified,
        ErrorKind::InvalidOption,
        ErrorKind::PermissionDenied,
        ErrorKind::Unsupported,
    ];

    #[test]
    fn every_kind_has_a_code_of_its_own() {
        for kind in KINDS {
            let same: Vec<_> = KINDS.iter().filter(|other| other.code() == kind.code()).collect();
            assert_eq!(same, [&kind]);
        }
    }

    #[test]
    fn the_text_ends_with_the_system_call_and_the_error() {
        let error = Error::system("lock", "openat", Errno::EROFS, "/x/y.pid: cannot be opened");
        assert_eq!(error.kind(), ErrorKind::StartFailed);
        assert_eq!(error.to_string(), "/x/y.pid: cannot be opened (openat: EROFS: Read-only file system)");
    }
}
