//! The plans of a launch, of a start in the foreground, and of a client: data alone.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::given::{Descriptor, KeeperPlan, Limits, Owner, SocketPlan, Stdio};
use crate::pidfile::{Cancel, LockOptions, PidFile};

/// The program of a launch, and everything that its process starts with.
///
/// ```
/// use daimon_core::{Limits, LockOptions, PidFile, Plan, Stdio, Subject};
///
/// let log = Stdio::File { path: "/var/log/web.log".into(), subject: Subject::Log, mode: None };
/// let plan = Plan {
///     pidfile: PidFile::new("/run/daimon/web.pid")?,
///     lock: LockOptions::default(),
///     program: "/usr/bin/web".into(),
///     args: vec!["web".into()],
///     env: vec![("PATH".into(), "/usr/bin:/bin".into())],
///     folder: None,
///     umask: 0o022,
///     limits: Limits::default(),
///     keep_fds: Vec::new(),
///     stdin: Stdio::Null,
///     stdout: log.clone(),
///     stderr: log,
///     owner: None,
///     socket: None,
///     keeper: None,
/// };
/// assert_eq!(plan.stdout, plan.stderr);
/// # Ok::<(), daimon_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    /// The pidfile that the daemon will hold.
    pub pidfile: PidFile,
    /// How to lock it.
    pub lock: LockOptions,
    /// The program, absolute; for a keeper's [`crate::Executable`] as it was given.
    pub program: PathBuf,
    /// Its arguments, the program's name first.
    pub args: Vec<OsString>,
    /// Its whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Its current folder; `None`: the launcher's present one.
    pub folder: Option<PathBuf>,
    /// Its file mode creation mask.
    pub umask: u32,
    /// The program's limits.
    pub limits: Limits,
    /// Descriptors of the launcher, from 3 on, that the program has under the same numbers. All others are closed.
    pub keep_fds: Vec<Descriptor>,
    /// Descriptor 0.
    pub stdin: Stdio,
    /// Descriptor 1.
    pub stdout: Stdio,
    /// Descriptor 2. With `Null` it is captured until the daemon is ready.
    pub stderr: Stdio,
    /// The owner of output files and of the socket that are made; `None`: the launcher's user.
    pub owner: Option<Owner>,
    /// The socket that the daemon listens at.
    pub socket: Option<SocketPlan>,
    /// The keeper that is the daemon and runs the program as its body; `None`: the program is the daemon. Not there on
    /// Windows.
    pub keeper: Option<KeeperPlan>,
}

/// How a process becomes the daemon in the foreground: the pidfile, its lock, and the standard descriptors.
#[derive(Clone, Debug)]
pub struct ForegroundPlan {
    /// The pidfile that this process will hold.
    pub pidfile: PidFile,
    /// How to lock it.
    pub lock: LockOptions,
    /// Descriptor 0; `Inherit` leaves it alone, as with the other two.
    pub stdin: Stdio,
    /// Descriptor 1.
    pub stdout: Stdio,
    /// Descriptor 2.
    pub stderr: Stdio,
    /// The owner of output files and of the socket that are made; `None`: this process's user.
    pub owner: Option<Owner>,
    /// The socket that the daemon listens at.
    pub socket: Option<SocketPlan>,
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
