//! Where bodies listen: the sockets that they open, and those that nobody listens at any more.

use std::os::fd::OwnedFd;
use std::time::Instant;

use daimon_core::FrameKind;

use crate::keeper::Keeper;
use crate::running::State;

impl Keeper<'_> {
    /// Whether it can be told which sockets nobody listens at: not before those that are to begin have begun.
    pub(crate) fn may_drop_sockets(&self) -> bool {
        let are_ready = self.at_work().all(|body| body.state == State::Ready);
        self.upgrade.is_none() && self.respawns.is_none_due() && are_ready
    }

    pub(crate) fn drop_doubtful_sockets(&mut self, now: Instant) {
        let is_due = self.sockets.next_time().is_some_and(|when| when <= now);
        if !is_due || !self.may_drop_sockets() {
            return;
        }
        // Those on trial may follow.
        let is_taken = |key: &str| self.running.iter().any(|body| body.is_at_work() && body.has(key));
        for (key, is_left_over) in self.sockets.drop_doubtful(now, &self.bodies, &is_taken) {
            // They have it, too: as long as one has it open, clients wait there.
            for running in &self.running {
                running.body.offer(FrameKind::Closed, key.as_bytes(), None);
            }
            if is_left_over {
                self.say(&format!("daimon: {key} is closed: the new program does not listen there"));
            }
        }
    }

    /// A body has opened a socket itself.
    pub(crate) fn body_listens_at(&mut self, at: usize, fd: OwnedFd, said: &[u8]) {
        let said = std::str::from_utf8(said).unwrap_or_default();
        let Some(running) = self.running.get_mut(at) else { return };
        // One that is being replaced, or ends, leaves nothing to others.
        if running.place.generation < self.generation || !running.is_at_work() {
            return;
        }
        if let Some(key) = self.sockets.learn(fd, said, running.place.generation) {
            running.takes(&key);
            self.upgrade_progresses();
        }
    }
}
