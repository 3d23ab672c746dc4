//! A launch under a filter that does not know newer system calls, as containers have them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::os::fd::AsRawFd;
use std::thread;

use common::shell::{SHORT, Shell, stop};
use common::{Folder, ends, errno, until};
use daimon_core::{ErrorKind, Signal, StopOptions};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};

/// Answers EPERM to one system call of this thread and the children that it makes.
fn forbid(call: libc::c_long) {
    answer(call, libc::EPERM);
}

/// Answers so to one system call of this thread and the children that it makes.
fn answer(call: libc::c_long, errno: i32) {
    // The number is at the beginning of `struct seccomp_data`.
    answer_where(&[(0, u32::try_from(call).unwrap())], errno);
}

/// The same for one signal by a pidfd.
fn forbid_signal(signal: i32) {
    let call = u32::try_from(libc::SYS_pidfd_send_signal).unwrap();
    // The arguments begin at byte 16, with eight bytes each, the low ones first.
    forbid_where(&[(0, call), (16 + 8, u32::try_from(signal).unwrap())]);
}

fn forbid_where(conditions: &[(u32, u32)]) {
    answer_where(conditions, libc::EPERM);
}

/// The same where each of these places in `struct seccomp_data` has its number.
fn answer_where(conditions: &[(u32, u32)], errno: i32) {
    let instruction = |code, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut filter = Vec::new();
    for (index, (place, number)) in conditions.iter().enumerate() {
        // Over the other conditions, and the answer.
        let to_the_end = u8::try_from(2 * (conditions.len() - index) - 1).unwrap();
        filter.push(instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, *place));
        filter.push(instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, to_the_end, *number));
    }
    let refusal = libc::SECCOMP_RET_ERRNO | errno as u32;
    filter.push(instruction(libc::BPF_RET | libc::BPF_K, 0, 0, refusal));
    filter.push(instruction(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog { len: u16::try_from(filter.len()).unwrap(), filter: filter.as_mut_ptr() };
    nix::sys::prctl::set_no_new_privs().unwrap();
    // SAFETY: prctl(2) reads the program, which lives across the call.
    let result = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    assert_eq!(result, 0);
}

#[test]
fn descriptors_are_closed_one_by_one_where_close_range_is_forbidden() {
    let folder = Folder::new();
    // Open and inheritable in the launcher: no business of the daemon.
    let leaked: Vec<_> = (0..300).map(|_| fs::File::open("/dev/zero").unwrap()).collect();
    for file in &leaked {
        fcntl(file, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
    }
    let mut plan = folder.plan(&["deaf"]);
    let kept = leaked.last().unwrap().as_raw_fd();
    plan.keep_fds = vec![kept.into()];
    forbid(libc::SYS_close_range);
    let launched = folder.launch(&plan).unwrap();
    let pid = launched.pid;
    let fds = || {
        let entries = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
        let mut fds: Vec<i32> =
            entries.map(|entry| entry.file_name().to_string_lossy().parse().unwrap()).collect();
        fds.sort_unstable();
        fds
    };
    // The loader still has libraries open for a moment.
    until("the daemon's own descriptors are left", || fds() == [0, 1, 2, 3, 4, kept]);
}

/// Does it on a thread of its own, which alone has the filter.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(work).join().unwrap())
}

#[test]
fn a_sigkill_that_is_refused_is_the_error_of_the_stop() {
    for group in [false, true] {
        let folder = Folder::new();
        let shell = Shell::new(&folder, "trap '' TERM; echo > begun; while :; do sleep 0.05; done");
        let stopped = apart(|| {
            forbid_signal(libc::SIGKILL);
            if group {
                // The group's signal.
                let call = u32::try_from(libc::SYS_kill).unwrap();
                forbid_where(&[(0, call), (16 + 8, u32::try_from(libc::SIGKILL).unwrap())]);
            }
            stop(&folder, &StopOptions { timeout: SHORT, group, ..StopOptions::default() })
        });
        let error = stopped.unwrap_err();
        assert_eq!(
            (error.kind(), errno(&error)),
            (ErrorKind::PermissionDenied, Some(libc::EPERM)),
            "{error}"
        );
        assert_eq!((error.syscall(), error.pid()), (Some("pidfd_send_signal"), Some(shell.process.pid())));
        assert!(shell.process.is_alive());
    }
}

#[test]
fn a_daemon_that_ends_by_itself_after_a_refused_sigkill_is_stopped_and_not_killed() {
    let folder = Folder::new();
    let ends_late = "trap 'sleep 0.4; exit 0' TERM; echo > begun; while :; do sleep 0.05; done";
    let shell = Shell::new(&folder, ends_late);
    let stopped = apart(|| {
        forbid_signal(libc::SIGKILL);
        stop(&folder, &StopOptions { timeout: SHORT, ..StopOptions::default() })
    });
    let stopped = stopped.unwrap().unwrap();
    assert!(stopped.was_running && !stopped.forced, "{stopped:?}");
    assert!(!shell.process.is_alive());
}

#[test]
fn what_no_system_call_has_refused_names_none() {
    let folder = Folder::new();
    let daemon = folder.serve_without_handle();
    let error = apart(|| {
        // The handle has the start time.
        forbid(libc::SYS_pidfd_open);
        let holder = folder.pidfile().holder().unwrap();
        holder.process().signal(Signal::KILL).unwrap();
        assert!(ends(holder.process()));
        holder.process().signal(Signal::TERM).unwrap_err()
    });
    assert_eq!((error.kind(), error.pid()), (ErrorKind::NotRunning, Some(daemon.0)));
    assert_eq!((error.syscall(), errno(&error)), (None, None), "{error}");
}

#[test]
fn a_signal_is_sent_where_pidfds_can_be_had_but_not_signalled() {
    let folder = Folder::new();
    let process = folder.serve();
    let sent = apart(|| {
        answer(libc::SYS_pidfd_send_signal, libc::ENOSYS);
        process.signal(Signal::TERM)
    });
    sent.unwrap();
    assert!(ends(&process));
    let error = apart(|| {
        answer(libc::SYS_pidfd_send_signal, libc::ENOSYS);
        process.signal(Signal::TERM).unwrap_err()
    });
    assert_eq!(error.kind(), ErrorKind::NotRunning, "{error}");
}

#[test]
fn a_signal_that_the_system_has_no_room_for_is_no_wrong_option() {
    let folder = Folder::new();
    let process = folder.serve();
    let error = apart(|| {
        answer(libc::SYS_pidfd_send_signal, libc::EAGAIN);
        process.signal(Signal::TERM).unwrap_err()
    });
    assert_eq!((error.kind(), errno(&error)), (ErrorKind::Unverified, Some(libc::EAGAIN)), "{error}");
    assert_eq!(error.syscall(), Some("pidfd_send_signal"));
    assert!(process.is_alive());
}

#[test]
fn a_channel_that_cannot_be_shut_down_is_dropped_all_the_same() {
    let folder = Folder::new();
    let launched = folder.launch(&folder.plan(&["deaf"])).unwrap();
    let dropped = thread::spawn(|| {
        forbid(libc::SYS_shutdown);
        drop(launched);
    });
    until("it is dropped", || dropped.is_finished());
}
