//! What the poller waits for: the watches, and the waits that share them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::ChannelEvent;
use crate::handover::Channel;
use crate::process::Process;
use crate::sys::{Armed, Source};

/// How often processes are looked at when the system does not report their end.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(20);

pub(super) type OnExit = Box<dyn FnOnce() + Send>;
pub(super) type OnReadable = Arc<dyn Fn() + Send + Sync>;
pub(super) type OnChannel = Box<dyn FnMut(ChannelEvent) + Send>;

/// A source of bytes or connections, or a process, that is watched.
pub(super) enum Watch {
    /// All waits for the end of a process, with their numbers, by one handle: a set takes each descriptor once.
    Exit {
        process: Process,
        armed: Armed,
        callbacks: Vec<(u64, OnExit)>,
    },
    Channel {
        channel: Channel,
        callback: OnChannel,
    },
    /// Once, and once more each time that it is resumed.
    Readable {
        source: Source,
        callback: OnReadable,
    },
}

/// All watches.
#[derive(Default)]
pub(super) struct Watches {
    pub(super) by_number: HashMap<u64, Watch>,
    /// For each wait for the end of a process that has not been called back: the number of the watch that has it.
    pub(super) exits: HashMap<u64, u64>,
    /// The watch that the thread has taken out to call back, and whether it has been given up meanwhile.
    pub(super) delivering: Option<u64>,
    pub(super) given_up: bool,
}

impl Watches {
    /// Removes a wait: gives its watch if it was the only wait of that, and otherwise its callback.
    pub(super) fn remove(&mut self, wait: u64) -> (Option<Watch>, Option<OnExit>) {
        let Some(number) = self.exits.remove(&wait) else {
            // The number of the first wait for a process is that of its watch, which others may still need.
            let is_its =
                matches!(self.by_number.get(&wait), Some(Watch::Channel { .. } | Watch::Readable { .. }));
            return (is_its.then(|| self.by_number.remove(&wait)).flatten(), None);
        };
        if let Some(Watch::Exit { callbacks, .. }) = self.by_number.get_mut(&number)
            && callbacks.len() > 1
        {
            let at = callbacks.iter().position(|(other, _)| *other == wait);
            return (None, at.map(|at| callbacks.swap_remove(at).1));
        }
        (self.by_number.remove(&number), None)
    }

    /// Takes a watch out, to call back without a lock.
    pub(super) fn take(&mut self, number: u64) -> Option<Watch> {
        let watch = self.by_number.remove(&number)?;
        (self.delivering, self.given_up) = (Some(number), false);
        Some(watch)
    }

    /// How long to wait at most, because processes are looked at when their end is not reported.
    pub(super) fn look_again(&self) -> Option<Duration> {
        let looked_at =
            |watch: &Watch| matches!(watch, Watch::Exit { armed, .. } if *armed != Armed::Selected);
        self.by_number.values().any(looked_at).then_some(LOOK_AGAIN)
    }

    pub(super) fn ended_unreported(&self) -> Vec<u64> {
        let ended = |watch: &Watch| match watch {
            Watch::Exit { process, armed, .. } => match armed {
                Armed::Selected => false,
                Armed::Ended => true,
                Armed::ByLooking => !process.is_alive(),
            },
            Watch::Channel { .. } | Watch::Readable { .. } => false,
        };
        self.by_number.iter().filter(|(_, watch)| ended(watch)).map(|(number, _)| *number).collect()
    }
}
