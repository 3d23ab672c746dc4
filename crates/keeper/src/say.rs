//! Lines of the daemon's log.

use std::io::Write;
use std::time::Duration;

use daimon_core::{ExitStatus, Signal, whole_millis};

/// Writes a line to the log.
pub(crate) fn say(line: &str) {
    let mut text = String::with_capacity(line.len() + 1);
    text.push_str(line);
    text.push('\n');
    // One write, so that no other line comes between. A log that cannot be written to must not end the daemon.
    let _ = std::io::stderr().write_all(text.as_bytes());
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
