//! The client's side: connecting, and reading the hello.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::open;
use nix::sys::socket::{MsgFlags, recv};
use nix::sys::stat::Mode;
use nix::unistd::geteuid;

use super::address::{address_in, split};
use super::bind::too_long;
use crate::error::{Error, ErrorKind, Pid, Result};
use crate::listener::{Hello, LONGEST_HELLO};
use crate::pidfile::{Backoff, Cancel, PidFile, Status, wait_for};
use crate::process::Process;
use crate::seam;
use crate::sys::{self, RawPeer};

/// How long a hello may take before the client watches whether the daemon lives.
const UNWATCHED: Duration = Duration::from_millis(50);

/// How a client connects.
#[derive(Clone, Debug)]
pub struct ClientPlan {
    /// The socket's path, absolute.
    pub path: PathBuf,
    /// The pidfile of the daemon that is expected there.
    pub pidfile: PidFile,
    /// A user whose daemon is accepted, besides this process's own user and root.
    pub user: Option<u32>,
    /// Whether the daemon says hello. Otherwise a connection counts as soon as the kernel has it.
    pub hello: bool,
    /// How long to wait for the hello.
    pub patience: Duration,
    /// Ends the wait early.
    pub cancel: Option<Cancel>,
}

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

    /// Another user's process must not pass for the daemon.
    fn check_user(&self, uid: u32, pid: Option<Pid>) -> Result<()> {
        let is_known = uid == geteuid().as_raw() || uid == 0 || Some(uid) == self.user;
        let is_nobody = Some(uid) == sys::overflow_user();
        if (is_known && !is_nobody) || (geteuid().is_root() && self.is_owned_by(uid)) {
            return Ok(());
        }
        let who = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
        let reason = format!("a process of user {uid} listens there{who}, who is neither this user nor root");
        Err(self.unverified(pid, &reason))
    }

    /// Whether the pidfile's proven holder is a process of that user.
    fn is_owned_by(&self, uid: u32) -> bool {
        match self.pidfile.status() {
            Ok(Status::Running { pid, .. }) => sys::user_ids(pid).is_some_and(|ids| ids.contains(&uid)),
            _ => false,
        }
    }

    /// Whether that process holds the pidfile. True where it cannot be told: the user has been checked.
    fn is_holder(&self, hello: Pid) -> Result<bool> {
        Ok(match self.pidfile.status()? {
            Status::Running { pid, .. } => pid == hello,
            Status::Unverified(_) => true,
            // Who says hello is ready, and holds its pidfile until it ends.
            Status::Stopped { .. } => false,
        })
    }

    /// The daemon's PID, where no hello tells it. The kernel names who has called listen(2) last before the client
    /// connected, which is the launcher for a connection that waited while the daemon was started.
    fn pid_of(&self, peer: &RawPeer) -> Result<Pid> {
        let told = match self.pidfile.status()? {
            Status::Running { pid, .. } => Some(pid),
            Status::Unverified(held) => held.pid.or(peer.pid),
            Status::Stopped { .. } => peer.pid,
        };
        told.ok_or_else(|| self.unverified(None, "the PID of the process that listens there cannot be told"))
    }

    fn read_hello(&self, fd: &OwnedFd, until: Instant) -> Result<Read> {
        let mut line = Vec::with_capacity(LONGEST_HELLO);
        let mut holder: Option<Process> = None;
        let mut is_watched = false;
        loop {
            match self.take_line(fd, &mut line)? {
                Taken::Line => {
                    let hello = Hello::parse(&line).ok_or_else(|| self.no_hello(&line))?;
                    return Ok(Read::Hello(hello));
                }
                Taken::End => return Ok(Read::Ended),
                Taken::Nothing => (),
            }
            if holder.as_ref().is_some_and(|holder| !holder.is_alive()) {
                // A launcher or a child of it may still have the socket open, so that the connection does not end.
                return Ok(Read::Ended);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Read::Silent);
            }
            let time = if is_watched { left } else { left.min(UNWATCHED) };
            let ends = holder.as_ref().and_then(Process::pollable);
            let watched: Vec<_> = [Some(fd.as_fd()), ends].into_iter().flatten().collect();
            if !wait_for(self.cancel.as_ref(), &watched, time)? && !is_watched {
                is_watched = true;
                holder = self.pidfile.holder().ok().map(crate::pidfile::Holder::into_process);
            }
        }
    }

    /// Takes what has come, up to the end of the line, and nothing of what follows.
    fn take_line(&self, fd: &OwnedFd, line: &mut Vec<u8>) -> Result<Taken> {
        loop {
            let mut bytes = [0; LONGEST_HELLO];
            let rest = LONGEST_HELLO - line.len();
            let count = match recv(fd.as_raw_fd(), &mut bytes[..rest], MsgFlags::MSG_PEEK) {
                Ok(0) | Err(Errno::ECONNRESET | Errno::EPIPE) => return Ok(Taken::End),
                Ok(count) => count,
                Err(Errno::EAGAIN) => return Ok(Taken::Nothing),
                Err(Errno::EINTR) => continue,
                Err(errno) => return Err(self.failed("recv", errno)),
            };
            let end = bytes[..count].iter().position(|byte| *byte == b'\n');
            let take = end.map_or(count, |end| end + 1);
            recv(fd.as_raw_fd(), &mut bytes[..take], MsgFlags::empty())
                .map_err(|errno| self.failed("recv", errno))?;
            line.extend_from_slice(&bytes[..end.unwrap_or(take)]);
            if end.is_some() {
                return Ok(Taken::Line);
            }
            if line.len() >= LONGEST_HELLO {
                return Err(self.no_hello(line));
            }
        }
    }

    fn no_hello(&self, line: &[u8]) -> Error {
        let shown = crate::shown::shown(line, LONGEST_HELLO);
        let path = self.path.display();
        let message = format!("{path}: what listens there is no daemon of daimon: it says {shown:?}");
        Error::new(ErrorKind::Unverified, message).at(&self.path).for_reason("hello")
    }

    fn unverified(&self, pid: Option<Pid>, reason: &str) -> Error {
        Error::unverified(&self.path, pid, reason, format!("{reason}; nothing was sent"))
    }

    fn failed(&self, syscall: &'static str, errno: Errno) -> Error {
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

enum Read {
    Hello(Hello),
    Ended,
    Silent,
}

enum Taken {
    Line,
    End,
    Nothing,
}
