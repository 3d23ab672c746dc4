//! The client's side: connecting, until the daemon has accepted.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::fcntl::open;
use nix::sys::stat::Mode;

use super::address::{address_in, split, too_long};
use super::read_hello::Read;
use crate::error::{Error, Pid, Result};
use crate::pidfile::{Backoff, wait_for};
use crate::plan::ClientPlan;
use crate::seam;
use crate::sys;

/// The result of one attempt.
#[derive(Debug)]
pub enum Attempt {
    /// The daemon has accepted the connection.
    Connected(Connection),
    /// Nobody listens at the path.
    Nobody,
    /// The connection ended before a hello: it was never accepted.
    Ended,
    /// No hello came in time.
    Silent,
}

/// A connection that a daemon has accepted.
#[derive(Debug)]
pub struct Connection {
    /// Close-on-exec and non-blocking; what came after the hello is still to be read.
    pub fd: OwnedFd,
    /// The daemon's PID, as it says; without a hello, as the pidfile and the kernel tell.
    pub pid: Pid,
    /// The daemon's version, as it says.
    pub version: Option<String>,
}

/// One try to connect, which never waits: the daemon can accept while the caller makes a thread for [`greet`].
#[derive(Debug)]
pub enum Dialled {
    /// Connected; whether the daemon accepts it is not known yet.
    Waiting(OwnedFd),
    /// Nobody listens at the path.
    Nobody,
    /// The queue is full: [`attempt`] waits for room in it.
    Full,
}

/// Tries to connect, once.
///
/// # Errors
///
/// `PermissionDenied` or `StartFailed` with the system's.
pub fn dial(plan: &ClientPlan) -> Result<Dialled> {
    let fd = sys::stream_socket().map_err(|errno| plan.failed("socket", errno))?;
    match plan.connect(&fd) {
        Ok(()) => Ok(Dialled::Waiting(fd)),
        Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ECONNREFUSED) => Ok(Dialled::Nobody),
        Err(Errno::EAGAIN) => Ok(Dialled::Full),
        Err(errno) => Err(plan.failed("connect", errno)),
    }
}

/// Connects, and waits for the hello.
///
/// Blocks: call it on a thread of its own.
///
/// # Errors
///
/// `Unverified` when what listens there is another user's, or says no hello; `PermissionDenied` or `StartFailed` with
/// the system's; `StartFailed` with step `lock` when cancelled.
pub fn attempt(plan: &ClientPlan) -> Result<Attempt> {
    let until = Instant::now() + plan.patience;
    let mut backoff = Backoff::new();
    loop {
        match dial(plan)? {
            Dialled::Waiting(fd) => return plan.greet(fd, until),
            Dialled::Nobody => return Ok(Attempt::Nobody),
            Dialled::Full if Instant::now() < until => {
                wait_for(plan.cancel.as_ref(), &[], backoff.next())?;
            }
            Dialled::Full => return Ok(Attempt::Silent),
        }
    }
}

/// Waits for the hello on a connection that a launch has made ([`crate::SocketPlan::connect`]).
///
/// # Errors
///
/// As [`attempt`].
pub fn greet(plan: &ClientPlan, fd: OwnedFd) -> Result<Attempt> {
    plan.greet(fd, Instant::now() + plan.patience)
}

impl ClientPlan {
    fn connect(&self, fd: &OwnedFd) -> std::result::Result<(), Errno> {
        let (folder, name) = split(&self.path);
        let folder = open(&folder, sys::FOLDER_FLAGS, Mode::empty())?;
        sys::connect_to(fd, &address_in(folder.as_fd(), &self.path, name)?)
    }

    fn greet(&self, fd: OwnedFd, until: Instant) -> Result<Attempt> {
        seam::at("client.connected");
        let peer = sys::peer_of(fd.as_fd()).map_err(|errno| self.failed("getsockopt", errno))?;
        self.check_user(peer.uid, peer.pid)?;
        if !self.hello || seam::breaks("no-hello") {
            let pid = self.pid_of(&peer)?;
            return Ok(Attempt::Connected(Connection { fd, pid, version: None }));
        }
        let hello = match self.read_hello(&fd, until)? {
            Read::Hello(hello) => hello,
            Read::Ended => return Ok(Attempt::Ended),
            Read::Silent => return Ok(Attempt::Silent),
        };
        seam::at("client.greeted");
        // Where the kernel tells no PID, the daemon is in another PID namespace: its number means nothing here.
        if peer.pid.is_some() && !self.is_holder(hello.pid)? {
            // Another daemon holds the pidfile by now, or none. Or it is the daemon of another pidfile.
            return Ok(Attempt::Ended);
        }
        Ok(Attempt::Connected(Connection { fd, pid: hello.pid, version: hello.version }))
    }

    pub(super) fn unverified(&self, pid: Option<Pid>, reason: &str) -> Error {
        Error::unverified(&self.path, pid, reason, format!("{reason}; nothing was sent"))
    }

    pub(super) fn failed(&self, syscall: &'static str, errno: Errno) -> Error {
        let path = self.path.display();
        let message = match errno {
            Errno::ENAMETOOLONG => return too_long(&self.path),
            Errno::EACCES | Errno::EPERM => {
                format!("{path}: this user may not connect; the mode of the socket decides who may")
            }
            _ => format!("{path}: cannot be connected to"),
        };
        Error::system("connect", syscall, errno, message).at(&self.path)
    }
}
