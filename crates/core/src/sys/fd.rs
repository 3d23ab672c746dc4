//! Descriptors known by their number alone.
#![expect(unsafe_code, reason = "a number that came with exec must be turned into an owner once")]

use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;

/// Whether a descriptor of that number is open.
pub(crate) fn is_open(fd: RawFd) -> bool {
    // SAFETY: F_GETFD takes a number and touches no memory.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
    Errno::result(flags).is_ok()
}

/// Takes the close-on-exec mark off; false when there is no such descriptor. Async-signal-safe.
pub(crate) fn let_inherit(fd: RawFd) -> bool {
    // SAFETY: F_SETFD takes two numbers and touches no memory.
    let result = unsafe { libc::fcntl(fd, libc::F_SETFD, 0) };
    Errno::result(result).is_ok()
}

/// Marks a descriptor that came with exec close-on-exec; false when none of that number is open.
pub(crate) fn set_close_on_exec(fd: RawFd) -> bool {
    // SAFETY: F_SETFD takes two numbers and touches no memory.
    let result = unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    Errno::result(result).is_ok()
}

/// The owner of a descriptor that the kernel has just made for the caller, or that came with exec.
pub(crate) fn own(fd: RawFd) -> OwnedFd {
    // SAFETY: both callers hold a descriptor that no other owner in this process knows of: a fresh duplicate, and one
    // named by the adoption variable, which is given up again (`into_raw_fd`) when it turns out to be somebody's.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// A descriptor of the program that embeds us, for the one call that duplicates it; its number is all that is given.
pub(crate) fn borrow<'fd>(fd: RawFd) -> BorrowedFd<'fd> {
    // SAFETY: not -1, as callers have found it open; closed meanwhile it makes the call fail, or duplicates what has
    // its number now, which is all that a number can mean.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

/// Whether it is open, and a socket.
pub(crate) fn is_socket(fd: RawFd) -> bool {
    is_open(fd)
        && nix::sys::stat::fstat(borrow(fd)).is_ok_and(|stat| {
            stat.st_mode & nix::sys::stat::SFlag::S_IFMT.bits() == nix::sys::stat::SFlag::S_IFSOCK.bits()
        })
}
