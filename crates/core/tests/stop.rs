//! Stops, seen from outside.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use common::shell::{SHORT, Shell, stop};
use common::{Folder, PATIENCE, ends, pollers, until};
use daimon_core::{
    Abort, ErrorKind, PidFile, PidFileReason, Process, Status, StopOptions, Stopped, end_process,
};

/// Ignores SIGTERM, and has a child without the lock.
const DEAF: &str =
    "trap '' TERM; sleep 1000 3>&- 4>&- 5>&- & echo $! > child; echo > begun; while :; do sleep 0.05; done";

fn gone(forced: bool) -> Option<Stopped> {
    Some(Stopped { was_running: true, forced, stale: false })
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
    let options = StopOptions { timeout: PATIENCE, ..StopOptions::default() };
    thread::scope(|scope| {
        let (pidfile, token) = (folder.pidfile(), abort.clone());
        let stopping = scope.spawn(move || pidfile.stop(&options, &token));
        abort.abort();
        assert_eq!(stopping.join().unwrap().unwrap(), None);
    });
    assert!(shell.process.is_alive());
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
