//! What a keeper is told: when it starts a body again, and how long it waits.

use std::path::PathBuf;
use std::time::Duration;

use super::{Executable, Identity, ListenPlan};
use crate::signal::Signal;

/// The keeper of a daemon, and how it keeps the daemon's bodies.
///
/// ```
/// use daimon_core::{KeeperPlan, Respawn, Signal};
/// use std::time::Duration;
///
/// let keeper = KeeperPlan {
///     program: "/usr/lib/daimon/daimon-keeper".into(),
///     respawn: Respawn::default(),
///     instances: 1,
///     ready_timeout: Some(Duration::from_secs(30)),
///     stop_timeout: Duration::from_secs(10),
///     stop_signal: Signal::TERM,
///     drain_timeout: Duration::from_secs(30),
///     listen: Vec::new(),
///     needs: Vec::new(),
///     root: None,
///     identity: None,
///     executable: None,
///     args_at: 0,
/// };
/// assert_eq!(keeper.respawn.limit, Some(10));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeeperPlan {
    /// The keeper's own executable, absolute.
    pub program: PathBuf,
    /// When a body that has ended is started again.
    pub respawn: Respawn,
    /// How many bodies run at a time, from 1 on.
    pub instances: u32,
    /// How long a body may take to become ready; `None`: for ever. One that takes longer has failed.
    pub ready_timeout: Option<Duration>,
    /// How long a body may take to end before it is killed, when the keeper itself ends it.
    pub stop_timeout: Duration,
    /// The signal that ends the daemon, besides SIGTERM, SIGINT and SIGQUIT.
    pub stop_signal: Signal,
    /// How long a body that is replaced may take to finish its work.
    pub drain_timeout: Duration,
    /// Sockets that are there before the bodies.
    pub listen: Vec<ListenPlan>,
    /// Files that a body cannot begin without.
    pub needs: Vec<PathBuf>,
    /// The bodies' root folder, absolute; for an [`Executable`] the folder of the plan is one inside. `None`: the
    /// keeper's.
    pub root: Option<PathBuf>,
    /// The user and the groups that the bodies have; `None`: the keeper's. The account is not needed.
    pub identity: Option<Identity>,
    /// What the keeper does for a program that is no body of its own accord; `None`: it adopts, and gets the payload.
    pub executable: Option<Executable>,
    /// Where in the payload the arguments begin, which an upgrade may replace.
    pub args_at: usize,
}

/// Which ends of a body have it started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RespawnWhen {
    /// None.
    Never,
    /// With a code other than 0, and by a signal.
    Failure,
    /// Every end.
    Always,
}

/// When, how soon and how often a body is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Respawn {
    /// After which ends. Default: a failure.
    pub when: RespawnWhen,
    /// The pause before the second respawn in a row; the first one follows at once. It doubles with each. Default:
    /// 100 ms.
    pub delay: Duration,
    /// The longest pause. Default: 30 seconds.
    pub max_delay: Duration,
    /// After so many respawns in a row the keeper gives up; `None`: never. Default: 10.
    pub limit: Option<u32>,
    /// A body that has been ready for this time begins a new row. Default: one minute.
    pub window: Duration,
}

impl Default for Respawn {
    fn default() -> Self {
        Self {
            when: RespawnWhen::Failure,
            delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(30),
            limit: Some(10),
            window: Duration::from_secs(60),
        }
    }
}

/// Which body of a keeper a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyPlace {
    /// Counted from 1 on; each upgrade begins a new one.
    pub generation: u32,
    /// Counted from 0 on.
    pub instance: u32,
}
