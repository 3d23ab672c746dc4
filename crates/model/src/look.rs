//! `see`, and the proof before a signal.

use crate::model::{Draft, Moves, Role};
use crate::rules::{Property, Rule};
use crate::state::{Actor, At, DEAF, File, Handle, Lock, STARTING, State, Why};
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
                let (step, probes) = if at == At::SeeNameTag {
                    (Step::SeeNameTag, tag == 0)
                } else {
                    (Step::LookNameTag, false)
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
            _ => self.asks_whether_it_is_starting(),
        }
    }

    fn opens_to_read(&mut self) {
        let ino = self.from.path;
        let text = self.from.text(ino);
        if ino == 0 {
            self.seen(Step::OpenToRead, Seen::Stopped { stale: false });
        } else if self.breaks(Rule::LockDecides) && text.pid != 0 {
            self.go_with(Step::OpenToRead, |draft| draft.me().found = text.pid, Seen::Running);
        } else {
            self.go(Step::OpenToRead, |draft| {
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
            Why::Launch | Why::LeftoverLock => self.go(step, |draft| {
                set(draft);
                draft.me().at = At::HeldOpen;
            }),
            Why::Report => self.go(step, |draft| {
                set(draft);
                draft.me().at = At::SeeIsStarting;
            }),
            _ => self.go_with(step, set, Seen::Running),
        }
    }

    fn unproven(&mut self, step: Step) {
        match self.me().why {
            Why::Launch | Why::LeftoverLock => self.held(step),
            _ => self.seen(step, Seen::Unproven),
        }
    }

    fn asks_whether_it_is_starting(&mut self) {
        let me = *self.me();
        let is_starting = self.from.is_marked(me.file.ino, STARTING);
        // The tag must still be there: else the daemon has ended since, and the mark with it.
        if self.from.name_tag(me.file.ino) != me.tag && !self.breaks(Rule::MarksOfHolder) {
            return self.seen(Step::SeeIsStarting, Seen::Unproven);
        }
        self.go(Step::SeeIsStarting, |draft| {
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
    fn go_with(&mut self, step: Step, set: impl Fn(&mut Draft), seen: Seen) {
        let me = *self.me();
        let role = self.model.roles[self.index()];
        let (second_look, successor_by_handle) =
            (!self.breaks(Rule::SecondLook), !self.breaks(Rule::SuccessorByHandle));
        let unlocked = self.breaks(Rule::RemoveUnderLock);
        let looks_first = !self.breaks(Rule::LeftoverLooks);
        let ended = |draft: &mut Draft| {
            set(draft);
            (draft.me().file, draft.me().tag, draft.me().stale) = (File::default(), 0, false);
        };
        if let (Seen::Unproven, Why::Report | Why::Prove | Why::ProveAgain) = (seen, me.why) {
            self.may(step, |draft| {
                ended(draft);
                draft.must(me.saw_held, Property::HeldIsTrue);
                done(draft);
            });
        }
        let step = if me.why == Why::Free && !matches!(seen, Seen::Stopped { .. }) {
            Step::WaitUntilFree
        } else {
            step
        };
        self.go(step, |draft| {
            ended(draft);
            if let (Seen::Stopped { stale: true }, Why::Report | Why::Stale) = (seen, me.why) {
                draft.must(me.saw_stale, Property::StaleIsTrue);
            }
            match (me.why, seen) {
                (Why::Report, Seen::Stopped { .. }) => {
                    draft.must(me.saw_free, Property::StoppedIsFree);
                    done(draft);
                }
                (Why::Prove | Why::ProveAgain, Seen::Stopped { .. }) => not_running(draft, role),
                (Why::Prove, Seen::Running) => {
                    let found = draft.me().found;
                    *draft.me() = Actor { wanted: found, found: 0, at: At::HolderOpen, ..*draft.me() };
                }
                (Why::ProveAgain, Seen::Running) => {
                    if draft.me().found == me.wanted && second_look {
                        (draft.me().found, draft.me().at) = (0, At::HolderIsAlive);
                    } else {
                        not_running(draft, role);
                    }
                }
                (Why::Report | Why::Prove | Why::ProveAgain, _) => {
                    again(draft, if me.why == Why::Report { Why::Report } else { Why::Prove });
                }
                (Why::Free, Seen::Stopped { .. }) => is_free(draft),
                (Why::Free, Seen::Running) => {
                    let found = std::mem::take(&mut draft.me().found);
                    // A handle on the holder, opened now, cannot be on the daemon that has ended.
                    let process = draft.state.open_process(found);
                    let is_other = found != me.wanted;
                    let is_successor = successor_by_handle && !draft.state.has_ended(process);
                    if is_other || is_successor { is_free(draft) } else { draft.me().at = At::OpenToRead }
                }
                (Why::Free, Seen::Unproven) => draft.me().at = At::OpenToRead,
                (Why::LeftoverLook, Seen::Running) if looks_first => {
                    draft.me().found = 0;
                    left(draft, role);
                }
                (Why::LeftoverLook, _) => {
                    let next = if unlocked { At::LeftoverUnlink } else { At::OpenOrCreate };
                    *draft.me() = Actor { found: 0, why: Why::LeftoverLock, at: next, ..*draft.me() };
                }
                _ => stop_is_over(draft),
            }
        });
    }

    pub(crate) fn proves(&mut self, at: At) {
        let me = *self.me();
        let role = self.model.roles[self.index()];
        match at {
            At::HolderOpen => {
                let handle = self.from.open_process(me.wanted);
                let second_look = !self.breaks(Rule::SecondLook);
                self.go(Step::HolderOpen, |draft| {
                    if handle == Handle::None {
                        return not_running(draft, role);
                    }
                    let next = if second_look { At::OpenToRead } else { At::HolderIsAlive };
                    *draft.me() = Actor { handle, why: Why::ProveAgain, at: next, ..*draft.me() };
                });
            }
            At::HolderIsAlive => {
                let has_ended = self.from.has_ended(me.handle) && !self.breaks(Rule::AliveAfterLook);
                let next = if role == Role::Signal { At::Marks } else { At::Signal };
                self.go(Step::HolderIsAlive, |draft| {
                    if has_ended { not_running(draft, role) } else { draft.me().at = next }
                });
            }
            At::Marks => {
                let is_deaf = self.from.path != 0 && self.from.is_marked(self.from.path, DEAF);
                let holds_back = is_deaf && !self.breaks(Rule::HoldBackFromDeaf);
                self.go(Step::Marks, |draft| {
                    if holds_back { again(draft, Why::Prove) } else { draft.me().at = At::Signal }
                });
                if holds_back {
                    self.may(Step::Marks, done);
                }
            }
            _ => {
                let target =
                    if self.breaks(Rule::Pidfd) { self.from.open_process(me.wanted) } else { me.handle };
                // Only where the kernel tells which daemon has handlers.
                let needs_handler = role == Role::Signal && self.model.has_tags;
                self.go(Step::Signal, |draft| {
                    Moves::send(draft, target, needs_handler);
                    if role == Role::Signal {
                        done(draft);
                    } else {
                        if let Handle::Daemon(index) = target {
                            draft.me().victim = index + 1;
                        }
                        draft.me().at = At::EndsWithin;
                    }
                });
            }
        }
    }
}

fn proof(tagged: Option<usize>) -> u8 {
    tagged.map_or(0, |index| index as u8 + 1)
}

/// Whether one of these daemons has the number.
pub(crate) fn is_named(state: &State, daemons: u8, pid: u8) -> bool {
    let named = |(index, daemon): (usize, &crate::state::Daemon)| {
        daemons & (1 << index) != 0 && daemon.pid == pid
    };
    state.daemons.iter().enumerate().any(named)
}

/// The call has its answer.
pub(crate) fn done(draft: &mut Draft) {
    *draft.me() = Actor { at: At::Done, ..Actor::default() };
}

fn again(draft: &mut Draft, why: Why) {
    let me = draft.me();
    *me = Actor { at: At::OpenToRead, why, found: 0, wanted: 0, handle: Handle::None, proven: 0, ..*me };
}

/// No daemon holds the pidfile: a stop then asks whether one has left it.
fn not_running(draft: &mut Draft, role: Role) {
    let saw_down = draft.me().saw_down;
    draft.must(saw_down, Property::StoppedIsFree);
    if role == Role::Stop { again(draft, Why::Stale) } else { done(draft) }
}

/// After `remove_leftover`.
pub(crate) fn left(draft: &mut Draft, role: Role) {
    if role == Role::Stop {
        let me = draft.me();
        let (at, why, file, handle) = (At::OpenToRead, Why::Stale, File::default(), Handle::None);
        *me = Actor { at, why, file, handle, tag: 0, found: 0, wanted: 0, proven: 0, ..*me };
    } else {
        start_failed(draft);
    }
}

fn is_free(draft: &mut Draft) {
    (draft.me().at, draft.me().wanted) = (At::LeftoverStat, 0);
}

pub(crate) fn start_failed(draft: &mut Draft) {
    let by = draft.index() as u8;
    let text = draft.state.text(draft.state.path);
    draft.must(text.pid == 0 || text.by != by, Property::NothingLeft);
    done(draft);
}

/// A stop's answer.
fn stop_is_over(draft: &mut Draft) {
    let victim = draft.me().victim;
    if let Some(index) = victim.checked_sub(1) {
        let (daemon, path) = (draft.state.daemons[usize::from(index)], draft.state.path);
        let is_locked = path != 0 && daemon.ino == path && daemon.is_locked;
        draft.must(!daemon.is_alive() && !is_locked, Property::StopIsOver);
        let text = draft.state.text(path);
        draft.must(text.pid == 0 || text.by != index, Property::NothingLeft);
    }
    done(draft);
}
