//! `see`, and the proof before a signal.

use crate::lock::next_round;
use crate::model::Role;
use crate::moves::{Draft, Moves};
use crate::proof::{again, done, is_free, left, not_running, stop_is_over};
use crate::rules::{Property, Rule};
use crate::state::{Actor, At, File, Handle, Lock, Pid, State, Tag, Why};
use crate::steps::Step;

/// The result of one look.
#[derive(Clone, Copy)]
enum Seen {
    Stopped { stale: bool },
    Running,
    Unproven,
}

/// A holder that a look has found.
#[derive(Clone, Copy)]
pub(crate) struct Proven {
    pub(crate) pid: Pid,
    pub(crate) phase: Tag,
    /// The daemon, as [`Actor::proven`].
    proven: u8,
    /// It is the one that the kernel names, or the one that has written the text.
    is_surely: bool,
}

impl Moves<'_> {
    pub(crate) fn looks(&mut self, at: At) {
        let me = *self.me();
        let ino = me.file.ino;
        match at {
            At::OpenToRead => self.opens_to_read(),
            At::SeeNameTag | At::LookNameTag => {
                let ((tag, phase), proven) = (self.from.name_tag(ino), proof(self.from.tagged(ino)));
                let (step, probes) = match at {
                    At::SeeNameTag => (Step::SeeNameTag, tag == 0),
                    _ => (Step::LookNameTag, false),
                };
                self.go(step, |draft| {
                    let next = if probes { At::SeeFlock } else { At::LookReadText };
                    *draft.me() = Actor { tag, phase, proven, at: next, ..*draft.me() };
                });
            }
            At::SeeFlock => {
                let (least, lock) = if self.breaks(Rule::ProbeShares) {
                    (Lock::Shared, Lock::Exclusive)
                } else {
                    (Lock::Exclusive, Lock::Shared)
                };
                let granted = self.from.locked_by_others(ino, self.index()) < least;
                self.go(Step::SeeFlock, |draft| {
                    if granted {
                        draft.me().file.lock = lock;
                    }
                    draft.me().at = if granted { At::SeeStopped } else { At::LookReadText };
                });
            }
            At::SeeStopped => {
                let stale = if self.breaks(Rule::StaleUnderLock) {
                    me.stale
                } else {
                    self.from.path == ino && self.from.text(ino).pid != 0
                };
                self.seen(Step::SeeStopped, Seen::Stopped { stale });
            }
            At::LookReadText => self.reads_text(),
            At::LookNameTagAgain => self.asks_for_tag_again(),
            At::LookHoldsLock => {
                let holder = self.from.holds_lock(me.found, ino);
                let Some(proven) = self.model.has_fdinfo.then(|| daemon_of(holder)).flatten() else {
                    return self.unproven(Step::LookHoldsLock);
                };
                // A number that has been given away since the text was read may be that of a launch.
                let is_surely = self.model.has_tags && proven == me.proven;
                let found = Proven { pid: me.found, phase: me.phase, proven, is_surely };
                self.running(Step::LookHoldsLock, found);
            }
            _ => {
                // The mutant: the phase of whoever has a tag now.
                let phase = self.from.name_tag(ino).1;
                let found = Proven { pid: me.found, phase, proven: me.proven, is_surely: true };
                self.running(Step::PhaseApart, found);
            }
        }
    }

    fn opens_to_read(&mut self) {
        let ino = self.from.path;
        let text = self.from.text(ino);
        let step = if self.me().why == Why::ProveAgain { Step::HolderProvenAgain } else { Step::OpenToRead };
        if ino == 0 {
            self.seen(step, Seen::Stopped { stale: false });
        } else if self.breaks(Rule::LockDecides) && text.pid != 0 {
            self.go_with(step, |draft| draft.me().found = text.pid, Seen::Running);
        } else {
            self.go(step, |draft| {
                let me = draft.me();
                me.file = File { ino, lock: Lock::No };
                (me.stale, me.at) = (text.pid != 0, At::SeeNameTag);
            });
        }
    }

    /// `look_with_tag`: the text must name the process that the kernel names, now or when it is asked again; else the
    /// flock of the named one counts.
    fn reads_text(&mut self) {
        let me = *self.me();
        let text = self.from.text(me.file.ino);
        // Its own number in a file that it does not hold is that of an earlier process.
        if text.pid == 0 || text.pid == me.pid {
            return self.unproven(Step::LookReadText);
        }
        if text.pid == me.tag {
            let found = Proven { pid: text.pid, phase: me.phase, proven: me.proven, is_surely: true };
            return self.running(Step::LookReadText, found);
        }
        let at = if self.breaks(Rule::TagAfterText) { At::LookHoldsLock } else { At::LookNameTagAgain };
        self.go(Step::LookReadText, |draft| {
            *draft.me() = Actor { found: text.pid, proven: text.by + 1, at, ..*draft.me() };
        });
    }

    fn asks_for_tag_again(&mut self) {
        let me = *self.me();
        let ((tag, phase), proven) = (self.from.name_tag(me.file.ino), proof(self.from.tagged(me.file.ino)));
        if tag == me.found {
            let found = Proven { pid: tag, phase, proven, is_surely: true };
            return self.running(Step::LookNameTagAgain, found);
        }
        self.go(Step::LookNameTagAgain, |draft| {
            *draft.me() = Actor { tag, phase, at: At::LookHoldsLock, ..*draft.me() };
        });
    }

    fn running(&mut self, step: Step, found: Proven) {
        let set = |draft: &mut Draft<'_>| {
            let Proven { pid, phase, proven, .. } = found;
            *draft.me() = Actor { found: pid, phase, proven, ..*draft.me() };
        };
        match self.me().why {
            _ if self.breaks(Rule::PhaseWithTag) && step != Step::PhaseApart => self.go(step, |draft| {
                set(draft);
                draft.me().at = At::PhaseApart;
            }),
            Why::Launch | Why::LeftoverLock => self.finds_holder(step, found),
            Why::Report => self.says_running(step, found),
            _ => self.go_with(step, set, Seen::Running),
        }
    }

    fn unproven(&mut self, step: Step) {
        match self.me().why {
            Why::Launch | Why::LeftoverLock => self.held(step),
            _ => self.seen(step, Seen::Unproven),
        }
    }

    fn says_running(&mut self, step: Step, found: Proven) {
        let me = *self.me();
        self.go(step, |draft| {
            draft.must(is_named(&draft.state, me.holders, found.pid), Property::RunningIsTrue);
            if !found.phase.is_starting() {
                draft.must(found.is_ready(&draft.state, me.ready), Property::RunningIsReady);
            }
            done(draft);
        });
    }

    fn seen(&mut self, step: Step, seen: Seen) {
        self.go_with(step, |_| (), seen);
    }

    /// Closes the descriptor, and goes on with what the look was made for.
    fn go_with(&mut self, step: Step, set: impl Fn(&mut Draft<'_>), seen: Seen) {
        let me = *self.me();
        let close = |draft: &mut Draft<'_>| {
            set(draft);
            let me = draft.me();
            let phase = if me.why == Why::ProveAgain { me.phase } else { Tag::No };
            *me = Actor { file: File::default(), tag: 0, phase, stale: false, ..*me };
        };
        let is_start = self.model.roles[self.index()] == Role::PatientStart;
        if let (Seen::Unproven, Why::Report | Why::Prove | Why::ProveAgain, false) = (seen, me.why, is_start)
        {
            // Patience is spent.
            self.may(step, |draft| {
                draft.must(me.saw_held, Property::HeldIsTrue);
                done(draft);
            });
        }
        let is_free = matches!(seen, Seen::Stopped { .. });
        let step = if me.why == Why::Free && !is_free { Step::WaitUntilFree } else { step };
        self.go(step, |draft| {
            close(draft);
            if let (Seen::Stopped { stale: true }, Why::Report | Why::Stale) = (seen, me.why) {
                draft.must(me.saw_stale, Property::StaleIsTrue);
            }
            draft.has_seen(seen);
        });
    }
}

impl Draft<'_> {
    fn has_seen(&mut self, seen: Seen) {
        let me = *self.me();
        match (me.why, seen) {
            (Why::Report, Seen::Stopped { .. }) => {
                self.must(me.saw_free, Property::StoppedIsFree);
                done(self);
            }
            (Why::Report, _) => again(self, Why::Report),
            (Why::Prove | Why::ProveAgain, Seen::Stopped { .. }) => not_running(self),
            (Why::Prove, Seen::Running) => {
                *self.me() = Actor { wanted: me.found, found: 0, at: At::HolderOpen, ..me };
            }
            (Why::ProveAgain, Seen::Running) if me.found == me.wanted => {
                (self.me().found, self.me().at) = (0, At::HolderIsAlive);
            }
            (Why::ProveAgain, Seen::Running) => not_running(self),
            (Why::Prove | Why::ProveAgain, Seen::Unproven) if self.role() == Role::PatientStart => {
                next_round(self);
            }
            (Why::Prove | Why::ProveAgain, Seen::Unproven) => again(self, Why::Prove),
            (Why::Free, Seen::Stopped { .. }) => is_free(self),
            (Why::Free, Seen::Running) => {
                // A handle on the holder, opened now, cannot be on the daemon that has ended.
                let process = self.state.open_process(me.found);
                let by_handle = !self.breaks(Rule::SuccessorByHandle) && !self.state.has_ended(process);
                self.me().found = 0;
                if me.found != me.wanted || by_handle {
                    is_free(self);
                } else {
                    self.me().at = At::OpenToRead;
                }
            }
            (Why::Free, Seen::Unproven) => self.me().at = At::OpenToRead,
            (Why::LeftoverLook, Seen::Running) if !self.breaks(Rule::LeftoverLooks) => {
                self.me().found = 0;
                left(self);
            }
            (Why::LeftoverLook, _) => {
                let unlocked = self.breaks(Rule::RemoveUnderLock);
                let at = if unlocked { At::LeftoverUnlink } else { At::OpenOrCreate };
                *self.me() = Actor { found: 0, why: Why::LeftoverLock, at, ..me };
            }
            _ => stop_is_over(self),
        }
    }
}

impl Proven {
    /// Whether it is one of these daemons, which were ready; or nobody can say which daemon it is.
    pub(crate) fn is_ready(self, state: &State, ready: u8) -> bool {
        !self.is_surely || is_named(state, ready, self.pid)
    }
}

/// The daemon of a handle, as [`Actor::proven`]: 0 for another process, `None` for none.
fn daemon_of(handle: Handle) -> Option<u8> {
    match handle {
        Handle::None => None,
        Handle::Daemon(index) => Some(index + 1),
        _ => Some(0),
    }
}

fn proof(tagged: Option<usize>) -> u8 {
    tagged.map_or(0, |index| index as u8 + 1)
}

/// Whether one of these daemons has the number.
pub(crate) fn is_named(state: &State, daemons: u8, pid: u8) -> bool {
    let named =
        |(index, daemon): (usize, &crate::state::Daemon)| daemons & (1 << index) != 0 && daemon.pid == pid;
    state.daemons.iter().enumerate().any(named)
}
