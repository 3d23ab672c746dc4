//! A program of any kind as the body of a keeper.

use std::net::IpAddr;
use std::path::PathBuf;

/// What a keeper does for a program that knows nothing of it, beside executing it.
///
/// ```
/// use daimon_core::{Executable, Readiness};
///
/// let cache = Executable {
///     oom_score_adj: None,
///     ready: Readiness::Port { host: None, port: 6379 },
/// };
/// assert_ne!(cache.ready, Readiness::Running);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executable {
    /// How readily the kernel ends it when memory runs out; `None`: as the keeper.
    pub oom_score_adj: Option<i32>,
    /// When it is ready.
    pub ready: Readiness,
}

/// By what such a program is known to be ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It has been executed.
    Running,
    /// It says so, by the protocol of sd_notify(3).
    Notify,
    /// A connection to that port is accepted.
    Port {
        /// `None`: at 127.0.0.1 or at `::1`.
        host: Option<IpAddr>,
        /// From 1 on.
        port: u16,
    },
    /// A connection to that Unix socket is accepted. Absolute.
    Path(PathBuf),
}
