//! Signals to process groups by number: nix has no real-time signals.
#![expect(unsafe_code, reason = "nix knows the standard signals alone")]

use nix::errno::Errno;

use crate::sys::Pid;

/// Sends a signal to the group, killpg(3). The group is above 1: 0 and 1 would mean others.
pub(crate) fn signal_group(group: Pid, signal: i32) -> Result<(), Errno> {
    if group <= 1 {
        return Err(Errno::EINVAL);
    }
    // SAFETY: killpg(3) takes two numbers and touches no memory.
    let result = unsafe { libc::killpg(group, signal) };
    Errno::result(result).map(drop)
}
