//! A process that ends a process group and outlives it.
#![allow(unsafe_code, reason = "it is made by clone, as the daemon is")]

use std::ffi::{c_int, c_void};

use nix::errno::Errno;

use super::{Stack, close_others, leave_group, pause, reap, signal_group, spawn_child};
use crate::error::Pid;

/// From the first signal to SIGKILL, in looks and milliseconds between two of them.
const LOOKS: u16 = 500;
const BETWEEN_LOOKS: u16 = 2;

/// Ends the group that is named after this process's session: SIGTERM and SIGCONT, after a second SIGKILL.
///
/// By a child, since this process, a member, may end of the first signal, while others ignore it. The child leaves the group
/// but not the session, for two reasons: it sees by kill(2) alone when the group is empty, and as long as a session has
/// members its number is given to no other process (Linux: a `struct pid` is free when no task is attached to it in any
/// role), so that no other group can have it.
///
/// Returns when the child has ended, if this process lives that long.
///
/// # Errors
///
/// When no process can be made: nobody has been signalled then.
pub(crate) fn end_group_from_outside(group: Pid) -> Result<(), Errno> {
    let mut stack = Stack::new();
    let argument = std::ptr::without_provenance_mut(usize::try_from(group).map_err(|_| Errno::EINVAL)?);
    // SAFETY: the stack is the child's until it has exited, which is waited for; a process that ends meanwhile frees no
    // memory that its child shares. `guard` makes the calls of `sys` alone that are fit for that time.
    let child = unsafe { spawn_child(stack.top(), guard, argument) }?;
    reap(child);
    Ok(())
}

/// Async-signal-safe: `close_range` or its stand-ins, `setpgid`, `kill`, `nanosleep` (macOS: `poll`), `_exit`; no allocation, no lock,
/// no panic. All signals are blocked, as in the thread that makes it.
extern "C" fn guard(group: *mut c_void) -> c_int {
    let Ok(group) = Pid::try_from(group.addr()) else { return 1 };
    // The daemon's lock first of all: the next start must not wait for this process.
    let _ = close_others(&[]);
    // Refused it stays a member, and SIGKILL takes it along in the end.
    let _ = leave_group();
    let _ = signal_group(group, libc::SIGTERM);
    // A stopped process sees no other signal.
    let _ = signal_group(group, libc::SIGCONT);
    for _ in 0..LOOKS {
        if signal_group(group, 0) == Err(Errno::ESRCH) {
            return 0;
        }
        pause(BETWEEN_LOOKS);
    }
    let _ = signal_group(group, libc::SIGKILL);
    0
}
