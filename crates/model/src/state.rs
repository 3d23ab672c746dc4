//! The state: files, open file descriptions, locks, processes, and how far each actor has come.

/// Verbs that are called, each in a process of its own.
pub const ACTORS: usize = 3;
/// More files than can be open at a time.
const INODES: usize = 8;

/// A process number of the pool; 0 is none, or one that is never given away.
pub type Pid = u8;
/// A file; 0 is none.
pub type Ino = u8;
/// A set of daemons.
pub type Mask = u8;

/// A flock, held by an open file description.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lock {
    #[default]
    No,
    Shared,
    Exclusive,
}

/// A description that an actor has opened for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct File {
    pub ino: Ino,
    pub lock: Lock,
}

/// The text of a pidfile, and the daemon that has written it ([`NOBODY`] for one before all).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Text {
    /// 0: the file is empty.
    pub pid: Pid,
    pub by: u8,
}

/// The writer of a text that was there at the beginning.
pub const NOBODY: u8 = 9;

/// A pidfd.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Handle {
    #[default]
    None,
    Daemon(u8),
    Actor(u8),
    Stranger,
    /// On a process that has ended, other than a daemon.
    Ended,
}

/// What a routine is run for: the place to go on at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Why {
    #[default]
    Nothing,
    /// `see` for a status.
    Report,
    /// `see` for `holder`, the first and the second time.
    Prove,
    ProveAgain,
    /// `see` for `wait_until_free`.
    Free,
    /// `see` and the lock for `remove_leftover`.
    LeftoverLook,
    LeftoverLock,
    /// `see` for `is_stale`.
    Stale,
    /// The lock for a launch.
    Launch,
}

/// The next step of an actor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum At {
    #[default]
    Idle,
    OpenToRead,
    SeeNameTag,
    SeeFlock,
    SeeStopped,
    LookNameTag,
    LookReadText,
    LookHoldsLock,
    SeeIsStarting,
    HolderOpen,
    HolderIsAlive,
    Marks,
    Signal,
    OpenOrCreate,
    FlockShared,
    RoundNameTag,
    Names,
    ClearStaleText,
    DropShared,
    FlockExclusive,
    NamesAgain,
    CloseRound,
    HeldNames,
    HeldOpen,
    HeldIsStarting,
    HeldLookAgain,
    WaitForHolder,
    SpawnChild,
    ReadReport,
    LockedPid,
    IdentifyOpen,
    IsHeldBy,
    DropLocked,
    Outcome,
    EndDaemon,
    AwaitEnd,
    LeaderEnd,
    FailLstat,
    FailUnlink,
    FailClose,
    EndsWithin,
    LeftoverStat,
    LeftoverUnlink,
    LeftoverClose,
    Done,
    Dead,
}

/// A process that has called a verb.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Actor {
    pub at: At,
    pub why: Why,
    /// Its own number, if that is one of the pool.
    pub pid: Pid,
    pub file: File,
    /// What it has read: the name tag, the text, the PID of the first look.
    pub tag: Pid,
    pub found: Pid,
    pub wanted: Pid,
    pub handle: Handle,
    /// The daemon that a stop has signalled: its number in [`State::daemons`] + 1.
    pub victim: u8,
    /// The file had text when it was opened.
    pub stale: bool,
    /// It still waits for a running daemon to leave.
    pub patient: bool,
    // What was true at some moment since the call, for the properties:
    /// No process held the pidfile; no daemon did, but perhaps a launch.
    pub saw_free: bool,
    pub saw_down: bool,
    /// A launch or a daemon held it.
    pub saw_held: bool,
    /// The path had text that nobody held.
    pub saw_stale: bool,
    /// These daemons lived as holders; these were ready.
    pub holders: Mask,
    pub ready: Mask,
    /// The process that held the lock at the last proof: daemon + 1.
    pub proven: u8,
}

/// Which of the facts about the time since the call an actor's answer will be measured by.
#[derive(Default)]
struct Sees {
    free: bool,
    down: bool,
    held: bool,
    stale: bool,
    holders: bool,
}

impl Actor {
    fn sees(&self) -> Sees {
        let locks = (At::OpenOrCreate as u8..=At::WaitForHolder as u8).contains(&(self.at as u8))
            || matches!(self.at, At::LookNameTag | At::LookReadText | At::LookHoldsLock);
        match self.why {
            _ if !self.is_busy() => Sees::default(),
            Why::Report => Sees { free: true, held: true, stale: true, holders: true, ..Sees::default() },
            Why::Prove | Why::ProveAgain => Sees { down: true, held: true, ..Sees::default() },
            Why::Stale => Sees { stale: true, ..Sees::default() },
            Why::Launch if locks => Sees { held: true, holders: true, ..Sees::default() },
            _ => Sees::default(),
        }
    }

    /// Whether its call is under way.
    pub fn is_busy(&self) -> bool {
        !matches!(self.at, At::Idle | At::Done | At::Dead)
    }
}

/// How far a daemon has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    #[default]
    Unborn,
    CloseOthers,
    PutNameTag,
    PutMarks,
    WritePid,
    Execute,
    TakeOver,
    Listening,
    MarkReady,
    /// In the mutant alone: the mark after the word.
    MarkLate,
    SendReady,
    Serving,
    /// The word could not be sent.
    Alone,
    /// In the mutant alone: the lock goes first.
    CloseFirst,
    RemoveLstat,
    RemoveUnlink,
    Exit,
    Zombie,
    Gone,
}

/// The name tag and the marks that a daemon has on its pidfile.
pub const NAME: u8 = 1;
pub const STARTING: u8 = 2;
pub const DEAF: u8 = 4;

/// The daemon of a start, and the open file description that its launcher has locked for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Daemon {
    pub phase: Phase,
    pub pid: Pid,
    pub ino: Ino,
    /// The exclusive flock is on the description.
    pub is_locked: bool,
    /// The launcher, the daemon has a descriptor on it.
    pub launcher_has: bool,
    pub daemon_has: bool,
    pub marks: u8,
    /// It has inherited a descriptor by which another thread of the launcher looks at the file.
    pub extra: bool,
    /// SIGTERM waits until exec.
    pub is_told_to_end: bool,
    pub said_ready: bool,
    /// The launcher has been told which step failed.
    pub reported: bool,
    pub still_ours: bool,
    /// From the lock to the removal of the pidfile.
    pub claims: bool,
}

impl Daemon {
    pub fn is_alive(&self) -> bool {
        self.phase > Phase::Unborn && self.phase < Phase::Zombie
    }

    pub fn has_ended(&self) -> bool {
        self.phase >= Phase::Zombie
    }

    /// Signals have handlers, and the exit removes the pidfile.
    pub fn listens(&self) -> bool {
        self.phase > Phase::Listening
    }

    pub fn is_marked_ready(&self) -> bool {
        self.is_alive() && (self.said_ready || matches!(self.phase, Phase::SendReady | Phase::Serving))
    }

    pub fn is_exiting(&self) -> bool {
        self.phase >= Phase::CloseFirst && self.is_alive()
    }
}

/// One state of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// The file that has the pidfile's name.
    pub path: Ino,
    pub texts: [Text; INODES],
    pub actors: [Actor; ACTORS],
    /// The daemon of each actor that starts.
    pub daemons: [Daemon; ACTORS],
    /// The number of a process that has nothing to do with daimon.
    pub stranger: Pid,
    /// Crashes and deletions by outsiders that are still allowed.
    pub crashes: u8,
    pub deletions: u8,
}

impl State {
    pub fn text(&self, ino: Ino) -> Text {
        self.texts[usize::from(ino)]
    }

    pub fn set_text(&mut self, ino: Ino, text: Text) {
        self.texts[usize::from(ino)] = text;
    }

    fn is_used(&self, ino: Ino) -> bool {
        self.path == ino
            || self.actors.iter().any(|actor| actor.file.ino == ino)
            || self.daemons.iter().any(|daemon| daemon.ino == ino)
    }

    /// Makes a file with the lowest free number: a number comes back as soon as nothing has the file any more.
    pub fn create(&mut self) -> Ino {
        let ino = (1..INODES as Ino).find(|ino| !self.is_used(*ino)).unwrap_or(0);
        assert_ne!(ino, 0, "more files than can be open");
        self.path = ino;
        ino
    }

    /// The strongest flock on a file by other descriptions than this actor's own.
    pub fn locked_by_others(&self, ino: Ino, actor: usize) -> Lock {
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
    pub fn tagged(&self, ino: Ino) -> Option<usize> {
        self.daemons.iter().position(|daemon| daemon.ino == ino && daemon.marks & NAME != 0)
    }

    pub fn name_tag(&self, ino: Ino) -> Pid {
        self.tagged(ino).map_or(0, |index| self.daemons[index].pid)
    }

    pub fn is_marked(&self, ino: Ino, mark: u8) -> bool {
        self.daemons.iter().any(|daemon| daemon.ino == ino && daemon.marks & mark != 0)
    }

    /// The process that has this number, zombies included.
    pub fn open_process(&self, pid: Pid) -> Handle {
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

    pub fn has_ended(&self, handle: Handle) -> bool {
        match handle {
            Handle::Daemon(index) => self.daemons[usize::from(index)].has_ended(),
            Handle::Actor(_) | Handle::Stranger => false,
            Handle::None | Handle::Ended => true,
        }
    }

    /// The process that shows an exclusive flock on the file in its `/proc/PID/fdinfo`.
    pub fn holds_lock(&self, pid: Pid, ino: Ino) -> Handle {
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

    /// The kernel's part of a process's end: descriptors, record locks and flocks go, the number stays.
    pub fn end_daemon(&mut self, index: usize) {
        let daemon = &mut self.daemons[index];
        (daemon.daemon_has, daemon.marks, daemon.extra) = (false, 0, false);
        (daemon.is_told_to_end, daemon.still_ours, daemon.claims) = (false, false, false);
        daemon.phase = Phase::Zombie;
        self.close_description(index);
    }

    /// Frees the flock when both have closed.
    pub fn close_description(&mut self, index: usize) {
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
    pub fn end_actor(&mut self, index: usize, at: At) {
        for actor in &mut self.actors {
            if actor.handle == Handle::Actor(index as u8) {
                actor.handle = Handle::Ended;
            }
        }
        self.actors[index] = Actor { at, ..Actor::default() };
    }

    pub fn end_stranger(&mut self) {
        for actor in &mut self.actors {
            if actor.handle == Handle::Stranger {
                actor.handle = Handle::Ended;
            }
        }
        self.stranger = 0;
    }

    /// Whether a process has the number.
    pub fn is_taken(&self, pid: Pid) -> bool {
        self.open_process(pid) != Handle::None
    }

    /// Whether somebody remembers the number.
    pub fn is_known(&self, pid: Pid) -> bool {
        self.texts.iter().any(|text| text.pid == pid)
            || self.actors.iter().any(|actor| [actor.tag, actor.found, actor.wanted].contains(&pid))
            || self.daemons.iter().any(|daemon| daemon.pid == pid)
    }

    /// The numbers that the kernel may give to a new process. Those that nobody knows are alike: one stands for all.
    pub fn free_pids(&self, pool: u8) -> Vec<Pid> {
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
            && (self.daemons.iter().any(|daemon| daemon.ino == path && (daemon.is_locked || daemon.marks != 0))
                || self.actors.iter().any(removal))
    }

    /// After each step: forgets what has no meaning any more, and notes for each call what is true now.
    pub fn settle(&mut self) {
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
