//! Waits for many descriptors and processes at once: kqueue.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};

use super::process::ProcessHandle;
use crate::sys::{Failure, Pid};

/// How the poller notices the end of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Armed {
    /// The selector reports it.
    Selected,
    /// The selector may not report it: look at the process from time to time.
    ByLooking,
    /// The process has ended already.
    Ended,
}

/// A set of descriptors and processes, each with the number that its events carry.
#[derive(Debug)]
pub(crate) struct Selector {
    queue: Kqueue,
}

/// The number that no watch has.
const WAKE: u64 = u64::MAX;
const EVENTS_AT_ONCE: usize = 64;

impl Selector {
    pub(crate) fn new() -> Result<Self, Failure> {
        let selector = Self { queue: Kqueue::new().map_err(|errno| ("kqueue", errno))? };
        selector.change(event(
            0,
            EventFilter::EVFILT_USER,
            EvFlags::EV_ADD | EvFlags::EV_CLEAR,
            FilterFlag::empty(),
            WAKE,
        ))?;
        Ok(selector)
    }

    fn change(&self, change: KEvent) -> Result<(), Failure> {
        self.queue.kevent(&[change], &mut [], None).map(drop).map_err(|errno| ("kevent", errno))
    }

    /// Reports `number` when the descriptor can be read, or its other end is closed.
    pub(crate) fn add_readable(&self, fd: BorrowedFd<'_>, number: u64) -> Result<(), Failure> {
        let ident = fd.as_raw_fd() as usize;
        self.change(event(ident, EventFilter::EVFILT_READ, EvFlags::EV_ADD, FilterFlag::empty(), number))
    }

    /// Reports `number` when the process has ended. A kqueue has one watch for each process, with one number.
    pub(crate) fn add_exit(&self, _process: &ProcessHandle, pid: Pid, number: u64) -> Result<Armed, Failure> {
        let flags = EvFlags::EV_ADD | EvFlags::EV_ONESHOT;
        match self.change(event(pid as usize, EventFilter::EVFILT_PROC, flags, FilterFlag::NOTE_EXIT, number))
        {
            // Look as well, because a later watch on the same process replaces this one's number.
            Ok(()) => Ok(Armed::ByLooking),
            Err((_, Errno::ESRCH)) => Ok(Armed::Ended),
            Err(failure) => Err(failure),
        }
    }

    pub(crate) fn remove_readable(&self, fd: BorrowedFd<'_>) {
        let ident = fd.as_raw_fd() as usize;
        // ENOENT and EBADF: it is not in the set, as intended.
        let _ =
            self.change(event(ident, EventFilter::EVFILT_READ, EvFlags::EV_DELETE, FilterFlag::empty(), 0));
    }

    /// Does nothing, because others may watch the same process. An event with a number that is gone is ignored.
    /// Reports a readable descriptor again, once its event has been served. Nothing to do: it is reported as long as it
    /// can be read.
    #[expect(clippy::unused_self, reason = "other systems report it once")]
    pub(crate) fn resume(&self, _fd: BorrowedFd<'_>, _number: u64) {}

    pub(crate) fn remove_exit(&self, _process: &ProcessHandle) {}

    /// Makes [`Selector::wait`] return.
    pub(crate) fn wake(&self) {
        let _ =
            self.change(event(0, EventFilter::EVFILT_USER, EvFlags::empty(), FilterFlag::NOTE_TRIGGER, WAKE));
    }

    /// Waits for events and pushes their numbers. Also returns after `timeout`, and when woken.
    pub(crate) fn wait(&self, timeout: Option<Duration>, numbers: &mut Vec<u64>) -> Result<(), Errno> {
        let mut events =
            [event(0, EventFilter::EVFILT_USER, EvFlags::empty(), FilterFlag::empty(), WAKE); EVENTS_AT_ONCE];
        let timeout = timeout.map(|timeout| libc::timespec {
            tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        let count = match self.queue.kevent(&[], &mut events, timeout) {
            Err(Errno::EINTR) => 0,
            other => other?,
        };
        let told = events.iter().take(count).map(|event| event.udata() as u64);
        numbers.extend(told.filter(|number| *number != WAKE));
        Ok(())
    }
}

fn event(ident: usize, filter: EventFilter, flags: EvFlags, fflags: FilterFlag, number: u64) -> KEvent {
    KEvent::new(ident, filter, flags, fflags, 0, number as isize)
}
