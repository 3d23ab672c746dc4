//! `lock_round` and `held_round`.

use crate::look::{Proven, is_named};
use crate::moves::{Draft, Moves};
use crate::proof::{again, done, left};
use crate::rules::{Property, Rule};
use crate::state::{Actor, At, Daemon, File, Handle, Lock, Tag, Text, Why};
use crate::steps::Step;

/// The steps of a round, in the order of the code.
const ROUND: [At; 8] = [
    At::OpenOrCreate,
    At::FlockShared,
    At::RoundNameTag,
    At::Names,
    At::ClearStaleText,
    At::DropShared,
    At::FlockExclusive,
    At::NamesAgain,
];

impl Moves<'_> {
    /// The step after this one, in the order that a broken rule has changed.
    fn follow(&self, at: At) -> At {
        let mut round = ROUND.to_vec();
        if self.breaks(Rule::SharedFirst) {
            round.retain(|at| !matches!(at, At::FlockShared | At::DropShared | At::FlockExclusive));
            round.insert(1, At::FlockExclusive);
        }
        if self.breaks(Rule::ClearUnderLock) {
            round.retain(|at| *at != At::ClearStaleText);
            round.insert(1, At::ClearStaleText);
        }
        if self.breaks(Rule::NamesAfterShared) {
            round.retain(|at| *at != At::Names);
        }
        let place = round.iter().position(|other| *other == at).unwrap_or_default();
        round[(place + 1) % round.len()]
    }

    pub(crate) fn locks(&mut self, at: At) {
        let me = *self.me();
        let (ino, next) = (me.file.ino, self.follow(at));
        let others = self.from.locked_by_others(ino, self.index());
        match at {
            At::OpenOrCreate => self.go(Step::OpenOrCreate, |draft| {
                let ino = if draft.state.path == 0 { draft.state.create() } else { draft.state.path };
                (draft.me().file, draft.me().at) = (File { ino, lock: Lock::No }, next);
            }),
            At::FlockShared => self.go(Step::FlockShared, |draft| {
                if others == Lock::Exclusive {
                    draft.me().at = At::HeldNames;
                } else {
                    (draft.me().file.lock, draft.me().at) = (Lock::Shared, next);
                }
            }),
            At::RoundNameTag => {
                let is_tagged = self.from.tagged(ino).is_some();
                self.go(Step::RoundNameTag, |draft| {
                    draft.me().at = if is_tagged { At::HeldNames } else { next };
                });
            }
            At::Names if self.from.path != ino => self.another_round(Step::Names, None),
            At::Names => self.go(Step::Names, |draft| draft.me().at = next),
            At::ClearStaleText => self.go(Step::ClearStaleText, |draft| {
                draft.state.set_text(ino, Text::default());
                draft.me().at = next;
            }),
            At::DropShared => self.go(Step::DropShared, |draft| {
                (draft.me().file.lock, draft.me().at) = (Lock::No, next);
            }),
            At::FlockExclusive if others != Lock::No => {
                if self.breaks(Rule::SharedFirst) {
                    self.go(Step::FlockExclusive, |draft| draft.me().at = At::HeldNames);
                } else {
                    self.another_round(Step::FlockExclusive, None);
                }
            }
            At::FlockExclusive => self.go(Step::FlockExclusive, |draft| {
                (draft.me().file.lock, draft.me().at) = (Lock::Exclusive, next);
            }),
            At::NamesAgain => {
                let is_other = self.from.path != ino && !self.breaks(Rule::NamesAfterExclusive);
                let has_text = self.from.text(ino).pid != 0 && !self.breaks(Rule::EmptyAfterExclusive);
                self.go(Step::NamesAgain, |draft| {
                    if is_other || has_text { draft.me().at = At::CloseRound } else { locked(draft) }
                });
            }
            _ => self.another_round(Step::Replaced, None),
        }
    }

    /// Closes the descriptor and begins another round; or patience is spent.
    fn another_round(&mut self, step: Step, fault: Option<Property>) {
        let why = self.me().why;
        self.go(step, next_round);
        // A removal is given as much patience as it needs.
        if why == Why::Launch {
            self.may(step, |draft| {
                draft.faults.extend(fault);
                done(draft);
            });
        }
    }

    /// Held, and no process is proven to be the holder.
    pub(crate) fn held(&mut self, step: Step) {
        let saw_held = self.me().saw_held;
        self.another_round(step, (!saw_held).then_some(Property::HeldIsTrue));
    }

    pub(crate) fn meets(&mut self, at: At) {
        let me = *self.me();
        let ino = me.file.ino;
        match at {
            At::HeldNames if self.from.path != ino && !self.breaks(Rule::HeldNames) => {
                self.another_round(Step::HeldNames, None);
            }
            At::HeldNames => self.go(Step::HeldNames, |draft| draft.me().at = At::LookNameTag),
            _ => self.waits(),
        }
    }

    pub(crate) fn finds_holder(&mut self, step: Step, found: Proven) {
        let me = *self.me();
        let is_true = is_named(self.from, me.holders, found.pid);
        if found.phase.is_starting() && !self.breaks(Rule::WaitForStarting) {
            // When patience is spent, the start says AlreadyRunning, too.
            return self.another_round(step, (!is_true).then_some(Property::RunningIsTrue));
        }
        self.go(step, |draft| {
            if me.why == Why::LeftoverLock {
                // The refusal is ignored.
                return left(draft);
            }
            if me.patient {
                // `holder` finds it once more, for a handle.
                return again(draft, Why::Prove);
            }
            draft.must(is_true, Property::RunningIsTrue);
            draft.must(found.is_ready(&draft.state, me.ready), Property::RunningIsReady);
            done(draft);
        });
    }

    fn waits(&mut self) {
        if self.from.has_ended(self.me().handle) {
            self.go(Step::WaitForHolder, next_round);
        } else {
            self.may(Step::WaitIsOver, |draft| {
                next_round(draft);
                draft.me().patient = false;
            });
        }
    }
}

pub(crate) fn next_round(draft: &mut Draft<'_>) {
    let me = draft.me();
    let (file, handle, phase) = (File::default(), Handle::None, Tag::No);
    let why = if me.why == Why::LeftoverLock { me.why } else { Why::Launch };
    let at = At::OpenOrCreate;
    *me = Actor { at, why, file, handle, phase, tag: 0, found: 0, wanted: 0, proven: 0, ..*me };
}

fn locked(draft: &mut Draft<'_>) {
    let (me, index) = (*draft.me(), draft.index());
    if me.why == Why::LeftoverLock {
        draft.me().at = At::LeftoverUnlink;
        return;
    }
    draft.state.daemons[index] =
        Daemon { ino: me.file.ino, is_locked: true, launcher_has: true, claims: true, ..Daemon::default() };
    let me = draft.me();
    *me = Actor { at: At::SpawnChild, file: File::default(), tag: 0, found: 0, ..*me };
}
