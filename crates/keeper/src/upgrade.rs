//! An upgrade: the next generation is started beside the present one, and takes its place when it serves.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use daimon_core::{BodyPayload, BodyPlace, ExitStatus, FrameKind, channel_pair};

use crate::clients::UpgradeOrder;
use crate::keeper::{Keeper, Phase};
use crate::report::error_json;
use crate::running::{Running, State, Trial, after};
use crate::seam;

/// An upgrade under way.
pub(crate) struct Upgrade {
    /// The client that has asked for it.
    pub(crate) client: u64,
    /// Until when the new generation may take to serve; `None`: for ever.
    pub(crate) deadline: Option<Instant>,
    /// How long a body of the old generation may take to end, once it has drained; `None`: for ever.
    pub(crate) stop_timeout: Option<Duration>,
    /// What the new generation is told, where that is something else.
    pub(crate) payload: Option<BodyPayload>,
    /// The bodies of the old generation that have ended meanwhile.
    pub(crate) ended: Vec<Ended>,
}

/// The end of a body during an upgrade: if that fails, the body is respawned or not, as at any other time.
pub(crate) struct Ended {
    pub(crate) instance: u32,
    pub(crate) status: ExitStatus,
    /// How long it was ready.
    pub(crate) ready_for: Option<Duration>,
    /// The PID, and how it has ended, for the log.
    pub(crate) what: String,
}

/// How long a body that hangs may keep an upgrade that has succeeded from being told so.
const LONGEST_SWITCH: Duration = Duration::from_secs(5);

/// An upgrade whose generation serves, while bodies of the old one may still accept.
pub(crate) struct Switched {
    client: u64,
    pub(crate) deadline: Instant,
}

impl Keeper<'_> {
    fn next_generation(&self) -> u32 {
        self.generation + 1
    }

    /// The bodies of the next generation. Those of an upgrade that has failed may not have ended yet.
    fn newcomers(&self) -> impl Iterator<Item = &Running> {
        self.running.iter().filter(|body| body.trial == Trial::Newcomer)
    }

    /// Begins an upgrade for that client.
    pub(crate) fn begin_upgrade(&mut self, client: u64, order: &UpgradeOrder<'_>) {
        if self.upgrade.is_some() {
            return self.refuse(client, "ERR_DAEMON_UPGRADE_IN_PROGRESS", "another upgrade is under way");
        }
        if self.phase != Phase::Serving {
            return self.refuse(
                client,
                "ERR_DAEMON_NOT_RUNNING",
                "the daemon does not serve: it starts, or ends",
            );
        }
        if self.plan.executable.is_some() {
            if self.plan.listen.is_empty() {
                let message =
                    "a program can be upgraded only with the sockets of listen, which both generations share";
                return self.refuse(client, "ERR_DAEMON_UNSUPPORTED", message);
            }
            if order.args.is_some() {
                return self.refuse(
                    client,
                    "ERR_DAEMON_INVALID_OPTION",
                    "a program keeps the arguments of its start",
                );
            }
        }
        let payload = match order.args {
            None => None,
            Some(args) => match BodyPayload::new([&self.head, args].concat()) {
                Ok(payload) => Some(payload),
                Err(error) => return self.refuse(client, "ERR_DAEMON_START_FAILED", &error.to_string()),
            },
        };
        let UpgradeOrder { ready_timeout, stop_timeout, .. } = *order;
        self.upgrade = Some(Upgrade {
            client,
            deadline: after(ready_timeout),
            stop_timeout,
            payload,
            ended: Vec::new(),
        });
        self.say_of_upgrade("begins");
        seam::at("upgrade.begun");
        self.start_newcomer(0);
    }

    /// What the log gets, so that what the new program writes there is known for its own.
    fn say_of_upgrade(&self, course: &str) {
        self.say(&format!("daimon: the upgrade to generation {} {course}", self.next_generation()));
    }

    fn start_newcomer(&mut self, instance: u32) {
        let place = BodyPlace { generation: self.next_generation(), instance };
        if let Err(error) = self.start(place) {
            self.fail_upgrade(Some(&error_json(&error)));
        }
    }

    /// Goes on with the upgrade, if there is one, when a body has come further.
    pub(crate) fn upgrade_progresses(&mut self) {
        if self.upgrade.is_none() {
            return;
        }
        if !self.newcomers().all(|body| body.state == State::Ready) {
            return;
        }
        let begun = self.newcomers().count() as u32;
        seam::at("upgrade.ready");
        if begun == self.plan.instances {
            if self.missing().is_empty() {
                self.switch();
            }
            return;
        }
        // The first one is alone until it is ready.
        for instance in begun..self.plan.instances {
            if self.upgrade.is_none() {
                return;
            }
            self.start_newcomer(instance);
        }
    }

    /// The sockets that the next generation lacks.
    fn missing(&self) -> Vec<&str> {
        let have_all = |key: &str| self.newcomers().all(|body| body.has(key));
        let has_any = |key: &str| self.newcomers().any(|body| body.has(key));
        self.sockets.missing(self.next_generation(), &have_all, &has_any)
    }

    /// From now on the new generation alone accepts.
    fn switch(&mut self) {
        let Some(upgrade) = self.upgrade.take() else { return };
        self.say_of_upgrade("has succeeded");
        self.generation = self.next_generation();
        self.running
            .iter_mut()
            .filter(|body| body.trial == Trial::Newcomer)
            .for_each(|body| body.trial = Trial::None);
        self.respawns.begin_anew(self.plan);
        if let Some(payload) = upgrade.payload {
            self.payload = payload;
        }
        let generation = self.generation;
        let is_present = |body: &Running| body.place.generation == generation && body.is_at_work();
        let is_taken = |key: &str| self.running.iter().any(|body| is_present(body) && body.has(key));
        self.sockets.leave_over(generation, &is_taken);
        for at in 0..self.running.len() {
            if self.running.get(at).is_some_and(|body| body.place.generation < self.generation) {
                self.retire(at, upgrade.stop_timeout);
            }
        }
        self.let_rotate();
        seam::at("upgrade.switched");
        // Another one that is just over.
        self.end_switch();
        self.switched = Some(Switched { client: upgrade.client, deadline: Instant::now() + LONGEST_SWITCH });
        self.answer_upgrade();
    }

    /// Tells who has asked for the upgrade, when the new generation alone accepts.
    pub(crate) fn answer_upgrade(&mut self) {
        if !self.running.iter().any(|body| body.accepts && body.place.generation < self.generation) {
            self.end_switch();
        }
    }

    pub(crate) fn end_switch(&mut self) {
        if let Some(switched) = self.switched.take() {
            self.answer(switched.client, FrameKind::Ready, &[]);
        }
    }

    /// An old body finishes its work, and hands its idle connections to the one that follows it.
    fn retire(&mut self, at: usize, patience: Option<Duration>) {
        if self.plan.executable.is_some() {
            return self.retire_executable(at);
        }
        let signal = self.plan.stop_signal;
        let deadline = after(Some(self.plan.drain_timeout));
        let heirs = self.at_work().map(|body| (body.place.instance, body.number)).collect::<Vec<_>>();
        let Some(running) = self.running.get(at).filter(|body| body.is_at_work()) else { return };
        let instance = running.place.instance;
        let heir = heirs.iter().find(|(other, _)| *other == instance).or(heirs.first());
        let heir = heir.and_then(|(_, number)| self.running.iter().find(|body| body.number == *number));
        let is_told = running.state == State::Ready
            && channel_pair().is_ok_and(|(from, to)| {
                let has_heir =
                    heir.is_some_and(|heir| heir.body.offer(FrameKind::Heir, &[], Some(from.as_fd())));
                let keys = heir.map(keys_of).unwrap_or_default();
                has_heir && running.body.offer(FrameKind::Drain, keys.as_bytes(), Some(to.as_fd()))
            });
        let Some(running) = self.running.get_mut(at) else { return };
        if is_told {
            running.state = State::Draining;
            running.deadline = deadline;
            running.patience = patience;
        } else {
            running.end(signal, false, patience);
        }
    }

    pub(crate) fn body_drained(&mut self, at: usize) {
        let signal = self.plan.stop_signal;
        seam::at("upgrade.drained");
        if let Some(running) = self.running.get_mut(at).filter(|body| body.state == State::Draining) {
            running.end(signal, false, running.patience);
        }
    }

    /// A body of the new generation has ended before it served.
    pub(crate) fn newcomer_ended(&mut self, status: ExitStatus) {
        if self.upgrade.is_some() {
            self.tell_requester(FrameKind::Exit, exit_text(status).as_bytes());
            self.fail_upgrade(None);
        }
    }

    pub(crate) fn upgrade_overdue(&mut self) {
        let late = self.newcomers().filter(|body| body.state != State::Ready);
        let late = late.map(|body| format!("instance {} is not ready", body.place.instance));
        let unheard = self.missing().into_iter().map(|key| format!("it does not listen at {key}"));
        let mut missing = String::new();
        for one in late.chain(unheard) {
            missing.push_str(if missing.is_empty() { "" } else { ", " });
            missing.push_str(&one);
        }
        self.refuse_upgrade("ERR_DAEMON_READY_TIMEOUT", &missing);
    }

    /// The new generation is ended, and the old one serves on.
    pub(crate) fn fail_upgrade(&mut self, error: Option<&[u8]>) {
        if let Some(error) = error {
            self.tell_requester(FrameKind::Error, error);
        }
        let client = self.upgrade.as_ref().map(|upgrade| upgrade.client);
        self.end_upgrade();
        if let Some(client) = client {
            self.close_client(client);
        }
    }

    pub(crate) fn refuse_upgrade(&mut self, code: &str, message: &str) {
        let Some(client) = self.upgrade.as_ref().map(|upgrade| upgrade.client) else { return };
        self.refuse(client, code, message);
        self.end_upgrade();
    }

    /// Forgets the upgrade, and ends the new generation.
    pub(crate) fn end_upgrade(&mut self) {
        let Some(upgrade) = self.upgrade.take() else { return };
        self.say_of_upgrade("has failed");
        let next = self.next_generation();
        seam::at("upgrade.failed");
        self.sockets.forget_generation(next, &self.bodies);
        let now = Instant::now();
        self.running
            .iter_mut()
            .filter(|body| body.trial == Trial::Newcomer)
            .for_each(|body| body.fail_trial(now));
        for Ended { instance, status, ready_for, what } in upgrade.ended {
            self.follow(instance, status, ready_for, &what);
        }
    }

    /// Tells who has asked for the upgrade.
    pub(crate) fn tell_requester(&mut self, kind: FrameKind, body: &[u8]) {
        if let Some(client) = self.upgrade.as_ref().map(|upgrade| upgrade.client) {
            self.answer(client, kind, body);
        }
    }
}

/// Those of the sockets that a body listens at, as many as a frame has room for.
fn keys_of(body: &Running) -> String {
    let mut keys = String::new();
    for key in &body.taken {
        if keys.len() + key.len() < FrameKind::Drain.longest() {
            keys.push_str(key);
            keys.push('\n');
        }
    }
    keys
}

fn exit_text(status: ExitStatus) -> String {
    match status {
        ExitStatus::Code(code) => code.to_string(),
        ExitStatus::Signal(signal) => format!("-{}", signal.number()),
    }
}
