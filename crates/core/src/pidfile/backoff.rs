//! Pauses between two rounds for the lock.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Pauses of 1 to 20 ms, growing, with jitter so that rivals do not meet again.
pub(crate) struct Backoff {
    limit: u64,
    random: RandomState,
    round: u64,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { limit: 1_000, random: RandomState::new(), round: 0 }
    }

    pub(crate) fn next(&mut self) -> Duration {
        self.round += 1;
        self.limit = (self.limit * 2).min(20_000);
        Duration::from_micros(1_000 + self.random.hash_one(self.round) % (self.limit - 999))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_stay_between_1_and_20_ms() {
        let mut backoff = Backoff::new();
        for _ in 0..1_000 {
            let pause = backoff.next();
            assert!((Duration::from_millis(1)..=Duration::from_millis(20)).contains(&pause), "{pause:?}");
        }
    }
}
