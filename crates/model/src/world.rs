//! What daimon does not do: crashes, strangers, outsiders, and init.

use crate::moves::{Moves, Who};
use crate::state::{ACTORS, At, Phase};
use crate::steps::Step;

impl Moves<'_> {
    /// What daimon does not do.
    pub(crate) fn of_world(&mut self) {
        let from = self.from;
        for index in 0..ACTORS {
            if from.daemons[index].phase == Phase::Zombie {
                self.who = Who::Daemon(index as u8);
                self.go(Step::Reaped, |draft| draft.state.daemons[index].phase = Phase::Gone);
            }
            if from.crashes > 0 {
                self.crashes(index);
            }
        }
        self.who = Who::World;
        if from.stranger != 0 {
            self.may(Step::StrangerEnds, |draft| draft.state.end_stranger());
        } else if self.model.has_strangers {
            for pid in from.free_pids(self.model.pids).into_iter().filter(|pid| from.is_known(*pid)) {
                self.may(Step::StrangerBegins, |draft| draft.state.stranger = pid);
            }
        }
        // An outsider is taken to be slower than the two calls of a removal.
        let removes = from.daemons.iter().any(|daemon| daemon.phase == Phase::RemoveUnlink)
            || from.actors.iter().any(|actor| matches!(actor.at, At::FailUnlink | At::LeftoverUnlink));
        if from.deletions > 0 && from.path != 0 && !removes {
            self.may(Step::OutsiderUnlinks, |draft| {
                draft.state.path = 0;
                draft.state.deletions -= 1;
            });
        }
    }

    fn crashes(&mut self, index: usize) {
        let (actor, daemon) = (self.from.actors[index], self.from.daemons[index]);
        if actor.is_busy() {
            self.who = Who::Actor(index as u8);
            self.may(Step::Killed, |draft| {
                draft.state.crashes -= 1;
                draft.state.end_actor(index, At::Dead);
                let daemon = &mut draft.state.daemons[index];
                daemon.launcher_has = false;
                // A launch that had no daemon yet.
                daemon.claims &= daemon.is_alive();
                draft.state.close_description(index);
            });
        }
        if daemon.is_alive() && daemon.phase != Phase::Dying {
            self.who = Who::Daemon(index as u8);
            self.may(Step::Killed, |draft| {
                draft.state.crashes -= 1;
                draft.state.end_daemon(index);
            });
        }
    }
}
