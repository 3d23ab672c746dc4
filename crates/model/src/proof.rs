//! `holder`, the signal, and the answers.

use crate::lock::next_round;
use crate::model::Role;
use crate::moves::{Draft, Moves};
use crate::rules::{Property, Rule};
use crate::state::{Actor, At, File, Handle, Tag, Why};
use crate::steps::Step;

impl Moves<'_> {
    pub(crate) fn proves(&mut self, at: At) {
        let me = *self.me();
        let role = self.model.roles[self.index()];
        match at {
            At::HolderOpen => {
                let handle = self.from.open_process(me.wanted);
                let looks_once = self.breaks(Rule::SecondLook) || self.breaks(Rule::SecondLookWhenHeld);
                self.go(Step::HolderOpen, |draft| {
                    if handle == Handle::None {
                        return not_running(draft);
                    }
                    let next = if looks_once { At::HolderIsAlive } else { At::OpenToRead };
                    *draft.me() = Actor { handle, why: Why::ProveAgain, at: next, ..*draft.me() };
                });
            }
            At::HolderIsAlive => {
                let has_ended = self.from.has_ended(me.handle) && !self.breaks(Rule::AliveAfterLook);
                let needs_handler = role == Role::Signal && !self.breaks(Rule::HoldBackFromDeaf);
                let holds_back = needs_handler && me.phase == Tag::Deaf && !has_ended;
                self.go(Step::HolderIsAlive, |draft| {
                    draft.me().phase = Tag::No;
                    match role {
                        _ if has_ended => not_running(draft),
                        _ if holds_back => again(draft, Why::Prove),
                        Role::PatientStart => {
                            let (at, why) = (At::WaitForHolder, Why::Launch);
                            *draft.me() = Actor { at, why, wanted: 0, proven: 0, ..*draft.me() };
                        }
                        _ => draft.me().at = At::Signal,
                    }
                });
                if holds_back {
                    self.may(Step::HolderIsAlive, done);
                }
            }
            _ => {
                let target =
                    if self.breaks(Rule::Pidfd) { self.from.open_process(me.wanted) } else { me.handle };
                // Only where the kernel tells which daemon has handlers.
                let needs_handler = role == Role::Signal && self.model.has_tags;
                self.go(Step::Signal, |draft| {
                    draft.send(target, needs_handler);
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

/// The call has its answer.
pub(crate) fn done(draft: &mut Draft<'_>) {
    *draft.me() = Actor { at: At::Done, ..Actor::default() };
}

pub(crate) fn again(draft: &mut Draft<'_>, why: Why) {
    let me = draft.me();
    let (at, file, handle, phase) = (At::OpenToRead, File::default(), Handle::None, Tag::No);
    *me = Actor { at, why, file, handle, phase, tag: 0, found: 0, wanted: 0, proven: 0, ..*me };
}

/// No daemon holds the pidfile: a stop then asks whether one has left it; a start, which waits for its end, goes on.
pub(crate) fn not_running(draft: &mut Draft<'_>) {
    if draft.role() == Role::PatientStart {
        return next_round(draft);
    }
    let saw_down = draft.me().saw_down;
    draft.must(saw_down, Property::StoppedIsFree);
    if draft.role() == Role::Stop { again(draft, Why::Stale) } else { done(draft) }
}

/// After `remove_leftover`.
pub(crate) fn left(draft: &mut Draft<'_>) {
    if draft.role() == Role::Stop {
        again(draft, Why::Stale);
    } else {
        start_failed(draft);
    }
}

pub(crate) fn is_free(draft: &mut Draft<'_>) {
    (draft.me().at, draft.me().wanted) = (At::LeftoverStat, 0);
}

pub(crate) fn start_failed(draft: &mut Draft<'_>) {
    let by = draft.index() as u8;
    let text = draft.state.text(draft.state.path);
    draft.must(text.pid == 0 || text.by != by, Property::NothingLeft);
    done(draft);
}

/// A stop's answer.
pub(crate) fn stop_is_over(draft: &mut Draft<'_>) {
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
