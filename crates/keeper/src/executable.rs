//! Bodies that know nothing of the keeper: programs of any kind.

use std::time::{Duration, Instant};

use daimon_core::{BodyPlace, Executable, FrameKind, NotifyInbox, Probe, Readiness, Result};

use crate::keeper::Keeper;
use crate::running::{Running, State, Trial};

/// How soon an address is tried for the first time after the start, and how often at the longest.
const FIRST_TRY: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// So long a program runs that is ready when it runs: one that fails at once is the failure of its start.
const LEAST_RUN: Duration = Duration::from_millis(100);
/// So many messages are read before others have their turn, since any process may send them.
const MOST_MESSAGES: usize = 16;

/// By what such a body shows that it is ready.
#[derive(Debug)]
pub(crate) enum Sign {
    /// It has been executed, and runs at that time.
    Executed(Instant),
    /// What it says there.
    Word(NotifyInbox),
    /// Somebody accepts there, as the next try may find.
    Address { probe: Probe, pause: Duration, next: Instant },
}

impl Sign {
    fn of(executable: &Executable, user: Option<u32>) -> Result<Self> {
        Ok(match Probe::of(&executable.ready) {
            Some(probe) => Self::Address { probe, pause: FIRST_TRY, next: Instant::now() + FIRST_TRY },
            None if executable.ready == Readiness::Notify => Self::Word(NotifyInbox::new(user)?),
            None => Self::Executed(Instant::now() + LEAST_RUN),
        })
    }

    fn refuse_taken(&mut self) -> Result<()> {
        if let Self::Address { probe, .. } = self { probe.refuse_taken() } else { Ok(()) }
    }

    /// When it is to be looked at again without an event.
    pub(crate) fn next_look(&self) -> Option<Instant> {
        match self {
            Self::Executed(when) | Self::Address { next: when, .. } => Some(*when),
            Self::Word(_) => None,
        }
    }

    /// Whether it tells now that the body is ready, and the last progress text.
    fn look(&mut self, now: Instant) -> (bool, Option<Vec<u8>>) {
        match self {
            Self::Executed(when) => (*when <= now, None),
            Self::Word(socket) => heard(socket),
            Self::Address { next, .. } if *next > now => (false, None),
            Self::Address { probe, pause, next } => {
                *pause = (*pause * 2).min(LONGEST_PAUSE);
                *next = now + *pause;
                (probe.is_accepted(), None)
            }
        }
    }
}

/// Lines of `NAME=value`, of which `READY=1` and `STATUS=` mean something here.
fn heard(socket: &NotifyInbox) -> (bool, Option<Vec<u8>>) {
    let (mut is_ready, mut status) = (false, None);
    // More come with the next look.
    for message in (0..MOST_MESSAGES).map_while(|_| socket.receive()) {
        for line in message.split(|byte| *byte == b'\n') {
            is_ready |= line == b"READY=1";
            status = line.strip_prefix(b"STATUS=").map(<[u8]>::to_vec).or(status);
        }
    }
    (is_ready, status)
}

impl Keeper<'_> {
    /// Executes the program in that place.
    pub(crate) fn start_executable(&mut self, executable: &Executable, place: BodyPlace) -> Result<()> {
        if self.running.is_empty() {
            // The last one may have left them as it likes them, and a program expects what systemd gives.
            self.sockets.let_block();
        }
        let user = self.program.identity.as_ref().and_then(|identity| identity.uid);
        let mut sign = Sign::of(executable, user)?;
        // What a dead body has started may still have it.
        if self.at_work().next().is_none() {
            sign.refuse_taken()?;
        }
        let notify = if let Sign::Word(socket) = &sign { Some(socket.address()) } else { None };
        let body = self.bodies.launch_executable(executable, &self.sockets.declared_by_name(), notify)?;
        let number = self.new_numbers();
        if let Sign::Word(socket) = &sign {
            self.watched(&body, self.events.add(socket, number))?;
        }
        let watched = self.events.add_exit(&body.process, number + 1);
        self.watched(&body, watched)?;
        let mut running = Running::new(body, place, number);
        // The system's defaults are what it has chosen.
        running.state = State::Starting;
        running.sign = Some(sign);
        // It has them from its first instruction on.
        running.taken = self.sockets.declared_keys();
        self.add(running);
        Ok(())
    }

    /// Looks whether the body shows that it is ready.
    pub(crate) fn look_at_sign(&mut self, at: usize, now: Instant) {
        let Some(running) = self.running.get_mut(at).filter(|body| body.trial != Trial::Failed) else {
            return;
        };
        let Some(sign) = &mut running.sign else { return };
        let (is_ready, status) = sign.look(now);
        if is_ready && !matches!(sign, Sign::Word(_)) {
            // The others say nothing more.
            running.sign = None;
        }
        if let Some(status) = status {
            self.pass_on(at, FrameKind::Status, &status);
        }
        if is_ready {
            self.body_ready(at);
        }
    }

    /// Looks at those whose time has come.
    pub(crate) fn look_at_signs(&mut self, now: Instant) {
        let is_due = |body: &Running| body.next_look().is_some_and(|when| when <= now);
        let due: Vec<u64> = self.running.iter().filter(|body| is_due(body)).map(|body| body.number).collect();
        for number in due {
            // What one leads to may have removed another.
            if let Some(at) = self.running.iter().position(|body| body.number == number) {
                self.look_at_sign(at, now);
            }
        }
    }

    /// Tells a program that another one serves by now: it has the time of a drain to finish its work.
    pub(crate) fn retire_executable(&mut self, at: usize) {
        let (signal, patience) = (self.plan.stop_signal, Some(self.plan.drain_timeout));
        if let Some(running) = self.running.get_mut(at).filter(|body| body.is_at_work()) {
            running.end(signal, false, patience);
        }
    }
}
