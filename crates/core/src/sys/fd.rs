//! Descriptors of which only the number is known.
#![expect(unsafe_code, reason = "numbers come from JavaScript and over exec, and are used by their number")]

use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::sys::stat::{FileStat, SFlag, fstat};
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_getfd, fcntl_setfd};

/// Converts rustix's error number to nix's, which the rest of this crate uses.
pub(super) fn errno(error: rustix::io::Errno) -> Errno {
    Errno::from_raw(error.raw_os_error())
}

/// The error number of a call of std's; `UnknownErrno` where std has refused by itself, without the kernel.
pub(crate) fn errno_of(error: &std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or_default())
}

/// Makes one call with the descriptor of that number; `None` for a negative number.
///
/// Async-signal-safe if the call is.
pub(super) fn with<T>(number: RawFd, call: impl FnOnce(BorrowedFd<'_>) -> T) -> Option<T> {
    if number < 0 {
        return None;
    }
    // SAFETY: the number is not -1, and the borrow ends with this one call. If no descriptor of that number is open,
    // the kernel answers EBADF. If the program closes it meanwhile and opens another file, the call is about that file,
    // because a number means nothing else. Neither touches memory.
    let fd = unsafe { BorrowedFd::borrow_raw(number) };
    Some(call(fd))
}

/// Whether a descriptor of that number is open.
pub(crate) fn is_open(number: RawFd) -> bool {
    with(number, |fd| fcntl_getfd(fd).is_ok()) == Some(true)
}

/// Takes the close-on-exec mark off; false if no descriptor of that number is open.
pub(crate) fn let_inherit(number: RawFd) -> bool {
    with(number, |fd| fcntl_setfd(fd, FdFlags::empty()).is_ok()) == Some(true)
}

/// Marks a descriptor close-on-exec; false if no descriptor of that number is open.
pub(crate) fn set_close_on_exec(number: RawFd) -> bool {
    with(number, |fd| fcntl_setfd(fd, FdFlags::CLOEXEC).is_ok()) == Some(true)
}

/// The stat(2) of the file behind the descriptor of that number.
pub(crate) fn stat_of(number: RawFd) -> Option<FileStat> {
    with(number, |fd| fstat(fd).ok()).flatten()
}

/// Whether a descriptor of that number is open, and a socket.
pub(crate) fn is_socket(number: RawFd) -> bool {
    stat_of(number).is_some_and(|stat| stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFSOCK.bits())
}

/// Duplicates the descriptor of that number, close-on-exec from birth. The duplicate's number is `lowest` or above.
pub(crate) fn duplicate_from(number: RawFd, lowest: RawFd) -> Result<OwnedFd, Errno> {
    with(number, |fd| fcntl_dupfd_cloexec(fd, lowest).map_err(errno)).unwrap_or(Err(Errno::EBADF))
}

/// Takes ownership of the two descriptors that exec has passed on, lock and channel, if `prove` accepts them. At most
/// once in a process: gives `None` afterwards, and if one of the two is not open.
///
/// `prove` must refuse all descriptors but those that a launch has made for this process.
pub(crate) fn take_inherited<T, E>(
    lock: RawFd,
    channel: RawFd,
    prove: impl FnOnce(BorrowedFd<'_>, BorrowedFd<'_>) -> Result<T, E>,
) -> Option<Result<(OwnedFd, OwnedFd, T), E>> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if lock == channel || !is_open(lock) || !is_open(channel) || TAKEN.load(Ordering::Acquire) {
        return None;
    }
    match with(lock, |lock| with(channel, |channel| prove(lock, channel))).flatten()? {
        Ok(_) if TAKEN.swap(true, Ordering::AcqRel) => None,
        Ok(proof) => {
            // SAFETY: both are open and they differ, and a process does this once, so that this function gives no
            // descriptor two owners. No code of this process has opened them either: the lock is on a file that names
            // this process as its holder, and only a launch writes that text, between clone and exec.
            let [lock, channel] = [lock, channel].map(|number| unsafe { OwnedFd::from_raw_fd(number) });
            Some(Ok((lock, channel, proof)))
        }
        Err(refusal) => Some(Err(refusal)),
    }
}
