//! The rules of the lock.

use super::Expected::{Breaks, Survives};
use super::{Mutant, mutant};
use crate::model::{Model, Role};
use crate::models::model;
use crate::rules::{Property, Rule};
use Property::{EveryCallEnds, NoDeadText, OneHolder, PidfileStays, RightTarget, RunningIsReady};
use Role::{PatientStart, Signal, Start};

/// A mutant for each of them.
pub(super) fn mutants() -> Vec<Mutant> {
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
