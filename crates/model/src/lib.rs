//! model
mod checker;
mod daemon;
mod experiments;
mod launch;
mod lock;
mod look;
mod model;
mod rules;
mod state;
mod steps;
mod stop;

pub use checker::{Found, Path, check};
pub use experiments::{Expected, Mutant, large, mutants, small};
pub use model::{Kind, Model, Move, Role, Who};
pub use rules::{Property, Rule};
pub use state::State;
pub use steps::{Code, Step};
