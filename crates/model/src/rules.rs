//! The rules of the protocol, each of which the model can break.

/// What must be true in every state, or of every answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Property {
    /// Never two holders: of two launches or daemons that are past the lock, one has ended.
    OneHolder,
    /// A signal reaches the process that was proven to hold the lock, or none.
    RightTarget,
    /// No signal that needs a handler reaches a daemon without handlers.
    NoDeafTarget,
    /// "Not running" is said only if at some moment of the call no process held the pidfile.
    StoppedIsFree,
    /// "Stale" is said only if at some moment of the call text was there that nobody held.
    StaleIsTrue,
    /// "Held" and "leaked" are said only if a launch or a daemon held the pidfile at some moment of the call.
    HeldIsTrue,
    /// AlreadyRunning, and "running", name a process that lived as holder at some moment of the call.
    RunningIsTrue,
    /// Without its patience spent, AlreadyRunning names a daemon that was marked ready. So does "running, not
    /// starting".
    RunningIsReady,
    /// A daemon that a start has reported is not marked as starting.
    StartedIsReady,
    /// A daemon's pidfile is at its path and names it, from the PID's writing to its removal.
    PidfileStays,
    /// A daemon keeps its name tag.
    TagStays,
    /// A launch's locked file does not name a dead daemon.
    NoDeadText,
    /// Nobody removes the pidfile of another holder.
    OwnUnlink,
    /// A stop returns when its daemon has ended, and the daemon's lock is free.
    StopIsOver,
    /// A stop, and a start that fails, leave nothing.
    NothingLeft,
    /// Every call can come to its end, from every state, by the steps of daimon's processes alone. And none goes round
    /// in a circle while no other process can make a step.
    EveryCallEnds,
}

impl Property {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::OneHolder,
        Self::RightTarget,
        Self::NoDeafTarget,
        Self::StoppedIsFree,
        Self::StaleIsTrue,
        Self::HeldIsTrue,
        Self::RunningIsTrue,
        Self::RunningIsReady,
        Self::StartedIsReady,
        Self::PidfileStays,
        Self::TagStays,
        Self::NoDeadText,
        Self::OwnUnlink,
        Self::StopIsOver,
        Self::NothingLeft,
        Self::EveryCallEnds,
    ];
}

/// A rule of the protocol, which a mutant breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "its mutant says it in words")]
pub enum Rule {
    NamesAfterShared,
    NamesAfterExclusive,
    EmptyAfterExclusive,
    SharedFirst,
    ClearUnderLock,
    WaitForStarting,
    SecondLookWhenHeld,
    HeldNames,
    TagBeforeText,
    CloseBeforeTag,
    OwnFileUnopened,
    OnlyCloseUnlocks,
    LauncherCloses,
    MarkBeforeWord,
    WatchLauncher,
    FailedStartRemoves,
    LookBeforeUnlink,
    UnlinkUnderLock,
    SecondLook,
    AliveAfterLook,
    Pidfd,
    HoldBackFromDeaf,
    PhaseWithTag,
    TagAfterText,
    LockDecides,
    ProbeShares,
    StaleUnderLock,
    StopWaitsForEnd,
    StopWaitsForLock,
    SuccessorByHandle,
    StopRemoves,
    RemoveUnderLock,
    LeftoverLooks,
}
