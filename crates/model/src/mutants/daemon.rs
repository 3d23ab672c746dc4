//! The rules of the daemon.

use super::Expected::Breaks;
use super::{Mutant, mutant};
use crate::model::{Model, Role};
use crate::models::model;
use crate::rules::{Property, Rule};
use Property::{EveryCallEnds, NoDeafTarget, NothingLeft, OneHolder, OwnUnlink, StartedIsReady, TagStays};
use Role::{Signal, Start};

/// A mutant for each of them.
pub(super) fn mutants() -> Vec<Mutant> {
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
