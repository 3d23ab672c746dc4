//! The keeper's state, and its loop.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant, SystemTime};

use daimon_core::{
    Accepted, Bodies, BodyPayload, BodyPlan, Control, ControlSocket, Events, ExitStatus, KeeperOrder,
    KeeperPlan, OwnDaemon, Result, Signal, collect_children, open_outputs,
};

use crate::clients::{Announced, Client};
use crate::ends::ABORT_GRACE;
use crate::respawns::Respawns;
use crate::running::{Running, State, after, earlier};
use crate::say::say;
use crate::seam;
use crate::sockets::Sockets;
use crate::supervisor::Supervisor;
use crate::upgrade::{Switched, Upgrade};

/// The numbers of the launcher's channel and of the control socket; those of bodies and clients follow.
pub(crate) const LAUNCHER: u64 = 0;
const CONTROL: u64 = 1;
const FIRST: u64 = 2;

/// How often the channel of a body that has ended is read, at most: for more than it has room for. What the body has
/// started may have the other end, and go on.
const LAST_WORDS: usize = 32;

/// How long the control socket is not listened to when there is no room for a client.
const DEAF_TIME: Duration = Duration::from_secs(1);

/// How far the daemon has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It is not ready: the first failure is the daemon's.
    Starting,
    Serving,
    /// It ends when no body is left, in this way; `None`: as the first of them.
    Ending(Option<ExitStatus>),
}

/// The daemon.
pub(crate) struct Keeper<'a> {
    pub(crate) daemon: &'a OwnDaemon,
    pub(crate) plan: &'a KeeperPlan,
    pub(crate) program: &'a BodyPlan,
    pub(crate) bodies: Bodies<'a>,
    /// What the present generation is told.
    pub(crate) payload: BodyPayload,
    /// The payload up to the arguments, which an upgrade may replace.
    pub(crate) head: Vec<u8>,
    pub(crate) events: Events,
    /// The channel to the launcher, until the daemon is ready.
    launcher: Option<OwnedFd>,
    /// Whether it is in the foreground: no launcher has waited for it.
    pub(crate) is_alone: bool,
    /// Who watches it there.
    pub(crate) supervisor: Supervisor,
    control: Option<Control>,
    /// When it is listened to again, where there was no room for a client.
    accepts_again: Option<Instant>,
    pub(crate) clients: Vec<Client>,
    pub(crate) phase: Phase,
    /// Whether the daemon has been ready.
    pub(crate) has_served: bool,
    pub(crate) generation: u32,
    pub(crate) running: Vec<Running>,
    pub(crate) respawns: Respawns,
    pub(crate) sockets: Sockets,
    pub(crate) upgrade: Option<Upgrade>,
    /// An upgrade that has succeeded, until nobody of the old generation accepts any more.
    pub(crate) switched: Option<Switched>,
    /// How the last body that is not started again has ended.
    pub(crate) done: Option<ExitStatus>,
    /// The body that has ended the daemon: the daemon ends as it does.
    pub(crate) ender: Option<u64>,
    /// A stop that is under way, or about to come.
    pub(crate) announced: Option<Announced>,
    /// How a body of a daemon that serves has ended last, and when.
    pub(crate) last_exit: Option<(ExitStatus, SystemTime)>,
    next_number: u64,
}

impl<'a> Keeper<'a> {
    pub(crate) fn new(
        daemon: &'a OwnDaemon,
        KeeperOrder { body: program, keeper: plan, .. }: &'a KeeperOrder,
        payload: Vec<u8>,
        control: ControlSocket,
        sockets: Sockets,
        launcher: Option<OwnedFd>,
        supervisor: Supervisor,
    ) -> Result<Self> {
        let events = Events::new(launcher.is_none())?;
        if let Some(launcher) = &launcher {
            events.add(launcher, LAUNCHER)?;
        }
        let control = Control::listen(control)?;
        events.add(&control, CONTROL)?;
        Ok(Self {
            daemon,
            plan,
            program,
            bodies: Bodies::new(daemon, program)?,
            head: payload.get(..plan.args_at).unwrap_or(&payload).to_vec(),
            payload: BodyPayload::new(payload)?,
            events,
            is_alone: launcher.is_none(),
            launcher,
            control: Some(control),
            accepts_again: None,
            clients: Vec::new(),
            phase: Phase::Starting,
            has_served: false,
            generation: 1,
            running: Vec::new(),
            respawns: Respawns::new(plan),
            sockets,
            supervisor,
            upgrade: None,
            switched: None,
            done: None,
            ender: None,
            announced: None,
            last_exit: None,
            next_number: FIRST,
        })
    }

    /// Runs the daemon to its end, and gives how it has ended.
    pub(crate) fn run(&mut self) -> Result<ExitStatus> {
        self.start_or_fail(0);
        loop {
            if let (Phase::Ending(status), true) = (self.phase, self.running.is_empty()) {
                self.daemon.leave();
                self.sockets.close(&self.bodies);
                drop(self.control.take());
                seam::at("keeper.ended");
                return Ok(status.unwrap_or(ExitStatus::Code(0)));
            }
            let happened = self.events.wait(self.until_next())?;
            for number in happened.numbers {
                self.handle(number);
            }
            for signal in happened.signals {
                self.signalled(signal);
            }
            self.look_at_times(Instant::now());
            if self.is_alone {
                self.collect_others();
            }
        }
    }

    /// In the foreground it has the children of the program before it, and as the first process of a container all that
    /// have lost their parent. A body that is not collected yet has them wait.
    fn collect_others(&self) {
        let is_body = |pid| self.running.iter().any(|body| body.body.process.pid() == pid);
        collect_children(is_body);
    }

    /// Writes a line to the log, which is the file that is at its path now.
    pub(crate) fn say(&self, line: &str) {
        self.follow_log();
        say(line);
    }

    /// Opens the outputs again if they were renamed, as by a rotation.
    pub(crate) fn follow_log(&self) {
        if let Err(error) = open_outputs(&self.program.outputs) {
            say(&format!("daimon: the log stays as it is: {error}"));
        }
    }

    /// Two numbers for events, of which the first is given.
    pub(crate) fn new_numbers(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 2;
        number
    }

    fn handle(&mut self, number: u64) {
        match number {
            LAUNCHER => return self.launcher_ended(),
            CONTROL => return self.accept_clients(),
            _ => (),
        }
        if let Some(at) = self.place_of(number) {
            self.hear(at);
        } else if let Some(number) =
            self.running.iter().find(|body| body.exit_number() == number).map(|body| body.number)
        {
            // What it said last comes before its end.
            let hears = |_: &usize| self.place_of(number).is_some_and(|at| self.hear(at));
            let _ = (0..LAST_WORDS).take_while(hears).count();
            if let Some(at) = self.place_of(number) {
                self.body_ended(at);
            }
        } else {
            self.hear_client(number);
        }
    }

    fn accept_clients(&mut self) {
        while let Some(accepted) = self.control.as_ref().map(Control::accept) {
            match accepted {
                Accepted::Client(channel) => self.add_client(channel),
                // The last one makes room.
                Accepted::NoRoom if self.forget_last_client() => (),
                // The selector would report those in the queue without an end.
                Accepted::NoRoom => {
                    self.control.iter().for_each(|control| self.events.remove(control));
                    self.accepts_again = after(Some(DEAF_TIME));
                    return;
                }
                Accepted::Nobody => return,
            }
        }
    }

    /// The launcher closes its end when the daemon is ready. Before, its end is the daemon's.
    pub(crate) fn launcher_ended(&mut self) {
        self.forget_launcher();
        if self.has_served {
            return;
        }
        self.end(Some(ExitStatus::Code(1)), Signal::TERM, Some(ABORT_GRACE));
        // Also of those that a signal has told to end before, and of what is left of others.
        let until = after(Some(ABORT_GRACE));
        self.running.iter_mut().for_each(|running| running.kill_by(until));
    }

    /// Whether nobody waits for the start any more.
    pub(crate) fn is_given_up(&self) -> bool {
        self.launcher.is_none() && !self.is_alone && !self.has_served
    }

    pub(crate) fn forget_launcher(&mut self) {
        if let Some(launcher) = self.launcher.take() {
            self.events.remove(&launcher);
        }
    }

    fn until_next(&self) -> Option<Duration> {
        let mut next = None;
        let mut consider = |when: Option<Instant>| next = earlier(next, when);
        for body in &self.running {
            consider(body.deadline);
            consider(body.next_look());
        }
        match &self.upgrade {
            // While one is under way, nothing of the old generation is started.
            Some(upgrade) => consider(upgrade.deadline),
            None => consider(self.respawns.next()),
        }
        consider(self.switched.as_ref().map(|switched| switched.deadline));
        consider(self.accepts_again);
        consider(self.sockets.next_time().filter(|_| self.may_drop_sockets()));
        Some(next?.saturating_duration_since(Instant::now()))
    }

    fn look_at_times(&mut self, now: Instant) {
        if self.upgrade.is_none() {
            while let Some(instance) = self.respawns.take_due(now) {
                self.start_or_fail(instance);
            }
        }
        self.look_at_signs(now);
        for at in (0..self.running.len()).rev() {
            if self.running.get(at).and_then(|body| body.deadline).is_some_and(|when| when <= now) {
                self.overdue(at, now);
            }
        }
        if self.upgrade.as_ref().and_then(|upgrade| upgrade.deadline).is_some_and(|when| when <= now) {
            self.upgrade_overdue();
        }
        if self.switched.as_ref().is_some_and(|switched| switched.deadline <= now) {
            self.end_switch();
        }
        self.drop_doubtful_sockets(now);
        if self.accepts_again.take_if(|when| *when <= now).is_some()
            && let Some(control) = &self.control
            && self.events.add(control, CONTROL).is_err()
        {
            self.accepts_again = after(Some(DEAF_TIME));
        }
    }

    /// The bodies of the present generation that do its work.
    pub(crate) fn at_work(&self) -> impl Iterator<Item = &Running> {
        let generation = self.generation;
        self.running.iter().filter(move |body| body.place.generation == generation && body.is_at_work())
    }

    pub(crate) fn is_ready(&self) -> bool {
        let ready = self.at_work().filter(|body| body.state == State::Ready).count();
        ready == self.plan.instances as usize
    }
}
