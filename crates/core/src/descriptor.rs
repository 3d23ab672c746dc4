//! Descriptors that the program around this crate knows by their number.

use std::fmt;
use std::os::fd::{OwnedFd, RawFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::sys;

/// A descriptor of this process by its number, which owns nothing.
///
/// ```
/// use daimon_core::{Descriptor, is_open};
///
/// let stderr = Descriptor::from(2);
/// assert!(is_open(stderr));
/// assert!(!is_open(-1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Descriptor(RawFd);

impl Descriptor {
    pub(crate) fn number(self) -> RawFd {
        self.0
    }
}

impl From<i32> for Descriptor {
    fn from(number: i32) -> Self {
        Self(number)
    }
}

impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Tells whether a descriptor of that number is open.
pub fn is_open(fd: impl Into<Descriptor>) -> bool {
    sys::is_open(fd.into().0)
}

/// Hands a descriptor on to the programs that this process executes; false when it is not open.
pub fn let_inherit(fd: impl Into<Descriptor>) -> bool {
    sys::let_inherit(fd.into().0)
}

/// Keeps a socket that a supervisor has opened from the programs that this process executes; false when it is none.
pub fn take_socket(fd: impl Into<Descriptor>) -> bool {
    let number = fd.into().0;
    sys::is_socket(number) && sys::set_close_on_exec(number)
}

/// A duplicate of a listening socket that a supervisor has opened, for [`crate::OwnDaemon::listen_at`]; `None` when it
/// is none. Both are non-blocking from then on: an accept must not wait for a client that has gone.
pub fn duplicate_socket(fd: impl Into<Descriptor>) -> Option<OwnedFd> {
    let number = fd.into().0;
    if !sys::is_socket(number) {
        return None;
    }
    let socket = sys::duplicate_number(number, 0)?.ok()?;
    let flags = OFlag::from_bits_truncate(fcntl(&socket, FcntlArg::F_GETFL).ok()?);
    fcntl(&socket, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).ok()?;
    Some(socket)
}
