//! Waits for many descriptors at once: epoll.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};

use super::process::ProcessHandle;
use crate::sys::{Failure, Pid};

/// How the poller notices the end of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Armed {
    /// The selector reports it.
    Selected,
    /// The selector cannot report it: look at the process from time to time.
    ByLooking,
    /// The process has ended already.
    #[cfg_attr(
        target_os = "linux",
        expect(
            dead_code,
            reason = "a pidfd reports it as an event; only kqueue refuses a process that has ended"
        )
    )]
    Ended,
}

/// A set of descriptors, each with the number that its events carry.
#[derive(Debug)]
pub(crate) struct Selector {
    epoll: Epoll,
    wake: EventFd,
}

/// The number that no watch has.
const WAKE: u64 = u64::MAX;
const EVENTS_AT_ONCE: usize = 64;

impl Selector {
    pub(crate) fn new() -> Result<Self, Failure> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(|errno| ("epoll_create1", errno))?;
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
            .map_err(|errno| ("eventfd", errno))?;
        let selector = Self { epoll, wake };
        selector.add_readable(selector.wake.as_fd(), WAKE)?;
        Ok(selector)
    }

    /// Reports `number` when the descriptor can be read, or its other end is closed.
    pub(crate) fn add_readable(&self, fd: BorrowedFd<'_>, number: u64) -> Result<(), Failure> {
        self.epoll.add(fd, EpollEvent::new(EpollFlags::EPOLLIN, number)).map_err(|errno| ("epoll_ctl", errno))
    }

    /// Reports `number` when the process has ended.
    pub(crate) fn add_exit(&self, process: &ProcessHandle, _pid: Pid, number: u64) -> Result<Armed, Failure> {
        match process.pollable() {
            Some(fd) => self.add_readable(fd, number).map(|()| Armed::Selected),
            None => Ok(Armed::ByLooking),
        }
    }

    pub(crate) fn remove_readable(&self, fd: BorrowedFd<'_>) {
        // ENOENT and EBADF: it is not in the set, as intended.
        let _ = self.epoll.delete(fd);
    }

    /// Reports a readable descriptor again, once its event has been served. Nothing to do: it is reported as long as it
    /// can be read.
    #[expect(clippy::unused_self, reason = "other systems report it once")]
    pub(crate) fn resume(&self, _fd: BorrowedFd<'_>, _number: u64) {}

    pub(crate) fn remove_exit(&self, process: &ProcessHandle) {
        if let Some(fd) = process.pollable() {
            self.remove_readable(fd);
        }
    }

    /// Makes [`Selector::wait`] return.
    pub(crate) fn wake(&self) {
        // EAGAIN: the counter is full, so the waiter wakes anyway.
        let _ = self.wake.write(1);
    }

    /// Waits for events and pushes their numbers. Also returns after `timeout`, and when woken.
    pub(crate) fn wait(&self, timeout: Option<Duration>, numbers: &mut Vec<u64>) -> Result<(), Errno> {
        let mut events = [EpollEvent::empty(); EVENTS_AT_ONCE];
        let timeout = timeout.map_or(EpollTimeout::NONE, |timeout| {
            EpollTimeout::try_from(timeout).unwrap_or(EpollTimeout::MAX)
        });
        let count = match self.epoll.wait(&mut events, timeout) {
            Err(Errno::EINTR) => 0,
            other => other?,
        };
        for event in events.iter().take(count) {
            match event.data() {
                WAKE => drop(self.wake.read()),
                number => numbers.push(number),
            }
        }
        Ok(())
    }
}
