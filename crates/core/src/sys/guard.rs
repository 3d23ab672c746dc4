//! A process that ends a process group and outlives it.
#![allow(unsafe_code, reason = "it is made by clone, as the daemon is")]

use std::ffi::{c_int, c_void};
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use nix::errno::Errno;

use super::{Pid, Stack, close_others, has_ended_by, leave_group, pause, reap, signal_group, spawn_child};

/// From the first signal to SIGKILL, in looks and milliseconds between two of them.
const LOOKS: u16 = 500;
const BETWEEN_LOOKS: u16 = 2;

/// What the child reads, in memory that its parent keeps until it has exited.
struct Orders<'a> {
    group: Pid,
    /// The pidfds of the members; `None`: nothing but an empty group shows that all have ended.
    members: Option<&'a [BorrowedFd<'a>]>,
    /// The numbers of these pidfds, sorted.
    keep: &'a [RawFd],
}

/// Ends the group that is named after this process's session: SIGTERM and SIGCONT, then SIGKILL, after a second or as
/// soon as all `members` (pidfds) have ended. `None` for these: as soon as the group is empty.
///
/// A child does this, because this process is a member and may end by the first signal, while others ignore it. The
/// child leaves the group but not the session: the number of a session that has members is given to no other process
/// (Linux: a `struct pid` is free when no task is attached to it in any role), so that no other group can have it.
///
/// Returns when the child has ended, if this process lives that long.
///
/// # Errors
///
/// When no process can be made: no signal has been sent then.
pub(crate) fn end_group_from_outside(group: Pid, members: Option<&[BorrowedFd<'_>]>) -> Result<(), Errno> {
    let mut keep: Vec<_> = members.unwrap_or_default().iter().map(AsRawFd::as_raw_fd).collect();
    keep.sort_unstable();
    let orders = Orders { group, members, keep: &keep };
    let argument = std::ptr::from_ref(&orders).cast_mut().cast();
    let mut stack = Stack::new();
    // SAFETY: stack and orders live until `reap` below has returned, when the child has exited. Should this process be
    // killed meanwhile, the child keeps the shared memory by itself. `guard` makes async-signal-safe calls alone.
    let child = unsafe { spawn_child(stack.top(), guard, argument) }?;
    reap(child);
    Ok(())
}

/// Async-signal-safe: `close_range` or its stand-ins, `setpgid`, `kill`, `poll`, `nanosleep`, `_exit`; no
/// allocation, no lock, no panic. All signals are blocked, as in the thread that makes it.
extern "C" fn guard(orders: *mut c_void) -> c_int {
    // SAFETY: the parent passes its `Orders`, which it keeps until this child has exited.
    let orders = unsafe { &*orders.cast::<Orders<'_>>().cast_const() };
    // First of all this closes the daemon's lock: the next start must not wait for this process.
    // SAFETY: this child has descriptors of its own, and uses none but those of the members, which are in `keep`.
    let _ = unsafe { close_others(orders.keep) };
    // If that is refused, this process stays a member, and SIGKILL takes it along in the end.
    let _ = leave_group();
    let _ = signal_group(orders.group, libc::SIGTERM);
    // A stopped process sees no other signal.
    let _ = signal_group(orders.group, libc::SIGCONT);
    for _ in 0..LOOKS {
        let over = match orders.members {
            Some(fds) => fds.iter().all(|fd| has_ended_by(*fd)),
            // A group of members that have ended and are not collected does not show this.
            None => signal_group(orders.group, 0) == Err(Errno::ESRCH),
        };
        if over {
            break;
        }
        pause(BETWEEN_LOOKS);
    }
    // Also when all members have ended: processes that they made meanwhile came too late for the first signal.
    let _ = signal_group(orders.group, libc::SIGKILL);
    0
}
