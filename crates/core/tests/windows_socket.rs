//! The pipe that a launch makes for its daemon, without Node.js.
#![cfg(windows)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::fs::OpenOptions;
use std::path::PathBuf;
use std::time::Duration;

use common::{Folder, PATIENCE, ends, frames, until};
use daimon_core::{
    Abort, Attempt, ClientPlan, Connection, ErrorKind, FrameKind, Launched, PidFileReason, Plan, Process,
    Signal, SocketPlan, Status, StopOptions, attempt, greet,
};

/// The name of a pipe that no other test has.
fn pipe_of(folder: &Folder) -> PathBuf {
    format!(r"\\.\pipe\{}", folder.path.file_name().unwrap().display()).into()
}

fn engine_at(folder: &Folder, path: PathBuf, connect: bool) -> Plan {
    let plan = folder.plan(&["engine", path.to_str().unwrap()]);
    Plan { socket: Some(SocketPlan { path, mode: 0o600, connect }), ..plan }
}

fn engine(folder: &Folder, connect: bool) -> Plan {
    engine_at(folder, pipe_of(folder), connect)
}

/// Launches it, and waits until it is ready; gives what was launched but its channel.
fn serve(folder: &Folder, plan: &Plan) -> (Process, Option<daimon_core::Stream>) {
    let Launched { process, channel, client, group, socket, .. } = folder.launch(plan).unwrap();
    assert!(socket.is_some());
    assert_eq!(frames(channel).recv_timeout(PATIENCE), Ok(Some(FrameKind::Ready)));
    group.release();
    (process.unwrap(), client)
}

fn client(folder: &Folder, patience: Duration) -> ClientPlan {
    let (path, pidfile) = (pipe_of(folder), folder.pidfile());
    ClientPlan { path, pidfile, user: None, hello: true, patience, cancel: None }
}

fn connection(attempt: daimon_core::Result<Attempt>) -> Connection {
    match attempt.unwrap() {
        Attempt::Connected(connection) => connection,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_launcher_is_the_first_in_the_queue_and_others_are_served_after_it() {
    let folder = Folder::new();
    let (process, first) = serve(&folder, &engine(&folder, true));
    let impatient = attempt(&client(&folder, Duration::from_millis(100)));
    assert!(matches!(impatient, Ok(Attempt::Silent)), "{impatient:?}");
    fs::write(folder.file("accept"), "").unwrap();
    let plan = client(&folder, PATIENCE);
    for connection in [connection(greet(&plan, first.unwrap())), connection(attempt(&plan))] {
        assert_eq!((connection.pid, connection.version.as_deref()), (process.pid(), Some("1")));
    }
}

#[test]
fn a_client_that_comes_before_the_daemon_waits_and_is_served_by_it() {
    let folder = Folder::new();
    fs::write(folder.file("accept"), "").unwrap();
    let Launched { pid, channel, group, .. } = folder.launch(&engine(&folder, false)).unwrap();
    let plan = client(&folder, PATIENCE);
    let served = loop {
        match attempt(&plan).unwrap() {
            Attempt::Connected(connection) => break connection,
            // It was in the launcher's place of the name, which the daemon has closed.
            Attempt::Ended => (),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(served.pid, pid);
    assert_eq!(frames(channel).recv_timeout(PATIENCE), Ok(Some(FrameKind::Ready)));
    group.release();
}

#[test]
fn whoever_waits_as_it_leaves_is_told_and_then_nobody_is_there() {
    let folder = Folder::new();
    let (process, _) = serve(&folder, &engine(&folder, false));
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| attempt(&client(&folder, PATIENCE)));
        until("it waits", || folder.file("waiting").exists());
        folder.pidfile().holder().unwrap().signal(Signal::TERM).unwrap();
        waiting.join().unwrap()
    });
    assert!(matches!(waiting, Ok(Attempt::Ended)), "{waiting:?}");
    assert!(ends(&process));
    let after = attempt(&client(&folder, PATIENCE));
    assert!(matches!(after, Ok(Attempt::Nobody)), "{after:?}");
}

#[test]
fn where_open_connections_keep_the_name_of_a_daemon_that_leaves_nobody_is_there() {
    let folder = Folder::new();
    fs::write(folder.file("accept"), "").unwrap();
    fs::write(folder.file("stay"), "").unwrap();
    let (process, first) = serve(&folder, &engine(&folder, true));
    let kept = connection(greet(&client(&folder, PATIENCE), first.unwrap()));
    folder.pidfile().holder().unwrap().signal(Signal::TERM).unwrap();
    until("it leaves", || matches!(folder.pidfile().status(), Ok(Status::Running { stopping: true, .. })));
    until("its pipe is closed", || folder.file("left").exists());
    let found = attempt(&client(&folder, PATIENCE)).unwrap();
    assert!(matches!(found, Attempt::Nobody), "{found:?}");
    fs::remove_file(folder.file("stay")).unwrap();
    assert!(ends(&process));
    drop(kept);
}

#[test]
fn a_name_that_another_daemon_has_is_refused_and_no_client_takes_that_for_its_own() {
    let (folder, other) = (Folder::new(), Folder::new());
    let (process, _) = serve(&folder, &engine(&folder, false));
    let error = other.launch(&engine_at(&other, pipe_of(&folder), true)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PidFile(PidFileReason::InUse));
    assert_eq!(error.pid(), Some(process.pid()));
    assert_eq!(other.pidfile().status().unwrap(), Status::Stopped { stale: false });
    fs::write(folder.file("accept"), "").unwrap();
    let stranger = ClientPlan { pidfile: other.pidfile(), ..client(&folder, PATIENCE) };
    // It says hello, and holds another pidfile.
    assert!(matches!(attempt(&stranger).unwrap(), Attempt::Ended));
    other.serve();
    assert!(matches!(attempt(&stranger).unwrap(), Attempt::Ended));
}

#[test]
fn a_silent_server_is_refused_once_another_process_is_proven_to_be_the_daemon() {
    let (folder, other) = (Folder::new(), Folder::new());
    let (process, _) = serve(&folder, &engine(&folder, false));
    other.serve();
    let stranger = ClientPlan { pidfile: other.pidfile(), ..client(&folder, PATIENCE) };
    let error = attempt(&stranger).unwrap_err();
    assert_eq!((error.kind(), error.pid()), (ErrorKind::Unverified, Some(process.pid())));
}

#[test]
fn a_client_that_keeps_the_pipe_of_a_dead_daemon_keeps_nobody_from_starting() {
    let folder = Folder::new();
    fs::write(folder.file("accept"), "").unwrap();
    let (process, _) = serve(&folder, &engine(&folder, false));
    let kept = OpenOptions::new().read(true).write(true).open(pipe_of(&folder)).unwrap();
    process.signal(Signal::KILL).unwrap();
    assert!(ends(&process));
    let found = attempt(&client(&folder, PATIENCE)).unwrap();
    assert!(matches!(found, Attempt::Nobody), "{found:?}");
    let (next, first) = serve(&folder, &engine(&folder, true));
    assert_eq!(connection(greet(&client(&folder, PATIENCE), first.unwrap())).pid, next.pid());
    drop(kept);
}

#[test]
fn a_stop_for_another_version_says_so() {
    for displace in [false, true] {
        let folder = Folder::new();
        serve(&folder, &engine(&folder, false));
        let options = StopOptions { displace, ..StopOptions::default() };
        folder.pidfile().stop(&options, &Abort::new()).unwrap().unwrap();
        assert_eq!(folder.file("displaced").exists(), displace);
    }
}

#[test]
fn a_name_is_as_long_as_the_system_takes_it_and_no_longer() {
    let folder = Folder::new();
    let path = PathBuf::from(format!(r"{}{}", pipe_of(&folder).display(), "x".repeat(256)));
    let error = folder.launch(&engine_at(&folder, path, true)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
    let short = pipe_of(&folder).display().to_string();
    let longest = PathBuf::from(format!("{short}{}", "x".repeat(256 - short.len())));
    let (process, client) = serve(&folder, &engine_at(&folder, longest, true));
    assert!(client.is_some());
    process.signal(Signal::KILL).unwrap();
    assert!(ends(&process));
}

#[test]
fn the_end_of_the_launch_ends_no_daemon_with_a_socket() {
    let folder = Folder::new();
    let launched = folder.launch(&engine(&folder, false)).unwrap();
    let process = launched.process.clone().unwrap();
    launched.abort();
    until("it is ready", || {
        assert!(process.is_alive());
        matches!(folder.pidfile().status().unwrap(), Status::Running { starting: false, .. })
    });
}

#[test]
fn a_daemon_with_a_socket_is_proven_by_its_job_without_the_launcher_and_before_it_does_anything() {
    let folder = Folder::new();
    let socket = SocketPlan { path: pipe_of(&folder), mode: 0o600, connect: false };
    let plan = Plan { socket: Some(socket), ..folder.plan(&["deaf"]) };
    let launched = folder.launch(&plan).unwrap();
    let (pid, process) = (launched.pid, launched.process.clone().unwrap());
    launched.abort();
    let status = folder.pidfile().status();
    assert!(matches!(status, Ok(Status::Running { pid: found, .. }) if found == pid), "{status:?}");
    process.signal(Signal::KILL).unwrap();
    assert!(ends(&process));
}
