//! Descriptors that the program around this crate knows by their number.

use std::os::fd::{BorrowedFd, IntoRawFd, OwnedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::given::Descriptor;
use crate::sys;

/// Tells whether a descriptor of that number is open.
pub fn is_open(fd: impl Into<Descriptor>) -> bool {
    sys::is_open(fd.into().number())
}

/// Hands a descriptor on to the programs that this process executes; false when it is not open.
pub fn let_inherit(fd: impl Into<Descriptor>) -> bool {
    sys::let_inherit(fd.into().number())
}

/// Keeps a socket that a supervisor has opened from the programs that this process executes; false when it is none.
pub fn take_socket(fd: impl Into<Descriptor>) -> bool {
    let number = fd.into().number();
    sys::is_socket(number) && sys::set_close_on_exec(number)
}

/// A duplicate of a listening socket that a supervisor has opened, for [`crate::OwnDaemon::listen_at`]; `None` when it
/// is none. Both are non-blocking from then on: an accept must not wait for a client that has gone.
pub fn duplicate_socket(fd: impl Into<Descriptor>) -> Option<OwnedFd> {
    let number = fd.into().number();
    if !sys::is_socket(number) {
        return None;
    }
    let socket = sys::duplicate_number(number, 0)?.ok()?;
    let flags = OFlag::from_bits_truncate(fcntl(&socket, FcntlArg::F_GETFL).ok()?);
    fcntl(&socket, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).ok()?;
    Some(socket)
}

/// Gives a connection away by its number; whoever has the number closes it.
pub fn into_number(stream: OwnedFd) -> Option<i32> {
    Some(stream.into_raw_fd())
}

/// Makes one call with the descriptor of that number; `None` for a negative number.
pub fn with_descriptor<T>(fd: impl Into<Descriptor>, call: impl FnOnce(BorrowedFd<'_>) -> T) -> Option<T> {
    sys::with(fd.into().number(), call)
}

/// Takes a descriptor that this crate has given away by its number ([`into_number`]); `None` when it is not open.
pub fn take(fd: impl Into<Descriptor>) -> Option<OwnedFd> {
    sys::take(fd.into().number())
}

/// Closes a descriptor that this crate has given away by its number ([`into_number`]).
pub fn close(fd: impl Into<Descriptor>) {
    drop(take(fd));
}
