//! Jobs around a launcher that end their processes with their last handle, as terminals and CI runners have them.
#![cfg(windows)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::io::Write;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::ptr::null;

use common::{Folder, ends, until};
use daimon_core::{Abort, Status, StopOptions};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_BREAKAWAY_OK,
    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
    JobObjectExtendedLimitInformation, SetInformationJobObject,
};

/// A job whose processes end when it is dropped, and cannot leave it unless `flags` let them.
fn job(flags: u32) -> OwnedHandle {
    // SAFETY: both pointers may be null: no access list, and no name.
    let handle = unsafe { CreateJobObjectW(null(), null()) };
    assert!(!handle.is_null());
    // SAFETY: the call has just made this handle, which nobody else owns.
    let job = unsafe { OwnedHandle::from_raw_handle(handle) };
    let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | flags;
    // SAFETY: the handle is open, and the pointer is to a structure of the kind and size that are told.
    let done = unsafe {
        SetInformationJobObject(
            job.as_raw_handle(),
            JobObjectExtendedLimitInformation,
            (&raw const limits).cast(),
            size_of_val(&limits) as u32,
        )
    };
    assert!(done != 0);
    job
}

/// A launcher in that job, whose daemon serves. A shell waits for a line before it starts the launcher.
fn launcher_in(job: &OwnedHandle, folder: &Folder) -> Child {
    let [launcher, daemon] = ["launcher", "daemon"].map(common::example_of);
    let pidfile = folder.file("d.pid");
    let quoted = [&launcher, &pidfile, &daemon].map(|path| format!("\"{}\"", path.display())).join(" ");
    let mut shell = Command::new("cmd")
        .raw_arg(format!("/d /s /c \"set /p go= & {quoted} serve\""))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // SAFETY: both handles are open for the whole call, which touches no memory.
    let done = unsafe { AssignProcessToJobObject(job.as_raw_handle(), shell.as_raw_handle()) };
    assert!(done != 0);
    shell.stdin.take().unwrap().write_all(b"go\r\n").unwrap();
    shell
}

#[test]
fn a_daemon_leaves_the_job_of_its_launcher_where_that_lets_it_and_else_ends_with_it() {
    for (flags, lives) in [(JOB_OBJECT_LIMIT_BREAKAWAY_OK, true), (0, false)] {
        let folder = Folder::new();
        let job = job(flags);
        let mut shell = launcher_in(&job, &folder);
        until("it serves", || {
            matches!(folder.pidfile().status(), Ok(Status::Running { starting: false, .. }))
        });
        let process = folder.pidfile().holder().unwrap().into_process();
        drop(job);
        shell.wait().unwrap();
        if lives {
            let pid = process.pid();
            assert_eq!(
                folder.pidfile().status().unwrap(),
                Status::Running { pid, starting: false, stopping: false }
            );
            folder.pidfile().stop(&StopOptions::default(), &Abort::new()).unwrap().unwrap();
        } else {
            assert!(ends(&process));
            assert_eq!(folder.pidfile().status().unwrap(), Status::Stopped { stale: true });
        }
    }
}
