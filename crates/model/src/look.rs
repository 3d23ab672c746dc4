//! `see`, and the proof before a signal.

use crate::model::{Draft, Moves};
use crate::proof::{again, done, is_free, left, not_running, stop_is_over};
use crate::rules::{Property, Rule};
use crate::state::{Actor, At, File, Handle, Lock, STARTING, State, Why};
use crate::steps::Step;

/// The result of one look.
#[derive(Clone, Copy)]
enum Seen {
    Stopped { stale: bool },
    Running,
    Unproven,
}

impl Moves<'_> {
    pub(crate) fn looks(&mut self, at: At) {
        let me = *self.me();
        let ino = me.file.ino;
        match at {
            At::OpenToRead => self.opens_to_read(),
            At::SeeNameTag | At::LookNameTag => {
                let tag = self.from.name_tag(ino);
                let proven = proof(self.from.tagged(ino));
                let (step, probes) = match at {
                    At::SeeNameTag => (Step::SeeNameTag, tag == 0),
                    _ if me.handle == Handle::None => (Step::LookNameTag, false),
                    _ => (Step::MeetLookAgain, false),
                };
                self.go(step, |draft| {
                    let next = if probes { At::SeeFlock } else { At::LookReadText };
                    *draft.me() = Actor { tag, proven, at: next, ..*draft.me() };
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
            At::LookHoldsLock => {
                let holder = self.from.holds_lock(me.found, ino);
                self.looked(Step::LookHoldsLock, holder, holder != Handle::None);
            }
            at => self.asks_whether_it_is_starting(at),
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

    /// `look_with_tag`: the text must name the process that the kernel names; else the flock of the named one counts.
    fn reads_text(&mut self) {
        let me = *self.me();
        let found = self.from.text(me.file.ino).pid;
        if found != 0 && found == me.tag && found != me.pid {
            return self.running(Step::LookReadText, found);
        }
        // Its own number in a file that it does not hold is that of an earlier process.
        if found == 0 || found == me.pid || !self.model.has_fdinfo {
            return self.unproven(Step::LookReadText);
        }
        self.go(Step::LookReadText, |draft| (draft.me().found, draft.me().at) = (found, At::LookHoldsLock));
    }

    fn looked(&mut self, step: Step, holder: Handle, holds: bool) {
        let found = self.me().found;
        if !holds {
            return self.unproven(step);
        }
        let proven = match holder {
            Handle::Daemon(index) => index + 1,
            _ => 0,
        };
        let before = self.list.len();
        self.running(step, found);
        let index = self.index();
        for one in &mut self.list[before..] {
            one.to.actors[index].proven = proven;
        }
    }

    fn running(&mut self, step: Step, found: u8) {
        let why = self.me().why;
        let set = |draft: &mut Draft| draft.me().found = found;
        match why {
            Why::Launch | Why::LeftoverLock => self.finds_holder(step, found),
            Why::Report => {
                let breaks = self.breaks(Rule::MarksOfHolder);
                self.go(step, |draft| {
                    set(draft);
                    draft.me().at = if breaks { At::StartingMark } else { At::StartingOpen };
                });
            }
            _ => self.go_with(step, set, Seen::Running),
        }
    }

    fn unproven(&mut self, step: Step) {
        match self.me().why {
            Why::Launch | Why::LeftoverLock => self.held(step),
            _ => self.seen(step, Seen::Unproven),
        }
    }

    /// `is_starting`: the mark, between two questions for the tag, and then whether the process of a handle lives that
    /// was opened before.
    fn asks_whether_it_is_starting(&mut self, at: At) {
        let me = *self.me();
        let is_tagged = self.from.name_tag(me.file.ino) == me.tag;
        match at {
            At::StartingOpen => {
                let handle = self.from.open_process(me.found);
                self.go(Step::StartingOpen, |draft| {
                    (draft.me().handle, draft.me().at) = (handle, At::StartingNameTag);
                });
            }
            At::StartingNameTag if is_tagged => {
                self.go(Step::StartingNameTag, |draft| draft.me().at = At::StartingMark);
            }
            At::StartingNameTag => self.has_ended_since(Step::StartingNameTag),
            At::StartingMark => {
                let is_starting = self.from.is_marked(me.file.ino, STARTING);
                if self.breaks(Rule::MarksOfHolder) || self.breaks(Rule::SecondLookWhenHeld) {
                    return self.knows_marks(Step::StartingMark, is_starting);
                }
                self.go(Step::StartingMark, |draft| {
                    (draft.me().is_starting, draft.me().at) = (is_starting, At::StartingNameTagAgain);
                });
            }
            At::StartingNameTagAgain if is_tagged || self.breaks(Rule::TagAfterMarks) => {
                self.go(Step::StartingNameTagAgain, |draft| draft.me().at = At::StartingIsAlive);
            }
            At::StartingNameTagAgain => self.has_ended_since(Step::StartingNameTagAgain),
            // Without a handle the tag must do.
            _ if self.from.has_ended(me.handle)
                && me.handle != Handle::None
                && !self.breaks(Rule::AliveAfterMarks) =>
            {
                self.has_ended_since(Step::StartingIsAlive);
            }
            _ => self.knows_marks(Step::StartingIsAlive, me.is_starting),
        }
    }

    fn has_ended_since(&mut self, step: Step) {
        match self.me().why {
            Why::Report => self.seen(step, Seen::Unproven),
            _ => self.held(step),
        }
    }

    fn knows_marks(&mut self, step: Step, is_starting: bool) {
        match self.me().why {
            Why::Report => self.says_running(step, is_starting),
            _ => self.met(step, is_starting),
        }
    }

    fn says_running(&mut self, step: Step, is_starting: bool) {
        let me = *self.me();
        self.go(step, |draft| {
            draft.must(is_named(&draft.state, me.holders, me.found), Property::RunningIsTrue);
            if !is_starting && me.tag != 0 {
                draft.must(is_named(&draft.state, me.ready, me.found), Property::RunningIsReady);
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
            *me = Actor { file: File::default(), tag: 0, stale: false, is_starting: false, ..*me };
            if me.why == Why::Report {
                me.handle = Handle::None;
            }
        };
        if let (Seen::Unproven, Why::Report | Why::Prove | Why::ProveAgain) = (seen, me.why) {
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

fn proof(tagged: Option<usize>) -> u8 {
    tagged.map_or(0, |index| index as u8 + 1)
}

/// Whether one of these daemons has the number.
pub(crate) fn is_named(state: &State, daemons: u8, pid: u8) -> bool {
    let named =
        |(index, daemon): (usize, &crate::state::Daemon)| daemons & (1 << index) != 0 && daemon.pid == pid;
    state.daemons.iter().enumerate().any(named)
}
