//! Taking the lock: the patience of a start.

use std::time::{Duration, Instant};

use super::backoff::Backoff;
use super::flaw::Flaw;
use super::holder::Holder;
use super::locked::Locked;
use super::wait::{Cancel, wait};
use super::{LONGEST_WAIT, PidFile};
use crate::error::{Error, ErrorKind, Pid, Result};
use crate::sys;

/// How long to wait for the proof of a holder, or for probes and rival starts to let the lock go.
const PATIENCE: Duration = Duration::from_secs(2);

/// How to take the lock.
#[derive(Clone, Debug)]
pub struct LockOptions {
    /// The file's exact permissions; the umask does not matter. Default 0o600.
    pub mode: u32,
    /// How long to wait for a running daemon to leave. Default: not at all.
    pub wait: Duration,
    /// How long to wait for a daemon that is leaving, where that is longer. Default: not at all.
    pub wait_leaving: Duration,
    /// Ends the wait early.
    pub cancel: Option<Cancel>,
}

impl Default for LockOptions {
    fn default() -> Self {
        Self { mode: 0o600, wait: Duration::ZERO, wait_leaving: Duration::ZERO, cancel: None }
    }
}

/// The result of one round.
pub(super) enum Round {
    Locked(Locked),
    /// Another file has the name now.
    Replaced,
    /// A daemon holds it, proven, and may be about to end.
    Running {
        pid: Pid,
        leaving: bool,
    },
    /// A proven daemon holds it and is not ready: it may still fail, or end with its launcher.
    Starting(Pid),
    /// Held, and no process is proven to be the holder.
    Held,
    /// Probes or rival starts stood in the way.
    #[cfg_attr(windows, expect(dead_code, reason = "opening and locking are one step there"))]
    Contended,
}

/// How long a start goes on with its rounds.
struct Patience {
    end: Instant,
    /// Since when no look has proven a holder.
    unproven_since: Option<Instant>,
}

impl Patience {
    fn after(until: Instant) -> Self {
        Self { end: until + PATIENCE, unproven_since: None }
    }

    /// Whether it is over with that round. One look without a proof says little after others with one, because a daemon
    /// whom many ask at the same time does not answer all of them in time.
    fn is_over(&mut self, round: &Round, now: Instant) -> bool {
        match round {
            Round::Held => {
                let since = *self.unproven_since.get_or_insert(now);
                now >= self.end && now >= since + PATIENCE
            }
            Round::Running { .. } | Round::Starting(_) => {
                self.unproven_since = None;
                now >= self.end
            }
            Round::Locked(_) | Round::Contended | Round::Replaced => now >= self.end,
        }
    }
}

impl PidFile {
    /// Takes the lock for a start.
    ///
    /// ```
    /// use daimon_core::{ErrorKind, LockOptions, PidFile, Status};
    ///
    /// let folder = std::env::temp_dir().join(format!("daimon-doc-lock-{}", std::process::id()));
    /// std::fs::create_dir(&folder)?;
    /// let pidfile = PidFile::new(folder.join("web.pid"))?;
    /// let locked = pidfile.lock(&LockOptions::default())?;
    /// assert!(matches!(pidfile.status()?, Status::Unverified(_)), "it names no process yet");
    /// drop(locked);
    /// pidfile.remove_leftover(None)?;
    /// std::fs::remove_dir(folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - `AlreadyRunning` with the holder's PID, after `options.wait`; one that is not ready has two seconds more, in
    ///   which it may fail (Linux);
    /// - `PidFile` when the path cannot be trusted (see [`crate::PidFileReason`]), nothing changed;
    /// - `Unverified` when the holder lives in another PID namespace;
    /// - `StartFailed` or `PermissionDenied` with the system's error.
    ///
    /// # Platform notes
    ///
    /// flock(2) on Linux and macOS. NFS and SMB may refuse it: the error names the file system.
    pub fn lock(&self, options: &LockOptions) -> Result<Locked> {
        let folder = self.open_folder()?;
        let begun = Instant::now();
        let until = begun + options.wait.min(LONGEST_WAIT);
        let until_left = until.max(begun + options.wait_leaving.min(LONGEST_WAIT));
        let mut patience = Patience::after(until);
        let mut backoff = Backoff::new();
        loop {
            let round = self.lock_round(&folder, options)?;
            let now = Instant::now();
            let is_over = patience.is_over(&round, now);
            match round {
                Round::Locked(locked) => return Ok(locked),
                Round::Running { pid, leaving } => {
                    let until = if leaving { until_left } else { until };
                    if now >= until {
                        return Err(self.already_running(pid));
                    }
                    // Without a handle, as where no descriptor is left, more rounds tell of its end.
                    let holder = self.holder().ok();
                    let process = holder.as_ref().map(Holder::process);
                    wait(options.cancel.as_ref(), process, until - now)?;
                    patience = Patience::after(until.max(Instant::now()));
                }
                Round::Starting(pid) if is_over => return Err(self.already_starting(pid)),
                Round::Held if is_over => return Err(self.lock_leaked()),
                Round::Contended | Round::Replaced if is_over => return Err(self.contended()),
                Round::Starting(_) | Round::Held | Round::Contended | Round::Replaced => {
                    wait(options.cancel.as_ref(), None, backoff.next())?;
                }
            }
        }
    }

    pub(super) fn already_running(&self, pid: Pid) -> Error {
        self.taken(pid, "already running")
    }

    fn already_starting(&self, pid: Pid) -> Error {
        self.taken(pid, "already being started, and not ready yet,")
    }

    fn taken(&self, pid: Pid, state: &str) -> Error {
        let message = format!("{}: {state} with PID {pid}", self.path.display());
        Error::new(ErrorKind::AlreadyRunning, message).at(&self.path).with_pid(Some(pid))
    }

    /// Gives the error for a pidfile that stays locked though no daemon holds it. It names the processes that have the
    /// file open.
    pub(super) fn lock_leaked(&self) -> Error {
        self.refuse(Flaw::LockLeaked(sys::openers(&self.path)))
    }

    fn contended(&self) -> Error {
        self.refuse(Flaw::Contended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_look_without_a_proof_does_not_end_a_start_but_looks_without_any_do() {
        let begun = Instant::now();
        let mut patience = Patience::after(begun);
        let late = begun + PATIENCE;
        assert!(!patience.is_over(&Round::Held, begun));
        assert!(!patience.is_over(&Round::Starting(1), begun));
        assert!(!patience.is_over(&Round::Held, late), "the first after a proof");
        assert!(!patience.is_over(&Round::Held, late + PATIENCE / 2));
        assert!(patience.is_over(&Round::Held, late + PATIENCE));
        assert!(patience.is_over(&Round::Starting(1), late));
        let mut patience = Patience::after(begun);
        assert!(!patience.is_over(&Round::Held, begun));
        assert!(patience.is_over(&Round::Held, late), "none was proven");
    }
}
