//! The ends of bodies, and the daemon's end.

use std::time::{Duration, Instant, SystemTime};

use daimon_core::{ExitStatus, Respawn, Signal};

use crate::keeper::{Keeper, Phase};
use crate::respawn::Next;
use crate::running::{Running, State, Trial, after};
use crate::say::{ended, millis, name};
use crate::seam;
use crate::upgrade::Ended;

/// From SIGTERM to SIGKILL, when nobody waits for the daemon any more.
pub(crate) const ABORT_GRACE: Duration = Duration::from_secs(1);
/// From SIGKILL of what a body has started to its end, at the longest. Only another user's process, or one in the
/// kernel, lives longer.
const KILL_PATIENCE: Duration = Duration::from_secs(2);
/// How often the group of a body that has ended is looked at, until it is empty.
const GROUP_LOOK: Duration = Duration::from_millis(10);
/// In a pause that is longer nobody is to wait in a queue.
const LONGEST_QUEUE: Duration = Duration::from_secs(10);

impl Keeper<'_> {
    pub(crate) fn stop_patience(&self) -> Option<Duration> {
        Some(self.plan.stop_timeout)
    }

    pub(crate) fn body_ended(&mut self, at: usize) {
        let patience = if self.is_given_up() { Some(ABORT_GRACE) } else { self.stop_patience() };
        let Some(running) = self.running.get_mut(at) else { return };
        let exit_number = running.exit_number();
        if let Some(channel) = &running.body.channel {
            self.events.remove(channel);
        }
        self.events.remove_exit(&running.body.process, exit_number);
        // Not collected yet: so its group keeps its number.
        let status = running.body.process.exit_status();
        let is_failed_start = running.ready_at.is_none() || running.trial != Trial::None;
        if let Some(status) = status.filter(|_| is_failed_start && running.body.has_others()) {
            running.body.signal_group(Signal::TERM);
            running.body.signal_group(Signal::CONT);
            running.accepts = false;
            let was_told = running.state == State::Ending;
            let patience = if running.trial == Trial::Failed { Some(Duration::ZERO) } else { patience };
            running.state = State::Left { status, kill_at: after(patience), was_told };
            running.deadline = Some(Instant::now() + GROUP_LOOK);
            if self.phase == Phase::Starting {
                self.end(Some(status), Signal::TERM, patience);
            }
            return;
        }
        self.collect(at);
    }

    fn collect(&mut self, at: usize) {
        self.collect_one(at);
        self.let_rotate();
        // The last one may be an old body that has drained, or a new one whose upgrade has failed.
        if self.phase == Phase::Serving && self.running.is_empty() && self.respawns.is_none_due() {
            self.supervisor.stopping(self.plan.stop_timeout);
            self.phase = Phase::Ending(Some(self.done.unwrap_or(ExitStatus::Code(0))));
        }
    }

    fn collect_one(&mut self, at: usize) {
        let running = self.running.swap_remove(at);
        let was_told = running.was_told_to_end();
        let Running { body, place, trial, ready_at, number, .. } = running;
        self.answer_upgrade();
        // Libraries know no names of real-time signals, by which it may have ended; the kernel tells them before.
        let known = body.process.exit_status();
        let status = body.collect().or(known).unwrap_or(ExitStatus::Code(1));
        self.supervisor.forget(number);
        if trial == Trial::Failed {
            return;
        }
        let ready_for = ready_at.map(|since| since.elapsed());
        match self.phase {
            Phase::Starting => {
                // One that the keeper itself ends was not ready in time.
                let status = if was_told { ExitStatus::Code(1) } else { status };
                self.end(Some(status), Signal::TERM, self.stop_patience());
            }
            // Of a daemon that serves, one that was never ready tells nothing: the signal itself may have ended it.
            Phase::Ending(None) if ready_at.is_none() && self.has_served && self.ender != Some(number) => (),
            Phase::Ending(None) if self.ender.is_none_or(|ender| ender == number) => {
                self.phase = Phase::Ending(Some(status));
            }
            Phase::Ending(_) => (),
            Phase::Serving if trial == Trial::Newcomer => self.newcomer_ended(status),
            Phase::Serving if place.generation < self.generation => (),
            Phase::Serving => {
                self.last_exit = Some((status, SystemTime::now()));
                self.sockets.trust();
                let what = format!("(PID {}) {}", body.process.pid(), ended(status));
                // One that is ended by the keeper itself was not ready in time, or was left over.
                let status = if was_told { ExitStatus::Code(1) } else { status };
                if let Some(upgrade) = &mut self.upgrade {
                    let line = format!("daimon: the program {what}; an upgrade is under way");
                    upgrade.ended.push(Ended { instance: place.instance, status, ready_for, what });
                    self.say(&line);
                } else {
                    self.follow(place.instance, status, ready_for, &what);
                }
            }
        }
    }

    /// What follows the end of a body of a daemon that serves.
    pub(crate) fn follow(
        &mut self,
        instance: u32,
        status: ExitStatus,
        ready_for: Option<Duration>,
        what: &str,
    ) {
        if matches!(self.phase, Phase::Ending(_)) {
            return;
        }
        let Some(row) = self.respawns.row_of(instance) else { return };
        let next = row.end(status, ready_for);
        let Respawn { limit, .. } = self.plan.respawn;
        let count =
            limit.map_or_else(|| row.count().to_string(), |limit| format!("{} of {limit}", row.count()));
        let program = format!("daimon: the program {what}");
        let stop_signal = self.plan.stop_signal;
        match next {
            Next::Again(pause) => {
                let when = if pause.is_zero() { "now".to_owned() } else { format!("in {}", millis(pause)) };
                self.say(&format!("{program}; it is started again {when} (respawn {count})"));
                self.respawns.start_in(pause, instance);
                seam::at("respawn.due");
                self.close_queues();
            }
            Next::Done => {
                self.say(&format!("{program}; it is not started again"));
                self.done = Some(status);
                self.close_queues();
            }
            Next::Failed => {
                self.say(&format!("{program}; it is not to be started again, so that the daemon ends"));
                self.end(Some(status), stop_signal, self.stop_patience());
            }
            Next::GiveUp => {
                self.say(&format!(
                    "{program}; after {} respawns in a row the daemon gives up",
                    limit.unwrap_or_default()
                ));
                self.end(Some(ExitStatus::Code(1)), stop_signal, self.stop_patience());
            }
        }
    }

    /// Closes the sockets where nobody serves them, and nobody is to begin soon.
    fn close_queues(&mut self) {
        let soon = Instant::now() + LONGEST_QUEUE;
        if self.at_work().next().is_none() && self.respawns.next().is_some_and(|when| when > soon) {
            self.sockets.close(&self.bodies);
        }
    }

    /// Ends all bodies, by this signal; each is killed after that time, if one is given.
    pub(crate) fn end(&mut self, status: Option<ExitStatus>, signal: Signal, patience: Option<Duration>) {
        if !matches!(self.phase, Phase::Ending(_)) {
            self.supervisor.stopping(self.plan.stop_timeout);
            self.phase = Phase::Ending(status);
        }
        seam::at("keeper.ending");
        self.respawns.forget();
        self.refuse_upgrade("ERR_DAEMON_NOT_RUNNING", "the daemon is stopped");
        let groups = self.stops_groups();
        let is_told = |body: &&mut Running| !matches!(body.state, State::Left { .. } | State::Ending);
        for running in self.running.iter_mut().filter(is_told) {
            running.end(signal, groups, patience);
        }
    }

    /// Whether the signals of the stop are for all that the bodies have started.
    fn stops_groups(&self) -> bool {
        self.announced.is_some_and(|announced| announced.groups)
    }

    /// Kills all bodies, because the time of a stop is up.
    pub(crate) fn kill(&mut self) {
        self.end(None, Signal::KILL, None);
        for running in &self.running {
            let is_left = matches!(running.state, State::Left { .. });
            running.send_to(Signal::KILL, self.stops_groups() || is_left);
        }
    }

    /// A body ends the daemon, and itself. One that is on trial, or is replaced, ends itself alone.
    pub(crate) fn body_ends_daemon(&mut self, at: usize) {
        let patience = self.stop_patience();
        let generation = self.generation;
        let is_meant = |body: &&mut Running| body.place.generation == generation;
        let Some(running) = self.running.get_mut(at).filter(is_meant) else { return };
        running.state = State::Ending;
        running.deadline = after(patience);
        self.ender = Some(running.number);
        self.end(None, self.plan.stop_signal, patience);
    }

    pub(crate) fn overdue(&mut self, at: usize, now: Instant) {
        let (patience, stop_signal, groups) =
            (self.stop_patience(), self.plan.stop_signal, self.stops_groups());
        let Some(running) = self.running.get_mut(at) else { return };
        let pid = running.body.process.pid();
        running.deadline = None;
        match running.state {
            State::Deaf | State::Starting => {
                let time = self.plan.ready_timeout.map(millis).unwrap_or_default();
                let signal = name(stop_signal);
                running.end(stop_signal, false, patience);
                self.say(&format!(
                    "daimon: the program (PID {pid}) was not ready within {time}; it gets {signal}"
                ));
            }
            State::Ready => (),
            State::Draining => {
                running.end(stop_signal, false, running.patience);
                let time = millis(self.plan.drain_timeout);
                self.say(&format!(
                    "daimon: the replaced program (PID {pid}) has not finished its work within {time}"
                ));
            }
            State::Ending => running.send_to(Signal::KILL, groups),
            State::Left { kill_at, .. } => {
                let is_past = |until: Instant| until <= now;
                let gives_up = kill_at.and_then(|at| at.checked_add(KILL_PATIENCE)).is_some_and(is_past);
                if running.body.has_others() && !gives_up {
                    if kill_at.is_some_and(is_past) {
                        running.body.signal_group(Signal::KILL);
                    }
                    running.deadline = Some(now + GROUP_LOOK);
                } else {
                    self.collect(at);
                }
            }
        }
    }
}
