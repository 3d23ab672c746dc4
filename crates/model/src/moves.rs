//! A step from a state to another one, and how it is made.

use crate::model::{Model, Role};
use crate::rules::{Property, Rule};
use crate::state::{Actor, Handle, Phase, State};
use crate::steps::Step;

/// Whose step it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// A process that has called a verb, by its place in [`Model::roles`].
    Actor(u8),
    /// The daemon that this one has launched.
    Daemon(u8),
    /// Another process.
    World,
}

/// Whether a call may rely on a step for its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The step of a process that goes on.
    Progress,
    /// A failure, the end of patience, a stranger: may happen, or not.
    Chance,
}

/// A step to another state.
#[derive(Clone, Debug)]
pub(crate) struct Move {
    pub(crate) who: Who,
    pub(crate) step: Step,
    pub(crate) kind: Kind,
    /// What the step itself breaks.
    pub(crate) faults: Vec<Property>,
    pub(crate) to: State,
}

/// The state after a step, while the step is made.
pub(crate) struct Draft<'a> {
    pub(crate) model: &'a Model,
    pub(crate) state: State,
    pub(crate) faults: Vec<Property>,
    /// The actor or daemon that makes it.
    index: usize,
}

impl Draft<'_> {
    pub(crate) fn breaks(&self, rule: Rule) -> bool {
        self.model.broken.contains(&rule)
    }

    pub(crate) fn role(&self) -> Role {
        self.model.roles[self.index]
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn me(&mut self) -> &mut Actor {
        &mut self.state.actors[self.index]
    }

    pub(crate) fn must(&mut self, holds: bool, property: Property) {
        if !holds {
            self.faults.push(property);
        }
    }

    /// Sends a signal through a handle. Without a handler SIGTERM ends a daemon at once, and so does any other signal.
    pub(crate) fn send(&mut self, target: Handle, needs_handler: bool) {
        let proven = self.me().proven;
        let Handle::Daemon(index) = target else {
            return self.must(self.state.has_ended(target), Property::RightTarget);
        };
        let index = usize::from(index);
        let daemon = &mut self.state.daemons[index];
        if daemon.phase >= Phase::Dying {
            return;
        }
        let (listens, phase) = (daemon.listens(), daemon.phase);
        self.must(usize::from(proven) == index + 1, Property::RightTarget);
        if needs_handler {
            self.must(listens, Property::NoDeafTarget);
        } else if phase <= Phase::Execute || phase == Phase::SendReady {
            self.state.daemons[index].is_told_to_end = true;
        } else if !listens {
            self.state.end_daemon(index);
        } else if phase < Phase::CloseFirst {
            self.state.daemons[index].phase = self.first_of_exit();
        }
    }
}

/// The moves from one state.
pub(crate) struct Moves<'a> {
    pub(crate) model: &'a Model,
    pub(crate) from: &'a State,
    pub(crate) who: Who,
    pub(crate) list: &'a mut Vec<Move>,
}

impl Moves<'_> {
    /// The actor or daemon whose moves these are.
    pub(crate) fn index(&self) -> usize {
        match self.who {
            Who::Actor(index) | Who::Daemon(index) => usize::from(index),
            Who::World => 0,
        }
    }

    pub(crate) fn me(&self) -> &Actor {
        &self.from.actors[self.index()]
    }

    pub(crate) fn breaks(&self, rule: Rule) -> bool {
        self.model.broken.contains(&rule)
    }

    pub(crate) fn go(&mut self, step: Step, change: impl FnOnce(&mut Draft<'_>)) {
        self.push(step, Kind::Progress, change);
    }

    pub(crate) fn may(&mut self, step: Step, change: impl FnOnce(&mut Draft<'_>)) {
        self.push(step, Kind::Chance, change);
    }

    fn push(&mut self, step: Step, kind: Kind, change: impl FnOnce(&mut Draft<'_>)) {
        let mut draft =
            Draft { model: self.model, state: *self.from, faults: Vec::new(), index: self.index() };
        change(&mut draft);
        draft.state.settle();
        self.list.push(Move { who: self.who, step, kind, faults: draft.faults, to: draft.state });
    }
}
