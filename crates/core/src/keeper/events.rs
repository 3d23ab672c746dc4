//! What a process with one thread waits for: descriptors, ends of processes, signals and time. Runs in the keeper.

use std::os::fd::AsFd;
use std::time::Duration;

use nix::sys::signal::Signal as Named;

use crate::error::{Error, Result};
use crate::process::Process;
use crate::signal::Signal;
use crate::sys::{self, Armed, Failure, SignalWatch};

/// How often a process is looked at whose end the system does not report.
const LOOK: Duration = Duration::from_millis(20);

/// The number of the signals' event.
const SIGNALS: u64 = u64::MAX - 1;

/// Signals that are left as they are: the faults of this process itself, SIGCONT, which has done its work, and SIGCHLD,
/// which a keeper wants that has other children, too. SIGCHLD is the last.
const LEFT: [Named; 9] = [
    Named::SIGSEGV,
    Named::SIGBUS,
    Named::SIGFPE,
    Named::SIGILL,
    Named::SIGTRAP,
    Named::SIGSYS,
    Named::SIGABRT,
    Named::SIGCONT,
    Named::SIGCHLD,
];

/// A set of sources, each with the number that its events carry.
#[derive(Debug)]
pub struct Events {
    selector: sys::Selector,
    signals: SignalWatch,
    /// Processes that have to be looked at.
    looked_at: Vec<(u64, Process)>,
}

/// What has happened.
#[derive(Debug, Default)]
pub struct Happened {
    /// The numbers of sources that can be read, or whose process has ended.
    pub numbers: Vec<u64>,
    /// Signals that have come.
    pub signals: Vec<Signal>,
}

impl Events {
    /// From now on signals no longer interrupt or end this process, but come as events. SIGPIPE is dropped. With
    /// `are_children_told` the end of any child ends a wait.
    ///
    /// # Errors
    ///
    /// The system's, when no descriptor is left.
    pub fn new(are_children_told: bool) -> Result<Self> {
        let selector = sys::Selector::new().map_err(failed)?;
        let left = LEFT.get(..LEFT.len() - usize::from(are_children_told)).unwrap_or(&LEFT);
        let signals = SignalWatch::new(left).map_err(|errno| failed(("signalfd", errno)))?;
        selector.add_readable(signals.as_fd(), SIGNALS).map_err(failed)?;
        Ok(Self { selector, signals, looked_at: Vec::new() })
    }

    /// Reports `number` when the descriptor can be read, or its other end is closed.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn add(&self, source: &impl AsFd, number: u64) -> Result<()> {
        self.selector.add_readable(source.as_fd(), number).map_err(failed)
    }

    /// No longer reports the descriptor.
    pub fn remove(&self, source: &impl AsFd) {
        self.selector.remove_readable(source.as_fd());
    }

    /// Reports `number` when the process has ended.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn add_exit(&mut self, process: &Process, number: u64) -> Result<()> {
        let armed = self.selector.add_exit(process.handle(), process.pid(), number).map_err(failed)?;
        if armed != Armed::Selected {
            self.looked_at.push((number, process.clone()));
        }
        Ok(())
    }

    /// No longer reports the end of the process.
    pub fn remove_exit(&mut self, process: &Process, number: u64) {
        self.selector.remove_exit(process.handle());
        self.looked_at.retain(|(other, _)| *other != number);
    }

    /// Waits until something has happened, and no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<Happened> {
        let mut happened = Happened::default();
        let timeout = match timeout {
            _ if self.looked_at.is_empty() => timeout,
            Some(timeout) => Some(timeout.min(LOOK)),
            None => Some(LOOK),
        };
        self.selector.wait(timeout, &mut happened.numbers).map_err(|errno| failed(("epoll_wait", errno)))?;
        for (number, process) in &self.looked_at {
            if !process.is_alive() && !happened.numbers.contains(number) {
                happened.numbers.push(*number);
            }
        }
        if happened.numbers.contains(&SIGNALS) {
            happened.numbers.retain(|number| *number != SIGNALS);
            let taken = self.signals.take();
            let are_dropped = [Named::SIGPIPE as i32, Named::SIGCHLD as i32];
            let taken = taken.into_iter().filter(|number| !are_dropped.contains(number));
            happened.signals.extend(taken.map(Signal::from));
        }
        Ok(happened)
    }
}

fn failed((syscall, errno): Failure) -> Error {
    Error::system("events", syscall, errno, "nothing can be waited for")
}
