//! The socket of a daemon, and how a client connects to it.

use std::path::PathBuf;
use std::time::Duration;

use crate::pidfile::{Cancel, PidFile};

/// The listening socket that a launch makes for its daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketPlan {
    /// Its path, absolute.
    pub path: PathBuf,
    /// Its exact permissions, whatever the umask: who may write to it may connect.
    pub mode: u32,
    /// Whether the launcher connects to it right away, as the first in the queue.
    pub connect: bool,
}

/// How a client connects.
#[derive(Clone, Debug)]
pub struct ClientPlan {
    /// The socket's path, absolute.
    pub path: PathBuf,
    /// The pidfile of the daemon that is expected there.
    pub pidfile: PidFile,
    /// A user whose daemon is accepted, besides this process's own user and root.
    pub user: Option<u32>,
    /// Whether the daemon says hello. Otherwise a connection counts as soon as the kernel has it.
    pub hello: bool,
    /// How long to wait for the hello.
    pub patience: Duration,
    /// Ends the wait early.
    pub cancel: Option<Cancel>,
}
