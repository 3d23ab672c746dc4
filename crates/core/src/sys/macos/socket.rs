//! Unix sockets.

use std::ffi::OsStr;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, FcntlArg, FdFlag, OFlag, fcntl};
use nix::sys::socket::sockopt::{LocalPeerCred, LocalPeerPid};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, bind, connect, getsockopt, socket};
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat, fstatat};
use nix::unistd::{LinkatFlags, linkat, mkdtemp, unlink};
use rustix::net::accept;
use rustix::net::sockopt::set_socket_nosigpipe;

use crate::sys::unix::fd::errno;
use crate::sys::{Failure, FileId, RawPeer};

/// None: on macOS every address is a path.
pub(crate) fn abstract_address(_name: &[u8]) -> Option<Result<UnixAddr, Errno>> {
    None
}

/// None: the names of such sockets are paths, which a body with another root folder does not reach.
pub(crate) fn notify_socket() -> Result<(OwnedFd, String), Failure> {
    Err(("socket", Errno::ENOTSUP))
}

/// None: there is no such socket.
pub(crate) fn receive_from_user(
    _fd: BorrowedFd<'_>,
    _bytes: &mut [u8],
) -> Result<(usize, Option<u32>), Errno> {
    Err(Errno::ENOTSUP)
}

/// A Unix socket for a stream, close-on-exec and non-blocking a moment after its birth.
pub(crate) fn stream_socket() -> Result<OwnedFd, Errno> {
    let fd = socket(AddressFamily::Unix, SockType::Stream, SockFlag::empty(), None)?;
    prepare(&fd)?;
    Ok(fd)
}

fn prepare(fd: &OwnedFd) -> Result<(), Errno> {
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    fcntl(fd, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    set_socket_nosigpipe(fd, true).map_err(errno)
}

/// Binds a socket, which then has at most the permissions of `mode` from the first moment on: it is bound in a folder
/// of its own that nobody else can enter, and gets its mode before it gets its name.
pub(crate) fn bind_with_mode(fd: &OwnedFd, _address: &UnixAddr, path: &Path, mode: u32) -> Result<(), Errno> {
    let folder = mkdtemp(&path.with_file_name(".daimon-XXXXXX"))?;
    let inner = folder.join("s");
    let bound = UnixAddr::new(&inner).and_then(|address| {
        bind(fd.as_raw_fd(), &address)?;
        fchmodat(AT_FDCWD, &inner, Mode::from_bits_truncate(mode as _), FchmodatFlags::FollowSymlink)?;
        linkat(AT_FDCWD, &inner, AT_FDCWD, path, LinkatFlags::empty())
    });
    let _ = unlink(&inner);
    let _ = std::fs::remove_dir(&folder);
    // A name that has been taken since is EEXIST here.
    bound.map_err(|errno| if errno == Errno::EEXIST { Errno::EADDRINUSE } else { errno })
}

/// Gives a socket's file the mode, if `name` in the folder is that very file.
pub(crate) fn widen(folder: BorrowedFd<'_>, name: &OsStr, id: FileId, mode: u32) -> Result<(), Errno> {
    if FileId::of(&fstatat(folder, name, nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW)?) != id {
        return Err(Errno::ENOENT);
    }
    fchmodat(folder, name, Mode::from_bits_truncate(mode as _), FchmodatFlags::NoFollowSymlink)
}

/// Connects.
pub(crate) fn connect_to(fd: &OwnedFd, address: &UnixAddr) -> Result<(), Errno> {
    connect(fd.as_raw_fd(), address)
}

/// Listens, listen(2). Not by nix, which refuses a backlog of more than 128 on musl and macOS; the system takes what it
/// can.
pub(crate) fn listen_with(fd: BorrowedFd<'_>, backlog: i32) -> Result<(), Errno> {
    rustix::net::listen(fd, backlog).map_err(errno)
}

/// Accepts a connection that waits, close-on-exec and non-blocking a moment after its birth; EAGAIN when none waits.
pub(crate) fn accept_from(listener: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let fd = accept(listener).map_err(errno)?;
    prepare(&fd)?;
    Ok(fd)
}

/// The process at the other end, LOCAL_PEERCRED and LOCAL_PEERPID, unix(4).
pub(crate) fn peer_of(fd: BorrowedFd<'_>) -> Result<RawPeer, Errno> {
    let found = getsockopt(&fd, LocalPeerCred)?;
    let pid = getsockopt(&fd, LocalPeerPid).ok().filter(|pid| *pid > 0);
    Ok(RawPeer { pid, uid: found.uid(), gid: found.groups().first().copied().unwrap_or(u32::MAX) })
}

/// None: on macOS a path to a socket cannot lead through an open descriptor.
pub(crate) fn path_of_open(_fd: BorrowedFd<'_>) -> Option<PathBuf> {
    None
}
