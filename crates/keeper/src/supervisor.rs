//! Word to the supervisor of a daemon in the foreground, sd_notify(3). It knows the keeper alone: the bodies tell the
//! keeper, which tells it what is true of all of them.

use std::ffi::OsStr;
use std::time::Duration;

use daimon_core::{NotifySocket, Signal, monotonic};

use crate::keeper::{Keeper, Phase};
use crate::running::State;

/// How long a message that must arrive waits for a supervisor that does not read.
const PATIENCE: Duration = Duration::from_secs(1);
/// A longer time stands for ever.
const FOR_EVER: Duration = Duration::from_secs(1_000_000_000);

/// The supervisor, if there is one, and what the bodies have told. Bodies are known by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Supervisor {
    socket: Option<NotifySocket>,
    /// Those that have given a sign of life since the last one was passed on.
    alive: Vec<u64>,
    /// Those that have been told to reload, and have not begun to.
    asked: Vec<u64>,
    /// Those that reload.
    reloading: Vec<u64>,
}

impl Supervisor {
    /// The one that listens at that address. If none does, nobody is told.
    pub(crate) fn at(address: Option<&OsStr>) -> Self {
        let socket = address.and_then(NotifySocket::connect).and_then(Result::ok);
        Self { socket, ..Self::default() }
    }

    /// A failure harms nothing.
    fn tell(&self, lines: &[u8], patience: Duration) {
        if let Some(socket) = &self.socket {
            let _ = socket.send(lines, patience);
        }
    }

    /// The daemon serves.
    pub(crate) fn ready(&self, pid: i32) {
        self.tell(["READY=1\nMAINPID=", &pid.to_string()].concat().as_bytes(), PATIENCE);
    }

    /// The daemon ends, which may take that long.
    pub(crate) fn stopping(&self, time: Duration) {
        let mut lines = String::from("STOPPING=1");
        if time < FOR_EVER {
            lines.push_str("\nEXTEND_TIMEOUT_USEC=");
            lines.push_str(&micros(time).to_string());
        }
        self.tell(lines.as_bytes(), PATIENCE);
    }

    /// A text of a body's. A message consists of lines, so that a text must not have line ends of its own.
    pub(crate) fn status(&self, text: &[u8]) {
        let parts = text.split(|byte| matches!(byte, b'\r' | b'\n'));
        let mut line = b"STATUS=".to_vec();
        for (at, part) in parts.enumerate().filter(|(at, part)| *at == 0 || !part.is_empty()) {
            if at > 0 {
                line.push(b' ');
            }
            line.extend_from_slice(part);
        }
        self.tell(&line, Duration::ZERO);
    }

    /// These bodies are told to reload: the reload is over when all of them have.
    pub(crate) fn asked(&mut self, numbers: impl Iterator<Item = u64>) {
        self.asked = numbers.collect();
    }

    fn begins(&mut self, number: u64) {
        if self.reloading.is_empty() {
            let now = micros(monotonic()).to_string();
            self.tell(["RELOADING=1\nMONOTONIC_USEC=", &now].concat().as_bytes(), PATIENCE);
        }
        self.reloading.append(&mut self.asked);
        if !self.reloading.contains(&number) {
            self.reloading.push(number);
        }
    }

    fn has_reloaded(&mut self, number: u64) {
        let before = self.reloading.len();
        self.reloading.retain(|one| *one != number);
        if self.reloading.is_empty() && before > 0 {
            self.tell(b"READY=1", PATIENCE);
        }
    }

    /// A body has ended.
    pub(crate) fn forget(&mut self, number: u64) {
        self.alive.retain(|one| *one != number);
        self.asked.retain(|one| *one != number);
        self.has_reloaded(number);
    }
}

/// In microseconds, without the numbers of 128 bits of `Duration::as_micros`.
fn micros(time: Duration) -> u64 {
    time.as_secs().saturating_mul(1_000_000).saturating_add(time.subsec_micros().into())
}

impl Keeper<'_> {
    /// A signal is passed on to the bodies that serve.
    pub(crate) fn note_reload(&mut self, signal: Signal) {
        if signal == Signal::HUP {
            let ready: Vec<u64> =
                self.at_work().filter(|body| body.state == State::Ready).map(|body| body.number).collect();
            self.supervisor.asked(ready.into_iter());
        }
    }

    /// A body of the present generation has something for the supervisor.
    pub(crate) fn body_notifies(&mut self, at: usize, lines: &[u8]) {
        let Some(running) = self.running.get(at) else { return };
        let (number, is_present) = (running.number, running.place.generation == self.generation);
        // The messages are true of a daemon that serves alone.
        if !is_present || self.phase != Phase::Serving {
            return;
        }
        match lines {
            b"WATCHDOG=1" => self.is_alive(number),
            b"RELOADING=1" => self.supervisor.begins(number),
            b"READY=1" => self.supervisor.has_reloaded(number),
            _ => (),
        }
    }

    /// A sign of life is passed on once each body that serves has given one since the last: one that hangs is noticed.
    fn is_alive(&mut self, number: u64) {
        if !self.supervisor.alive.contains(&number) {
            self.supervisor.alive.push(number);
        }
        let is_alive = |number| self.supervisor.alive.contains(&number);
        if self.at_work().all(|body| body.state != State::Ready || is_alive(body.number)) {
            self.supervisor.alive.clear();
            self.supervisor.tell(b"WATCHDOG=1", Duration::ZERO);
        }
    }
}
