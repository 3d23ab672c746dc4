//! The protocol with all its rules, in several settings.

use crate::model::{Model, Role};
use Role::{PatientStart, Signal, Start, Status, Stop};

pub(crate) fn model(name: &'static str, roles: &[Role], crashes: u8) -> Model {
    Model { name, roles: roles.to_vec(), crashes, ..Model::default() }
}

/// The protocol with all its rules, each in a moment.
pub fn small() -> Vec<Model> {
    let pair = |name, roles: &[Role]| Model {
        pids: 3,
        has_strangers: true,
        has_failures: true,
        ..model(name, roles, 1)
    };
    vec![
        pair("a start, a status", &[Start, Status]),
        pair("a start, a signal", &[Start, Signal]),
        pair("a start, a stop", &[Start, Stop]),
        Model { has_threads: true, ..pair("a start with threads, a status", &[Start, Status]) },
        Model { has_fdinfo: false, ..pair("a start, a stop, no /proc", &[Start, Stop]) },
        Model { has_tags: false, ..pair("a start, a stop, no tags", &[Start, Stop]) },
        Model {
            has_leftover: true,
            reuses_for_actors: true,
            ..pair("a start, a signal, numbers of the past", &[Start, Signal])
        },
        Model { has_leftover: true, ..model("two looks, a start", &[Status, Status, Start], 0) },
        model("two starts", &[Start, Start], 1),
        Model { has_strangers: true, ..model("two starts, one waits", &[Start, PatientStart], 1) },
        Model { deletions: 1, ..model("an outsider", &[Start, Start], 1) },
    ]
}

/// The protocol with all its rules, in more ways than a test has time for.
pub fn large() -> Vec<Model> {
    vec![
        Model { has_failures: true, ..model("two starts that may fail", &[Start, Start], 2) },
        Model { pids: 1, ..model("three starts, one number", &[Start, Start, Start], 1) },
        Model { has_strangers: true, ..model("two starts, a signal", &[Start, Signal, Start], 1) },
        model("two starts, a status", &[Start, Status, Start], 1),
        Model { pids: 1, ..model("two starts, a stop, one number", &[Start, Stop, Start], 0) },
        Model { deletions: 1, has_failures: true, ..model("an outsider", &[Start, Start], 0) },
    ]
}

/// The same, for several minutes and some gigabytes of memory.
pub fn deep() -> Vec<Model> {
    vec![
        Model {
            has_failures: true,
            has_strangers: true,
            ..model("two starts that may fail, one waits", &[Start, PatientStart], 1)
        },
        model("three starts", &[Start, Start, Start], 2),
        Model { pids: 1, ..model("three starts, one number", &[Start, Start, Start], 2) },
        Model { has_strangers: true, ..model("two starts, a signal", &[Start, Signal, Start], 2) },
        model("two starts, a status", &[Start, Status, Start], 2),
        model("two starts, a stop", &[Start, Stop, Start], 1),
        Model { pids: 1, ..model("two starts, a stop, one number", &[Start, Stop, Start], 1) },
        Model {
            has_leftover: true,
            reuses_for_actors: true,
            pids: 5,
            ..model("numbers of the past", &[Start, Stop, Start], 0)
        },
    ]
}
