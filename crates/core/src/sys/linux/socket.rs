//! Unix sockets.

use std::ffi::OsStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::socket::sockopt::PeerCredentials;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, bind, connect, getsockopt, socket};
use nix::sys::stat::{FchmodatFlags, Mode, fchmod, fchmodat, fstat, lstat};
use rustix::net::{SocketFlags, accept_with};

use crate::sys::unix::fd::errno;
use crate::sys::{FileId, RawPeer};

/// An address without a file, unix(7); `None` on systems that have none.
pub(crate) fn abstract_address(name: &[u8]) -> Option<Result<UnixAddr, Errno>> {
    Some(UnixAddr::new_abstract(name))
}

/// A Unix socket for a stream, close-on-exec and non-blocking from birth.
pub(crate) fn stream_socket() -> Result<OwnedFd, Errno> {
    socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)
}

/// Binds a socket, which then has at most the permissions of `mode` from the first moment on: the kernel gives the file
/// those of the unbound socket, less the umask.
pub(crate) fn bind_with_mode(fd: &OwnedFd, address: &UnixAddr, _path: &Path, mode: u32) -> Result<(), Errno> {
    fchmod(fd, Mode::from_bits_truncate(mode))?;
    bind(fd.as_raw_fd(), address)
}

/// Gives a socket's file the mode, if `name` in the folder is that very file. The mode is set through an open
/// descriptor, because by its name a link that has taken its place would be followed.
pub(crate) fn widen(folder: BorrowedFd<'_>, name: &OsStr, id: FileId, mode: u32) -> Result<(), Errno> {
    let file = openat(folder, name, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())?;
    if FileId::of(&fstat(&file)?) != id {
        return Err(Errno::ENOENT);
    }
    let Some(path) = path_of_open(file.as_fd()) else { return Err(Errno::ENOENT) };
    fchmodat(AT_FDCWD, path.as_path(), Mode::from_bits_truncate(mode), FchmodatFlags::FollowSymlink)
}

/// Connects; EAGAIN when the queue is full.
pub(crate) fn connect_to(fd: &OwnedFd, address: &UnixAddr) -> Result<(), Errno> {
    connect(fd.as_raw_fd(), address)
}

/// Listens, listen(2). Not by nix, which refuses a backlog of more than 128 on musl and macOS; the system takes what it
/// can.
pub(crate) fn listen_with(fd: BorrowedFd<'_>, backlog: i32) -> Result<(), Errno> {
    rustix::net::listen(fd, backlog).map_err(errno)
}

/// Accepts a connection that waits, close-on-exec and non-blocking from birth; EAGAIN when none waits.
pub(crate) fn accept_from(listener: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK).map_err(errno)
}

/// The process at the other end, SO_PEERCRED, unix(7): on the server's side the process that has connected; on the
/// client's side the one that had called listen(2) last when the connection was made.
pub(crate) fn peer_of(fd: BorrowedFd<'_>) -> Result<RawPeer, Errno> {
    let found = getsockopt(&fd, PeerCredentials)?;
    // 0: it is in another PID namespace.
    Ok(RawPeer { pid: Some(found.pid()).filter(|pid| *pid > 0), uid: found.uid(), gid: found.gid() })
}

/// A path that leads to an open descriptor; `None` where `/proc` does not show it.
pub(crate) fn path_of_open(fd: BorrowedFd<'_>) -> Option<PathBuf> {
    let path = PathBuf::from(format!("/proc/self/fd/{}", fd.as_raw_fd()));
    lstat(path.as_path()).is_ok().then_some(path)
}
