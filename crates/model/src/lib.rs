//! model
#![forbid(unsafe_code)]
#![warn(unused_crate_dependencies)]

mod checker;
mod daemon;
mod graph;
mod kernel;
mod launch;
mod lock;
mod look;
mod model;
mod models;
mod mutants;
mod proof;
mod report;
mod rules;
mod state;
mod steps;
mod stop;
mod table;
mod world;

pub use checker::{Counterexample, Found, Path, check};
pub use model::{Model, Role, Who};
pub use models::{deep, large, small};
pub use mutants::{Expected, Mutant, mutants};
pub use report::Report;
pub use rules::{Property, Rule};
pub use steps::{Code, Step};
