//! The socket of a daemon on demand, from outside: the launcher binds it under the pidfile's lock, and clients connect
//! to it.
//!
//! A client connects first and takes the lock second: whoever listens, serves. The daemon says hello on each connection
//! that it accepts, so that a connection without a hello was never accepted, and may be made again elsewhere.

mod address;
mod bind;
mod client;
mod named;
mod read_hello;
mod trust;

pub(crate) use bind::{Bound, bind, bind_unheard};
pub use client::{Attempt, Connection, Dialled, attempt, dial, greet};
pub(crate) use named::listen_again;
