//! What callers ask for: data alone, the same on every platform.

mod descriptor;
mod identity;
mod limits;
mod log;
mod socket;

pub use descriptor::Descriptor;
pub use identity::{Account, Identity, Name};
pub use limits::{Limit, Limits};
pub use log::{Outputs, Owner, Rotation};
pub use socket::{ClientPlan, SocketPlan};

use std::ffi::OsString;
use std::path::PathBuf;

use crate::error::Subject;
use crate::pidfile::{LockOptions, PidFile};

/// The file of a standard descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stdio {
    /// The null device.
    Null,
    /// The launcher's own.
    Inherit,
    /// A file; output is appended to it.
    File {
        /// Absolute.
        path: PathBuf,
        /// The subject of the error if the file cannot be opened.
        subject: Subject,
        /// The permissions of a file that is made; `None`: 0640.
        mode: Option<u32>,
    },
}

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
    /// The program, absolute.
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
