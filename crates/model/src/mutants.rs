//! The protocol without one of its rules, for each of them.

use crate::model::{Model, Role};
use crate::models::model;
use crate::rules::{Property, Rule};
use Property::{
    EveryCallEnds, HeldIsTrue, NoDeadText, NoDeafTarget, NothingLeft, OneHolder, OwnUnlink, PidfileStays,
    RightTarget, RunningIsReady, StaleIsTrue, StartedIsReady, StopIsOver, TagStays,
};
use Role::{PatientStart, Signal, Start, Status, Stop};

/// A mutant, and what the search must find.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// The rule that it breaks.
    pub rule: Rule,
    /// The rule, in words.
    pub says: &'static str,
    /// What the mutant does instead.
    pub instead: &'static str,
    /// What the search must find.
    pub expected: Expected,
    /// The verbs with which it is found, and the broken rule.
    pub model: Model,
}

/// What becomes of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It breaks this property.
    Breaks(Property),
    /// It breaks none: why the code has the rule all the same.
    Survives(&'static str),
}

fn mutant(rule: Rule, says: &'static str, instead: &'static str, expected: Expected, model: Model) -> Mutant {
    Mutant { rule, says, instead, expected, model: Model { broken: vec![rule], ..model } }
}

/// A mutant for each rule.
pub fn mutants() -> Vec<Mutant> {
    let mut mutants = of_the_lock();
    mutants.extend(of_the_daemon());
    mutants.extend(of_the_proof());
    mutants.extend(of_the_stop());
    mutants
}

fn of_the_lock() -> Vec<Mutant> {
    use Expected::{Breaks, Survives};
    let failing = |roles: &[Role]| Model { has_failures: true, ..model("", roles, 0) };
    vec![
        mutant(
            Rule::NamesAfterShared,
            "The path is compared with the file after the shared lock",
            "no comparison there",
            Survives(
                "The comparison after the exclusive lock decides. The first one keeps a start from clearing the text \
                 of a file that is no pidfile any more.",
            ),
            model("", &[Start, Start], 2),
        ),
        mutant(
            Rule::NamesAfterExclusive,
            "The path is compared with the file after the exclusive lock",
            "no comparison there",
            Breaks(OneHolder),
            failing(&[Start, Start, Start]),
        ),
        mutant(
            Rule::EmptyAfterExclusive,
            "The file must be empty after the exclusive lock",
            "text is ignored there",
            Breaks(NoDeadText),
            model("", &[Start, Start], 2),
        ),
        mutant(
            Rule::SharedFirst,
            "The shared lock comes first, and text is cleared under it",
            "the exclusive lock comes first",
            Breaks(RightTarget),
            Model { has_leftover: true, reuses_for_actors: true, ..model("", &[Start, Signal], 0) },
        ),
        mutant(
            Rule::ClearUnderLock,
            "Text is cleared under a lock",
            "text is cleared before any lock",
            Breaks(PidfileStays),
            model("", &[Start, Start], 0),
        ),
        mutant(
            Rule::WaitForStarting,
            "A start waits for a holder that is not ready",
            "AlreadyRunning at once",
            Breaks(RunningIsReady),
            model("", &[Start, Start], 0),
        ),
        mutant(
            Rule::SecondLookWhenHeld,
            "A start looks a second time at the holder before it waits for its end",
            "one look",
            Breaks(EveryCallEnds),
            Model { has_strangers: true, ..model("", &[Start, PatientStart], 1) },
        ),
        mutant(
            Rule::HeldNames,
            "The path is compared with a file that is held",
            "no comparison",
            Survives(
                "What the look then says was true during the call. The comparison spares a start the answer that a \
                 daemon runs which has removed its pidfile already.",
            ),
            failing(&[Start, Start]),
        ),
    ]
}

fn of_the_daemon() -> Vec<Mutant> {
    use Expected::Breaks;
    let failing = |roles: &[Role]| Model { has_failures: true, ..model("", roles, 0) };
    vec![
        mutant(
            Rule::TagBeforeText,
            "The name tag comes before the text",
            "text before tag",
            Breaks(NoDeafTarget),
            model("", &[Start, Signal], 0),
        ),
        mutant(
            Rule::CloseBeforeTag,
            "The child closes inherited descriptors before it puts the tag on",
            "they are closed by exec",
            Breaks(TagStays),
            Model { has_threads: true, ..model("", &[Start], 0) },
        ),
        mutant(
            Rule::OwnFileUnopened,
            "A daemon never opens its own pidfile",
            "it looks at its own pidfile",
            Breaks(TagStays),
            model("", &[Start], 0),
        ),
        mutant(
            Rule::OnlyCloseUnlocks,
            "Only closing frees the flock",
            "the launcher calls LOCK_UN",
            Breaks(OneHolder),
            Model { has_tags: false, ..model("", &[Start, Start], 0) },
        ),
        mutant(
            Rule::LauncherCloses,
            "The launcher closes its copy of the lock after exec",
            "it keeps the copy",
            Breaks(EveryCallEnds),
            model("", &[Start, Start], 1),
        ),
        mutant(
            Rule::MarkBeforeWord,
            "The mark \"starting\" goes before the launcher hears that the daemon is ready",
            "the word comes first",
            Breaks(StartedIsReady),
            model("", &[Start], 0),
        ),
        mutant(
            Rule::WatchLauncher,
            "A daemon that is not ready ends with its launcher",
            "it goes on",
            Breaks(EveryCallEnds),
            model("", &[Start, Start], 1),
        ),
        mutant(
            Rule::FailedStartRemoves,
            "A start that fails removes what its daemon has left",
            "nothing is removed",
            Breaks(NothingLeft),
            model("", &[Start], 1),
        ),
        mutant(
            Rule::LookBeforeUnlink,
            "A daemon unlinks its pidfile only if the path still stands for it",
            "it unlinks whatever has the name",
            Breaks(OwnUnlink),
            Model { deletions: 1, ..failing(&[Start, Start]) },
        ),
        mutant(
            Rule::UnlinkUnderLock,
            "A daemon unlinks its pidfile under the lock",
            "it closes, then it unlinks",
            Breaks(OwnUnlink),
            failing(&[Start, Start]),
        ),
    ]
}

fn of_the_proof() -> Vec<Mutant> {
    use Expected::{Breaks, Survives};
    let with_strangers = |roles: &[Role]| Model { has_strangers: true, ..model("", roles, 1) };
    vec![
        mutant(
            Rule::SecondLook,
            "A second look follows the opening of the handle",
            "one look",
            Breaks(RightTarget),
            with_strangers(&[Start, Signal]),
        ),
        mutant(
            Rule::AliveAfterLook,
            "The process of the handle must live after the second look",
            "no question",
            Survives(
                "A pidfd on an ended process reaches nobody. The question makes the answer \"not running\" come before \
                 anything is sent; and a stop would wait for the end of a process that has ended.",
            ),
            Model { has_strangers: true, ..model("", &[Start, Signal, Start], 1) },
        ),
        mutant(
            Rule::Pidfd,
            "A signal goes through a pidfd",
            "kill(pid)",
            Breaks(RightTarget),
            with_strangers(&[Start, Signal]),
        ),
        mutant(
            Rule::HoldBackFromDeaf,
            "A signal that needs a handler is held back while the holder has none",
            "it is sent",
            Breaks(NoDeafTarget),
            model("", &[Start, Signal], 0),
        ),
        mutant(
            Rule::LockDecides,
            "The lock says whether a daemon runs, not the text",
            "text is believed",
            Breaks(RightTarget),
            Model { has_leftover: true, ..with_strangers(&[Signal]) },
        ),
        mutant(
            Rule::ProbeShares,
            "A look takes the shared lock",
            "it takes the exclusive one",
            Breaks(HeldIsTrue),
            Model { has_leftover: true, ..model("", &[Status, Status], 0) },
        ),
        mutant(
            Rule::StaleUnderLock,
            "A look says \"stale\" by what the file is under the lock",
            "by what it was when it was opened",
            Breaks(StaleIsTrue),
            model("", &[Start, Status], 1),
        ),
        mutant(
            Rule::PhaseWithTag,
            "The name tag itself says the phase, by its length",
            "the phase is asked for after the tag, by a question of its own",
            Breaks(RunningIsReady),
            model("", &[Start, Status], 1),
        ),
        mutant(
            Rule::TagAfterText,
            "A tag that does not name the process of the text is asked for again after the text",
            "one question, before the text",
            Breaks(RunningIsReady),
            model("", &[Start, Status], 0),
        ),
    ]
}

fn of_the_stop() -> Vec<Mutant> {
    use Expected::{Breaks, Survives};
    vec![
        mutant(
            Rule::StopWaitsForEnd,
            "A stop waits for the end of the process",
            "it returns after the signal",
            Breaks(StopIsOver),
            model("", &[Start, Stop], 0),
        ),
        mutant(
            Rule::StopWaitsForLock,
            "A stop waits until the lock is free",
            "it returns after the end of the process",
            Breaks(StopIsOver),
            model("", &[Start, Stop], 0),
        ),
        mutant(
            Rule::SuccessorByHandle,
            "A stop knows a successor by a new handle",
            "by another number",
            Breaks(EveryCallEnds),
            Model { pids: 1, ..model("", &[Start, Stop, Start], 0) },
        ),
        mutant(
            Rule::StopRemoves,
            "A stop removes what its daemon has left",
            "nothing is removed",
            Breaks(NothingLeft),
            Model { has_failures: true, ..model("", &[Start, Stop], 0) },
        ),
        mutant(
            Rule::RemoveUnderLock,
            "What is left is removed under the lock",
            "without a lock",
            Breaks(OwnUnlink),
            model("", &[Start, Stop, Start], 0),
        ),
        mutant(
            Rule::LeftoverLooks,
            "The removal of what is left looks first for a successor",
            "it locks at once",
            Survives(
                "The lock alone is safe. The look spares a stop the wait for a successor that is not ready yet.",
            ),
            model("", &[Start, Stop, Start], 0),
        ),
    ]
}
