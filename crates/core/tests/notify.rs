//! Notifications, heard by a real socket.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use common::{Folder, PATIENCE, errno};
use daimon_core::{ErrorKind, Notifier, monotonic};

fn heard(socket: &UnixDatagram) -> String {
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut bytes = [0; 4_096];
    let length = socket.recv(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

#[test]
fn a_message_arrives_whole_at_a_path() {
    let folder = Folder::new();
    let socket = UnixDatagram::bind(folder.file("notify")).unwrap();
    let notifier = Notifier::connect(folder.file("notify").as_os_str()).unwrap();
    notifier.send("READY=1\nMAINPID=1", Duration::ZERO).unwrap();
    assert_eq!(heard(&socket), "READY=1\nMAINPID=1");
}

#[cfg(target_os = "linux")]
#[test]
fn a_message_arrives_at_an_abstract_socket() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    let name = format!("daimon-notify-{}", std::process::id());
    let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let notifier = Notifier::connect(OsStr::new(&format!("@{name}"))).unwrap();
    notifier.send("READY=1", Duration::ZERO).unwrap();
    assert_eq!(heard(&socket), "READY=1");
}

#[test]
fn a_socket_that_was_made_anew_is_found_again() {
    let folder = Folder::new();
    let path = folder.file("notify");
    let first = UnixDatagram::bind(&path).unwrap();
    let notifier = Notifier::connect(path.as_os_str()).unwrap();
    drop(first);
    fs::remove_file(&path).unwrap();
    let error = notifier.send("READY=1", Duration::ZERO).unwrap_err();
    assert_eq!(errno(&error), Some(libc::ENOENT), "while there is none");
    let second = UnixDatagram::bind(&path).unwrap();
    notifier.send("READY=1", Duration::ZERO).unwrap();
    assert_eq!(heard(&second), "READY=1");
}

#[test]
fn a_socket_that_nobody_reads_holds_nobody_up_for_ever() {
    let folder = Folder::new();
    let socket = UnixDatagram::bind(folder.file("notify")).unwrap();
    let notifier = Notifier::connect(folder.file("notify").as_os_str()).unwrap();
    let full = loop {
        if let Err(error) = notifier.send("STATUS=x", Duration::ZERO) {
            break error;
        }
    };
    assert_eq!(errno(&full), Some(libc::EAGAIN));
    let patience = Duration::from_millis(50);
    let begun = Instant::now();
    assert_eq!(errno(&notifier.send("READY=1", patience).unwrap_err()), Some(libc::EAGAIN));
    assert!(begun.elapsed() >= patience, "it has been waited for");
    // Room is made while it waits.
    let reader = std::thread::spawn(move || {
        let mut last = heard(&socket);
        while last != "READY=1" {
            last = heard(&socket);
        }
    });
    notifier.send("READY=1", PATIENCE).unwrap();
    reader.join().unwrap();
}

#[test]
fn an_address_that_cannot_be_reached_is_an_error_that_names_it() {
    let folder = Folder::new();
    for address in ["", "relative", "@", "vsock:2:1234"] {
        let error = Notifier::connect(OsStr::new(address)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{address}");
    }
    let path = folder.file("nobody");
    let error = Notifier::connect(path.as_os_str()).unwrap_err();
    assert_eq!(errno(&error), Some(libc::ENOENT));
    assert!(error.message().contains("nobody"), "{error}");
    let long = format!("/{}", "x".repeat(200));
    assert!(Notifier::connect(OsStr::new(&long)).unwrap_err().message().contains(&long));
}

#[test]
fn the_clock_is_monotonic() {
    let first = monotonic();
    assert!(first > Duration::ZERO);
    assert!(monotonic() >= first);
}
