//! The launch, by the launcher: `launch`, `identify`, and the outcome of the start.

use crate::moves::{Draft, Moves};
use crate::proof::{done, start_failed};
use crate::rules::{Property, Rule};
use crate::state::{Actor, At, Daemon, Handle, Phase, Text, Why};
use crate::steps::Step;

impl Moves<'_> {
    pub(crate) fn launches(&mut self, at: At) {
        let index = self.index();
        let daemon = self.from.daemons[index];
        match at {
            At::SpawnChild => self.spawns(),
            At::ReadReport => {
                let has_executed = daemon.phase >= Phase::TakeOver;
                if !has_executed {
                    return;
                }
                let next = if daemon.reported { At::FailLstat } else { At::LockedPid };
                self.go(Step::ReadReport, |draft| draft.me().at = next);
            }
            At::LockedPid => {
                let pid = self.from.text(daemon.ino).pid;
                self.go(Step::LockedPid, |draft| {
                    draft.me().wanted = pid;
                    draft.me().at = if pid == 0 { At::FailLstat } else { At::IdentifyOpen };
                });
            }
            At::IdentifyOpen => {
                let handle = self.from.open_process(self.me().wanted);
                self.go(Step::IdentifyOpen, |draft| {
                    (draft.me().handle, draft.me().at) = (handle, At::IsHeldBy);
                });
            }
            At::IsHeldBy => self.identifies(),
            At::DropLocked => self.drops_locked(),
            At::Outcome => self.hears(),
            At::EndDaemon => {
                let target = self.me().handle;
                self.go(Step::Signal, |draft| {
                    draft.send(target, false);
                    draft.me().at = At::AwaitEnd;
                });
            }
            At::AwaitEnd => {
                if self.from.has_ended(self.me().handle) {
                    self.go(Step::EndsWithin, |draft| draft.me().at = At::LeaderEnd);
                }
            }
            At::LeaderEnd => self.ends_group(),
            _ => self.removes_locked(at),
        }
    }

    fn spawns(&mut self) {
        let index = self.index();
        for pid in self.from.free_pids(self.model.pids) {
            for extra in if self.model.has_threads { &[false, true][..] } else { &[false] } {
                self.go(Step::SpawnChild, |draft| {
                    let phase = draft.first_of_child();
                    let daemon = &mut draft.state.daemons[index];
                    *daemon = Daemon { phase, pid, extra: *extra, daemon_has: true, ..*daemon };
                    draft.me().at = At::ReadReport;
                });
            }
        }
        if self.model.has_failures {
            self.may(Step::LaunchLocked, |draft| draft.me().at = At::FailLstat);
        }
    }

    /// Keeps the handle if the lock proves that it is on the daemon, or the process has ended.
    fn identifies(&mut self) {
        let index = self.index();
        let (me, ino) = (*self.me(), self.from.daemons[index].ino);
        let by_tag = self.from.name_tag(ino).0 == me.wanted && self.from.text(ino).pid == me.wanted;
        let by_lock = self.model.has_fdinfo && self.from.holds_lock(me.wanted, ino) != Handle::None;
        let keeps = by_tag || by_lock || self.from.has_ended(me.handle);
        self.go(Step::IsHeldBy, |draft| {
            let handle = if keeps { me.handle } else { Handle::None };
            let proven = index as u8 + 1;
            *draft.me() = Actor { handle, proven, wanted: 0, at: At::DropLocked, ..*draft.me() };
        });
    }

    fn drops_locked(&mut self) {
        let index = self.index();
        let (closes, unlocks) = (!self.breaks(Rule::LauncherCloses), self.breaks(Rule::OnlyCloseUnlocks));
        self.go(Step::DropLocked, |draft| {
            if closes {
                draft.state.daemons[index].launcher_has = false;
                draft.state.close_description(index);
            }
            if unlocks {
                draft.state.daemons[index].is_locked = false;
            }
            draft.me().at = At::Outcome;
        });
    }

    fn hears(&mut self) {
        let daemon = self.from.daemons[self.index()];
        let handle = self.me().handle;
        if daemon.said_ready {
            self.go(Step::LauncherHearsReady, |draft| {
                draft.must(!daemon.tag.is_starting(), Property::StartedIsReady);
                done(draft);
            });
        } else if daemon.phase >= Phase::Dying {
            self.go(Step::LauncherHearsEnd, |draft| draft.me().at = At::LeaderEnd);
        } else if self.model.has_failures {
            self.may(Step::LauncherTimesOut, |draft| {
                draft.me().at = if handle == Handle::None { At::LeaderEnd } else { At::EndDaemon };
            });
        }
    }

    /// Kills what is left of the group, whose number its leader keeps; then removes what is left of the pidfile.
    fn ends_group(&mut self) {
        let index = self.index();
        let removes = !self.breaks(Rule::FailedStartRemoves);
        self.go(Step::LeaderEnd, |draft| {
            if draft.state.daemons[index].phase < Phase::Dying {
                draft.state.end_daemon(index);
            }
            let me = draft.me();
            (me.handle, me.proven) = (Handle::None, 0);
            if removes { me.at = At::LeftoverStat } else { start_failed(draft) }
        });
    }

    /// `own::remove` of the launcher, which alone has the lock.
    fn removes_locked(&mut self, at: At) {
        let index = self.index();
        match at {
            At::FailLstat => self.go(Step::RemoveLstat, |draft| {
                let daemon = &mut draft.state.daemons[index];
                daemon.still_ours = draft.state.path == daemon.ino;
                *draft.me() = Actor { at: At::FailUnlink, why: Why::Launch, wanted: 0, ..*draft.me() };
            }),
            At::FailUnlink => self.removes_own(index, At::FailClose, Phase::Gone),
            _ => self.go(Step::Close, |draft| {
                draft.state.daemons[index].launcher_has = false;
                draft.state.close_description(index);
                start_failed(draft);
            }),
        }
    }

    /// The second call of `own::remove`, of a launcher (`at`) or a daemon (`phase`).
    pub(crate) fn removes_own(&mut self, index: usize, at: At, phase: Phase) {
        let daemon = self.from.daemons[index];
        let of_daemon = daemon.phase == Phase::RemoveUnlink;
        let unlinks = (daemon.still_ours || self.breaks(Rule::LookBeforeUnlink)) && self.from.path != 0;
        let step = if unlinks { Step::RemoveUnlink } else { Step::RemoveTruncate };
        self.go(step, |draft| {
            if unlinks {
                draft.unlink(index);
            } else if daemon.is_locked {
                draft.state.set_text(daemon.ino, Text::default());
            }
            let daemon = &mut draft.state.daemons[index];
            (daemon.still_ours, daemon.claims) = (false, false);
            if of_daemon {
                daemon.phase = phase;
            } else {
                draft.me().at = at;
            }
        });
    }
}

impl Draft<'_> {
    /// Unlinks what has the name. It may be no file that another one holds.
    pub(crate) fn unlink(&mut self, by: usize) {
        let path = self.state.path;
        let is_others =
            |(index, daemon): (usize, &Daemon)| index != by && daemon.ino == path && daemon.claims;
        let is_foreign = self.state.daemons.iter().enumerate().any(is_others);
        self.must(!is_foreign, Property::OwnUnlink);
        self.state.path = 0;
    }
}
