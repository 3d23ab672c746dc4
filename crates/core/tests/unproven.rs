//! Stops and signals where the lock does not prove whose it is, or outlives its daemon.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::shell::{SHORT, Shell, stop};
use common::{Folder, PATIENCE, until};
use daimon_core::{Abort, ErrorKind, PidFileReason, Signal, Status, StopOptions, Stopped};

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
