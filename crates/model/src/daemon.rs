//! The daemon: from clone to exec, adoption, readiness, exit.

use crate::model::Model;
use crate::moves::{Draft, Moves};
use crate::rules::Rule;
use crate::state::{At, Phase, Tag, Text};
use crate::steps::Step;

/// The steps from clone to exec, in the order of the code.
const CHILD: [Phase; 4] = [Phase::CloseOthers, Phase::PutNameTag, Phase::WritePid, Phase::Execute];

impl Model {
    /// The steps from clone to exec, in the order that a broken rule has changed.
    fn child(&self) -> Vec<Phase> {
        let breaks = |rule| self.broken.contains(&rule);
        let mut child = CHILD.to_vec();
        if breaks(Rule::TagBeforeText) {
            child.swap(1, 2);
        }
        if breaks(Rule::CloseBeforeTag) {
            child[..3].rotate_left(1);
        }
        child.retain(|phase| match phase {
            Phase::CloseOthers => self.has_threads,
            Phase::PutNameTag => self.has_tags,
            _ => true,
        });
        child
    }
}

impl Draft<'_> {
    pub(crate) fn first_of_child(&self) -> Phase {
        self.model.child().first().copied().unwrap_or_default()
    }

    /// The first step of an exit.
    pub(crate) fn first_of_exit(&self) -> Phase {
        if self.breaks(Rule::UnlinkUnderLock) { Phase::CloseFirst } else { Phase::RemoveLstat }
    }
}

impl Moves<'_> {
    fn after(&self, phase: Phase) -> Phase {
        let child = self.model.child();
        let place = child.iter().position(|other| *other == phase).unwrap_or(child.len());
        child.get(place + 1).copied().unwrap_or(Phase::TakeOver)
    }

    pub(crate) fn of_daemon(&mut self) {
        let index = self.index();
        let phase = self.from.daemons[index].phase;
        match phase {
            Phase::Unborn | Phase::Zombie | Phase::Gone => (),
            Phase::Dying => {
                self.go(Step::BecomesZombie, |draft| draft.state.daemons[index].phase = Phase::Zombie);
            }
            Phase::CloseOthers | Phase::PutNameTag | Phase::WritePid | Phase::Execute => {
                self.prepares(index, phase);
            }
            Phase::CloseFirst | Phase::RemoveLstat | Phase::RemoveUnlink | Phase::Exit => {
                self.exits(index, phase);
            }
            _ => self.runs_program(index, phase),
        }
    }

    fn prepares(&mut self, index: usize, phase: Phase) {
        let next = self.after(phase);
        let daemon = self.from.daemons[index];
        let is_free = self.from.tagged(daemon.ino).is_none_or(|other| other == index);
        match phase {
            Phase::CloseOthers => self.go(Step::CloseOthers, |draft| {
                let daemon = &mut draft.state.daemons[index];
                if daemon.extra {
                    // The process closes a descriptor on the file: its record locks go, fcntl(2).
                    (daemon.extra, daemon.tag) = (false, Tag::No);
                }
                daemon.phase = next;
            }),
            Phase::PutNameTag => self.go(Step::PutNameTag, |draft| {
                let daemon = &mut draft.state.daemons[index];
                daemon.tag = if is_free { Tag::Deaf } else { Tag::No };
                daemon.phase = next;
            }),
            Phase::WritePid => self.go(Step::WritePid, |draft| {
                draft.state.set_text(daemon.ino, Text { pid: daemon.pid, by: index as u8 });
                draft.state.daemons[index].phase = next;
            }),
            _ => {
                self.go(Step::Execute, |draft| {
                    if daemon.is_told_to_end {
                        draft.state.end_daemon(index);
                    } else {
                        draft.state.daemons[index].phase = Phase::TakeOver;
                    }
                });
                if self.model.has_failures {
                    self.may(Step::ExecFails, |draft| {
                        draft.state.end_daemon(index);
                        draft.state.daemons[index].reported = true;
                    });
                }
            }
        }
    }

    fn runs_program(&mut self, index: usize, phase: Phase) {
        let daemon = self.from.daemons[index];
        let launcher = self.from.actors[index];
        let is_heard = launcher.is_busy();
        match phase {
            Phase::TakeOver => {
                let text = self.from.text(daemon.ino);
                let is_ours = self.from.path == daemon.ino && text.pid == daemon.pid;
                self.go(Step::TakeOver, |draft| {
                    if is_ours {
                        draft.state.daemons[index].phase = Phase::Listening;
                    } else {
                        draft.state.end_daemon(index);
                    }
                });
            }
            Phase::Listening => self.go(Step::Listening, |draft| {
                let daemon = &mut draft.state.daemons[index];
                (daemon.tag, daemon.phase) = (daemon.tag.min(Tag::Starting), Phase::MarkReady);
            }),
            Phase::MarkReady | Phase::MarkLate => self.marks_ready(index, phase),
            Phase::SendReady => self.go(Step::SendReady, |draft| {
                let exit = draft.first_of_exit();
                let daemon = &mut draft.state.daemons[index];
                if !is_heard {
                    daemon.tag = if daemon.tag == Tag::No { Tag::No } else { Tag::Deaf };
                    daemon.phase = Phase::Alone;
                } else {
                    daemon.said_ready = true;
                    daemon.phase = Phase::Serving;
                }
                if std::mem::take(&mut daemon.is_told_to_end) {
                    daemon.phase = exit;
                }
            }),
            _ => (),
        }
        // Between mark and word it waits, as handlers of signals do: both look at the start's state under its lock.
        let is_starting = matches!(phase, Phase::Listening | Phase::MarkReady | Phase::Alone);
        if is_starting && !is_heard && !self.breaks(Rule::WatchLauncher) {
            self.go(Step::WatchLauncher, |draft| {
                if daemon.listens() {
                    draft.state.daemons[index].phase = draft.first_of_exit();
                } else {
                    draft.state.end_daemon(index);
                }
            });
        }
        if self.model.has_failures && matches!(phase, Phase::MarkReady | Phase::Serving) {
            self.may(Step::BodyEnds, |draft| {
                draft.state.daemons[index].phase = draft.first_of_exit();
            });
        }
        if self.breaks(Rule::OwnFileUnopened) && phase == Phase::Serving {
            self.may(Step::LooksAtOwnFile, |draft| draft.state.daemons[index].tag = Tag::No);
        }
    }

    fn marks_ready(&mut self, index: usize, phase: Phase) {
        if phase == Phase::MarkReady && self.breaks(Rule::MarkBeforeWord) {
            let is_heard = self.from.actors[index].is_busy();
            // The mutant: the word first.
            return self.go(Step::SendReady, |draft| {
                draft.state.daemons[index].said_ready = is_heard;
                let next = if is_heard { Phase::MarkLate } else { Phase::Alone };
                draft.state.daemons[index].phase = next;
            });
        }
        let next = if phase == Phase::MarkReady { Phase::SendReady } else { Phase::Serving };
        self.go(Step::MarkReady, |draft| {
            let daemon = &mut draft.state.daemons[index];
            (daemon.tag, daemon.phase) = (daemon.tag.min(Tag::Serving), next);
        });
    }

    fn exits(&mut self, index: usize, phase: Phase) {
        match phase {
            Phase::CloseFirst => self.go(Step::Close, |draft| {
                let daemon = &mut draft.state.daemons[index];
                (daemon.daemon_has, daemon.tag, daemon.claims) = (false, Tag::No, false);
                daemon.phase = Phase::RemoveLstat;
                draft.state.close_description(index);
            }),
            Phase::RemoveLstat => self.go(Step::RemoveLstat, |draft| {
                let daemon = &mut draft.state.daemons[index];
                daemon.still_ours = draft.state.path == daemon.ino;
                daemon.phase = Phase::RemoveUnlink;
            }),
            Phase::RemoveUnlink => self.removes_own(index, At::Done, Phase::Exit),
            _ => self.go(Step::Exit, |draft| draft.state.end_daemon(index)),
        }
    }
}
