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

use crate::sys::Pid;
use crate::sys::fd::errno;

/// Whether a daemon can be named by the kernel.
pub(crate) const HAS_NAME_TAG: bool = false;

/// How a folder is opened: there is no `O_PATH`, so it must be readable.
pub(crate) const FOLDER_FLAGS: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC);

/// The socket itself is told instead, see [`channel_pair`].
pub(crate) const NO_SIGPIPE: MsgFlags = MsgFlags::empty();

/// None: flock and fcntl locks share one list here, so a name tag would meet our own flock.
pub(crate) fn name_tag(_file: BorrowedFd<'_>) -> Option<Pid> {
    None
}

/// Not told without a name tag.
pub(crate) fn is_starting(_file: BorrowedFd<'_>) -> bool {
    false
}

pub(crate) fn mark_ready(_file: BorrowedFd<'_>) {}

/// Not told without a name tag.
pub(crate) fn is_deaf(_file: BorrowedFd<'_>) -> bool {
    false
}

pub(crate) fn mark_listening(_file: BorrowedFd<'_>) {}

/// Not told without a name tag: what the process itself shows must do.
pub(crate) fn is_detached(_file: BorrowedFd<'_>) -> bool {
    true
}

pub(crate) fn mark_attached(_file: BorrowedFd<'_>) {}

/// The name of the file system, for people.
pub(crate) fn file_system(file: BorrowedFd<'_>) -> Option<String> {
    fstatfs(file).ok().map(|stat| stat.filesystem_type_name().to_owned())
}

/// A file without a name, where the daemon's stderr goes until it is ready.
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

/// Nothing: the file is on a disk, and bounded by the disk's room.
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

/// A pipe that tells of a failed step between fork and exec: its reading and its writing end.
pub(crate) fn error_pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    let (reading, writing) = pipe()?;
    close_on_exec(&reading)?;
    close_on_exec(&writing)?;
    Ok((reading, writing))
}

/// A moment after its making: there is no call that does both.
fn close_on_exec(fd: impl AsFd) -> Result<(), Errno> {
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).map(drop)
}

/// Not told here.
pub(crate) fn is_written(_file: BorrowedFd<'_>) -> bool {
    false
}
