//! What the kernel does: files, flocks, record locks, numbers of processes; and what the model notes after each step.

use crate::state::{ACTORS, Actor, At, Daemon, Handle, INODES, Ino, Lock, Phase, Pid, State, Tag, Text};

impl State {
    pub(crate) fn text(&self, ino: Ino) -> Text {
        self.texts[usize::from(ino)]
    }

    pub(crate) fn set_text(&mut self, ino: Ino, text: Text) {
        self.texts[usize::from(ino)] = text;
    }

    fn is_used(&self, ino: Ino) -> bool {
        self.path == ino
            || self.actors.iter().any(|actor| actor.file.ino == ino)
            || self.daemons.iter().any(|daemon| daemon.ino == ino)
    }

    /// Makes a file with the lowest free number: a number comes back as soon as nothing has the file any more.
    pub(crate) fn create(&mut self) -> Ino {
        let ino = (1..INODES as Ino).find(|ino| !self.is_used(*ino)).unwrap_or(0);
        assert_ne!(ino, 0, "more files than can be open");
        self.path = ino;
        ino
    }

    /// The strongest flock on a file by other descriptions than this actor's own.
    pub(crate) fn locked_by_others(&self, ino: Ino, actor: usize) -> Lock {
        let mine = |index: &usize| *index == actor;
        let actors = (0..ACTORS).filter(|index| !mine(index)).map(|index| self.actors[index].file);
        let looks = actors.filter(|file| file.ino == ino).map(|file| file.lock).max().unwrap_or_default();
        if self.daemons.iter().any(|daemon| daemon.ino == ino && daemon.is_locked) {
            Lock::Exclusive
        } else {
            looks
        }
    }

    /// The daemon that has the name tag on a file.
    pub(crate) fn tagged(&self, ino: Ino) -> Option<usize> {
        self.daemons.iter().position(|daemon| daemon.ino == ino && daemon.tag != Tag::No)
    }

    /// The number and the phase of that daemon, by one question.
    pub(crate) fn name_tag(&self, ino: Ino) -> (Pid, Tag) {
        self.tagged(ino).map(|index| (self.daemons[index].pid, self.daemons[index].tag)).unwrap_or_default()
    }

    /// The process that has this number, zombies included.
    pub(crate) fn open_process(&self, pid: Pid) -> Handle {
        if pid == 0 {
            return Handle::None;
        }
        let has = |daemon: &Daemon| {
            daemon.pid == pid && daemon.phase > Phase::Unborn && daemon.phase <= Phase::Zombie
        };
        if let Some(index) = self.daemons.iter().position(has) {
            return Handle::Daemon(index as u8);
        }
        if let Some(index) = self.actors.iter().position(|actor| actor.pid == pid) {
            return Handle::Actor(index as u8);
        }
        if self.stranger == pid { Handle::Stranger } else { Handle::None }
    }

    pub(crate) fn has_ended(&self, handle: Handle) -> bool {
        match handle {
            Handle::Daemon(index) => self.daemons[usize::from(index)].has_ended(),
            Handle::Actor(_) | Handle::Stranger => false,
            Handle::None | Handle::Ended => true,
        }
    }

    /// The process that shows an exclusive flock on the file in its `/proc/PID/fdinfo`.
    pub(crate) fn holds_lock(&self, pid: Pid, ino: Ino) -> Handle {
        let holds = match self.open_process(pid) {
            Handle::Daemon(index) => {
                let daemon = &self.daemons[usize::from(index)];
                daemon.ino == ino && daemon.is_locked && daemon.daemon_has
            }
            Handle::Actor(index) => {
                let (actor, daemon) = (&self.actors[usize::from(index)], &self.daemons[usize::from(index)]);
                (actor.file.ino == ino && actor.file.lock == Lock::Exclusive)
                    || (daemon.ino == ino && daemon.is_locked && daemon.launcher_has)
            }
            _ => false,
        };
        if holds { self.open_process(pid) } else { Handle::None }
    }

    /// The kernel's part of a process's end: descriptors, record locks and flocks go first; the number stays.
    pub(crate) fn end_daemon(&mut self, index: usize) {
        let daemon = &mut self.daemons[index];
        (daemon.daemon_has, daemon.tag, daemon.extra) = (false, Tag::No, false);
        (daemon.is_told_to_end, daemon.still_ours, daemon.claims) = (false, false, false);
        daemon.phase = Phase::Dying;
        self.close_description(index);
    }

    /// Frees the flock when both have closed.
    pub(crate) fn close_description(&mut self, index: usize) {
        let daemon = &mut self.daemons[index];
        if !daemon.launcher_has && !daemon.daemon_has {
            daemon.is_locked = false;
            // A daemon that exits still knows which file was its own.
            if !daemon.is_exiting() {
                daemon.ino = 0;
            }
        }
    }

    /// Ends an actor's process.
    pub(crate) fn end_actor(&mut self, index: usize, at: At) {
        for actor in &mut self.actors {
            if actor.handle == Handle::Actor(index as u8) {
                actor.handle = Handle::Ended;
            }
        }
        self.actors[index] = Actor { at, ..Actor::default() };
    }

    pub(crate) fn end_stranger(&mut self) {
        for actor in &mut self.actors {
            if actor.handle == Handle::Stranger {
                actor.handle = Handle::Ended;
            }
        }
        self.stranger = 0;
    }

    /// Whether a process has the number.
    pub(crate) fn is_taken(&self, pid: Pid) -> bool {
        self.open_process(pid) != Handle::None
    }

    /// Whether somebody remembers the number.
    pub(crate) fn is_known(&self, pid: Pid) -> bool {
        self.texts.iter().any(|text| text.pid == pid)
            || self.actors.iter().any(|actor| [actor.tag, actor.found, actor.wanted].contains(&pid))
            || self.daemons.iter().any(|daemon| daemon.pid == pid)
    }

    /// The numbers that the kernel may give to a new process. Those that nobody knows are alike: one stands for all.
    pub(crate) fn free_pids(&self, pool: u8) -> Vec<Pid> {
        let free = (1..=pool).filter(|pid| !self.is_taken(*pid));
        let (known, unknown): (Vec<_>, Vec<_>) = free.partition(|pid| self.is_known(*pid));
        known.into_iter().chain(unknown.into_iter().take(1)).collect()
    }

    /// Whether a launch, a daemon or a removal has the exclusive lock on the file at the path.
    fn is_held(&self) -> bool {
        let path = self.path;
        let removal = |actor: &Actor| {
            let is_look = actor.at == At::SeeStopped;
            actor.file.ino == path && actor.file.lock == Lock::Exclusive && !is_look
        };
        path != 0
            && (self
                .daemons
                .iter()
                .any(|daemon| daemon.ino == path && (daemon.is_locked || daemon.tag != Tag::No))
                || self.actors.iter().any(removal))
    }

    /// After each step: forgets what has no meaning any more, and notes for each call what is true now.
    pub(crate) fn settle(&mut self) {
        let is_held = self.is_held();
        let is_stale = !is_held && self.path != 0 && self.text(self.path).pid != 0;
        let is_up =
            self.daemons.iter().any(|daemon| daemon.is_alive() && daemon.claims && daemon.ino == self.path);
        let mut masks = (0, 0, 0);
        for (index, daemon) in self.daemons.iter().enumerate() {
            let bit = 1 << index;
            if daemon.is_alive() && daemon.claims {
                masks.0 |= bit;
                masks.1 |= if daemon.is_marked_ready() { bit } else { 0 };
            }
        }
        for actor in &mut self.actors {
            let sees = actor.sees();
            actor.saw_free = sees.free && (actor.saw_free || !is_held);
            actor.saw_down = sees.down && (actor.saw_down || !is_up);
            actor.saw_held = sees.held && (actor.saw_held || is_held);
            actor.saw_stale = sees.stale && (actor.saw_stale || is_stale);
            actor.holders = if sees.holders { actor.holders | masks.0 } else { 0 };
            actor.ready = if sees.holders { actor.ready | masks.1 } else { 0 };
            masks.2 |= actor.holders;
        }
        for ino in 1..INODES as Ino {
            if !self.is_used(ino) {
                self.set_text(ino, Text::default());
            }
        }
        for (index, daemon) in self.daemons.iter_mut().enumerate() {
            let is_awaited = self.actors[index].is_busy();
            if daemon.has_ended() && !is_awaited {
                (daemon.said_ready, daemon.reported) = (false, false);
            }
            if daemon.phase == Phase::Gone && masks.2 & (1 << index) == 0 {
                daemon.pid = 0;
            }
        }
    }
}
