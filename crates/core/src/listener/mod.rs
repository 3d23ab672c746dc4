//! The listening socket of a daemon, from the daemon's side: accepting, saying hello, leaving. Runs in the daemon; the
//! launcher shares the backlog and the file of the socket.

mod accept;
mod bound_file;

pub use accept::{Listener, Visitor};
pub use bound_file::BoundFile;

/// How many connections wait until the daemon accepts them: with 511, Node's own, an overloaded machine drops some.
pub(crate) const BACKLOG: i32 = 4_096;
