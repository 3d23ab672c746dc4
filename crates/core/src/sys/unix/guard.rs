//! A process that ends a process group and outlives it.
#![allow(unsafe_code, reason = "clone makes it, as it makes the daemon")]

use std::ffi::{c_int, c_void};
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use nix::errno::Errno;

use crate::sys::{
    Pid, Stack, Unreached, close_others, has_ended_by, leave_group, pause, reap, signal_group, spawn_child,
};

/// The time from the first signal to SIGKILL: the number of looks, and the milliseconds between two of them.
const LOOKS: u16 = 500;
const BETWEEN_LOOKS: u16 = 2;

/// The orders for the child, in memory that the parent keeps until the child has exited.
struct Orders<'a> {
    group: Pid,
    /// The pidfds of the members; if `None`, only an empty group shows that all have ended.
    members: Option<&'a [BorrowedFd<'a>]>,
    /// The numbers of these pidfds, sorted.
    keep: &'a [RawFd],
}

/// Ends the process group of this process's session: SIGTERM and SIGCONT, then SIGKILL, after a second or as soon as
/// all `members` (pidfds) have ended; with `None`, as soon as the group is empty.
///
/// A child does this, because this process is a member and may end by the first signal, while others ignore it. The
/// child leaves the group but not the session, so that no other group can get the group's number: no process gets the
/// number of a session that has members (Linux frees a `struct pid` when no task is attached to it in any role).
///
/// Returns when the child has ended, if this process lives that long.
///
/// # Errors
///
/// The system's, when no process can be made. No signal has been sent then.
pub(crate) fn end_group_from_outside(group: Pid, members: Option<&[BorrowedFd<'_>]>) -> Result<(), Errno> {
    let mut keep: Vec<_> = members.unwrap_or_default().iter().map(AsRawFd::as_raw_fd).collect();
    keep.sort_unstable();
    let orders = Orders { group, members, keep: &keep };
    let argument = std::ptr::from_ref(&orders).cast_mut().cast();
    let mut stack = Stack::new();
    // SAFETY: stack and orders live until `reap` below returns, when the child has exited. If this process is killed
    // meanwhile, the child itself keeps the shared memory alive. `guard` makes only async-signal-safe calls.
    let child = unsafe { spawn_child(stack.top(), guard, argument) }?;
    reap(child);
    Ok(())
}

/// Async-signal-safe: it calls `close_range` or its stand-ins, `setpgid`, `kill`, `poll`, `nanosleep`, `_exit`; no
/// allocation, no lock, no panic. All signals are blocked, as in the thread that makes this child.
///
/// # Safety
///
/// `orders` points to the parent's `Orders`, which it keeps until this child has exited. The caller is a child that has
/// its own descriptor table.
unsafe extern "C" fn guard(orders: *mut c_void) -> c_int {
    // SAFETY: the caller vouches for the orders; this child only reads them.
    let orders = unsafe { &*orders.cast::<Orders<'_>>().cast_const() };
    // This closes the daemon's lock, first of all, because the next start must not wait for this process.
    // SAFETY: this child has its own descriptor table, and uses only the members' descriptors, which are in `keep`.
    let _ = unsafe { close_others(orders.keep) };
    // If the system refuses, this process stays a member, and SIGKILL ends it with the others.
    let _ = leave_group();
    let _ = signal_group(orders.group, libc::SIGTERM);
    // A stopped process does not handle SIGTERM before it continues.
    let _ = signal_group(orders.group, libc::SIGCONT);
    for _ in 0..LOOKS {
        let over = match orders.members {
            Some(fds) => fds.iter().all(|fd| has_ended_by(*fd)),
            // Members that have ended but are not collected still count, so this may never come true.
            None => signal_group(orders.group, 0).is_err_and(Unreached::has_ended),
        };
        if over {
            break;
        }
        pause(BETWEEN_LOOKS);
    }
    // Also if all members have ended, because processes that they made meanwhile have missed the first signal.
    let _ = signal_group(orders.group, libc::SIGKILL);
    0
}
