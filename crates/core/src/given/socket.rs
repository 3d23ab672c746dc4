//! The socket of a daemon.

use std::path::PathBuf;

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
