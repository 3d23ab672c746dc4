//! The state: files, open file descriptions, locks, processes, and how far each actor has come.

/// Verbs that are called, each in a process of its own.
pub(crate) const ACTORS: usize = 3;
/// More files than can be open at a time.
pub(crate) const INODES: usize = 8;

/// A process number of the pool; 0 is none, or one that is never given away.
pub(crate) type Pid = u8;
/// A file; 0 is none.
pub(crate) type Ino = u8;
/// A set of daemons.
pub(crate) type Mask = u8;

/// A flock, held by an open file description.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Lock {
    #[default]
    No,
    Shared,
    Exclusive,
}

/// A description that an actor has opened for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct File {
    pub(crate) ino: Ino,
    pub(crate) lock: Lock,
}

/// The text of a pidfile, and the daemon that has written it ([`NOBODY`] for one before all).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Text {
    /// 0: the file is empty.
    pub(crate) pid: Pid,
    pub(crate) by: u8,
}

/// The writer of a text that was there at the beginning.
pub(crate) const NOBODY: u8 = 9;

/// A pidfd.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Handle {
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
pub(crate) enum Why {
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
pub(crate) enum At {
    #[default]
    Idle,
    OpenToRead,
    SeeNameTag,
    SeeFlock,
    SeeStopped,
    LookNameTag,
    LookReadText,
    LookNameTagAgain,
    LookHoldsLock,
    /// In the mutant alone: the phase by a question of its own.
    PhaseApart,
    HolderOpen,
    HolderIsAlive,
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
pub(crate) struct Actor {
    pub(crate) at: At,
    pub(crate) why: Why,
    /// Its own number, if that is one of the pool.
    pub(crate) pid: Pid,
    pub(crate) file: File,
    /// What it has read: the name tag, the text, the PID of the first look.
    pub(crate) tag: Pid,
    pub(crate) phase: Tag,
    pub(crate) found: Pid,
    pub(crate) wanted: Pid,
    pub(crate) handle: Handle,
    /// The daemon that a stop has signalled: its number in [`State::daemons`] + 1.
    pub(crate) victim: u8,
    /// The file had text when it was opened.
    pub(crate) stale: bool,
    /// It still waits for a running daemon to leave.
    pub(crate) patient: bool,
    // What was true at some moment since the call, for the properties:
    /// No process held the pidfile; no daemon did, but perhaps a launch.
    pub(crate) saw_free: bool,
    pub(crate) saw_down: bool,
    /// A launch or a daemon held it.
    pub(crate) saw_held: bool,
    /// The path had text that nobody held.
    pub(crate) saw_stale: bool,
    /// These daemons lived as holders; these were ready.
    pub(crate) holders: Mask,
    pub(crate) ready: Mask,
    /// The process that held the lock at the last proof: daemon + 1.
    pub(crate) proven: u8,
}

/// Which of the facts about the time since the call an actor's answer will be measured by.
#[derive(Default)]
pub(crate) struct Sees {
    pub(crate) free: bool,
    pub(crate) down: bool,
    pub(crate) held: bool,
    pub(crate) stale: bool,
    pub(crate) holders: bool,
}

impl Actor {
    pub(crate) fn sees(&self) -> Sees {
        let locks = (At::OpenOrCreate as u8..=At::WaitForHolder as u8).contains(&(self.at as u8))
            || (At::OpenToRead as u8..=At::PhaseApart as u8).contains(&(self.at as u8));
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
    pub(crate) fn is_busy(&self) -> bool {
        !matches!(self.at, At::Idle | At::Done | At::Dead)
    }
}

/// How far a daemon has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    #[default]
    Unborn,
    CloseOthers,
    PutNameTag,
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
    /// The kernel has closed its descriptors; the process is not a zombie yet.
    Dying,
    Zombie,
    Gone,
}

/// The name tag that a daemon has on its pidfile: its length says how far the daemon has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Tag {
    /// There is none.
    #[default]
    No,
    Serving,
    Starting,
    Deaf,
}

impl Tag {
    pub(crate) fn is_starting(self) -> bool {
        self > Self::Serving
    }
}

/// The daemon of a start, and the open file description that its launcher has locked for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Daemon {
    pub(crate) phase: Phase,
    pub(crate) pid: Pid,
    pub(crate) ino: Ino,
    /// The exclusive flock is on the description.
    pub(crate) is_locked: bool,
    /// The launcher, the daemon has a descriptor on it.
    pub(crate) launcher_has: bool,
    pub(crate) daemon_has: bool,
    pub(crate) tag: Tag,
    /// It has inherited a descriptor by which another thread of the launcher looks at the file.
    pub(crate) extra: bool,
    /// SIGTERM waits until exec.
    pub(crate) is_told_to_end: bool,
    pub(crate) said_ready: bool,
    /// The launcher has been told which step failed.
    pub(crate) reported: bool,
    pub(crate) still_ours: bool,
    /// From the lock to the removal of the pidfile.
    pub(crate) claims: bool,
}

impl Daemon {
    pub(crate) fn is_alive(&self) -> bool {
        self.phase > Phase::Unborn && self.phase < Phase::Zombie
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.phase >= Phase::Zombie
    }

    /// Signals have handlers, and the exit removes the pidfile.
    pub(crate) fn listens(&self) -> bool {
        self.phase > Phase::Listening
    }

    pub(crate) fn is_marked_ready(&self) -> bool {
        self.is_alive() && (self.said_ready || matches!(self.phase, Phase::SendReady | Phase::Serving))
    }

    pub(crate) fn is_exiting(&self) -> bool {
        self.phase >= Phase::CloseFirst && self.phase < Phase::Dying
    }
}

/// One state of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// The file that has the pidfile's name.
    pub(crate) path: Ino,
    /// By the file's number.
    pub(crate) texts: [Text; INODES],
    pub(crate) actors: [Actor; ACTORS],
    /// The daemon of each actor that starts.
    pub(crate) daemons: [Daemon; ACTORS],
    /// The number of a process that has nothing to do with daimon.
    pub(crate) stranger: Pid,
    /// Crashes and deletions by outsiders that are still allowed.
    pub(crate) crashes: u8,
    pub(crate) deletions: u8,
}
