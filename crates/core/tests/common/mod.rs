//! A folder for a test, and the processes that are started from it: ended by PID, and removed, at the test's end,
//! failed or not.
#![allow(dead_code, unreachable_pub, reason = "every test file uses a part of it")]

#[cfg(unix)]
pub mod shell;

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use daimon_core::{
    ChannelEvent, ExitStatus, FrameKind, Launched, Limits, LockOptions, PidFile, Plan, Process, Signal,
    Stdio, launch, watch_channel,
};

pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Folder {
    pub path: PathBuf,
    started: Mutex<Vec<Process>>,
}

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("daimon-core-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self { path, started: Mutex::default() }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub fn pidfile(&self) -> PidFile {
        PidFile::new(self.file("d.pid")).unwrap()
    }

    /// The plan of the example daemon.
    pub fn plan(&self, args: &[&str]) -> Plan {
        let program = example_of("daemon");
        let args = std::iter::once(program.clone().into()).chain(args.iter().map(Into::into)).collect();
        Plan {
            pidfile: self.pidfile(),
            lock: LockOptions::default(),
            program,
            args,
            env: environment(),
            folder: None,
            umask: 0o027,
            limits: Limits::default(),
            keep_fds: Vec::new(),
            stdin: Stdio::Null,
            stdout: Stdio::Null,
            stderr: Stdio::Null,
            owner: None,
            socket: None,
            keeper: None,
        }
    }

    pub fn launch(&self, plan: &Plan) -> daimon_core::Result<Launched> {
        let launched = launch(plan, None)?;
        if let Some(process) = &launched.process {
            self.started.lock().unwrap_or_else(PoisonError::into_inner).push(process.clone());
        }
        Ok(launched)
    }

    /// Launches, and waits for the daemon's word.
    pub fn serve(&self) -> Process {
        let launched = self.launch(&self.plan(&["serve"])).unwrap();
        let process = launched.process.unwrap();
        let frames = frames(launched.channel);
        assert_eq!(frames.recv_timeout(PATIENCE), Ok(Some(FrameKind::Ready)));
        process
    }

    /// The same, and then gives up all handles on daemons, which are shared by all looks.
    #[cfg(unix)]
    pub fn serve_without_handle(&self) -> Killed {
        let pid = self.serve().pid();
        self.started.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Killed(pid)
    }
}

/// A process that is killed at the end, by its PID.
#[cfg(unix)]
pub struct Killed(pub i32);

#[cfg(unix)]
impl Drop for Killed {
    fn drop(&mut self) {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.0), nix::sys::signal::Signal::SIGKILL);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for process in self.started.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            if process.is_alive() {
                let _ = process.signal(Signal::KILL);
                ends(&process);
            }
        }
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// What the channel brings, `None` for its end.
pub fn frames(channel_end: daimon_core::Channel) -> Receiver<Option<FrameKind>> {
    let (sender, receiver) = channel();
    watch_channel(channel_end, move |event| {
        let _ = sender.send(match event {
            ChannelEvent::Frame(frame) => Some(frame.kind),
            ChannelEvent::Ended | ChannelEvent::Broken(_) => None,
        });
    })
    .unwrap();
    receiver
}

/// What a program needs of the environment.
fn environment() -> Vec<(OsString, OsString)> {
    let names = if cfg!(windows) { vec!["SystemRoot", "TEMP", "PATH"] } else { Vec::new() };
    let unix = ("PATH".into(), "/usr/bin:/bin".into());
    let own = names.into_iter().filter_map(|name| Some((name.into(), std::env::var_os(name)?)));
    if cfg!(windows) { own.collect() } else { vec![unix] }
}

/// The program of that example.
pub fn example_of(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    test.ancestors().nth(2).unwrap().join("examples").join(name)
}

/// A field of `/proc/PID/status`.
pub fn status_field(pid: i32, name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap().trim().to_owned()
}

/// Asserts how an ended process ended. Kernels before 6.15 tell it of zombies alone.
pub fn assert_ended(process: &Process, expected: ExitStatus) {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let version: Vec<u32> = release.split(['.', '-']).map_while(|part| part.trim().parse().ok()).collect();
    let told = process.exit_status();
    if version >= vec![6, 15] || told.is_some() {
        assert_eq!(told, Some(expected));
    }
}

/// How many pidfds of this process are on the other.
pub fn pidfds_on(pid: i32) -> usize {
    let infos = fs::read_dir("/proc/self/fdinfo").unwrap().flatten();
    let text = |info: fs::DirEntry| fs::read_to_string(info.path()).unwrap_or_default();
    infos.map(text).filter(|text| text.lines().any(|line| line == format!("Pid:\t{pid}"))).count()
}

/// The system's error number.
pub fn errno(error: &daimon_core::Error) -> Option<i32> {
    error.os_error()?.raw_os_error()
}

/// Waits until the process has ended; false when it does not.
pub fn ends(process: &Process) -> bool {
    let end = std::time::Instant::now() + PATIENCE;
    while process.is_alive() {
        if std::time::Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

/// Waits until the daemon has executed its program's code so far that `ask` is true.
pub fn until(what: &str, mut ask: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + PATIENCE;
    while !ask() {
        assert!(std::time::Instant::now() < end, "timed out: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// How many threads this process has for its waits.
pub fn pollers() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let name =
        |task: &std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    tasks.filter(|task| name(task).trim() == "daimon-poller").count()
}
