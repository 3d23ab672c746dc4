//! The listening socket of a daemon, from the daemon's side: accepting, saying hello, leaving. Runs in the daemon; the
//! launcher shares the backlog and the file of the socket, clients share the hello.

mod accept;
mod bound_file;
mod hello;

pub use accept::{Listener, Visitor};
pub use bound_file::BoundFile;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use hello::check_hello;
pub(crate) use hello::{Hello, LONGEST_HELLO};

/// How many connections wait until the daemon accepts them.
pub(crate) const BACKLOG: i32 = 4_096;
