//! The one error type of the core. What is wrong is said by an enum of each module, in its own words; this type carries
//! that text, and the data around it.

mod kind;
mod subject;

use std::path::{Path, PathBuf};
use std::{fmt, io};

pub use crate::sys::Pid;
use crate::sys::{self, Errno, Unreached};
pub use kind::{ErrorKind, PidFileReason};
pub use subject::Subject;

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure: its kind and message, the step, the path, and the error of the system.
///
/// ```
/// use daimon_core::{ErrorKind, PidFile, Subject};
///
/// let error = PidFile::new("relative.pid").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidOption);
/// assert_eq!(error.subject(), Some(Subject::PidFile));
/// ```
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
    subject: Option<Subject>,
    reason: Option<String>,
}

impl Error {
    /// An error of `kind`; `message` is a whole sentence without the system's own text.
    pub(crate) fn new(kind: ErrorKind, message: impl fmt::Display) -> Self {
        Self(Box::new(Details {
            kind,
            message: message.to_string(),
            step: None,
            path: None,
            syscall: None,
            errno: None,
            pid: None,
            subject: None,
            reason: None,
        }))
    }

    /// A wrong value; `message` does not name the subject.
    pub(crate) fn invalid(subject: Subject, message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::InvalidOption, message).about(subject)
    }

    /// A feature that this system or situation lacks.
    pub(crate) fn unsupported(subject: Subject, message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Unsupported, message).about(subject)
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
        message: impl fmt::Display,
    ) -> Self {
        let kind = if sys::is_denial(errno) { ErrorKind::PermissionDenied } else { ErrorKind::StartFailed };
        Self::new(kind, message).during(step).because(syscall, errno)
    }

    /// The same of an error of std's, which need not come from the system.
    pub(crate) fn io(
        step: &'static str,
        syscall: &'static str,
        error: &io::Error,
        message: impl fmt::Display,
    ) -> Self {
        match error.raw_os_error() {
            Some(errno) => Self::system(step, syscall, Errno::from_raw(errno), message),
            None => Self::new(ErrorKind::StartFailed, format!("{message}: {error}")).during(step),
        }
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
        // Where std has refused by itself, no system call has failed.
        if sys::is_of_system(errno) {
            (self.0.syscall, self.0.errno) = (Some(syscall), Some(errno));
        }
        self
    }

    /// The system's error, if a call has failed.
    pub(crate) fn unreached(self, why: Unreached) -> Self {
        match why {
            Unreached::Ended => self,
            Unreached::System(syscall, errno) => self.because(syscall, errno),
        }
    }

    /// Takes the system's error from another error.
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

    pub(crate) fn about(mut self, subject: Subject) -> Self {
        self.0.subject = Some(subject);
        self
    }

    /// Makes another kind of it: a system's error for which a given value is to blame.
    pub(crate) fn of_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// The system's error number.
    #[cfg_attr(windows, expect(dead_code, reason = "no decision depends on it there"))]
    pub(crate) fn errno(&self) -> Option<Errno> {
        self.0.errno
    }

    /// Gives the kind, for decisions.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Tells what happened and what to do, without the system's own text, and without the subject's name.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Gives the step of the launch that failed.
    pub fn step(&self) -> Option<&'static str> {
        self.0.step
    }

    /// Gives the path that the error is about.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// Gives the system call that failed.
    pub fn syscall(&self) -> Option<&'static str> {
        self.0.syscall
    }

    /// Gives the system's error, as std has it.
    pub fn os_error(&self) -> Option<io::Error> {
        self.0.errno.map(|errno| io::Error::from_raw_os_error(sys::number_of(errno)))
    }

    /// Gives the process that the error is about.
    pub fn pid(&self) -> Option<Pid> {
        self.0.pid
    }

    /// Tells why the pidfile is refused, by its stable word, or why its holder is not proven, in words.
    pub fn reason(&self) -> Option<&str> {
        match self.0.kind {
            ErrorKind::PidFile(reason) => Some(reason.as_str()),
            _ => self.0.reason.as_deref(),
        }
    }

    /// The value of the caller that is wrong, or the feature that is unsupported.
    pub fn subject(&self) -> Option<Subject> {
        self.0.subject
    }
}

/// An error of the system as text: its name, and what that means.
#[cfg(not(feature = "terse"))]
pub(crate) fn text_of(errno: Errno) -> impl fmt::Display {
    errno
}

/// An error of the system as text: what it means, and its number.
#[cfg(feature = "terse")]
pub(crate) fn text_of(errno: Errno) -> impl fmt::Display {
    sys::errno_text(errno)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match (self.0.syscall, self.0.errno) {
            (Some(syscall), Some(errno)) => write!(f, " ({syscall}: {})", text_of(errno)),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_ends_with_the_system_call_and_the_error() {
        // A number that is no denial on any platform.
        let errno = Errno::from_raw(6);
        let error = Error::system("lock", "openat", errno, "/x/y.pid: cannot be opened");
        assert_eq!(error.kind(), ErrorKind::StartFailed);
        let text = text_of(errno);
        assert_eq!(error.to_string(), format!("/x/y.pid: cannot be opened (openat: {text})"));
    }
}
