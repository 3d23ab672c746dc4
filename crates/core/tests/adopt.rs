//! Wrong and forged adoption variables.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsRawFd;

use common::Folder;
use daimon_core::{ErrorKind, adopt, own_daemon};

#[test]
fn a_wrong_or_forged_variable_is_an_error_and_changes_nothing() {
    let folder = Folder::new();
    std::fs::write(folder.file("d.pid"), "1\n").unwrap();
    let file = File::open(folder.file("d.pid")).unwrap();
    let fd = file.as_raw_fd();
    let own = folder.file("d.pid").display().to_string();
    let values = [
        String::new(),
        "1".into(),
        "2:3:4:0:/x.pid".into(),
        "1:0:1:0:/x.pid".into(),
        "1:3:3:0:/x.pid".into(),
        "1:14:15:0:/x.pid".into(),
        "1:3:4:0:relative".into(),
        format!("1:{fd}:2:0:{own}"),
        format!("1:{fd}:{}:0:{own}", if fd == 3 { 4 } else { 3 }),
    ];
    for value in values {
        let error = adopt(&OsString::from(&value)).unwrap_err();
        assert_eq!((error.kind(), error.step()), (ErrorKind::StartFailed, Some("adopt")), "{value}");
    }
    assert!(own_daemon().is_none());
    // Still ours, and open.
    file.metadata().unwrap();
}
