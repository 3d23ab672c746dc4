//! The system's error numbers.

use std::fmt;
use std::io;

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_ALREADY_EXISTS, ERROR_FILE_NOT_FOUND, ERROR_INVALID_PARAMETER,
    ERROR_IO_INCOMPLETE, ERROR_IO_PENDING, ERROR_NO_DATA, ERROR_NOT_SUPPORTED, ERROR_OPERATION_ABORTED,
    ERROR_PATH_NOT_FOUND, ERROR_PIPE_BUSY, ERROR_PIPE_CONNECTED, ERROR_PRIVILEGE_NOT_HELD,
    ERROR_SHARING_VIOLATION, WIN32_ERROR,
};

/// A system error code, as `GetLastError` gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Errno(u32);

impl Errno {
    /// Std has refused by itself, and the system has said nothing.
    pub(crate) const UNKNOWN: Self = Self(0);
    pub(crate) const NOT_SUPPORTED: Self = Self(ERROR_NOT_SUPPORTED);
    pub(crate) const SHARING_VIOLATION: Self = Self(ERROR_SHARING_VIOLATION);
    pub(crate) const ACCESS_DENIED: Self = Self(ERROR_ACCESS_DENIED);
    pub(crate) const PIPE_BUSY: Self = Self(ERROR_PIPE_BUSY);

    /// That of the call that has just failed on this thread.
    pub(crate) fn last() -> Self {
        errno_of(&io::Error::last_os_error())
    }

    pub(crate) fn from_raw(code: i32) -> Self {
        Self(code.cast_unsigned())
    }

    /// Whether there is no such file, or no folder for it.
    pub(crate) fn is_missing(self) -> bool {
        matches!(self.code(), ERROR_FILE_NOT_FOUND | ERROR_PATH_NOT_FOUND)
    }

    /// Whether an operation goes on, and its event will tell.
    pub(super) fn is_pending(self) -> bool {
        self.code() == ERROR_IO_PENDING
    }

    /// Whether an operation that was looked at goes on.
    pub(super) fn is_incomplete(self) -> bool {
        self.code() == ERROR_IO_INCOMPLETE
    }

    /// Whether a client has come before the server waited for it.
    pub(super) fn is_connected(self) -> bool {
        self.code() == ERROR_PIPE_CONNECTED
    }

    /// Whether the name of what was to be made is taken.
    pub(super) fn is_taken(self) -> bool {
        self.code() == ERROR_ALREADY_EXISTS
    }

    /// Whether the client of a pipe has gone.
    pub(super) fn is_gone(self) -> bool {
        self.code() == ERROR_NO_DATA
    }

    /// Whether an operation was cancelled.
    pub(super) fn is_cancelled(self) -> bool {
        self.code() == ERROR_OPERATION_ABORTED
    }

    fn code(self) -> WIN32_ERROR {
        self.0
    }
}

impl From<Errno> for i32 {
    fn from(errno: Errno) -> Self {
        errno.0.cast_signed()
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        io::Error::from_raw_os_error((*self).into()).fmt(f)
    }
}

/// The error number of a call of std's; [`Errno::UNKNOWN`] where std has refused by itself.
pub(crate) fn errno_of(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::UNKNOWN, Errno::from_raw)
}

/// The number that std knows.
pub(crate) fn number_of(errno: Errno) -> i32 {
    errno.into()
}

/// Whether the system has refused for lack of rights.
pub(crate) fn is_denial(errno: Errno) -> bool {
    matches!(errno.code(), ERROR_ACCESS_DENIED | ERROR_PRIVILEGE_NOT_HELD)
}

/// Whether there is no such process: so the system answers `OpenProcess` with a number that no process has.
pub(crate) fn is_no_process(errno: Errno) -> bool {
    errno.code() == ERROR_INVALID_PARAMETER
}

/// Whether the system has no such signal.
pub(crate) fn is_no_signal(errno: Errno) -> bool {
    errno == Errno::NOT_SUPPORTED
}

/// Whether the system has given this number, and not std, which has refused by itself.
pub(crate) fn is_of_system(errno: Errno) -> bool {
    errno != Errno::UNKNOWN
}
