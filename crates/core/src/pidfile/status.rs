//! The state of a pidfile, by one look.

use super::PidFile;
use super::probe::Proven;
use crate::error::{Error, ErrorKind, Pid, Result};
use crate::seam;
use crate::sys::Phase;

/// The state of a pidfile at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// A daemon holds it, and is proven to be the holder.
    Running {
        /// Its PID, in the caller's namespace.
        pid: Pid,
        /// It is not ready yet, and may still fail. Never on macOS, where the pidfile does not tell.
        starting: bool,
        /// It was ready, and is about to end: its socket is closed. Never on macOS.
        stopping: bool,
    },
    /// No process holds it.
    Stopped {
        /// Text was left behind: the last daemon crashed.
        stale: bool,
    },
    /// It is held, but the holder cannot be proven.
    Unverified(Held),
}

/// A lock that is held, without proof from here of its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The PID in the text, if it has one.
    pub pid: Option<Pid>,
    /// Why the holder is not proven.
    pub reason: String,
    /// Whether another look is worth while: a launch under way, and a daemon that ends, look like this for a moment.
    pub transient: bool,
}

/// The result of one look.
pub(super) enum Seen {
    Running(Proven),
    Stopped {
        stale: bool,
    },
    Unverified(Held),
    /// The pidfile cannot be read, for this reason.
    Unreadable(Error),
}

impl PidFile {
    /// Gives the state of the pidfile, by one look.
    ///
    /// # Errors
    ///
    /// `PidFile` when the path is a link or not a regular file. What cannot be read is `Unverified`, not an error.
    pub fn status(&self) -> Result<Status> {
        // Of a status alone: a stop that believed the text would signal strangers.
        if seam::breaks("text-alone")
            && let Some(pid) = self.text_alone()
        {
            return Ok(Status::Running { pid, starting: false, stopping: false });
        }
        Ok(match self.see()? {
            Seen::Running(Proven { pid, phase, .. }) => {
                let starting = matches!(phase, Phase::Starting | Phase::Deaf);
                Status::Running { pid, starting, stopping: phase == Phase::Leaving }
            }
            Seen::Stopped { stale } => Status::Stopped { stale },
            Seen::Unverified(held) => Status::Unverified(held),
            Seen::Unreadable(error) => {
                Status::Unverified(Held { pid: None, reason: unreadable(&error), transient: false })
            }
        })
    }
}

/// Why a file that cannot be read proves nothing.
pub(super) fn unreadable(error: &Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => "this user may not read it".into(),
        _ => format!("it cannot be read: {error}"),
    }
}
