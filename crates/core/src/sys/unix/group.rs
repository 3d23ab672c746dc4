//! The process group that a launch makes.

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::{Pid as NixPid, getpgid, getsid};

use crate::sys::{Pid, ProcessHandle};

/// The process group of a launched process, when its launch has made that: the group is named after its session, and
/// the session's leader has ended with the launch. This asks by PID, so the caller must ask afterwards whether the
/// process is alive.
pub(crate) fn launched_group(pid: Pid) -> Option<Pid> {
    let pid = Some(NixPid::from_raw(pid));
    let (group, session) = (getpgid(pid).ok()?, getsid(pid).ok()?);
    let ours = group == session && Some(group) != getpgid(None).ok() && has_ended(group);
    ours.then_some(group.as_raw())
}

/// Whether a session's leader has ended. A launcher does not collect it before the daemon is ready.
fn has_ended(leader: NixPid) -> bool {
    kill(leader, None) == Err(Errno::ESRCH)
        || match ProcessHandle::open(leader.as_raw()) {
            Ok(handle) => !handle.is_alive(leader.as_raw()),
            Err(unreached) => unreached.has_ended(),
        }
}
