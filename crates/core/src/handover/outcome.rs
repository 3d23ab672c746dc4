//! What a channel tells of a start: how it goes on, and whether the daemon was ready.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Error;

/// The outcome of a start, as its channel tells in the launcher.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    ready: AtomicBool,
    closed: AtomicBool,
}

impl Outcome {
    pub(super) fn note_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// Nothing follows.
    pub(super) fn note_closed(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether the daemon has said that it is ready; `None` as long as it may still do so.
    pub(crate) fn was_ready(&self) -> Option<bool> {
        if self.ready.load(Ordering::Acquire) {
            return Some(true);
        }
        // Once it is closed nothing follows.
        self.closed.load(Ordering::Acquire).then(|| self.ready.load(Ordering::Acquire))
    }
}

/// How a channel goes on.
#[derive(Debug)]
pub enum Reception {
    /// There may be more.
    GoesOn,
    /// The other end is closed.
    Ended,
    /// It has sent bytes that cannot be a frame. Nothing that follows means anything.
    Broken(Error),
}
