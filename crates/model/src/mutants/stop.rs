//! The rules of the stop.

use super::Expected::{Breaks, Survives};
use super::{Mutant, mutant};
use crate::model::{Model, Role};
use crate::models::model;
use crate::rules::{Property, Rule};
use Property::{EveryCallEnds, NothingLeft, OwnUnlink, StopIsOver};
use Role::{Start, Stop};

/// A mutant for each of them.
pub(super) fn mutants() -> Vec<Mutant> {
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
