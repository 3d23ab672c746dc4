//! The launch's plan, as the facade gives it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use daimon_core::{
    Cancel, Descriptor, Executable, ForegroundPlan, Identity, KeeperPlan, ListenAddress, ListenPlan,
    LockOptions, Owner, PidFile, Plan, Readiness, Respawn, RespawnWhen, Result, SocketPlan, Stdio, Subject,
};
use napi_derive::napi;

use crate::kinds::{NativeStdioKind, NativeStdioOption};
use crate::rights::{NativeIdentity, NativeLimits};

/// The file of a standard descriptor. A `file` has a path, the option that named it, and its mode if it is made.
#[napi(object)]
pub struct NativeStdio {
    pub kind: NativeStdioKind,
    pub path: Option<String>,
    pub option: Option<NativeStdioOption>,
    pub mode: Option<u32>,
}

/// All paths absolute, times in milliseconds, `env` as `NAME=value`.
#[napi(object)]
pub struct NativePlan {
    pub pid_file: String,
    pub pid_file_mode: u32,
    pub lock_timeout: f64,
    /// How long to wait for a daemon that is leaving, where that is longer.
    pub leave_timeout: f64,
    pub program: String,
    pub args: Vec<String>,
    pub env: Vec<String>,
    pub folder: Option<String>,
    pub umask: u32,
    pub limits: NativeLimits,
    pub keep_fds: Vec<i32>,
    pub stdin: NativeStdio,
    pub stdout: NativeStdio,
    pub stderr: NativeStdio,
    pub owner: Option<NativeOwner>,
    pub socket: Option<NativeSocketPlan>,
    pub keeper: Option<NativeKeeperPlan>,
}

/// After which ends of a body its keeper starts it again.
#[napi(string_enum = "lowercase")]
pub enum NativeRespawn {
    Never,
    Failure,
    Always,
}

/// The keeper, and how it keeps the program. Times in milliseconds; without `limit` it never gives up.
#[napi(object)]
pub struct NativeKeeperPlan {
    pub program: String,
    pub respawn: NativeRespawn,
    pub delay: f64,
    pub max_delay: f64,
    pub limit: Option<u32>,
    pub window: f64,
    pub instances: u32,
    pub ready_timeout: f64,
    pub stop_timeout: f64,
    pub stop_signal: i32,
    pub drain_timeout: f64,
    pub listen: Vec<NativeListen>,
    pub executable: Option<NativeExecutable>,
    pub needs: Vec<String>,
    pub root: Option<String>,
    pub identity: Option<NativeIdentity>,
    /// Where in the payload the arguments begin.
    pub args_at: u32,
}

/// What the keeper does for a program that knows nothing of it.
#[napi(object)]
pub struct NativeExecutable {
    pub oom_score_adj: Option<i32>,
    pub ready: NativeReadiness,
}

/// `port` has a port, and perhaps a host; `path` a path.
#[napi(object)]
pub struct NativeReadiness {
    pub kind: NativeReadinessKind,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub path: Option<String>,
}

/// By what such a program is known to be ready.
#[napi(string_enum = "lowercase")]
pub enum NativeReadinessKind {
    Running,
    Notify,
    Port,
    Path,
}

impl NativeExecutable {
    fn into_plan(self) -> Executable {
        let Self { oom_score_adj, ready } = self;
        let NativeReadiness { kind, host, port, path } = ready;
        let ready = match (kind, port, path) {
            (NativeReadinessKind::Notify, ..) => Readiness::Notify,
            // The facade has seen that it is an address.
            (NativeReadinessKind::Port, Some(port), _) => {
                Readiness::Port { host: host.and_then(|host| host.parse().ok()), port }
            }
            (NativeReadinessKind::Path, _, Some(path)) => Readiness::Path(path.into()),
            _ => Readiness::Running,
        };
        Executable { oom_score_adj, ready }
    }
}

/// A socket that is there before the program: with a path a Unix socket with that mode, else a port.
#[napi(object)]
pub struct NativeListen {
    pub name: String,
    pub host: Option<String>,
    pub port: u16,
    pub path: Option<String>,
    pub mode: u32,
    pub backlog: Option<i32>,
}

impl NativeListen {
    fn into_plan(self) -> ListenPlan {
        let address = match self.path {
            Some(path) => ListenAddress::Path { path: path.into(), mode: self.mode },
            // The facade has seen that it is an address.
            None => {
                ListenAddress::Tcp { host: self.host.and_then(|host| host.parse().ok()), port: self.port }
            }
        };
        ListenPlan { name: self.name, address, backlog: self.backlog }
    }
}

impl NativeKeeperPlan {
    fn into_plan(self) -> KeeperPlan {
        KeeperPlan {
            program: self.program.into(),
            respawn: Respawn {
                when: match self.respawn {
                    NativeRespawn::Never => RespawnWhen::Never,
                    NativeRespawn::Failure => RespawnWhen::Failure,
                    NativeRespawn::Always => RespawnWhen::Always,
                },
                delay: duration(self.delay),
                max_delay: duration(self.max_delay),
                limit: self.limit,
                window: duration(self.window),
            },
            instances: self.instances,
            ready_timeout: self.ready_timeout.is_finite().then(|| duration(self.ready_timeout)),
            stop_timeout: duration(self.stop_timeout),
            stop_signal: self.stop_signal.into(),
            drain_timeout: duration(self.drain_timeout),
            listen: self.listen.into_iter().map(NativeListen::into_plan).collect(),
            needs: self.needs.into_iter().map(PathBuf::from).collect(),
            root: self.root.map(PathBuf::from),
            identity: self.identity.map(Identity::from),
            executable: self.executable.map(NativeExecutable::into_plan),
            args_at: self.args_at as usize,
        }
    }
}

/// The socket that the daemon listens at; with `connect` the launcher is the first in its queue.
#[napi(object)]
pub struct NativeSocketPlan {
    pub path: String,
    pub mode: u32,
    pub connect: bool,
}

impl NativeSocketPlan {
    fn into_plan(self) -> SocketPlan {
        SocketPlan { path: self.path.into(), mode: self.mode, connect: self.connect }
    }
}

/// The owner of the files of the output, and of the socket.
#[napi(object)]
pub struct NativeOwner {
    pub uid: Option<u32>,
    pub gid: u32,
}

impl NativePlan {
    pub(crate) fn into_plan(self, cancel: Cancel) -> Result<Plan> {
        Ok(Plan {
            pidfile: PidFile::new(self.pid_file)?,
            lock: LockOptions {
                mode: self.pid_file_mode,
                wait: duration(self.lock_timeout),
                wait_leaving: duration(self.leave_timeout),
                cancel: Some(cancel),
            },
            program: self.program.into(),
            args: self.args.into_iter().map(OsString::from).collect(),
            env: self
                .env
                .iter()
                .filter_map(|pair| pair.split_once('='))
                .map(|(n, v)| (n.into(), v.into()))
                .collect(),
            folder: self.folder.map(PathBuf::from),
            umask: self.umask,
            limits: self.limits.into(),
            keep_fds: self.keep_fds.into_iter().map(Descriptor::from).collect(),
            stdin: self.stdin.into_stdio(),
            stdout: self.stdout.into_stdio(),
            stderr: self.stderr.into_stdio(),
            owner: self.owner.map(NativeOwner::into_owner),
            socket: self.socket.map(NativeSocketPlan::into_plan),
            keeper: self.keeper.map(NativeKeeperPlan::into_plan),
        })
    }
}

/// How this process becomes the daemon in the foreground; a stream of kind `inherit` stays as it is.
#[napi(object)]
pub struct NativeForegroundPlan {
    pub pid_file: String,
    pub pid_file_mode: u32,
    pub lock_timeout: f64,
    /// How long to wait for a daemon that is leaving, where that is longer.
    pub leave_timeout: f64,
    pub stdin: NativeStdio,
    pub stdout: NativeStdio,
    pub stderr: NativeStdio,
    pub owner: Option<NativeOwner>,
    pub socket: Option<NativeSocketPlan>,
}

impl NativeForegroundPlan {
    pub(crate) fn into_plan(self, cancel: Cancel) -> Result<ForegroundPlan> {
        Ok(ForegroundPlan {
            pidfile: PidFile::new(self.pid_file)?,
            lock: LockOptions {
                mode: self.pid_file_mode,
                wait: duration(self.lock_timeout),
                wait_leaving: duration(self.leave_timeout),
                cancel: Some(cancel),
            },
            stdin: self.stdin.into_stdio(),
            stdout: self.stdout.into_stdio(),
            stderr: self.stderr.into_stdio(),
            owner: self.owner.map(NativeOwner::into_owner),
            socket: self.socket.map(NativeSocketPlan::into_plan),
        })
    }
}

impl NativeOwner {
    fn into_owner(self) -> Owner {
        Owner { uid: self.uid, gid: self.gid }
    }
}

impl NativeStdio {
    fn into_stdio(self) -> Stdio {
        match (self.kind, self.path) {
            (NativeStdioKind::Inherit, _) => Stdio::Inherit,
            (NativeStdioKind::File, Some(path)) => {
                let subject = match self.option {
                    Some(NativeStdioOption::Stdin) => Subject::Stdin,
                    Some(NativeStdioOption::Stdout) => Subject::Stdout,
                    Some(NativeStdioOption::Stderr) => Subject::Stderr,
                    Some(NativeStdioOption::Log) | None => Subject::Log,
                };
                Stdio::File { path: path.into(), subject, mode: self.mode }
            }
            (NativeStdioKind::Null | NativeStdioKind::File, _) => Stdio::Null,
        }
    }
}

/// `Infinity` becomes thirty years: longer than any wait, and the sum with any instant is in range.
pub(crate) fn duration(millis: f64) -> Duration {
    const LONGEST: f64 = 1e12;
    Duration::from_secs_f64(millis.clamp(0.0, LONGEST) / 1_000.0)
}
