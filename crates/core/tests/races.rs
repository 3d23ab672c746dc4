//! What looks and starts say about a pidfile that changes meanwhile.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{Folder, ends};
use daimon_core::{ErrorKind, LockOptions, PidFile, Plan, Status};

/// How long each race is run.
const RACE: Duration = Duration::from_secs(1);

/// Runs `act` again and again, and `look` beside it on another thread; gives the first thing that is wrong.
fn race<T: Send>(act: impl Fn(), look: impl Fn() -> Option<T> + Sync) -> Option<T> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let looking = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                if let Some(wrong) = look() {
                    return Some(wrong);
                }
            }
            None
        });
        let end = Instant::now() + RACE;
        while Instant::now() < end && !looking.is_finished() {
            act();
        }
        over.store(true, Ordering::Relaxed);
        looking.join().unwrap()
    })
}

/// Launches a program that ends at once and is never ready.
fn end_at_once(folder: &Folder) {
    let plan = Plan {
        program: "/bin/true".into(),
        args: vec!["true".into()],
        lock: LockOptions { wait: Duration::from_secs(30), ..LockOptions::default() },
        ..folder.plan(&[])
    };
    let launched = daimon_core::launch(&plan, None).unwrap();
    assert!(launched.process.is_none_or(|process| ends(&process)));
    // Nothing is left in the group, so that there is nothing to wait for.
    launched.group.release();
}

#[test]
fn a_pidfile_that_its_holder_has_removed_is_never_called_stale() {
    let folder = Folder::new();
    let pidfile = folder.pidfile();
    let hold_and_remove = || {
        let Ok(locked) = pidfile.lock(&LockOptions::default()) else { return };
        fs::write(pidfile.path(), "1\n").unwrap();
        fs::remove_file(pidfile.path()).unwrap();
        drop(locked);
    };
    let stale = || matches!(pidfile.status(), Ok(Status::Stopped { stale: true })).then_some(());
    assert_eq!(race(hold_and_remove, stale), None);
}

#[test]
fn a_daemon_that_ends_before_it_is_ready_is_never_called_ready() {
    let folder = Folder::new();
    let ready = || match folder.pidfile().status() {
        Ok(Status::Running { pid, starting: false, stopping: false }) => Some(pid),
        _ => None,
    };
    assert_eq!(race(|| end_at_once(&folder), ready), None);
}

#[test]
fn a_start_never_gives_way_to_a_daemon_that_ends_before_it_is_ready() {
    let folder = Folder::new();
    let refused = || {
        let pidfile = PidFile::new(folder.file("d.pid")).unwrap();
        let error = pidfile.lock(&LockOptions::default()).err()?;
        (error.kind() == ErrorKind::AlreadyRunning).then(|| error.to_string())
    };
    assert_eq!(race(|| end_at_once(&folder), refused), None);
}
