//! The daemon's side: accepting, saying hello, and leaving.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, Shutdown, send, shutdown};
use nix::unistd::getpid;

use super::BACKLOG;
use super::bound_file::BoundFile;
use crate::error::{Error, Pid, Result};
use crate::hello::Hello;
use crate::seam;
use crate::sys::{self, Failure, Source};

/// The listening socket of the daemon that this process is.
#[derive(Debug)]
pub struct Listener {
    fd: OwnedFd,
    /// The file at the path; `None` for a socket of the supervisor, which serves the next activation, too.
    file: Option<BoundFile>,
}

/// A connection that was accepted, and the process that has made it.
#[derive(Debug)]
pub struct Visitor<T = OwnedFd> {
    /// Close-on-exec and non-blocking.
    pub fd: T,
    /// The PID; `None` for a process of another PID namespace.
    pub pid: Option<Pid>,
    /// The user when it connected; never `None` here.
    pub uid: Option<u32>,
    /// The group when it connected; never `None` here.
    pub gid: Option<u32>,
}

impl Listener {
    /// A socket that was bound for this daemon.
    pub(crate) fn bound(fd: OwnedFd, file: BoundFile) -> Self {
        Self { fd, file: Some(file) }
    }

    /// A socket that the supervisor has opened.
    pub(crate) fn activated(fd: OwnedFd) -> Self {
        Self { fd, file: None }
    }

    /// Listens anew. From now on clients learn the user and the PID of this process: the kernel tells them who has
    /// called listen(2) last.
    ///
    /// # Errors
    ///
    /// `StartFailed` with the system's.
    pub fn listen(&self) -> Result<()> {
        sys::listen_with(self.fd.as_fd(), BACKLOG).map_err(|errno| {
            Error::system(
                "socket",
                "listen",
                errno,
                "the socket that this daemon has inherited cannot be listened at",
            )
        })
    }

    /// Accepts a connection that waits, and says hello on it. `None` when none waits. A client that is gone by then
    /// is passed over.
    ///
    /// # Errors
    ///
    /// `StartFailed` with the system's, as when no descriptor is left: the connection waits on.
    pub fn accept(&self, hello: bool, version: Option<&str>) -> Result<Option<Visitor>> {
        loop {
            let fd = match sys::accept_from(self.fd.as_fd()) {
                Ok(fd) => fd,
                Err(Errno::ECONNABORTED | Errno::EINTR) => continue,
                Err(Errno::EAGAIN) => return Ok(None),
                Err(errno) => {
                    let message = "a connection to this daemon's socket cannot be accepted, and waits on";
                    return Err(Error::system("socket", "accept4", errno, message));
                }
            };
            let Ok(peer) = sys::peer_of(fd.as_fd()) else { continue };
            if hello && !seam::breaks("no-hello") && !says_hello(fd.as_fd(), version) {
                continue;
            }
            seam::at("socket.accepted");
            return Ok(Some(Visitor { fd, pid: peer.pid, uid: Some(peer.uid), gid: Some(peer.gid) }));
        }
    }

    /// As [`Listener::accept`], with the connection as a descriptor, which the caller closes.
    ///
    /// # Errors
    ///
    /// As [`Listener::accept`].
    pub fn accept_number(&self, hello: bool, version: Option<&str>) -> Result<Option<Visitor<i32>>> {
        let visitor = self.accept(hello, version)?;
        Ok(visitor.map(|Visitor { fd, pid, uid, gid }| Visitor { fd: fd.into_raw_fd(), pid, uid, gid }))
    }

    /// Whether a connection waits to be accepted.
    pub fn has_waiting(&self) -> bool {
        let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
        matches!(poll(&mut fds, PollTimeout::ZERO), Ok(1..))
    }

    /// Whether the path still stands for this socket; true for one of the supervisor, `None` when this process may not
    /// look.
    pub fn is_at_its_path(&self) -> Option<bool> {
        self.file.as_ref().map_or(Some(true), BoundFile::looked_at)
    }

    /// Gives the socket up: nobody finds it any more, nobody can join, and whoever waits finds its connection ended
    /// without a hello. A socket of the supervisor is only closed.
    pub fn leave(self) {
        let Some(file) = &self.file else { return };
        file.remove();
        seam::at("socket.removed");
        if seam::breaks("no-shutdown") {
            return;
        }
        // Others may have it open: a stopped launcher, a child. Ignore an error: the queue is emptied all the same.
        let _ = shutdown(self.fd.as_raw_fd(), Shutdown::Both);
        seam::at("socket.shut");
        while let Ok(waiting) = sys::accept_from(self.fd.as_fd()) {
            drop(waiting);
        }
    }

    /// Removes the file alone, as the process ends.
    pub(crate) fn remove_file(&self) {
        if let Some(file) = &self.file {
            file.remove();
        }
    }

    /// What a selector waits for, for a connection to accept.
    pub(crate) fn source(&self) -> std::result::Result<Source, Failure> {
        self.fd.try_clone().map_err(|error| ("fcntl", sys::errno_of(&error)))
    }
}

/// False when the client has gone. A new connection has room for a hello.
fn says_hello(fd: BorrowedFd<'_>, version: Option<&str>) -> bool {
    let hello = Hello { pid: getpid().as_raw(), version: version.map(str::to_owned) };
    let line = hello.line();
    send(fd.as_raw_fd(), line.as_bytes(), MsgFlags::MSG_DONTWAIT | sys::NO_SIGPIPE) == Ok(line.len())
}
