//! Lines of the daemon's log.

use std::os::fd::AsFd;
use std::time::Duration;

use daimon_core::{ExitStatus, Signal, whole_millis};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::write;

/// Writes a line to the log.
pub(crate) fn say(line: &str) {
    let mut text = String::with_capacity(line.len() + 1);
    text.push_str(line);
    text.push('\n');
    // A pipe that nobody reads, or a terminal that was told to wait, must not hold the daemon up.
    let stderr = std::io::stderr();
    let mut fds = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
    if matches!(poll(&mut fds, PollTimeout::ZERO), Ok(1..)) {
        // One write, so that no other line comes between. A log that cannot be written to must not end the daemon.
        let _ = write(stderr.as_fd(), text.as_bytes());
    }
}

/// How a process has ended, as the end of a sentence.
pub(crate) fn ended(status: ExitStatus) -> String {
    match status {
        ExitStatus::Code(code) => format!("has ended with the code {code}"),
        ExitStatus::Signal(signal) => format!("was ended by {}", name(signal)),
    }
}

/// The signal's name, or its number where it has none.
pub(crate) fn name(signal: Signal) -> String {
    nix::sys::signal::Signal::try_from(signal.number())
        .map_or_else(|_| format!("the signal {}", signal.number()), |known| known.as_str().to_owned())
}

/// A time in milliseconds.
pub(crate) fn millis(time: Duration) -> String {
    format!("{} ms", whole_millis(time))
}
