//! Files, locks and pipes.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl, open};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, socketpair};
use nix::sys::stat::Mode;
use nix::sys::statfs::fstatfs;
use nix::unistd::{getpid, pipe, unlink};
use rustix::net::sockopt::set_socket_nosigpipe;

use crate::sys::NameTag;
use crate::sys::unix::fd::errno;

/// Whether the kernel can tell the daemon's PID, by the name tag.
pub(crate) const HAS_NAME_TAG: bool = false;

/// Opens a folder, which must be readable, because macOS has no `O_PATH`.
pub(crate) const FOLDER_FLAGS: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC);

/// Empty, because the socket itself has an option for it, see [`channel_pair`].
pub(crate) const NO_SIGPIPE: MsgFlags = MsgFlags::empty();

/// How a socket is made; the rest follows with [`finish_socket`].
pub(crate) const NEW_SOCKET: SockFlag = SockFlag::empty();

/// Makes a new socket close-on-exec and non-blocking.
pub(crate) fn finish_socket(fd: &OwnedFd) -> Result<(), Errno> {
    close_on_exec(fd)?;
    fcntl(fd, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map(drop)
}

/// None, because flock and fcntl locks share one list: a name tag would conflict with our own flock.
pub(crate) fn name_tag(_file: BorrowedFd<'_>) -> Option<NameTag> {
    None
}

pub(crate) fn mark_ready(_file: BorrowedFd<'_>) {}

pub(crate) fn mark_listening(_file: BorrowedFd<'_>) {}

/// Not known, without a name tag, so the caller decides by the process itself.
pub(crate) fn is_detached(_file: BorrowedFd<'_>) -> bool {
    true
}

pub(crate) fn mark_attached(_file: BorrowedFd<'_>) {}

pub(crate) fn mark_leaving(_file: BorrowedFd<'_>) {}

pub(crate) fn mark_displaced(_file: BorrowedFd<'_>) -> bool {
    false
}

pub(crate) fn is_displaced(_file: BorrowedFd<'_>) -> bool {
    false
}

/// The name of the file system, for people.
pub(crate) fn file_system(file: BorrowedFd<'_>) -> Option<String> {
    fstatfs(file).ok().map(|stat| stat.filesystem_type_name().to_owned())
}

/// Makes a file without a name, which takes the daemon's stderr until it is ready.
pub(crate) fn capture_file() -> Result<File, Errno> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!(".daimon-stderr-{}-{number}", getpid()));
    let flags = OFlag::O_RDWR
        | OFlag::O_CREAT
        | OFlag::O_EXCL
        | OFlag::O_APPEND
        | OFlag::O_CLOEXEC
        | OFlag::O_NOFOLLOW;
    let file = open(&path, flags, Mode::S_IRUSR | Mode::S_IWUSR)?;
    unlink(&path)?;
    Ok(File::from(file))
}

/// Does nothing: the file is on a disk, whose space bounds it.
pub(crate) fn free_range(_file: BorrowedFd<'_>, _start: i64, _length: i64) -> Result<(), Errno> {
    Ok(())
}

/// Two connected sockets: the launcher's end and the daemon's.
pub(crate) fn channel_pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    let (one, other) = socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::empty())?;
    for end in [&one, &other] {
        close_on_exec(end)?;
        set_socket_nosigpipe(end, true).map_err(errno)?;
    }
    Ok((one, other))
}

/// A pipe by which a step between fork and exec reports its failure: the reading end and the writing end.
pub(crate) fn error_pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    let (reading, writing) = pipe()?;
    close_on_exec(&reading)?;
    close_on_exec(&writing)?;
    Ok((reading, writing))
}

/// Marks a new descriptor close-on-exec, a moment after it was made: macOS has no call that does both.
fn close_on_exec(fd: impl AsFd) -> Result<(), Errno> {
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).map(drop)
}

/// Not known: macOS has no call that tells.
pub(crate) fn is_written(_file: BorrowedFd<'_>) -> bool {
    false
}
