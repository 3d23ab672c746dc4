//! Descriptors of which only the number is known.
#![expect(unsafe_code, reason = "numbers come from JavaScript and over exec, and are used by their number")]

use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::stat::{FileStat, SFlag, fstat};
use nix::unistd::read;
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_getfd, fcntl_setfd};

/// Converts rustix's error number to nix's, which the rest of this crate uses.
pub(in crate::sys) fn errno(error: rustix::io::Errno) -> Errno {
    Errno::from_raw(error.raw_os_error())
}

/// The error number of a call of std's; `UnknownErrno` where std has refused by itself, without the kernel.
pub(crate) fn errno_of(error: &std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or_default())
}

/// Makes one call with the descriptor of that number; `None` for a negative number.
///
/// Async-signal-safe if the call is.
pub(crate) fn with<T>(number: RawFd, call: impl FnOnce(BorrowedFd<'_>) -> T) -> Option<T> {
    if number < 0 {
        return None;
    }
    // SAFETY: the number is not -1, and the borrow ends with this one call. If no descriptor of that number is open,
    // the kernel answers EBADF. If the program closes it meanwhile and opens another file, the call is about that file,
    // because a number means nothing else. Neither touches memory.
    let fd = unsafe { BorrowedFd::borrow_raw(number) };
    Some(call(fd))
}

/// Takes the descriptor of that number, which this crate has given away by its number before; `None` when none is open.
pub(crate) fn take(number: RawFd) -> Option<OwnedFd> {
    // SAFETY: it is open, and whoever calls has had it from `into_number`, and gives it back. If the program has closed
    // it and opened another file by that number, that file is closed: a number means nothing else.
    is_open(number).then(|| unsafe { OwnedFd::from_raw_fd(number) })
}

/// Whether a descriptor of that number is open.
pub(crate) fn is_open(number: RawFd) -> bool {
    with(number, |fd| fcntl_getfd(fd).is_ok()) == Some(true)
}

/// Has reads and writes wait for the other end, if a descriptor of that number is open.
pub(crate) fn let_block(number: RawFd) {
    // A failure leaves it as it is.
    let _ = with(number, |fd| {
        let flags = OFlag::from_bits_truncate(fcntl(fd, FcntlArg::F_GETFL)?);
        fcntl(fd, FcntlArg::F_SETFL(flags.difference(OFlag::O_NONBLOCK)))
    });
}

/// Whether a descriptor of that number is open, and closed on exec.
pub(crate) fn is_close_on_exec(number: RawFd) -> bool {
    with(number, |fd| fcntl_getfd(fd).is_ok_and(|flags| flags.contains(FdFlags::CLOEXEC))) == Some(true)
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

/// Reads to the end, or until there are `most` bytes or a few more. Not by std's files, whose code a keeper would have
/// for nothing else.
pub(crate) fn read_to_end(fd: &OwnedFd, most: usize) -> Result<Vec<u8>, Errno> {
    const AT_ONCE: usize = 4_096;
    let (mut bytes, mut part) = (Vec::new(), [0; AT_ONCE]);
    while bytes.len() < most {
        match read(fd, &mut part) {
            Ok(0) => break,
            Ok(length) => bytes.extend_from_slice(part.get(..length).unwrap_or_default()),
            Err(Errno::EINTR) => (),
            Err(errno) => return Err(errno),
        }
    }
    Ok(bytes)
}

/// Duplicates the descriptor of that number, as [`duplicate_above`]; `None` for a negative number.
pub(crate) fn duplicate_number(number: RawFd, lowest: RawFd) -> Option<Result<OwnedFd, Errno>> {
    with(number, |fd| duplicate_above(fd, lowest))
}

/// Duplicates a descriptor, close-on-exec from birth. The duplicate's number is `lowest` or above.
pub(crate) fn duplicate_above(fd: BorrowedFd<'_>, lowest: RawFd) -> Result<OwnedFd, Errno> {
    fcntl_dupfd_cloexec(fd, lowest).map_err(errno)
}
