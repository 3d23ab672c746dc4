//! Signals by the pidfile, seen from outside.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::thread;
use std::time::{Duration, Instant};

use common::shell::SHORT;
use common::{Folder, PATIENCE, ends, until};
use daimon_core::{Abort, ErrorKind};

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
