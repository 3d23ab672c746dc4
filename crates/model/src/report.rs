//! The report: the protocol in each setting, and each mutant, as Markdown and as JSON.

use std::fmt::{self, Write};

use crate::checker::{Counterexample, Found, Path, check};
use crate::model::Model;
use crate::models::{deep, large, small};
use crate::moves::Who;
use crate::mutants::{Expected, Mutant, mutants};
use crate::rules::Property;

/// The results of all searches.
#[derive(Debug, Default)]
pub struct Report {
    protocol: Vec<(Model, Found)>,
    mutants: Vec<(Mutant, Found)>,
}

impl Report {
    /// Makes all searches, with `is_deep` also those that take long; tells of each, and how many states it had.
    pub fn make(is_deep: bool, mut tell: impl FnMut(&str, usize)) -> Self {
        let mut report = Self::default();
        let more = if is_deep { deep() } else { Vec::new() };
        for model in small().into_iter().chain(large()).chain(more) {
            let found = check(&model, None);
            tell(model.name, found.states);
            report.protocol.push((model, found));
        }
        for mutant in mutants() {
            let found = mutant.check();
            tell(mutant.instead, found.states);
            report.mutants.push((mutant, found));
        }
        report
    }

    /// Whether the protocol holds, and each mutant does what is expected of it.
    pub fn is_good(&self) -> bool {
        self.protocol.iter().all(|(_, found)| found.broken.is_empty())
            && self.mutants.iter().all(|(mutant, found)| mutant.is_as_expected(found))
    }

    /// The report as JSON.
    pub fn json(&self) -> String {
        let protocol = self.protocol.iter().map(|(model, found)| {
            object(&[
                ("setting", text(model.name)),
                ("roles", text(&format!("{:?}", model.roles))),
                ("crashes", model.crashes.to_string()),
                ("states", found.states.to_string()),
                ("steps", found.steps.to_string()),
                ("broken", list(found.broken.iter().map(counterexample))),
            ])
        });
        let mutants = self.mutants.iter().map(|(mutant, found)| {
            object(&[
                ("name", text(&format!("{:?}", mutant.rule))),
                ("rule", text(mutant.says)),
                ("instead", text(mutant.instead)),
                ("expected", text(&format!("{:?}", mutant.expected))),
                ("asExpected", mutant.is_as_expected(found).to_string()),
                ("states", found.states.to_string()),
                ("broken", list(found.broken.iter().map(counterexample))),
            ])
        });
        let good = self.is_good().to_string();
        object(&[("good", good), ("protocol", list(protocol)), ("mutants", list(mutants))])
    }
}

impl Mutant {
    /// Searches for what is expected of it; if that is nothing, for everything.
    pub fn check(&self) -> Found {
        match self.expected {
            Expected::Breaks(property) => check(&self.model, Some(property)),
            Expected::Survives(_) => check(&self.model, None),
        }
    }

    /// Whether it is killed as it must be, or survives as it must.
    pub fn is_as_expected(&self, found: &Found) -> bool {
        let broken: Vec<Property> = found.broken.iter().map(|found| found.property).collect();
        match self.expected {
            Expected::Breaks(property) => broken == [property],
            Expected::Survives(_) => broken.is_empty(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("| setting | verbs | crashes | states | steps | result |\n")?;
        f.write_str("| --- | --- | --- | --- | --- | --- |\n")?;
        for (model, found) in &self.protocol {
            let (states, steps) = (found.states, found.steps);
            let result = if found.broken.is_empty() { "holds" } else { "**broken**" };
            let roles: Vec<_> = model.roles.iter().map(|role| format!("{role:?}")).collect();
            let (name, roles, crashes) = (model.name, roles.join(", "), model.crashes);
            writeln!(f, "| {name} | {roles} | {crashes} | {states} | {steps} | {result} |")?;
        }
        f.write_str("\n| rule | mutant | breaks | steps |\n| --- | --- | --- | --- |\n")?;
        for (mutant, found) in &self.mutants {
            let (says, instead) = (mutant.says, mutant.instead);
            let (breaks, steps) = match (found.broken.first(), mutant.expected) {
                (Some(one), _) => (format!("{:?}", one.property), one.path.len().to_string()),
                (None, Expected::Survives(why)) => (format!("nothing. {why}"), String::new()),
                (None, Expected::Breaks(_)) => ("**survives**".into(), String::new()),
            };
            writeln!(f, "| {says} | {instead} | {breaks} | {steps} |")?;
        }
        let protocol = self.protocol.iter().map(|(model, found)| (model.name, found));
        let mutants = self.mutants.iter().map(|(mutant, found)| (mutant.instead, found));
        for (name, found) in protocol.chain(mutants) {
            for one in &found.broken {
                write!(f, "\n{name}: {:?}\n\n{}", one.property, lines(&one.path))?;
                if !one.then.is_empty() {
                    write!(
                        f,
                        "\nFrom there the call cannot end. If nothing else happens:\n\n{}",
                        lines(&one.then)
                    )?;
                }
            }
        }
        Ok(())
    }
}

fn lines(path: &Path) -> String {
    let mut lines = String::new();
    for (number, step) in names(path).enumerate() {
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{}. {step}", number + 1);
    }
    lines
}

fn names(path: &Path) -> impl Iterator<Item = String> {
    path.iter().map(|(who, step)| match who {
        Who::Actor(index) => format!("caller {}: {step}", index + 1),
        Who::Daemon(index) => format!("daemon {}: {step}", index + 1),
        Who::World => step.to_string(),
    })
}

fn counterexample(found: &Counterexample) -> String {
    let steps = |path| list(names(path).map(|step| text(&step)));
    object(&[
        ("property", text(&format!("{:?}", found.property))),
        ("steps", steps(&found.path)),
        ("then", steps(&found.then)),
    ])
}

fn object(fields: &[(&str, String)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{}:{value}", text(name))).collect();
    format!("{{{}}}", fields.join(","))
}

fn list(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(","))
}

/// A string of JSON. The texts have no control characters.
fn text(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}
