//! The model: which verbs are called, what may go wrong, and the moves from a state.

use crate::rules::{Property, Rule};
use crate::state::{ACTORS, Actor, At, Handle, Ino, NOBODY, Phase, Pid, State, Text, Why};
use crate::steps::Step;

/// A verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A start, which gives up when a daemon runs.
    Start,
    /// A start that waits for a running daemon to leave.
    PatientStart,
    /// A stop: SIGTERM, the wait, and the removal of what is left.
    Stop,
    /// A signal that needs a handler.
    Signal,
    /// A look, again and again until it has proof.
    Status,
}

/// A model: verbs, what the system has, what may go wrong, and a rule that is broken.
#[derive(Clone, Debug)]
pub struct Model {
    /// What it is about.
    pub name: &'static str,
    /// The verbs that are called, each at any time, by a process of its own.
    pub roles: Vec<Role>,
    /// How many processes of daimon's are killed.
    pub crashes: u8,
    /// How many numbers the system has for daemons and others.
    pub pids: Pid,
    /// Linux: POSIX locks name the holder.
    pub has_tags: bool,
    /// The holder of a flock can be seen, as in `/proc/PID/fdinfo`.
    pub has_fdinfo: bool,
    /// An earlier daemon has left its text, with number 1.
    pub has_leftover: bool,
    /// Other programs get the numbers of ended daemons.
    pub has_strangers: bool,
    /// Processes that call verbs get them, too.
    pub reuses_for_actors: bool,
    /// Daemons end by themselves, launchers lose patience, exec fails.
    pub has_failures: bool,
    /// Another thread of the launcher looks at the file during the launch.
    pub has_threads: bool,
    /// How often an outsider deletes the pidfile.
    pub deletions: u8,
    /// The rules that are broken.
    pub broken: Vec<Rule>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            name: "",
            roles: Vec::new(),
            crashes: 0,
            pids: 2,
            has_tags: true,
            has_fdinfo: true,
            has_leftover: false,
            has_strangers: false,
            reuses_for_actors: false,
            has_failures: false,
            has_threads: false,
            deletions: 0,
            broken: Vec::new(),
        }
    }
}

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
}

impl Draft<'_> {
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

impl Moves<'_> {
    /// The moves of an actor.
    fn of_actor(&mut self) {
        match self.me().at {
            At::Idle => self.calls(),
            At::Done | At::Dead => (),
            at if (At::OpenToRead as u8..=At::PhaseApart as u8).contains(&(at as u8)) => self.looks(at),
            at if (At::HolderOpen as u8..=At::Signal as u8).contains(&(at as u8)) => self.proves(at),
            at if (At::OpenOrCreate as u8..=At::CloseRound as u8).contains(&(at as u8)) => self.locks(at),
            at if (At::HeldNames as u8..=At::WaitForHolder as u8).contains(&(at as u8)) => self.meets(at),
            at if (At::SpawnChild as u8..=At::FailClose as u8).contains(&(at as u8)) => self.launches(at),
            at => self.stops(at),
        }
    }

    fn calls(&mut self) {
        let role = self.model.roles[self.index()];
        let (at, why) = match role {
            Role::Start | Role::PatientStart => (At::OpenOrCreate, Why::Launch),
            Role::Stop | Role::Signal => (At::OpenToRead, Why::Prove),
            Role::Status => (At::OpenToRead, Why::Report),
        };
        let patient = role == Role::PatientStart;
        self.go(Step::Call, |draft| *draft.me() = Actor { at, why, patient, ..Actor::default() });
        let leftover = self.from.text(self.from.path).pid;
        if self.model.reuses_for_actors && leftover != 0 && !self.from.is_taken(leftover) {
            self.may(Step::CallOnOldNumber, |draft| {
                *draft.me() = Actor { at, why, patient, pid: leftover, ..Actor::default() };
            });
        }
    }
}

impl Model {
    /// The state before all calls.
    pub(crate) fn initial(&self) -> State {
        let mut state = State { crashes: self.crashes, deletions: self.deletions, ..State::default() };
        if self.has_leftover {
            let ino: Ino = state.create();
            state.set_text(ino, Text { pid: 1, by: NOBODY });
        }
        state
    }

    /// All moves from a state.
    pub(crate) fn moves(&self, from: &State) -> Vec<Move> {
        let mut list = Vec::new();
        for index in 0..self.roles.len().min(ACTORS) {
            let mut moves = Moves { model: self, from, who: Who::Actor(index as u8), list: &mut list };
            moves.of_actor();
            let mut moves = Moves { model: self, from, who: Who::Daemon(index as u8), list: &mut list };
            moves.of_daemon();
        }
        Moves { model: self, from, who: Who::World, list: &mut list }.of_world();
        list
    }

    /// Whether the call of an actor must come to an end. A start may wait for a running daemon to leave as long as it
    /// has been told to.
    pub(crate) fn is_pending(&self, state: &State, actor: usize) -> bool {
        let me = &state.actors[actor];
        let waits = me.at == At::WaitForHolder
            && matches!(me.handle, Handle::Daemon(index) if state.daemons[usize::from(index)].is_alive());
        actor < self.roles.len() && !waits && !matches!(me.at, At::Done | At::Dead)
    }

    /// What is broken in a state.
    pub(crate) fn faults(&self, state: &State) -> Vec<Property> {
        let mut faults = Vec::new();
        let claims = |index: &usize| {
            let (daemon, actor) = (&state.daemons[*index], &state.actors[*index]);
            let lives = daemon.is_alive() || (daemon.phase == Phase::Unborn && actor.is_busy());
            daemon.claims && lives
        };
        if (0..ACTORS).filter(claims).count() > 1 && state.deletions == self.deletions {
            faults.push(Property::OneHolder);
        }
        for (index, daemon) in state.daemons.iter().enumerate().filter(|(_, daemon)| daemon.claims) {
            let text = state.text(daemon.ino);
            if daemon.claims && text.pid != 0 && usize::from(text.by) != index {
                faults.push(Property::NoDeadText);
            }
            if !daemon.is_alive() || daemon.phase < Phase::WritePid {
                continue;
            }
            let has_written = daemon.phase > Phase::WritePid;
            if has_written
                && state.deletions == self.deletions
                && (state.path != daemon.ino || usize::from(text.by) != index || text.pid != daemon.pid)
            {
                faults.push(Property::PidfileStays);
            }
            if self.has_tags && has_written && state.tagged(daemon.ino) != Some(index) {
                faults.push(Property::TagStays);
            }
        }
        faults
    }
}
