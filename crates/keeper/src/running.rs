//! A body that runs, as the keeper knows it.

use std::time::{Duration, Instant};

use daimon_core::{Body, BodyPlace, ExitStatus, Signal};

use crate::executable::Sign;
use crate::seam;

/// How far a body has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It has no handlers for signals yet: the system's defaults would end it.
    Deaf,
    /// It has them, and is not ready.
    Starting,
    Ready,
    /// Another one has taken its place, and it finishes its work.
    Draining,
    /// It is told to end.
    Ending,
    /// It has ended in this way; processes that it has started have not, and are killed at that time. `was_told`: it
    /// was [`State::Ending`].
    Left {
        status: ExitStatus,
        kill_at: Option<Instant>,
        was_told: bool,
    },
}

/// A body and its course.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) body: Body,
    pub(crate) place: BodyPlace,
    pub(crate) state: State,
    /// When it was ready.
    pub(crate) ready_at: Option<Instant>,
    /// When something is to be done about it: see [`State`].
    pub(crate) deadline: Option<Instant>,
    /// How long it may take to end once it has drained; `None`: for ever.
    pub(crate) patience: Option<Duration>,
    /// The sockets that it listens at, by their keys.
    pub(crate) taken: Vec<String>,
    /// By what it shows that it is ready, until it is; `None` also where it says so by its channel.
    pub(crate) sign: Option<Sign>,
    /// Where it stands in an upgrade.
    pub(crate) trial: Trial,
    /// Whether it may still accept connections: it has not said otherwise, and has not been told to end.
    pub(crate) accepts: bool,
    /// Whether it has been told to rotate the log.
    pub(crate) rotates: bool,
    /// Signals that came before it could hear them.
    held: Vec<Signal>,
    /// The number of its channel's events; that of its end is the next one.
    pub(crate) number: u64,
}

/// What an upgrade makes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trial {
    /// Nothing, or it has passed.
    None,
    /// It is to take the place of another one.
    Newcomer,
    /// Its upgrade has failed: what it says, and how it ends, means nothing.
    Failed,
}

/// A limit, because the keeper stores these for a body that it does not trust.
const MOST_TAKEN: usize = 256;

impl Running {
    pub(crate) fn new(body: Body, place: BodyPlace, number: u64) -> Self {
        Self {
            body,
            place,
            state: State::Deaf,
            ready_at: None,
            deadline: None,
            patience: None,
            taken: Vec::new(),
            sign: None,
            trial: Trial::None,
            accepts: true,
            rotates: false,
            held: Vec::new(),
            number,
        }
    }

    /// When it is to be looked at, whatever happens.
    pub(crate) fn next_look(&self) -> Option<Instant> {
        if self.state == State::Starting { self.sign.as_ref()?.next_look() } else { None }
    }

    /// The number of its end's event.
    pub(crate) fn exit_number(&self) -> u64 {
        self.number + 1
    }

    /// Whether the keeper itself has told it to end.
    pub(crate) fn was_told_to_end(&self) -> bool {
        matches!(self.state, State::Ending | State::Left { was_told: true, .. })
    }

    /// Its upgrade has failed: it is killed, with all that it has started.
    pub(crate) fn fail_trial(&mut self, now: Instant) {
        self.trial = Trial::Failed;
        self.accepts = false;
        self.body.signal_group(Signal::KILL);
        if let State::Left { kill_at, .. } = &mut self.state {
            *kill_at = Some(now);
        } else {
            self.state = State::Ending;
            self.deadline = None;
        }
    }

    /// Has it killed at that time, if it is told to end, or has left others.
    pub(crate) fn kill_by(&mut self, until: Option<Instant>) {
        match &mut self.state {
            State::Ending => self.deadline = earlier(self.deadline, until),
            State::Left { kill_at, .. } => *kill_at = earlier(*kill_at, until),
            _ => (),
        }
    }

    /// Whether it does the daemon's work, or is about to.
    pub(crate) fn is_at_work(&self) -> bool {
        matches!(self.state, State::Deaf | State::Starting | State::Ready)
    }

    /// Passes a signal on, once the body can hear it; of several that wait, one of each.
    pub(crate) fn signal(&mut self, signal: Signal) {
        if self.state != State::Deaf || seam::breaks("hold-signals") {
            self.send(signal);
        } else if !self.held.contains(&signal) {
            self.held.push(signal);
        }
    }

    /// It hears signals from now on.
    pub(crate) fn listens(&mut self) {
        if self.state == State::Deaf {
            self.state = State::Starting;
            for signal in std::mem::take(&mut self.held) {
                self.send(signal);
            }
        }
    }

    /// Whether it listens at the socket with that key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.taken.iter().any(|taken| taken == key)
    }

    /// It listens at the socket of that key.
    pub(crate) fn takes(&mut self, key: &str) {
        if self.taken.len() < MOST_TAKEN && !self.taken.iter().any(|taken| taken == key) {
            self.taken.push(key.to_owned());
        }
    }

    /// Tells it, and with `group` all that it has started, to end. It is killed after that time, if one is given.
    pub(crate) fn end(&mut self, signal: Signal, group: bool, patience: Option<Duration>) {
        // A drain has an end, whoever stops the daemon meanwhile.
        let drained = self.deadline.filter(|_| self.state == State::Draining);
        let drained = drained.and_then(|until| until.checked_add(self.patience?));
        self.state = State::Ending;
        self.accepts = false;
        self.deadline = earlier(after(patience), drained);
        self.send_to(signal, group);
        self.send_to(Signal::CONT, group);
    }

    /// Sends a signal to it, and with `group` to all that it has started.
    pub(crate) fn send_to(&self, signal: Signal, group: bool) {
        if group {
            self.body.signal_group(signal);
        } else {
            self.send(signal);
        }
    }

    pub(crate) fn send(&self, signal: Signal) {
        // It may have ended, which its own event tells.
        let _ = self.body.process.signal(signal);
    }
}

/// The earlier of two times; `None`: never.
pub(crate) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The time from now on; `None`: never.
pub(crate) fn after(time: Option<Duration>) -> Option<Instant> {
    time.and_then(|time| Instant::now().checked_add(time))
}
