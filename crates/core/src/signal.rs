//! Signals, by own types: nix has no real-time signals.

use std::fmt;

/// A signal by its number, real-time signals included.
///
/// Whether the system has a signal of that number is told when it is sent.
///
/// ```
/// use daimon_core::Signal;
///
/// assert_eq!(Signal::from(15), Signal::TERM);
/// assert_eq!(Signal::KILL.number(), 9);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Signal(i32);

impl Signal {
    /// SIGHUP.
    pub const HUP: Self = Self(libc::SIGHUP);
    /// SIGINT.
    pub const INT: Self = Self(libc::SIGINT);
    /// SIGQUIT.
    pub const QUIT: Self = Self(libc::SIGQUIT);
    /// SIGKILL, which no process can handle.
    pub const KILL: Self = Self(libc::SIGKILL);
    /// SIGTERM.
    pub const TERM: Self = Self(libc::SIGTERM);
    /// SIGCONT, which continues a stopped process.
    pub const CONT: Self = Self(libc::SIGCONT);
    /// SIGSTOP, which no process can handle.
    pub const STOP: Self = Self(libc::SIGSTOP);

    /// Gives its number, as in signal(7).
    pub fn number(self) -> i32 {
        self.0
    }
}

impl From<i32> for Signal {
    fn from(number: i32) -> Self {
        Self(number)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
