//! Processes that become daemons themselves, seen from outside.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use common::{Folder, until};
use daimon_core::{
    ErrorKind, ForegroundPlan, LockOptions, PidFileReason, Status, Subject, become_daemon, own_daemon,
};
use nix::fcntl::{FcntlArg, fcntl};

/// A daemon in the foreground, which is killed and collected even if the test fails.
struct ForegroundDaemon(Child);

impl ForegroundDaemon {
    fn start(args: &[&Path]) -> Self {
        let program =
            std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/foreground");
        let mut command = Command::new(program);
        Self(command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap())
    }

    fn wait_until_ready(&mut self) {
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }

    fn code(&mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

impl Drop for ForegroundDaemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whose name tag is on which byte of the file.
fn tag(path: &Path, byte: i64) -> Option<i32> {
    let file = fs::File::open(path).ok()?;
    let mut lock = libc::flock {
        l_type: libc::F_WRLCK as _,
        l_whence: libc::SEEK_SET as _,
        l_start: byte,
        l_len: 1,
        l_pid: 0,
    };
    fcntl(file.as_fd(), FcntlArg::F_GETLK(&mut lock)).ok()?;
    (i32::from(lock.l_type) != libc::F_UNLCK).then_some(lock.l_pid)
}

#[test]
fn a_process_becomes_the_proven_holder_however_often_its_own_threads_look() {
    for _ in 0..25 {
        let folder = Folder::new();
        let path = folder.file("d.pid");
        let mut daemon = ForegroundDaemon::start(&[&path]);
        let pid = daemon.pid();
        daemon.wait_until_ready();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{pid}\n"));
        for mark in 1..6 {
            assert_eq!(tag(&path, mark), None, "it is ready, and in its launcher's session");
        }
        assert_eq!(tag(&path, 0), Some(pid), "the name tag is still on");
        assert_eq!(
            folder.pidfile().status().unwrap(),
            Status::Running { pid, starting: false, stopping: false }
        );
        let holder = folder.pidfile().holder().unwrap();
        holder.process().signal(libc::SIGTERM).unwrap();
        assert_eq!(daemon.code(), Some(0));
        assert!(!path.exists(), "it is removed at exit");
    }
}

#[test]
fn the_pidfile_goes_when_the_process_ends_by_quick_exit_as_bun_does() {
    let folder = Folder::new();
    let path = folder.file("d.pid");
    let mut daemon = ForegroundDaemon::start(&[&path]);
    daemon.wait_until_ready();
    folder.pidfile().holder().unwrap().process().signal(libc::SIGUSR1).unwrap();
    assert_eq!(daemon.code(), Some(0));
    assert!(!path.exists());
}

#[test]
fn a_second_daemon_is_refused_and_leaves_the_file_as_it_is() {
    let folder = Folder::new();
    let path = folder.file("d.pid");
    let mut first = ForegroundDaemon::start(&[&path]);
    first.wait_until_ready();
    let mut second = ForegroundDaemon::start(&[&path]);
    assert_eq!(second.code(), Some(3), "already running");
    assert_eq!(
        folder.pidfile().status().unwrap(),
        Status::Running { pid: first.pid(), starting: false, stopping: false }
    );
}

#[test]
fn a_process_that_a_launcher_has_made_keeps_other_processes_from_becoming_it() {
    let folder = Folder::new();
    let process = folder.serve();
    let error = become_daemon(&plan(&folder)).unwrap_err();
    assert_eq!((error.kind(), error.pid()), (ErrorKind::AlreadyRunning, Some(process.pid())));
    assert!(own_daemon().is_none());
}

#[test]
fn output_goes_where_it_is_told_to() {
    let folder = Folder::new();
    let (path, log) = (folder.file("d.pid"), folder.file("out.log"));
    let daemon = ForegroundDaemon::start(&[&path, &log]);
    until("it is ready", || fs::read_to_string(&log).is_ok_and(|text| text == "ready\n"));
    for (fd, target) in [(0, PathBuf::from("/dev/null")), (1, log.clone()), (2, log.clone())] {
        assert_eq!(fs::read_link(format!("/proc/{}/fd/{fd}", daemon.pid())).unwrap(), target);
    }
}

#[test]
fn a_failure_leaves_no_pidfile_and_this_process_no_daemon() {
    let folder = Folder::new();
    let mut bad = plan(&folder);
    bad.stdout = daimon_core::Stdio::File { path: folder.path.clone(), subject: Subject::Log, mode: None };
    let error = become_daemon(&bad).unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::InvalidOption, Some(Subject::Log)));
    assert!(!folder.file("d.pid").exists());
    fs::write(folder.file("d.pid"), "somebody's notes").unwrap();
    let error = become_daemon(&plan(&folder)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PidFile(PidFileReason::Garbage));
    assert_eq!(fs::read(folder.file("d.pid")).unwrap(), b"somebody's notes");
    assert!(own_daemon().is_none());
}

fn plan(folder: &Folder) -> ForegroundPlan {
    let same = daimon_core::Stdio::Inherit;
    ForegroundPlan {
        pidfile: folder.pidfile(),
        lock: LockOptions::default(),
        stdin: same.clone(),
        stdout: same.clone(),
        stderr: same,
        owner: None,
        socket: None,
    }
}
