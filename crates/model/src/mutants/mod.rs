//! The protocol without one of its rules, for each of them.

mod daemon;
mod lock;
mod proof;
mod stop;

use crate::model::Model;
use crate::rules::{Property, Rule};

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
    let mut mutants = lock::mutants();
    mutants.extend(daemon::mutants());
    mutants.extend(proof::mutants());
    mutants.extend(stop::mutants());
    mutants
}
