//! The life of a daemon on Windows, without Node.js.
#![cfg(windows)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{Folder, PATIENCE, ends, frames, until};
use daimon_core::{
    Abort, ErrorKind, ExitStatus, FrameKind, LockOptions, PidFile, PidFileReason, Signal, Status,
    StopOptions, Stopped,
};

fn stop(pidfile: &PidFile, options: &StopOptions) -> Stopped {
    pidfile.stop(options, &Abort::new()).unwrap().unwrap()
}

#[test]
fn a_daemon_is_started_seen_and_stopped_and_leaves_nothing() {
    let folder = Folder::new();
    let process = folder.serve();
    let pid = process.pid();
    assert_eq!(fs::read_to_string(folder.file("d.pid")).unwrap(), format!("{pid}\n"));
    assert_eq!(folder.pidfile().status().unwrap(), Status::Running { pid, starting: false, stopping: false });
    let stats = daimon_core::stats(pid).unwrap();
    assert!(stats.memory > 100_000 && stats.uptime < Duration::from_secs(3_600));
    let stopped = stop(&folder.pidfile(), &StopOptions::default());
    assert_eq!(stopped, Stopped { was_running: true, forced: false, stale: false });
    assert!(!process.is_alive());
    assert_eq!(process.exit_status(), Some(ExitStatus::Code(0)));
    assert!(!folder.file("d.pid").exists());
    assert_eq!(folder.pidfile().status().unwrap(), Status::Stopped { stale: false });
}

#[test]
fn one_that_does_not_end_is_killed() {
    let folder = Folder::new();
    let launched = folder.launch(&folder.plan(&["busy"])).unwrap();
    let heard = frames(launched.channel);
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(Some(FrameKind::Ready)));
    launched.group.release();
    let options = StopOptions { timeout: Duration::from_millis(200), ..StopOptions::default() };
    let error = folder.pidfile().stop(&StopOptions { kill: false, ..options }, &Abort::new()).unwrap_err();
    assert_eq!((error.kind(), error.pid()), (ErrorKind::StopTimeout, Some(launched.pid)));
    assert!(stop(&folder.pidfile(), &options).forced);
    assert!(!folder.file("d.pid").exists());
}

#[test]
fn a_stop_of_the_group_ends_what_the_daemon_has_started_and_another_stop_does_not() {
    for group in [false, true] {
        let folder = Folder::new();
        let launched = folder.launch(&folder.plan(&["family"])).unwrap();
        assert_eq!(frames(launched.channel).recv_timeout(PATIENCE), Ok(Some(FrameKind::Status)));
        let child: i32 = fs::read_to_string(folder.file("child")).unwrap().parse().unwrap();
        launched.group.release();
        stop(&folder.pidfile(), &StopOptions { group, ..StopOptions::default() });
        if group {
            until("the end of the child", || daimon_core::stats(child).is_none());
        } else {
            assert!(daimon_core::stats(child).is_some());
            let killed = Command::new("taskkill").args(["/f", "/pid", &child.to_string()]).output().unwrap();
            assert!(killed.status.success());
        }
    }
}

#[test]
fn a_nice_value_can_be_given_and_no_limit_of_a_resource() {
    use daimon_core::{Limit, Limits};
    Limits { nice: Some(19), ..Limits::default() }.check().unwrap();
    let nofile = Limit { name: "nofile".into(), soft: 1, hard: 1 };
    let limits = Limits { resources: vec![nofile], ..Limits::default() };
    assert_eq!(limits.check().unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn a_second_start_names_the_running_daemon_and_changes_nothing() {
    let folder = Folder::new();
    let pid = folder.serve().pid();
    let error = folder.launch(&folder.plan(&["serve"])).unwrap_err();
    assert_eq!((error.kind(), error.pid()), (ErrorKind::AlreadyRunning, Some(pid)));
    assert_eq!(fs::read_to_string(folder.file("d.pid")).unwrap(), format!("{pid}\n"));
}

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
fn a_killed_daemon_leaves_a_file_that_the_next_one_takes_over() {
    let folder = Folder::new();
    let first = folder.serve();
    first.signal(Signal::KILL).unwrap();
    assert!(ends(&first));
    assert_eq!(first.exit_status(), Some(ExitStatus::Code(137)));
    assert_eq!(folder.pidfile().status().unwrap(), Status::Stopped { stale: true });
    let second = folder.serve();
    assert_eq!(
        folder.pidfile().status().unwrap(),
        Status::Running { pid: second.pid(), starting: false, stopping: false }
    );
}

#[test]
fn a_start_that_is_given_up_ends_the_daemon() {
    let folder = Folder::new();
    let launched = folder.launch(&folder.plan(&["stuck"])).unwrap();
    let process = launched.process.clone().unwrap();
    until("it is seen to begin", || {
        matches!(folder.pidfile().status(), Ok(Status::Running { starting: true, .. }))
    });
    launched.abort();
    assert!(ends(&process));
}

#[test]
fn a_daemon_that_ends_before_it_is_ready_ends_its_channel_and_tells_its_code() {
    let folder = Folder::new();
    let launched = folder.launch(&folder.plan(&["exit", "42"])).unwrap();
    assert_eq!(frames(launched.channel).recv_timeout(PATIENCE), Ok(None));
    let process = launched.process.unwrap();
    assert!(ends(&process));
    assert_eq!(process.exit_status(), Some(ExitStatus::Code(42)));
    assert!(!folder.file("d.pid").exists());
}

#[test]
fn a_payload_of_any_size_arrives() {
    let folder = Folder::new();
    for size in [0, 10, 3_000_000] {
        let payload = vec![7; size];
        let launched = daimon_core::launch(&folder.plan(&["obey", "9"]), Some(&payload)).unwrap();
        launched.unsent.map(|unsent| unsent.send(&payload)).transpose().unwrap();
        let process = launched.process.unwrap();
        assert!(ends(&process));
        assert_eq!(process.exit_status(), Some(ExitStatus::Code(9)));
    }
}

#[test]
fn a_start_by_a_thread_that_ends_at_once_is_heard() {
    let folder = Folder::new();
    // The system cancels what a thread has begun when the thread ends.
    let launched = std::thread::scope(|scope| {
        scope.spawn(|| folder.launch(&folder.plan(&["serve"])).unwrap()).join().unwrap()
    });
    assert_eq!(frames(launched.channel).recv_timeout(PATIENCE), Ok(Some(FrameKind::Ready)));
    launched.group.release();
}

#[test]
fn what_is_no_pidfile_is_refused() {
    let folder = Folder::new();
    let refused = |name: &str| {
        let pidfile = PidFile::new(folder.file(name)).unwrap();
        pidfile.lock(&LockOptions::default()).unwrap_err().kind()
    };
    fs::create_dir(folder.file("folder")).unwrap();
    fs::write(folder.file("garbage"), "something else").unwrap();
    fs::write(folder.file("first"), "").unwrap();
    fs::hard_link(folder.file("first"), folder.file("second")).unwrap();
    assert_eq!(refused("folder"), ErrorKind::PidFile(PidFileReason::NotRegular));
    assert_eq!(refused("garbage"), ErrorKind::PidFile(PidFileReason::Garbage));
    assert_eq!(refused("second"), ErrorKind::PidFile(PidFileReason::HardLinked));
    assert_eq!(refused("no\\such.pid"), ErrorKind::PidFile(PidFileReason::MissingDirectory));
    assert_eq!(fs::read_to_string(folder.file("garbage")).unwrap(), "something else");
    let remote = PidFile::new(r"\\server\share\x.pid").unwrap();
    assert_eq!(remote.lock(&LockOptions::default()).unwrap_err().kind(), ErrorKind::InvalidOption);
}

#[test]
fn a_program_that_cannot_be_executed_leaves_nothing() {
    let folder = Folder::new();
    let mut plan = folder.plan(&[]);
    plan.program = folder.file("missing.exe");
    let error = folder.launch(&plan).unwrap_err();
    assert_eq!((error.kind(), error.step()), (ErrorKind::StartFailed, Some("exec")));
    assert_eq!(error.path(), Some(plan.program.as_path()));
    assert!(!folder.file("d.pid").exists());
}

#[test]
fn signals_that_windows_has_not_are_refused_and_nothing_is_ended() {
    let folder = Folder::new();
    let process = folder.serve();
    let holder = folder.pidfile().holder().unwrap();
    for signal in [19, 28, 99] {
        assert_eq!(holder.signal(signal).unwrap_err().kind(), ErrorKind::InvalidOption, "{signal}");
    }
    assert!(process.is_alive());
}

#[test]
fn a_launcher_that_is_killed_takes_a_daemon_along_that_is_not_ready_and_no_other() {
    for (way, lives) in [("stuck", false), ("serve", true)] {
        let folder = Folder::new();
        let mut launcher = Command::new(common::example_of("launcher"))
            .arg(folder.file("d.pid"))
            .args([common::example_of("daemon").to_str().unwrap(), way])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let expected =
            |status: &Status| matches!(status, Status::Running { starting, .. } if *starting != lives);
        until("it has come so far", || folder.pidfile().status().is_ok_and(|status| expected(&status)));
        let process = folder.pidfile().holder().unwrap().into_process();
        launcher.kill().unwrap();
        launcher.wait().unwrap();
        if lives {
            let pid = process.pid();
            assert_eq!(
                folder.pidfile().status().unwrap(),
                Status::Running { pid, starting: false, stopping: false }
            );
            stop(&folder.pidfile(), &StopOptions::default());
        } else {
            assert!(ends(&process));
            assert_eq!(folder.pidfile().status().unwrap(), Status::Stopped { stale: true });
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

#[test]
fn a_file_without_a_holder_is_not_kept_by_those_who_read_it() {
    let folder = Folder::new();
    fs::write(folder.file("d.pid"), "").unwrap();
    let reader = fs::File::open(folder.file("d.pid")).unwrap();
    assert_eq!(folder.pidfile().status().unwrap(), Status::Stopped { stale: false });
    let process = folder.serve();
    assert_eq!(folder.pidfile().holder().unwrap().process().pid(), process.pid());
    drop(reader);
}

#[test]
fn nobody_removes_or_writes_the_file_of_a_running_daemon() {
    let folder = Folder::new();
    let process = folder.serve();
    let path = folder.file("d.pid");
    for refused in [fs::remove_file(&path), fs::write(&path, "1\n"), fs::rename(&path, folder.file("e.pid"))]
    {
        assert_eq!(refused.unwrap_err().raw_os_error(), Some(32));
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", process.pid()));
    stop(&folder.pidfile(), &StopOptions::default());
    assert!(!path.exists());
}

#[test]
fn a_forged_variable_is_refused_and_leaves_everything() {
    let folder = Folder::new();
    for value in ["1:4:C:\\x.pid", "1:9999:C:\\x.pid", "nonsense"] {
        let mut forged = Command::new(common::example_of("daemon"));
        let code = forged.arg("serve").env("DAIMON_ADOPTION", value).status().unwrap().code();
        assert_eq!(code, Some(1), "{value}");
    }
    assert_eq!(folder.pidfile().status().unwrap(), Status::Stopped { stale: false });
}

#[test]
fn a_foreground_daemon_excludes_others_and_is_stopped() {
    let folder = Folder::new();
    let start = || {
        Command::new(common::example_of("foreground"))
            .arg(folder.file("d.pid"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut first = start();
    until("it serves", || matches!(folder.pidfile().status(), Ok(Status::Running { starting: false, .. })));
    assert_eq!(start().wait().unwrap().code(), Some(3));
    assert!(stop(&folder.pidfile(), &StopOptions::default()).was_running);
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert!(!folder.file("d.pid").exists());
}

/// Starts, stops, kills and looks at random; gives how many daemons were ready.
fn use_at_random(folder: &Folder, seed: u64, rounds: u32) -> u32 {
    let mut state = seed;
    let mut started = 0;
    for _ in 0..rounds {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pidfile = folder.pidfile();
        match state >> 61 {
            0..=2 => match folder.launch(&folder.plan(&["alone"])) {
                Ok(launched) => {
                    let process = launched.process.unwrap();
                    match frames(launched.channel).recv_timeout(PATIENCE) {
                        Ok(Some(FrameKind::Ready)) => {
                            launched.group.release();
                            started += 1;
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
    started
}

#[test]
fn many_who_start_stop_and_kill_at_random_never_have_two_daemons_at_once() {
    let folder = Folder::new();
    let started: u32 = std::thread::scope(|scope| {
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
    assert!(started > 10, "{started}");
    stop(&folder.pidfile(), &StopOptions::default());
}

#[test]
fn a_stranger_that_a_stale_pidfile_names_lives() {
    let folder = Folder::new();
    let mut stranger = Command::new(common::example_of("daemon")).arg("deaf").spawn().unwrap();
    fs::write(folder.file("d.pid"), format!("{}\n", stranger.id())).unwrap();
    assert_eq!(folder.pidfile().status().unwrap(), Status::Stopped { stale: true });
    let stopped = stop(&folder.pidfile(), &StopOptions::default());
    assert!(!stopped.was_running);
    assert!(stranger.try_wait().unwrap().is_none());
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}
