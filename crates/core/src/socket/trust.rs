//! With whom a client talks: whether what listens at the path is the daemon.

use nix::unistd::geteuid;

use crate::error::{Pid, Result};
use crate::pidfile::Status;
use crate::plan::ClientPlan;
use crate::sys::{self, RawPeer};

impl ClientPlan {
    /// Another user's process must not pass for the daemon.
    pub(super) fn check_user(&self, uid: u32, pid: Option<Pid>) -> Result<()> {
        let is_known = uid == geteuid().as_raw() || uid == 0 || Some(uid) == self.user;
        let is_nobody = Some(uid) == sys::overflow_user();
        if (is_known && !is_nobody) || (geteuid().is_root() && self.is_owned_by(uid)) {
            return Ok(());
        }
        let who = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
        let reason = format!("a process of user {uid} listens there{who}, who is neither this user nor root");
        Err(self.unverified(pid, &reason))
    }

    /// Whether the pidfile's proven holder is a process of that user.
    fn is_owned_by(&self, uid: u32) -> bool {
        match self.pidfile.status() {
            Ok(Status::Running { pid, .. }) => sys::user_ids(pid).is_some_and(|ids| ids.contains(&uid)),
            _ => false,
        }
    }

    /// Whether that process holds the pidfile. True where it cannot be told: the user has been checked.
    pub(super) fn is_holder(&self, hello: Pid) -> Result<bool> {
        Ok(match self.pidfile.status()? {
            Status::Running { pid, .. } => pid == hello,
            Status::Unverified(_) => true,
            // Who says hello is ready, and holds its pidfile until it ends.
            Status::Stopped { .. } => false,
        })
    }

    /// The daemon's PID, where no hello tells it. The kernel names who has called listen(2) last before the client
    /// connected, which is the launcher for a connection that waited while the daemon was started.
    pub(super) fn pid_of(&self, peer: &RawPeer) -> Result<Pid> {
        let told = match self.pidfile.status()? {
            Status::Running { pid, .. } => Some(pid),
            Status::Unverified(held) => held.pid.or(peer.pid),
            Status::Stopped { .. } => peer.pid,
        };
        told.ok_or_else(|| self.unverified(None, "the PID of the process that listens there cannot be told"))
    }
}
