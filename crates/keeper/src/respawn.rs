//! When a body is started again: the policy alone, without processes and clocks.

use std::time::Duration;

use daimon_core::{ExitStatus, Respawn, RespawnWhen};

/// What follows the end of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is started again after this time.
    Again(Duration),
    /// It is not, and nothing is wrong.
    Done,
    /// It is not, because it has failed, and is not to be started again.
    Failed,
    /// It is not, because that has been done too often.
    GiveUp,
}

/// The respawns of one instance.
#[derive(Debug)]
pub(crate) struct Row {
    policy: Respawn,
    /// How many respawns there have been since a body stayed ready for the window.
    count: u32,
}

impl Row {
    pub(crate) fn new(policy: Respawn) -> Self {
        Self { policy, count: 0 }
    }

    /// How many respawns there have been in a row.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Decides what follows a body's end, `ready_for` after it was ready; `None`: it never was.
    pub(crate) fn end(&mut self, status: ExitStatus, ready_for: Option<Duration>) -> Next {
        let Respawn { when, window, limit, .. } = self.policy;
        let is_failure = status != ExitStatus::Code(0) || ready_for.is_none();
        match when {
            RespawnWhen::Never if is_failure => return Next::Failed,
            RespawnWhen::Never => return Next::Done,
            RespawnWhen::Failure if !is_failure => return Next::Done,
            RespawnWhen::Failure | RespawnWhen::Always => (),
        }
        if ready_for.is_some_and(|time| time >= window) {
            self.count = 0;
        }
        if limit.is_some_and(|limit| self.count >= limit) {
            return Next::GiveUp;
        }
        self.count = self.count.saturating_add(1);
        Next::Again(self.pause())
    }

    /// None before the first of a row, then the delay, doubled each time.
    fn pause(&self) -> Duration {
        let Some(doublings) = self.count.checked_sub(2) else { return Duration::ZERO };
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.policy.delay.saturating_mul(factor).min(self.policy.max_delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRASH: ExitStatus = ExitStatus::Code(3);
    const SHORT: Option<Duration> = Some(Duration::from_millis(1));
    const LONG: Option<Duration> = Some(Duration::from_secs(60));

    fn row(when: RespawnWhen) -> Row {
        Row::new(Respawn {
            when,
            limit: Some(4),
            max_delay: Duration::from_millis(150),
            ..Respawn::default()
        })
    }

    #[test]
    fn the_first_follows_at_once_and_pauses_double_up_to_the_longest() {
        let mut row = row(RespawnWhen::Failure);
        let pauses: Vec<_> = (0..4).map(|_| row.end(CRASH, SHORT)).collect();
        let again = |millis| Next::Again(Duration::from_millis(millis));
        assert_eq!(pauses, [again(0), again(100), again(150), again(150)]);
        assert_eq!(row.end(CRASH, SHORT), Next::GiveUp);
    }

    #[test]
    fn a_body_that_stayed_ready_begins_a_new_row() {
        let mut row = row(RespawnWhen::Failure);
        for _ in 0..4 {
            row.end(CRASH, SHORT);
        }
        assert_eq!(row.end(CRASH, LONG), Next::Again(Duration::ZERO));
        assert_eq!(row.count(), 1);
    }

    #[test]
    fn the_policy_says_which_ends_count() {
        let zero = ExitStatus::Code(0);
        let killed = ExitStatus::Signal(daimon_core::Signal::KILL);
        let again = Next::Again(Duration::ZERO);
        for (when, status, ready, expected) in [
            (RespawnWhen::Failure, zero, SHORT, Next::Done),
            (RespawnWhen::Failure, zero, None, again),
            (RespawnWhen::Failure, killed, SHORT, again),
            (RespawnWhen::Always, zero, SHORT, again),
            (RespawnWhen::Never, zero, SHORT, Next::Done),
            (RespawnWhen::Never, CRASH, SHORT, Next::Failed),
        ] {
            assert_eq!(row(when).end(status, ready), expected, "{when:?} {status:?} {ready:?}");
        }
    }

    #[test]
    fn without_a_limit_it_never_gives_up() {
        let policy = Respawn { limit: None, ..Respawn::default() };
        let mut row = Row::new(policy);
        for _ in 0..100 {
            assert!(matches!(row.end(CRASH, None), Next::Again(pause) if pause <= policy.max_delay));
        }
    }
}
