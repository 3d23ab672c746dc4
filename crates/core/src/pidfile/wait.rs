//! Waits for descriptors, and their early end.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::error::{Error, ErrorKind, Result};
use crate::process::Process;

/// Ends a wait from another thread: for the lock (of a lock, a launch or a start in the foreground), or a client's for
/// the hello.
///
/// [`Abort`](crate::Abort) is the token for a stop and for the wait for a proven holder. The two differ: a `Cancel` has
/// a descriptor, because the wait for the lock polls descriptors, so that making one can fail. An `Abort` needs no
/// descriptor, and also guarantees that no signal is sent after it returns.
///
/// ```
/// use daimon_core::{Cancel, LockOptions};
///
/// let cancel = Cancel::new()?;
/// let options = LockOptions { cancel: Some(cancel.clone()), ..LockOptions::default() };
/// cancel.cancel();
/// # Ok::<(), daimon_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cancel {
    waiting: Arc<UnixStream>,
    cancelling: Arc<UnixStream>,
}

impl Cancel {
    /// Makes a token that has not been used.
    ///
    /// # Errors
    ///
    /// The system's, when there are no descriptors left.
    pub fn new() -> Result<Self> {
        let failed = |syscall| {
            move |error: io::Error| {
                Error::io("lock", syscall, &error, "cannot prepare a wait that can be ended early")
            }
        };
        let (waiting, cancelling) = UnixStream::pair().map_err(failed("socketpair"))?;
        // It is never read from: a caller that cancels again and again must not wait for room.
        cancelling.set_nonblocking(true).map_err(failed("ioctl"))?;
        Ok(Self { waiting: Arc::new(waiting), cancelling: Arc::new(cancelling) })
    }

    /// Ends the present wait and every later one.
    pub fn cancel(&self) {
        // A socket without room has been cancelled already.
        let _ = (&*self.cancelling).write(&[1]);
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.waiting.as_fd()
    }

    /// The byte stays where it is: later waits see it too.
    fn is_cancelled(&self) -> bool {
        let mut fds = [PollFd::new(self.fd(), PollFlags::POLLIN)];
        matches!(poll(&mut fds, PollTimeout::ZERO), Ok(1..))
    }
}

/// Waits for the end of a process, the cancel token or the time.
pub(super) fn wait(cancel: Option<&Cancel>, process: Option<&Process>, time: Duration) -> Result<()> {
    let until = process.and_then(|process| process.handle().pollable());
    // Without a descriptor for its end nothing wakes us: look again soon.
    let time = if until.is_none() { time.min(Duration::from_millis(20)) } else { time };
    wait_for(cancel, until.as_slice(), time).map(drop)
}

/// Whether one of the descriptors became readable within that time.
///
/// # Errors
///
/// `StartFailed` with step `lock` when cancelled.
pub(crate) fn wait_for(cancel: Option<&Cancel>, fds: &[BorrowedFd<'_>], time: Duration) -> Result<bool> {
    let all = fds.iter().copied().chain(cancel.map(Cancel::fd));
    let mut all: Vec<_> = all.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
    // Rounded up: a zero would spin.
    let millis = i32::try_from(time.as_millis() + 1).unwrap_or(i32::MAX);
    let ready = poll(&mut all, PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX));
    if cancel.is_some_and(Cancel::is_cancelled) {
        return Err(Error::new(ErrorKind::StartFailed, "the start was aborted while it waited for the lock")
            .during("lock"));
    }
    Ok(matches!(ready, Ok(1..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_token_ends_the_wait() {
        let cancel = Cancel::new().unwrap();
        // More often than a socket has room for.
        for _ in 0..100_000 {
            cancel.cancel();
        }
        assert!(wait(Some(&cancel), None, Duration::from_secs(3_600)).is_err());
    }
}
