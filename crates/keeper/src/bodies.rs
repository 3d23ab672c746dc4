//! The beginning of bodies, and what they say.

use std::time::{Duration, Instant};

use daimon_core::{Body, BodyPlace, ExitStatus, Frame, FrameKind, Reception, Result, Signal, decimal};

use crate::ends::ABORT_GRACE;
use crate::keeper::{Keeper, Phase};
use crate::report::error_json;
use crate::running::{Running, State, Trial, after};
use crate::seam;

impl Keeper<'_> {
    /// Executes a body in that place.
    pub(crate) fn start(&mut self, place: BodyPlace) -> Result<()> {
        let is_first = self.phase == Phase::Starting;
        self.follow_log();
        self.sockets.open(&self.plan.listen, self.program.owner)?;
        if let Some(executable) = &self.plan.executable {
            return self.start_executable(executable, place);
        }
        let payload = self.upgrade.as_ref().and_then(|upgrade| upgrade.payload.as_ref());
        let payload = payload.unwrap_or(&self.payload);
        let is_captured = is_first && self.daemon.is_captured();
        let body = self.bodies.launch(place, is_captured, payload, &self.sockets.all())?;
        let number = self.new_numbers();
        self.watch(&body, number)?;
        self.add(Running::new(body, place, number));
        Ok(())
    }

    pub(crate) fn add(&mut self, mut running: Running) {
        running.deadline = after(self.patience());
        if running.place.generation > self.generation {
            running.trial = Trial::Newcomer;
        }
        self.running.push(running);
    }

    /// How long a body may take. A launcher, or who asks for an upgrade, has a time of its own for all bodies; without
    /// one the plan's counts.
    fn patience(&self) -> Option<Duration> {
        let is_own = self.upgrade.is_none() && (self.is_alone || self.phase != Phase::Starting);
        if is_own { self.plan.ready_timeout } else { None }
    }

    fn watch(&mut self, body: &Body, number: u64) -> Result<()> {
        let watched = body.channel.as_ref().map_or(Ok(()), |channel| self.events.add(channel, number));
        self.watched(body, watched)?;
        let watched = self.events.add_exit(&body.process, number + 1);
        self.watched(body, watched)
    }

    /// A body that cannot be watched must not run.
    pub(crate) fn watched(&self, body: &Body, watched: Result<()>) -> Result<()> {
        watched.inspect_err(|_| {
            let _ = body.process.signal(Signal::KILL);
            let _ = body.collect();
        })
    }

    /// Starts that instance of the present generation.
    pub(crate) fn start_or_fail(&mut self, instance: u32) {
        if matches!(self.phase, Phase::Ending(_)) {
            return;
        }
        let is_first = self.phase == Phase::Starting;
        let place = BodyPlace { generation: self.generation, instance };
        match self.start(place) {
            Ok(()) if is_first => (),
            Ok(()) => {
                self.respawns.count += 1;
                seam::at("respawn.started");
            }
            Err(error) if is_first => {
                if !self.daemon.tell(FrameKind::Error, &error_json(&error)) {
                    self.say(&format!("daimon: the program cannot be started: {error}"));
                }
                self.end(Some(ExitStatus::Code(1)), Signal::TERM, Some(ABORT_GRACE));
            }
            Err(error) => {
                self.follow(instance, ExitStatus::Code(1), None, &format!("cannot be started: {error}"))
            }
        }
    }

    /// Receives what a body has said. Gives whether there may be more.
    pub(crate) fn hear(&mut self, at: usize) -> bool {
        let Some(running) = self.running.get_mut(at) else { return false };
        let number = running.number;
        let Some(channel) = &mut running.body.channel else {
            self.look_at_sign(at, Instant::now());
            return false;
        };
        let (frames, how) = channel.receive();
        let is_more = !frames.is_empty() && matches!(how, Reception::GoesOn);
        if !matches!(how, Reception::GoesOn) {
            // Its end is told by its process. Any code in it may have closed the channel.
            self.events.remove(channel);
        }
        for frame in frames {
            // What one frame leads to may have moved the body.
            let Some(at) = self.place_of(number) else { return false };
            self.heard(at, &frame);
        }
        is_more
    }

    /// Where the body with that number is now.
    pub(crate) fn place_of(&self, number: u64) -> Option<usize> {
        self.running.iter().position(|body| body.number == number)
    }

    fn heard(&mut self, at: usize, frame: &Frame) {
        let Some(running) = self.running.get_mut(at) else { return };
        if running.trial == Trial::Failed {
            return;
        }
        let descriptor = running.body.channel.as_mut().and_then(|channel| channel.descriptor_of(frame));
        match frame.kind {
            FrameKind::Status | FrameKind::Error | FrameKind::Exit => {
                self.pass_on(at, frame.kind, &frame.body)
            }
            FrameKind::Listening => self.body_listens(at),
            FrameKind::Ready => self.body_ready(at),
            FrameKind::End => self.body_ends_daemon(at),
            FrameKind::Socket => {
                if let Some(fd) = descriptor {
                    self.body_listens_at(at, fd, &frame.body);
                }
            }
            FrameKind::Taken => {
                if let Ok(key) = std::str::from_utf8(&frame.body) {
                    running.takes(key);
                    self.upgrade_progresses();
                }
            }
            FrameKind::Closed => {
                if let Ok(key) = std::str::from_utf8(&frame.body) {
                    running.taken.retain(|taken| taken != key);
                    self.sockets.doubt(key);
                }
            }
            FrameKind::Leaving => {
                running.accepts = false;
                self.answer_upgrade();
            }
            FrameKind::Drained => self.body_drained(at),
            FrameKind::Signal => {
                if let Some(number) = decimal::<i32>(&frame.body) {
                    self.signalled(Signal::from(number));
                }
            }
            FrameKind::Notify => self.body_notifies(at, &frame.body),
            FrameKind::Reopen => self.reopen_others(at),
            FrameKind::Rotate => {
                running.rotates = false;
                self.let_rotate();
            }
            _ => (),
        }
    }

    /// Passes on to who waits for this body.
    pub(crate) fn pass_on(&mut self, at: usize, kind: FrameKind, body: &[u8]) {
        let Some(running) = self.running.get(at) else { return };
        if kind == FrameKind::Status && running.place.generation == self.generation {
            self.supervisor.status(body);
        }
        if self.phase == Phase::Starting {
            self.daemon.tell(kind, body);
        } else if running.place.generation > self.generation {
            self.tell_requester(kind, body);
        }
    }

    fn body_listens(&mut self, at: usize) {
        let Some(running) = self.running.get_mut(at) else { return };
        running.listens();
        if self.phase == Phase::Starting {
            self.daemon.listening();
        }
    }

    pub(crate) fn body_ready(&mut self, at: usize) {
        self.body_listens(at);
        let Some(running) = self.running.get_mut(at) else { return };
        if running.state != State::Starting {
            return;
        }
        running.state = State::Ready;
        running.ready_at = Some(Instant::now());
        running.deadline = None;
        self.start_progresses();
        self.upgrade_progresses();
        self.let_rotate();
    }

    /// The first body is alone until it is ready; the daemon is ready when all are.
    fn start_progresses(&mut self) {
        if self.phase != Phase::Starting {
            return;
        }
        let begun = self.running.len() as u32;
        for instance in begun..self.plan.instances {
            self.start_or_fail(instance);
        }
        if self.phase == Phase::Starting && self.is_ready() {
            if !self.daemon.ready() {
                // Nobody waits for this daemon any more.
                return self.launcher_ended();
            }
            self.phase = Phase::Serving;
            self.has_served = true;
            self.forget_launcher();
            seam::at("keeper.serving");
            self.supervisor.ready(self.daemon.pid());
        }
    }

    /// The first instance of the present generation rotates the log, once the daemon serves and no other body does.
    pub(crate) fn let_rotate(&mut self) {
        let generation = self.generation;
        if self.phase != Phase::Serving || self.running.iter().any(|body| body.rotates) {
            return;
        }
        let is_meant = |body: &&mut Running| {
            body.place.generation == generation && body.place.instance == 0 && body.state == State::Ready
        };
        if let Some(first) = self.running.iter_mut().find(is_meant) {
            first.rotates = first.body.offer(FrameKind::Rotate, &[], None);
        }
    }

    /// A body has opened the log again, as after a rotation: the others, and the keeper, do the same.
    fn reopen_others(&self, at: usize) {
        self.follow_log();
        for (_, other) in self.running.iter().enumerate().filter(|(other, _)| *other != at) {
            other.body.offer(FrameKind::Reopen, &[], None);
        }
    }
}
