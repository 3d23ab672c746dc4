//! Reading the hello, and nothing of what follows it.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};

use crate::error::{Error, ErrorKind, Result};
use crate::hello::{Hello, LONGEST_HELLO};
use crate::pidfile::{Holder, wait_for};
use crate::plan::ClientPlan;
use crate::process::Process;

/// How long a hello may take before the client watches whether the daemon lives.
const UNWATCHED: Duration = Duration::from_millis(50);

/// What has come of a wait for the hello.
pub(super) enum Read {
    Hello(Hello),
    /// The connection, or the daemon, has ended.
    Ended,
    /// Nothing came in time.
    Silent,
}

/// What is there of the line.
enum Taken {
    Line,
    End,
    Nothing,
}

impl ClientPlan {
    /// Waits for the line until that time, or until the holder of the pidfile has ended.
    pub(super) fn read_hello(&self, fd: &OwnedFd, until: Instant) -> Result<Read> {
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
            let ends = holder.as_ref().and_then(|process| process.handle().pollable());
            let watched: Vec<_> = [Some(fd.as_fd()), ends].into_iter().flatten().collect();
            if !wait_for(self.cancel.as_ref(), &watched, time)? && !is_watched {
                is_watched = true;
                holder = self.pidfile.holder().ok().map(Holder::into_process);
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
}
