//! A launch keeps its first child as long as it must, and no longer. Alone in its process: every child is seen.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use common::{Folder, PATIENCE, frames};
use daimon_core::FrameKind;
use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};

/// Whether this process has any child, ended or not, of whatever exit signal.
fn has_children() -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT | WaitPidFlag::__WALL;
    waitid(Id::All, flags) != Err(Errno::ECHILD)
}

#[test]
fn no_child_is_left_of_a_launch_and_no_plain_wait_sees_one() {
    let folder = Folder::new();
    let mut plan = folder.plan(&[]);
    plan.program = folder.file("missing");
    folder.launch(&plan).unwrap_err();
    assert!(!has_children(), "of a step that has failed");

    let launched = folder.launch(&folder.plan(&["serve"])).unwrap();
    assert!(has_children());
    assert_eq!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Err(Errno::ECHILD));
    assert_eq!(frames(launched.channel).recv_timeout(PATIENCE), Ok(Some(FrameKind::Ready)));
    assert_eq!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Err::<WaitStatus, _>(Errno::ECHILD));
    launched.group.release();
    assert!(!has_children(), "of a daemon that is ready");
    launched.process.unwrap().signal(libc::SIGKILL).unwrap();

    plan = folder.plan(&["exit", "3"]);
    plan.pidfile = daimon_core::PidFile::new(folder.file("other.pid")).unwrap();
    let launched = folder.launch(&plan).unwrap();
    assert_eq!(frames(launched.channel).recv_timeout(PATIENCE), Ok(None));
    assert_eq!(launched.group.end(Duration::from_secs(1)), []);
    assert!(!has_children(), "of a daemon that has failed");
}
