//! Stops and signals, seen from outside.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{Folder, PATIENCE, ends, pollers, until};
use daimon_core::{
    Abort, ErrorKind, Group, Launched, PidFile, PidFileReason, Process, Signal, Status, StopOptions, Stopped,
    end_process,
};

const SHORT: Duration = Duration::from_millis(100);

/// Ignores SIGTERM, and has a child without the lock.
const DEAF: &str =
    "trap '' TERM; sleep 1000 3>&- 4>&- 5>&- & echo $! > child; echo > begun; while :; do sleep 0.05; done";

/// A shell in the place of a daemon, which does `script`. All that it has started ends with this.
struct Shell {
    process: Process,
    group: Option<Group>,
}

impl Shell {
    fn new(folder: &Folder, script: &str) -> Self {
        let mut plan = folder.plan(&[]);
        plan.program = "/bin/sh".into();
        plan.args = ["sh".into(), "-c".into(), script.into()].into();
        plan.folder = Some(folder.path.clone());
        let Launched { process, group, .. } = folder.launch(&plan).unwrap();
        let shell = Self { process: process.unwrap(), group: Some(group) };
        until("it has begun", || folder.file("begun").exists());
        shell
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.group.take().map(|group| group.end(Duration::ZERO));
    }
}

fn stop(folder: &Folder, options: &StopOptions) -> daimon_core::Result<Option<Stopped>> {
    folder.pidfile().stop(options, &Abort::new())
}

fn gone(forced: bool) -> Option<Stopped> {
    Some(Stopped { was_running: true, forced, stale: false })
}

/// Another program that holds the flock of a pidfile without any text, until it is killed.
struct Stranger(Child);

impl Stranger {
    fn hold(folder: &Folder) -> Self {
        let mut command = Command::new("flock");
        command.arg("--no-fork").arg(folder.file("d.pid")).args(["sh", "-c", "echo > held; exec sleep 1000"]);
        let stranger = Self(command.current_dir(&folder.path).stdin(Stdio::null()).spawn().unwrap());
        until("the stranger holds the lock", || folder.file("held").exists());
        stranger
    }

    fn end(mut self) -> Option<i32> {
        self.0.kill().unwrap();
        self.0.wait().unwrap().signal()
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_stop_ends_the_daemon_and_leaves_nothing() {
    let folder = Folder::new();
    let process = folder.serve();
    assert_eq!(stop(&folder, &StopOptions::default()).unwrap(), gone(false));
    assert!(!process.is_alive());
    assert!(!folder.file("d.pid").exists());
    let nobody = Some(Stopped { was_running: false, forced: false, stale: false });
    assert_eq!(stop(&folder, &StopOptions::default()).unwrap(), nobody);
    until("no poller is left", || pollers() == 0);
}

#[test]
fn what_a_crash_has_left_is_told_and_left_to_the_next_start() {
    let folder = Folder::new();
    fs::write(folder.file("d.pid"), "4194303\n").unwrap();
    let stale = Some(Stopped { was_running: false, forced: false, stale: true });
    assert_eq!(stop(&folder, &StopOptions::default()).unwrap(), stale);
    assert!(folder.file("d.pid").exists());
}

#[test]
fn a_deaf_daemon_is_killed_after_the_time_and_its_pidfile_removed() {
    for group in [false, true] {
        let folder = Folder::new();
        let shell = Shell::new(&folder, DEAF);
        let child = fs::read_to_string(folder.file("child")).unwrap().trim().parse().unwrap();
        let begun = Instant::now();
        assert_eq!(
            stop(&folder, &StopOptions { timeout: SHORT, group, ..StopOptions::default() }).unwrap(),
            gone(true)
        );
        assert!(begun.elapsed() >= SHORT);
        assert!(!shell.process.is_alive());
        assert!(!folder.file("d.pid").exists());
        if group {
            until("the end of its group", || daimon_core::stats(child).is_none());
        } else {
            assert!(daimon_core::stats(child).is_some());
        }
    }
}

#[test]
fn one_that_is_not_to_be_killed_lives_on_and_the_error_says_so() {
    let folder = Folder::new();
    let shell = Shell::new(&folder, DEAF);
    let pid = shell.process.pid();
    let options = StopOptions { timeout: SHORT, kill: false, ..StopOptions::default() };
    let error = stop(&folder, &options).unwrap_err();
    assert_eq!((error.kind(), error.pid()), (ErrorKind::StopTimeout, Some(pid)));
    let begin = format!("Process {} has not ended within 100 ms and goes on running", pid);
    assert!(error.message().starts_with(&begin), "{error}");
    let running = |status| matches!(status, Status::Running { pid: holder, .. } if holder == pid);
    assert!(running(folder.pidfile().status().unwrap()));
}

#[test]
fn an_aborted_stop_ends_at_once_and_kills_nobody() {
    let folder = Folder::new();
    // It tells of each SIGTERM, and does nothing else.
    let tell = "trap 'echo >> told' TERM; echo > begun; while :; do sleep 0.05; done";
    let shell = Shell::new(&folder, tell);
    let abort = Abort::new();
    thread::scope(|scope| {
        let options = StopOptions { timeout: PATIENCE, ..StopOptions::default() };
        let (pidfile, token) = (folder.pidfile(), abort.clone());
        let stopping = scope.spawn(move || pidfile.stop(&options, &token));
        until("the signal", || folder.file("told").exists());
        let begun = Instant::now();
        abort.abort();
        assert_eq!(stopping.join().unwrap().unwrap(), None);
        assert!(begun.elapsed() < PATIENCE / 2);
    });
    // Nor does a stop that comes later with the same token send anything.
    assert_eq!(folder.pidfile().stop(&StopOptions::default(), &abort).unwrap(), None);
    assert!(shell.process.is_alive());
    assert_eq!(fs::read_to_string(folder.file("told")).unwrap(), "\n");
}

#[test]
fn an_abort_before_the_time_is_up_keeps_a_deaf_daemon_from_being_killed() {
    let folder = Folder::new();
    let shell = Shell::new(&folder, DEAF);
    let abort = Abort::new();
    let options = StopOptions { timeout: SHORT, ..StopOptions::default() };
    thread::scope(|scope| {
        let (pidfile, token) = (folder.pidfile(), abort.clone());
        let stopping = scope.spawn(move || pidfile.stop(&options, &token));
        abort.abort();
        assert_eq!(stopping.join().unwrap().unwrap(), None);
    });
    assert!(shell.process.is_alive());
}

#[test]
fn a_lock_without_proof_is_given_a_second_and_nobody_is_signalled() {
    let folder = Folder::new();
    let stranger = Stranger::hold(&folder);
    let begun = Instant::now();
    let options = StopOptions { signal: Signal::KILL, ..StopOptions::default() };
    assert_eq!(stop(&folder, &options).unwrap_err().kind(), ErrorKind::Unverified);
    let signal = folder.pidfile().signal(libc::SIGKILL, PATIENCE, &Abort::new());
    assert_eq!(signal.unwrap_err().kind(), ErrorKind::Unverified);
    assert!(begun.elapsed() >= Duration::from_secs(2));
    let Status::Unverified(held) = folder.pidfile().lasting_status().unwrap() else { panic!("unverified") };
    assert!(held.transient);
    // No signal but this one has ended it.
    assert_eq!(stranger.end(), Some(libc::SIGKILL));
}

#[test]
fn a_lack_of_proof_that_passes_is_no_error() {
    let folder = Folder::new();
    let stranger = Stranger::hold(&folder);
    thread::scope(|scope| {
        let pidfile = folder.pidfile();
        let stopping = scope.spawn(move || pidfile.stop(&StopOptions::default(), &Abort::new()));
        let pidfile = folder.pidfile();
        let finding = scope.spawn(move || pidfile.proven_holder(&Abort::new()).map(|_| ()));
        thread::sleep(SHORT);
        stranger.end();
        let nobody = Some(Stopped { was_running: false, forced: false, stale: false });
        assert_eq!(stopping.join().unwrap().unwrap(), nobody);
        assert_eq!(finding.join().unwrap().unwrap_err().kind(), ErrorKind::NotRunning);
    });
}

#[test]
fn an_abort_ends_the_wait_for_proof() {
    let folder = Folder::new();
    let _stranger = Stranger::hold(&folder);
    let abort = Abort::new();
    abort.abort();
    assert!(folder.pidfile().proven_holder(&abort).unwrap().is_none());
    assert!(folder.pidfile().signal(libc::SIGKILL, PATIENCE, &abort).unwrap().is_none());
    assert!(folder.pidfile().stop(&StopOptions::default(), &abort).unwrap().is_none());
}

#[test]
fn a_lock_that_outlives_the_daemon_is_leaked_and_names_who_has_it() {
    let folder = Folder::new();
    // A child that keeps all descriptors, the lock's among them, and outlives the daemon.
    let shell = Shell::new(&folder, "sleep 1000 & echo $! > child; echo > begun; wait");
    let child: i32 = fs::read_to_string(folder.file("child")).unwrap().trim().parse().unwrap();
    let begun = Instant::now();
    let error = stop(&folder, &StopOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PidFile(PidFileReason::LockLeaked));
    assert!(error.message().contains(&format!("{child} (sleep)")), "{error}");
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert!(!shell.process.is_alive());
}

#[test]
fn a_signal_waits_for_the_handlers_of_a_daemon_that_is_being_started() {
    let folder = Folder::new();
    let launched = folder.launch(&folder.plan(&["deaf"])).unwrap();
    until("it is proven", || folder.pidfile().holder().is_ok());
    assert!(!folder.pidfile().signal_now(libc::SIGUSR2).unwrap());
    let signal = |patience, abort: &Abort| folder.pidfile().signal(libc::SIGUSR2, patience, abort);
    let begun = Instant::now();
    let error = signal(SHORT, &Abort::new()).unwrap_err();
    assert!(begun.elapsed() >= SHORT);
    assert_eq!(error.kind(), ErrorKind::NotRunning);
    assert!(error.message().contains("only being started"), "{error}");
    let abort = Abort::new();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| signal(PATIENCE, &abort));
        abort.abort();
        assert_eq!(waiting.join().unwrap().unwrap(), None);
    });
    let process = launched.process.unwrap();
    assert!(process.is_alive());
    // This one does the same with handlers and without.
    assert_eq!(folder.pidfile().signal(libc::SIGKILL, Duration::ZERO, &Abort::new()).unwrap(), Some(()));
    assert!(ends(&process));
}

#[test]
fn a_signal_to_nobody_says_which_pidfile_it_was() {
    let folder = Folder::new();
    let error = folder.pidfile().signal(libc::SIGTERM, PATIENCE, &Abort::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotRunning);
    assert_eq!(
        error.message(),
        format!("No daemon holds {}. Start it first.", folder.file("d.pid").display())
    );
}

#[test]
fn a_process_is_ended_by_its_handle_alone() {
    let folder = Folder::new();
    let process: Process = folder.serve();
    fs::remove_file(folder.file("d.pid")).unwrap();
    assert_eq!(end_process(&process, &StopOptions::default(), &Abort::new()).unwrap(), Some(false));
    assert!(!process.is_alive());
    // Once more: it has ended, which is what was wanted.
    assert_eq!(end_process(&process, &StopOptions::default(), &Abort::new()).unwrap(), Some(false));
}

#[test]
fn a_daemon_that_ends_after_its_proof_was_running() {
    let folder = Folder::new();
    let process = folder.serve();
    let holder = folder.pidfile().holder().unwrap();
    process.signal(libc::SIGKILL).unwrap();
    assert!(ends(&process));
    let stopped = folder.pidfile().stop_holder(holder.process(), &StopOptions::default(), &Abort::new());
    assert_eq!(stopped.unwrap(), gone(false));
    assert!(!folder.file("d.pid").exists());
}

#[test]
fn one_that_is_stopped_by_sigstop_sees_the_signal() {
    let folder = Folder::new();
    let process = folder.serve();
    process.signal(libc::SIGSTOP).unwrap();
    until("it is stopped", || common::status_field(process.pid(), "State").starts_with('T'));
    assert_eq!(stop(&folder, &StopOptions::default()).unwrap(), gone(false));
}

#[test]
fn a_time_without_end_is_one() {
    let folder = Folder::new();
    folder.serve();
    let options = StopOptions { timeout: Duration::MAX, ..StopOptions::default() };
    assert_eq!(stop(&folder, &options).unwrap(), gone(false));
}

#[test]
fn a_path_that_is_no_pidfile_is_refused_as_by_a_look() {
    let folder = Folder::new();
    fs::create_dir(folder.file("d.pid")).unwrap();
    let refused = ErrorKind::PidFile(PidFileReason::NotRegular);
    assert_eq!(stop(&folder, &StopOptions::default()).unwrap_err().kind(), refused);
    let pidfile: PidFile = folder.pidfile();
    assert_eq!(pidfile.lasting_status().unwrap_err().kind(), refused);
}
