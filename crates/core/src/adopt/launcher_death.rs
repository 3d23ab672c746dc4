//! The launcher's death before ready ends the daemon.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::capture::{Capture, OFTEN};
use super::{Adopted, Start};
use crate::signals::block_all;

/// How long a daemon that ignores SIGTERM lives on.
const ABORT_GRACE: Duration = Duration::from_secs(1);

/// Sees the launcher's death before ready, and keeps a captured stderr short. A thread of its own: a blocked event loop
/// cannot hold it up.
pub(super) fn watch_launcher(daemon: &Adopted, channel: OwnedFd) {
    block_all();
    let mut capture = if daemon.captured { Capture::of_stderr() } else { None };
    wait_for_hangup(&channel, capture.as_mut());
    drop(channel);
    let over = matches!(*daemon.start.lock().unwrap_or_else(PoisonError::into_inner), Start::Over);
    if !over {
        let us = Pid::from_raw(daemon.pid);
        // Signals to ourselves cannot fail.
        let _ = kill(us, Signal::SIGTERM);
        thread::sleep(ABORT_GRACE);
        let _ = kill(us, Signal::SIGKILL);
    }
    if let Some(capture) = capture {
        capture.outlive_the_start();
    }
}

fn wait_for_hangup(channel: &OwnedFd, mut capture: Option<&mut Capture>) {
    let timeout = match capture {
        Some(_) => PollTimeout::try_from(OFTEN).unwrap_or(PollTimeout::ZERO),
        None => PollTimeout::NONE,
    };
    loop {
        // Asking for nothing: an end that hangs up is reported all the same, poll(2).
        let mut fds = [PollFd::new(channel.as_fd(), PollFlags::empty())];
        match poll(&mut fds, timeout) {
            Err(Errno::EINTR) | Ok(0) => drop(capture.as_mut().map(|capture| capture.trim())),
            _ => return,
        }
    }
}
