//! Signals, by own types: nix has no real-time signals.

use std::fmt;

use crate::sys::numbers;

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
    pub const HUP: Self = Self(numbers::SIGHUP);
    /// SIGINT.
    pub const INT: Self = Self(numbers::SIGINT);
    /// SIGQUIT.
    pub const QUIT: Self = Self(numbers::SIGQUIT);
    /// SIGKILL, which no process can handle.
    pub const KILL: Self = Self(numbers::SIGKILL);
    /// SIGTERM.
    pub const TERM: Self = Self(numbers::SIGTERM);
    /// SIGCONT, which continues a stopped process.
    pub const CONT: Self = Self(numbers::SIGCONT);
    /// SIGSTOP, which no process can handle.
    pub const STOP: Self = Self(numbers::SIGSTOP);

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
