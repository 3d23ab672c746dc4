//! Messages that a channel has brought and no listener has heard yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many messages may wait to be heard. Further ones are left out: the listener is busy, or flooded.
const MOST: usize = 16;

/// Counts the messages that wait for one listener.
#[derive(Clone, Debug, Default)]
pub struct Backlog(Arc<AtomicUsize>);

/// A message's place among the waiting ones, until it is dropped.
#[derive(Debug)]
pub struct Ticket(Arc<AtomicUsize>);

impl Backlog {
    /// Gives a place to one more message; `None` when too many wait already.
    ///
    /// ```
    /// let backlog = daimon_core::Backlog::default();
    /// let tickets: Vec<_> = (0..100).map_while(|_| backlog.admit()).collect();
    /// assert!(tickets.len() < 100);
    /// drop(tickets);
    /// assert!(backlog.admit().is_some());
    /// ```
    pub fn admit(&self) -> Option<Ticket> {
        let ticket = Ticket(Arc::clone(&self.0));
        (self.0.fetch_add(1, Ordering::Relaxed) < MOST).then_some(ticket)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_so_many_wait_at_once() {
        let backlog = Backlog::default();
        for _ in 0..3 {
            let mut waiting: Vec<_> = (0..MOST).map(|_| backlog.admit().unwrap()).collect();
            assert!(backlog.admit().is_none());
            assert!(backlog.admit().is_none());
            waiting.pop();
            waiting.push(backlog.admit().unwrap());
            assert!(backlog.admit().is_none());
        }
    }
}
