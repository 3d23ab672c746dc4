//! The socket that a launch makes for its daemon, seen from outside.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{Folder, PATIENCE, ends, until};
use daimon_core::{
    Attempt, ClientPlan, Connection, ErrorKind, LockOptions, PidFileReason, Plan, Signal, SocketPlan, attempt,
};

fn with_socket(folder: &Folder, args: &[&str]) -> Plan {
    let socket = SocketPlan { path: folder.file("d.sock"), mode: 0o600, connect: true };
    Plan { socket: Some(socket), ..folder.plan(args) }
}

fn client(folder: &Folder, path: PathBuf) -> ClientPlan {
    let pidfile = folder.pidfile();
    ClientPlan { path, pidfile, user: None, hello: true, patience: PATIENCE, cancel: None }
}

/// Waits until a socket is dead: a child of another test's launch may have a copy of its listener for a moment.
fn dies(path: &Path) {
    until("the end of the last copy", || UnixStream::connect(path).is_err());
}

/// The descriptors of a process that are sockets bound to the name `listed.sock`.
fn listeners(pid: i32) -> usize {
    let bound = fs::read_to_string("/proc/net/unix").unwrap();
    let inodes: Vec<_> = bound
        .lines()
        .filter(|line| line.ends_with("listed.sock"))
        .filter_map(|line| line.split_whitespace().nth(6).map(str::to_owned))
        .collect();
    let links = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    let targets = links.filter_map(|link| fs::read_link(link.path()).ok());
    targets
        .filter(|target| inodes.iter().any(|inode| target.to_string_lossy() == format!("socket:[{inode}]")))
        .count()
}

#[test]
fn the_daemon_inherits_the_socket_and_the_launcher_keeps_none() {
    let folder = Folder::new();
    // A name of its own: other tests launch with sockets from this very process.
    let path = folder.file("listed.sock");
    let socket = SocketPlan { path: path.clone(), mode: 0o600, connect: true };
    let launched = folder.launch(&Plan { socket: Some(socket), ..folder.plan(&["serve"]) }).unwrap();
    let stat = fs::metadata(&path).unwrap();
    assert!(stat.file_type().is_socket());
    assert_eq!(stat.mode() & 0o777, 0o600);
    assert_eq!(listeners(launched.pid), 1);
    assert_eq!(listeners(std::process::id() as i32), 0);
    assert!(launched.client.is_some(), "the launcher is the first in the queue");
    let process = launched.process.clone().unwrap();
    process.signal(Signal::TERM).unwrap();
    assert!(ends(&process));
}

#[test]
fn a_failed_launch_leaves_no_socket() {
    let folder = Folder::new();
    let plan = Plan { program: "/nonexistent".into(), ..with_socket(&folder, &["serve"]) };
    assert_eq!(folder.launch(&plan).unwrap_err().kind(), ErrorKind::StartFailed);
    assert!(!folder.file("d.sock").exists());
    assert!(!folder.file("d.pid").exists());
}

#[test]
fn what_is_at_the_path_is_refused_unless_it_is_a_dead_socket_of_ours() {
    let folder = Folder::new();
    let refused = |reason| {
        let error = folder.launch(&with_socket(&folder, &["serve"])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PidFile(reason), "{error}");
        assert!(!folder.file("d.pid").exists());
    };
    fs::write(folder.file("d.sock"), "precious").unwrap();
    refused(PidFileReason::NotASocket);
    assert_eq!(fs::read_to_string(folder.file("d.sock")).unwrap(), "precious");
    fs::remove_file(folder.file("d.sock")).unwrap();
    let listener = UnixListener::bind(folder.file("d.sock")).unwrap();
    refused(PidFileReason::InUse);
    drop(listener);
    dies(&folder.file("d.sock"));
    let launched = folder.launch(&with_socket(&folder, &["serve"])).unwrap();
    assert!(UnixStream::connect(folder.file("d.sock")).is_ok());
    let process = launched.process.clone().unwrap();
    process.signal(Signal::TERM).unwrap();
    assert!(ends(&process));
}

#[test]
fn the_mode_is_exact_whatever_the_umask() {
    let folder = Folder::new();
    let socket = SocketPlan { path: folder.file("d.sock"), mode: 0o666, connect: false };
    let launched = folder.launch(&Plan { socket: Some(socket), ..folder.plan(&["serve"]) }).unwrap();
    assert_eq!(fs::metadata(folder.file("d.sock")).unwrap().mode() & 0o777, 0o666);
    let process = launched.process.clone().unwrap();
    process.signal(Signal::TERM).unwrap();
    assert!(ends(&process));
}

#[test]
fn a_client_reads_the_hello_and_nothing_after_it() {
    let folder = Folder::new();
    let path = folder.file("x.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let us = std::process::id();
    // Held, though not provably by this process, which the client does not take for another daemon.
    let _held = folder.pidfile().lock(&LockOptions::default()).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for piece in [format!("daimon/1 {us}"), " 1.2\nfirst ".into(), "second".into()] {
            stream.write_all(piece.as_bytes()).unwrap();
            stream.flush().unwrap();
        }
    });
    let Attempt::Connected(Connection { fd, pid, version }) = attempt(&client(&folder, path)).unwrap() else {
        panic!("not connected");
    };
    assert_eq!((pid, version.as_deref()), (us as i32, Some("1.2")));
    let mut stream = UnixStream::from(fd);
    stream.set_nonblocking(false).unwrap();
    let mut rest = String::new();
    server.join().unwrap();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "first second");
}

#[test]
fn a_connection_that_ends_before_the_hello_was_never_accepted() {
    let folder = Folder::new();
    let path = folder.file("x.sock");
    assert!(matches!(attempt(&client(&folder, path.clone())).unwrap(), Attempt::Nobody));
    let listener = UnixListener::bind(&path).unwrap();
    let short = ClientPlan { patience: Duration::from_millis(50), ..client(&folder, path.clone()) };
    assert!(matches!(attempt(&short).unwrap(), Attempt::Silent));
    let server = std::thread::spawn(move || {
        // The one of before, whose client has gone; then the one that waits.
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.write_all(b"daimon/1 ");
        }
    });
    assert!(matches!(attempt(&client(&folder, path.clone())).unwrap(), Attempt::Ended));
    server.join().unwrap();
    dies(&path);
    assert!(matches!(attempt(&client(&folder, path)).unwrap(), Attempt::Nobody));
}

#[test]
fn a_client_that_waits_for_a_daemon_which_ends_hears_of_the_end() {
    let folder = Folder::new();
    let launched = folder.launch(&with_socket(&folder, &["serve"])).unwrap();
    // A copy of the listening socket, as a stopped launcher has it, keeps the connection open.
    let copy = UnixStream::connect(folder.file("d.sock")).unwrap();
    assert!(copy.as_raw_fd() > 2);
    let plan = client(&folder, folder.file("d.sock"));
    let waiting = std::thread::spawn(move || attempt(&plan).unwrap());
    let process = launched.process.clone().unwrap();
    until("its life", || process.is_alive());
    process.signal(Signal::KILL).unwrap();
    assert!(ends(&process));
    assert!(matches!(waiting.join().unwrap(), Attempt::Ended | Attempt::Nobody));
}
