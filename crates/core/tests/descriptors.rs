//! What becomes of looks, starts and waits when there are hardly any descriptors left. The limit is the process's,
//! hence one test.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::fs::File;
use std::sync::mpsc::channel;
use std::time::Duration;

use common::{Folder, PATIENCE, errno, pollers, until};
use daimon_core::{ErrorKind, LockOptions, watch_exit};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Calls with only so many descriptors free.
fn with_free<T>(free: usize, call: impl FnOnce() -> T) -> T {
    let mut taken = Vec::with_capacity(128);
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
    }
    taken.truncate(taken.len() - free);
    call()
}

#[test]
fn without_descriptors_nothing_is_taken_for_something_else() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 64, hard).unwrap();
    let folder = Folder::new();
    // A handle on the process that somebody has would be the one of the looks, too.
    let _killed = folder.serve_without_handle();
    let pidfile = folder.pidfile();

    // A start that waits for the daemon's end has no handle on it then, and looks again and again instead.
    for wait in [Duration::ZERO, Duration::from_millis(50)] {
        let options = LockOptions { wait, ..LockOptions::default() };
        for free in 0.. {
            let error = with_free(free, || pidfile.lock(&options)).unwrap_err();
            if error.kind() == ErrorKind::AlreadyRunning {
                break;
            }
            assert_eq!(
                (error.kind(), errno(&error)),
                (ErrorKind::StartFailed, Some(libc::EMFILE)),
                "{error}"
            );
            assert_ne!(error.syscall(), Some("pidfd_open"), "{error}");
        }
    }

    for free in 0.. {
        let Err(error) = with_free(free, || pidfile.holder()) else { break };
        assert_eq!((error.kind(), errno(&error)), (ErrorKind::Unverified, Some(libc::EMFILE)), "{error}");
        assert!(error.reason().is_some(), "{error}");
    }

    until("the poller ends", || pollers() == 0);
    let process = pidfile.holder().unwrap().process().clone();
    for (free, call) in [(0, "epoll_create1"), (1, "eventfd")] {
        let error = with_free(free, || watch_exit(&process, || ())).unwrap_err();
        assert_eq!((error.kind(), error.pid()), (ErrorKind::Unverified, Some(process.pid())));
        assert_eq!((error.syscall(), errno(&error)), (Some(call), Some(libc::EMFILE)), "{free}");
    }
    // One that is there already takes in a wait that has no descriptor of its own.
    let (sender, receiver) = channel();
    let other = sender.clone();
    watch_exit(&process, move || sender.send("own").unwrap()).unwrap();
    with_free(0, || watch_exit(&process, move || other.send("shared").unwrap())).unwrap();
    process.signal(libc::SIGTERM).unwrap();
    let mut told = [receiver.recv_timeout(PATIENCE).unwrap(), receiver.recv_timeout(PATIENCE).unwrap()];
    told.sort_unstable();
    assert_eq!(told, ["own", "shared"]);
}
