//! The model: which verbs are called, what may go wrong, and what must hold in each state.

use crate::moves::{Move, Moves, Who};
use crate::rules::{Property, Rule};
use crate::state::{ACTORS, At, Handle, Ino, NOBODY, Phase, Pid, State, Text};

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
