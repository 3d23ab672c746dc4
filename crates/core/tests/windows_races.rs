//! Many who start, stop, kill and look at the same time, on Windows.
#![cfg(windows)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{Folder, PATIENCE, ends, frames};
use daimon_core::{Abort, ErrorKind, FrameKind, Signal, Status, StopOptions};

#[test]
fn of_many_starts_at_once_exactly_one_succeeds() {
    for _ in 0..5 {
        let folder = Folder::new();
        let results: Vec<_> = std::thread::scope(|scope| {
            let start = || {
                let launched = folder.launch(&folder.plan(&["serve"]))?;
                let heard = frames(launched.channel).recv_timeout(PATIENCE);
                assert_eq!(heard, Ok(Some(FrameKind::Ready)));
                launched.group.release();
                Ok::<_, daimon_core::Error>(launched.pid)
            };
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let (started, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        let started: Vec<_> = started.into_iter().map(Result::unwrap).collect();
        assert_eq!(started.len(), 1);
        for error in refused.into_iter().map(Result::unwrap_err) {
            assert_eq!((error.kind(), error.pid()), (ErrorKind::AlreadyRunning, Some(started[0])), "{error}");
        }
    }
}

#[test]
fn the_lock_goes_with_the_daemon_and_not_with_what_the_launcher_starts_meanwhile() {
    let folder = Folder::new();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let spawning = scope.spawn(|| {
            let mut children = Vec::new();
            while !over.load(Ordering::Relaxed) && children.len() < 40 {
                // Inherits every handle that can be inherited.
                children.push(Command::new(common::example_of("daemon")).arg("deaf").spawn().unwrap());
            }
            children
        });
        for _ in 0..10 {
            let process = folder.serve();
            process.signal(Signal::KILL).unwrap();
            assert!(ends(&process));
            assert_eq!(folder.pidfile().status().unwrap(), Status::Stopped { stale: true });
        }
        over.store(true, Ordering::Relaxed);
        for mut child in spawning.join().unwrap() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    });
}

/// Starts, stops, kills and looks at random; gives how many daemons were launched.
fn use_at_random(folder: &Folder, seed: u64, rounds: u32) -> u32 {
    let mut state = seed;
    let mut launches = 0;
    for _ in 0..rounds {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pidfile = folder.pidfile();
        match state >> 61 {
            0..=2 => match folder.launch(&folder.plan(&["alone"])) {
                Ok(launched) => {
                    launches += 1;
                    let process = launched.process.unwrap();
                    match frames(launched.channel).recv_timeout(PATIENCE) {
                        Ok(Some(FrameKind::Ready)) => {
                            launched.group.release();
                        }
                        // Somebody has ended it meanwhile.
                        Ok(None) => assert!(ends(&process)),
                        other => panic!("{other:?}"),
                    }
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::AlreadyRunning, "{error}"),
            },
            3 | 4 => {
                let stopped = pidfile.stop(&StopOptions::default(), &Abort::new());
                assert!(stopped.as_ref().is_ok_and(Option::is_some), "{stopped:?}");
            }
            5 => {
                // Proven, so that it is a daemon of this test.
                if let Ok(holder) = pidfile.holder() {
                    let _ = holder.process().signal(Signal::KILL);
                    assert!(ends(holder.process()));
                }
            }
            _ => {
                let status = pidfile.lasting_status();
                assert!(status.is_ok(), "{status:?}");
            }
        }
    }
    launches
}

#[test]
fn many_who_start_stop_and_kill_at_random_never_have_two_daemons_at_once() {
    let folder = Folder::new();
    let launches: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=6)
            .map(|seed| {
                scope.spawn({
                    let folder = &folder;
                    move || use_at_random(folder, seed, 40)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let overlap = fs::read_to_string(folder.file("overlap")).ok();
    assert_eq!(overlap, None);
    // The first of all finds nobody. How many of them are ready depends on who ends them.
    assert!(launches > 0);
    folder.pidfile().stop(&StopOptions::default(), &Abort::new()).unwrap();
    folder.serve();
}
