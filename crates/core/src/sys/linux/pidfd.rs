//! Handles on processes, pidfd_open(2).
#![expect(unsafe_code, reason = "neither nix nor rustix has all of the pidfd calls")]

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::PidfdFlags;

use crate::sys::unix::fd::errno;
use crate::sys::{Pid, Unreached};

/// Whether the process of a pidfd has ended, collected or not. Async-signal-safe.
pub(crate) fn has_ended_by(pidfd: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::new(pidfd, PollFlags::POLLIN)];
    matches!(poll(&mut fds, PollTimeout::ZERO), Ok(1..))
}

pub(super) fn pidfd_open(pid: Pid) -> Result<OwnedFd, Unreached> {
    // No process has the number 0.
    let pid = rustix::process::Pid::from_raw(pid).ok_or(Unreached::Ended)?;
    let opened = rustix::process::pidfd_open(pid, PidfdFlags::empty());
    opened.map_err(|error| Unreached::System("pidfd_open", errno(error)))
}

/// A call of our own, because rustix's takes no real-time signals.
pub(super) fn pidfd_send_signal(pidfd: BorrowedFd<'_>, signal: i32) -> Result<(), Unreached> {
    let no_info = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: pidfd_send_signal(2) with a null siginfo reads no memory of ours.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, no_info, 0) };
    Errno::result(result).map(drop).map_err(|errno| Unreached::System("pidfd_send_signal", errno))
}

/// `struct pidfd_info` of `include/uapi/linux/pidfd.h`, its first version.
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup_id: u64,
    ids: [u32; 11],
    exit_code: i32,
}

const PIDFD_INFO_EXIT: u64 = 1 << 3;
/// `_IOWR(0xFF, 11, struct pidfd_info)`.
const PIDFD_GET_INFO: u64 = (3 << 30) | ((size_of::<PidfdInfo>() as u64) << 16) | (0xff << 8) | 11;

pub(super) fn pidfd_exit_status(pidfd: BorrowedFd<'_>) -> Option<i32> {
    let mut info = PidfdInfo { mask: PIDFD_INFO_EXIT, ..PidfdInfo::default() };
    // SAFETY: the request contains the size of the struct behind the pointer, and the kernel writes no more than that.
    let result = unsafe { libc::ioctl(pidfd.as_raw_fd(), PIDFD_GET_INFO as _, &raw mut info) };
    (result == 0 && info.mask & PIDFD_INFO_EXIT != 0).then_some(info.exit_code)
}
