//! A launch under a filter that does not know newer system calls, as containers have them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::os::fd::AsRawFd;

use common::{Folder, until};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};

/// Answers EPERM to one system call of this thread and the children that it makes.
fn forbid(call: libc::c_long) {
    let instruction = |code, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut filter = [
        // The number is at the beginning of `struct seccomp_data`.
        instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, u32::try_from(call).unwrap()),
        instruction(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        instruction(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
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
