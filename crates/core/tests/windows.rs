//! The life of a daemon on Windows, without Node.js.
#![cfg(windows)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::process::{Command, Stdio};
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
fn an_aborted_stop_sends_nothing_to_a_daemon_that_does_not_take_the_connection() {
    let folder = Folder::new();
    let mut launched = folder.launch(&folder.plan(&["deaf"])).unwrap();
    // Each time a little later, so that some of them come while the stop waits for the connection.
    for millis in (0..200).step_by(20) {
        let (pidfile, abort) = (folder.pidfile(), Abort::new());
        let stopped = std::thread::scope(|scope| {
            let stopping = scope.spawn(|| pidfile.stop(&StopOptions::default(), &abort));
            std::thread::sleep(Duration::from_millis(millis));
            abort.abort();
            stopping.join().unwrap().unwrap()
        });
        let process = launched.process.clone().unwrap();
        if stopped.is_none() {
            assert!(process.is_alive(), "aborted after {millis} ms");
        } else {
            // The machine was so slow that its time was over.
            assert!(ends(&process));
            launched = folder.launch(&folder.plan(&["deaf"])).unwrap();
        }
    }
    launched.abort();
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
