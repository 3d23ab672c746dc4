//! The rules of the proof.

use super::Expected::{Breaks, Survives};
use super::{Mutant, mutant};
use crate::model::{Model, Role};
use crate::models::model;
use crate::rules::{Property, Rule};
use Property::{HeldIsTrue, NoDeafTarget, RightTarget, RunningIsReady, StaleIsTrue};
use Role::{Signal, Start, Status};

/// A mutant for each of them.
pub(super) fn mutants() -> Vec<Mutant> {
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
