//! A program becomes a daemon, seen from outside.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

use common::{Folder, PATIENCE, assert_ended, ends, errno, frames, pidfds_on, status_field, until};
use daimon_core::{ErrorKind, ExitStatus, FrameKind, Launched, PidFileReason, Signal, Status, Subject};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, sigaction};
use nix::unistd::getpid;

fn stat_fields(pid: i32) -> Vec<i32> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = text.rsplit_once(") ").unwrap();
    rest.split(' ').skip(1).take(4).map(|field| field.parse().unwrap()).collect()
}

#[test]
fn the_daemon_holds_its_pidfile_leads_no_session_and_has_no_terminal() {
    let folder = Folder::new();
    let process = folder.serve();
    let pid = process.pid();
    assert_eq!(fs::read_to_string(folder.file("d.pid")).unwrap(), format!("{pid}\n"));
    assert_eq!(fs::metadata(folder.file("d.pid")).unwrap().mode() & 0o777, 0o600);
    let [parent, group, session, terminal] = stat_fields(pid)[..] else { panic!("too few fields") };
    assert_ne!(parent, getpid().as_raw());
    assert_ne!(session, stat_fields(getpid().as_raw())[2]);
    assert_ne!(session, pid);
    assert_eq!(group, session);
    assert_eq!(terminal, 0);
    assert_eq!(folder.pidfile().status().unwrap(), Status::Running { pid, starting: false, stopping: false });
}

#[test]
fn a_normal_end_removes_the_pidfile() {
    let folder = Folder::new();
    let process = folder.serve();
    let holder = folder.pidfile().holder().unwrap();
    holder.process().signal_and_continue(libc::SIGTERM, false).unwrap();
    assert!(ends(&process));
    assert!(!folder.file("d.pid").exists());
    assert_eq!(folder.pidfile().status().unwrap(), Status::Stopped { stale: false });
}

#[test]
fn a_second_launch_names_the_running_daemon_and_changes_nothing() {
    let folder = Folder::new();
    let pid = folder.serve().pid();
    let error = folder.launch(&folder.plan(&["serve"])).unwrap_err();
    assert_eq!((error.kind(), error.pid()), (ErrorKind::AlreadyRunning, Some(pid)));
    assert_eq!(fs::read_to_string(folder.file("d.pid")).unwrap(), format!("{pid}\n"));
}

#[test]
fn of_many_launches_at_once_exactly_one_succeeds() {
    for _ in 0..10 {
        let folder = Folder::new();
        let results: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| folder.launch(&folder.plan(&["serve"])))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let (started, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        let started: Vec<Launched> = started.into_iter().map(Result::unwrap).collect();
        assert_eq!(started.len(), 1);
        for error in refused.into_iter().map(Result::unwrap_err) {
            assert_eq!(
                (error.kind(), error.pid()),
                (ErrorKind::AlreadyRunning, Some(started[0].pid)),
                "{error}"
            );
        }
    }
}

#[test]
fn a_killed_daemon_leaves_a_file_that_the_next_one_takes_over() {
    let folder = Folder::new();
    let first = folder.serve();
    first.signal(libc::SIGKILL).unwrap();
    assert!(ends(&first));
    assert_eq!(folder.pidfile().status().unwrap(), Status::Stopped { stale: true });
    let second = folder.serve();
    assert_eq!(
        folder.pidfile().status().unwrap(),
        Status::Running { pid: second.pid(), starting: false, stopping: false }
    );
}

#[test]
fn a_program_that_cannot_be_executed_leaves_nothing() {
    let folder = Folder::new();
    let mut plan = folder.plan(&[]);
    plan.program = folder.file("missing");
    let error = folder.launch(&plan).unwrap_err();
    assert_eq!((error.kind(), error.step()), (ErrorKind::StartFailed, Some("exec")));
    assert_eq!((error.path(), errno(&error)), (Some(plan.program.as_path()), Some(libc::ENOENT)));
    assert!(!folder.file("d.pid").exists());
}

#[test]
fn a_log_in_a_missing_folder_is_refused_before_any_process_exists() {
    let folder = Folder::new();
    let mut plan = folder.plan(&["serve"]);
    plan.stdout =
        daimon_core::Stdio::File { path: folder.file("no/such.log"), subject: Subject::Log, mode: None };
    let error = folder.launch(&plan).unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::InvalidOption, Some(Subject::Log)));
    assert!(!folder.file("d.pid").exists());
}

#[test]
fn a_launcher_that_lets_go_before_ready_ends_the_daemon() {
    let folder = Folder::new();
    let launched = folder.launch(&folder.plan(&["stuck"])).unwrap();
    let process = launched.process.unwrap();
    // Blocked TERM and all: after a second it is killed.
    drop(launched.channel);
    assert!(ends(&process));
    assert_ended(&process, ExitStatus::Signal(Signal::KILL));
}

#[test]
fn a_launcher_that_lets_go_after_ready_touches_nobody() {
    let folder = Folder::new();
    let process = folder.serve();
    // `serve` has dropped the channel with the end of its watch; the daemon's thread that looked at it is gone.
    until("the watching thread ends", || status_field(process.pid(), "Threads") == "1");
    assert!(process.is_alive());
}

#[test]
fn a_daemon_that_ends_before_ready_ends_its_channel() {
    let folder = Folder::new();
    let launched = folder.launch(&folder.plan(&["obey", "42"])).unwrap();
    launched.channel.sender().unwrap().send(FrameKind::Payload, b"").unwrap();
    assert_eq!(frames(launched.channel).recv_timeout(PATIENCE), Ok(None));
    let process = launched.process.unwrap();
    assert!(ends(&process));
    assert_ended(&process, ExitStatus::Code(42));
}

#[test]
fn at_exec_the_daemon_has_stdio_lock_and_channel_alone() {
    let folder = Folder::new();
    // Open and inheritable in the launcher; no business of the daemon.
    let leaked = fs::File::open("/dev/zero").unwrap();
    nix::fcntl::fcntl(&leaked, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty())).unwrap();
    // Kept: dropping it would end the daemon.
    let launched = folder.launch(&folder.plan(&["deaf"])).unwrap();
    let pid = launched.pid;
    let look = || -> BTreeMap<i32, String> {
        let entries = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
        // One of the loader's may be closed by now.
        let target = |entry: fs::DirEntry| {
            let target = fs::read_link(entry.path()).ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, target.display().to_string()))
        };
        entries.filter_map(target).collect()
    };
    // The loader and a sanitizer's runtime have files open for moments; what the launch leaves open stays so. One look
    // is therefore enough, and the looks after it may show more.
    let mut fds = BTreeMap::new();
    until("stdio, lock and channel alone", || {
        fds = look();
        fds.keys().copied().eq(0..5)
    });
    assert_eq!((fds[&0].as_str(), fds[&1].as_str()), ("/dev/null", "/dev/null"));
    assert_eq!(fds[&3], folder.file("d.pid").display().to_string());
}

#[test]
fn blocked_and_ignored_signals_of_the_launcher_do_not_reach_the_daemon() {
    let folder = Folder::new();
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: SIGWINCH is used by nothing in this test program.
    unsafe { sigaction(nix::sys::signal::SIGWINCH, &ignore) }.unwrap();
    let mut blocked = SigSet::empty();
    blocked.add(nix::sys::signal::SIGUSR2);
    blocked.thread_block().unwrap();
    // Kept: dropping it would end the daemon.
    let launched = folder.launch(&folder.plan(&["deaf"])).unwrap();
    let pid = launched.pid;
    blocked.thread_unblock().unwrap();
    assert_eq!(u64::from_str_radix(&status_field(pid, "SigBlk"), 16), Ok(0));
    // Rust's runtime ignores SIGPIPE itself, once it runs.
    let ignored = u64::from_str_radix(&status_field(pid, "SigIgn"), 16).unwrap();
    assert_eq!(ignored & !(1 << (libc::SIGPIPE - 1)), 0);
}

#[test]
fn umask_and_core_limit_are_in_force() {
    let folder = Folder::new();
    // Kept: dropping it would end the daemon.
    let launched = folder.launch(&folder.plan(&["deaf"])).unwrap();
    let pid = launched.pid;
    assert_eq!(status_field(pid, "Umask"), "0027");
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);
}

#[test]
fn a_start_waits_for_a_running_daemon_to_leave() {
    let folder = Folder::new();
    let first = folder.serve_without_handle();
    let mut plan = folder.plan(&["serve"]);
    plan.lock.wait = PATIENCE;
    let second = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| folder.launch(&plan));
        until("the launch waits with a handle", || pidfds_on(first.0) == 1);
        folder.pidfile().holder().unwrap().process().signal(libc::SIGTERM).unwrap();
        waiting.join().unwrap().unwrap()
    });
    assert_ne!(second.pid, first.0);
    assert_eq!(frames(second.channel).recv_timeout(PATIENCE), Ok(Some(FrameKind::Ready)));
}

#[test]
fn a_cancelled_wait_for_the_lock_starts_nothing() {
    let folder = Folder::new();
    let first = folder.serve();
    let mut plan = folder.plan(&["serve"]);
    plan.lock.wait = PATIENCE;
    let cancel = daimon_core::Cancel::new().unwrap();
    plan.lock.cancel = Some(cancel.clone());
    cancel.cancel();
    let error = folder.launch(&plan).unwrap_err();
    assert_eq!((error.kind(), error.step()), (ErrorKind::StartFailed, Some("lock")));
    assert_eq!(
        folder.pidfile().status().unwrap(),
        Status::Running { pid: first.pid(), starting: false, stopping: false }
    );
}

#[test]
fn a_leftover_is_removed_but_never_a_running_daemons_file() {
    let folder = Folder::new();
    let process = folder.serve();
    assert_eq!(folder.pidfile().remove_leftover(None).unwrap_err().kind(), ErrorKind::AlreadyRunning);
    process.signal(libc::SIGKILL).unwrap();
    assert!(ends(&process));
    folder.pidfile().remove_leftover(None).unwrap();
    assert!(!folder.file("d.pid").exists());
    fs::write(folder.file("d.pid"), "notes").unwrap();
    let error = folder.pidfile().remove_leftover(None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PidFile(PidFileReason::Garbage));
}
