//! A model of the pidfile protocol of `daimon-core`, and a search through all its states.
//!
//! A [`Model`] has up to three verbs, each called at any time by a process of its own, on one pidfile: starts, a stop,
//! a signal, a status. Their steps come in any order; in between processes are killed, numbers of processes are given
//! away again, launches fail and daemons end. [`check`] goes through all states that can be reached, breadth first,
//! and gives the shortest path to each broken [`Property`].
//!
//! A [`Step`] is a system call of the code or several that nothing can come between with any effect, and bears the
//! name of the code: a test reads the core's sources, and fails if a step is missing there or stands in another place.
//!
//! Each [`Rule`] of the protocol can be broken: [`mutants`] has for each one what the search must find then. Some
//! rules break nothing when they are left out; the mutant says why the code has them.
//!
//! ```
//! use daimon_model::{Model, Role, check};
//!
//! let two_starts = Model { roles: vec![Role::Start, Role::Start], ..Model::default() };
//! assert!(check(&two_starts, None).broken.is_empty());
//! ```
//!
//! # What is in it
//!
//! - Files as inodes, whose numbers come back, and a path that names one of them or none.
//! - Open file descriptions with their flock, freed when launcher and daemon have closed them. A conversion from
//!   shared to exclusive is two steps, flock(2).
//! - The name tag as a POSIX lock of one process, read with its phase in one step, and taken off when the process
//!   closes any descriptor on the file.
//! - PIDs from a small pool, given to daemons, strangers and callers as soon as the last owner is reaped; pidfds.
//! - The end of a process in three steps: descriptors closed, zombie, reaped.
//! - SIGKILL of any launcher, caller or daemon between any two steps.
//!
//! Patience has no length: a call may go on or give up wherever the code looks at the clock. So "every call ends" is
//! said of the steps without the end of patience, crashes and strangers: from every state the end of each call can be
//! reached, and nobody goes round in a circle while no other process can make a step. Hence a call ends with
//! probability one if each step that is possible is made some time, which the jitter of the pauses sees to.
//!
//! # What is not in it
//!
//! - Deletion by outsiders, but for one property ([`Property::OwnUnlink`]): a second holder is possible then. The
//!   outsider is slower than the two calls of a removal.
//! - Files of other users, the mark of distrust, other PID namespaces, network file systems.
//! - The first child of a launch, which only makes the second, and process groups: their number is kept by a zombie.
//! - The moment between the mark of a daemon that is ready and its word, when the launcher has just died: the daemon
//!   is called ready then, and ends.
//!
//! # Why no library
//!
//! The search is some hundred lines. stateright, which would do it, brings forty packages, a web server among them,
//! and says of its `eventually` that a path that ends in a circle is not seen: just what "every call ends" is about.
#![forbid(unsafe_code)]
#![warn(unused_crate_dependencies)]

mod actor;
mod checker;
mod daemon;
mod graph;
mod kernel;
mod launch;
mod lock;
mod look;
mod model;
mod models;
mod moves;
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
pub use model::{Model, Role};
pub use models::{deep, large, small};
pub use moves::Who;
pub use mutants::{Expected, Mutant, mutants};
pub use report::Report;
pub use rules::{Property, Rule};
pub use steps::{Code, Step};
