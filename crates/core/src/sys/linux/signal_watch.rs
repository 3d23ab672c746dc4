//! Signals as something to read: signalfd(2).

use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::signal::SigSet;
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// The signals of a process that has one thread, which none of them interrupts any more.
#[derive(Debug)]
pub(crate) struct SignalWatch(SignalFd);

impl SignalWatch {
    /// Blocks all signals but those in `except`, and takes them.
    pub(crate) fn new(except: &[nix::sys::signal::Signal]) -> Result<Self, Errno> {
        let mut signals = SigSet::all();
        for signal in except {
            signals.remove(*signal);
        }
        signals.thread_set_mask()?;
        SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map(Self)
    }

    /// The numbers of the signals that have come. Of one that has come several times since the last look there may be
    /// only one, signal(7).
    pub(crate) fn take(&self) -> Vec<i32> {
        let next = || self.0.read_signal().ok().flatten();
        std::iter::from_fn(next).map(|info| info.ssi_signo as i32).collect()
    }
}

impl AsFd for SignalWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
