//! What a launch is asked for.

use std::ffi::OsString;
use std::os::fd::RawFd;
use std::path::PathBuf;

use crate::limits::Limits;
use crate::log::Owner;
use crate::pidfile::{LockOptions, PidFile};

/// Where one of the three standard descriptors goes.
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
        /// The option to name when it cannot be opened.
        option: &'static str,
        /// The permissions of a file that is made; `None`: 0640.
        mode: Option<u32>,
    },
}

/// What is executed, and how.
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
    /// The folder that it is executed in; `None`: the launcher's present one.
    pub folder: Option<PathBuf>,
    /// Its file mode creation mask.
    pub umask: u32,
    /// What it may use up.
    pub limits: Limits,
    /// Descriptors of the launcher, from 3 on, that it has under the same numbers. All others are closed.
    pub keep_fds: Vec<RawFd>,
    /// Descriptor 0.
    pub stdin: Stdio,
    /// Descriptor 1.
    pub stdout: Stdio,
    /// Descriptor 2. With `Null` it is captured until the daemon is ready.
    pub stderr: Stdio,
    /// Whom the files of its output belong to where they are made; `None`: the launcher's user.
    pub owner: Option<Owner>,
}
