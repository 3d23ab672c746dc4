//! Signals as something to read: a kqueue of their own.
#![expect(unsafe_code, reason = "sigaction has no safe face")]

use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};

/// The signals of a process that has one thread, which none of them interrupts any more.
#[derive(Debug)]
pub(crate) struct SignalWatch(Kqueue);

/// As many as a process has.
const EVENTS_AT_ONCE: usize = 32;

impl SignalWatch {
    /// Ignores all signals but those in `except`, and takes them: a kqueue tells of ignored ones, too, kqueue(2).
    pub(crate) fn new(except: &[Signal]) -> Result<Self, Errno> {
        let queue = Kqueue::new()?;
        let fixed = [Signal::SIGKILL, Signal::SIGSTOP, Signal::SIGCHLD];
        for wanted in Signal::iterator().filter(|one| !except.contains(one) && !fixed.contains(one)) {
            // SAFETY: SIG_IGN runs no function of ours.
            unsafe { signal(wanted, SigHandler::SigIgn) }?;
            queue.kevent(&[event(wanted as usize, EvFlags::EV_ADD)], &mut [], None)?;
        }
        // What the program before this one has blocked while it executed: the faults would stay so.
        SigSet::empty().thread_set_mask()?;
        Ok(Self(queue))
    }

    /// The numbers of the signals that have come. Of one that has come several times since the last look there is one.
    pub(crate) fn take(&self) -> Vec<i32> {
        let mut events = [event(0, EvFlags::empty()); EVENTS_AT_ONCE];
        let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let count = self.0.kevent(&[], &mut events, Some(at_once)).unwrap_or(0);
        events.iter().take(count).map(|event| event.ident() as i32).collect()
    }
}

impl AsFd for SignalWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn event(ident: usize, flags: EvFlags) -> KEvent {
    KEvent::new(ident, EventFilter::EVFILT_SIGNAL, flags, FilterFlag::empty(), 0, 0)
}
