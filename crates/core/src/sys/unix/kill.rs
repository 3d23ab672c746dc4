//! Signals by number, to a process or a process group: nix and rustix have no real-time signals.
#![expect(unsafe_code, reason = "nix knows the standard signals alone")]

use nix::errno::Errno;

use crate::sys::{Pid, Unreached};

/// Sends a signal to one process, kill(2). Async-signal-safe.
pub(crate) fn signal_process(pid: Pid, signal: i32) -> Result<(), Unreached> {
    // No process has such a number: 0 would mean this process's group, and -1 all processes.
    if pid <= 0 { Err(Unreached::Ended) } else { kill(pid, signal) }
}

/// Sends a signal to a process group, kill(2). Async-signal-safe.
pub(crate) fn signal_group(group: Pid, signal: i32) -> Result<(), Unreached> {
    // Likewise: -0 would mean this process's group, and -1 all processes.
    if group <= 1 { Err(Unreached::Ended) } else { kill(-group, signal) }
}

fn kill(target: Pid, signal: i32) -> Result<(), Unreached> {
    // SAFETY: kill(2) takes two numbers and touches no memory.
    let result = unsafe { libc::kill(target, signal) };
    Errno::result(result).map(drop).map_err(|errno| Unreached::System("kill", errno))
}
