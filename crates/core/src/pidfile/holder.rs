//! The proof before a signal.

use super::PidFile;
use super::probe::Proven;
use super::status::{Held, Seen, unreadable};
use crate::error::{Error, ErrorKind, Pid, Result};
use crate::process::Process;
use crate::seam;
use crate::signal::Signal;
use crate::sys::{Phase, Unreached};

/// A daemon that has been proven to hold the pidfile, by a handle that no other process can come to own.
#[derive(Debug)]
pub struct Holder {
    process: Process,
    is_deaf: bool,
}

impl Holder {
    /// Gives a handle on the daemon.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Sends a signal. False when the daemon has no handlers for signals yet, and the signal would end it: wait for the
    /// handlers then, or for the daemon's end. (Never on macOS, where the pidfile does not tell.)
    ///
    /// # Errors
    ///
    /// As [`Process::signal`].
    pub fn signal(&self, signal: impl Into<Signal>) -> Result<bool> {
        let signal = signal.into();
        // These do the same without any handler; SIGTERM ends a start that has only begun, as it should.
        let same = [Signal::KILL, Signal::STOP, Signal::CONT, Signal::TERM];
        if self.is_deaf && !same.contains(&signal) {
            return Ok(false);
        }
        self.process.signal(signal).map(|()| true)
    }

    /// Gives the daemon's handle alone.
    pub fn into_process(self) -> Process {
        self.process
    }
}

impl PidFile {
    /// Finds the daemon that holds the pidfile, proven, with a handle for signals and waits.
    ///
    /// ```no_run
    /// use daimon_core::{PidFile, Signal};
    ///
    /// let was_sent = PidFile::new("/run/daimon/web.pid")?.holder()?.signal(Signal::HUP)?;
    /// assert!(was_sent, "it has handlers");
    /// # Ok::<(), daimon_core::Error>(())
    /// ```
    ///
    /// The handle is opened between two looks that both prove the same PID on the same file, so that it cannot be a
    /// later owner of that PID.
    ///
    /// # Errors
    ///
    /// `NotRunning`, `Unverified`, `PermissionDenied` when the file may not be read, or `PidFile`.
    pub fn holder(&self) -> Result<Holder> {
        let pid = self.proven()?.pid;
        seam::at("holder.looked");
        let process = Process::open(pid).map_err(|unreached| self.no_handle(unreached, pid))?;
        seam::at("holder.opened");
        if seam::breaks("second-look") {
            return Ok(Holder { process, is_deaf: false });
        }
        let second = self.proven()?;
        let is_detached = second.is_detached();
        if second.pid != pid || !process.is_alive() {
            return Err(self.not_running());
        }
        second.tell(&process);
        seam::at("holder.proven");
        let process = if is_detached { process.launched() } else { process };
        Ok(Holder { process, is_deaf: second.phase == Phase::Deaf })
    }

    /// The daemon that holds it, by one look.
    fn proven(&self) -> Result<Proven> {
        match self.see()? {
            Seen::Running(proven) => Ok(proven),
            Seen::Stopped { .. } => Err(self.not_running()),
            Seen::Unverified(held) => Err(self.unverified(&held)),
            Seen::Unreadable(error) if error.kind() == ErrorKind::PermissionDenied => Err(error),
            Seen::Unreadable(error) => Err(self.unproven_since(&error)),
        }
    }

    fn no_handle(&self, unreached: Unreached, pid: Pid) -> Error {
        if unreached.has_ended() {
            return self.not_running();
        }
        let reason = format!("no handle can be had on process {pid}, which holds it");
        let held = Held { pid: Some(pid), reason, transient: false };
        self.unverified(&held).unreached(unreached)
    }

    pub(crate) fn not_running(&self) -> Error {
        let message = format!("No daemon holds {}. Start it first.", self.path.display());
        Error::new(ErrorKind::NotRunning, message).at(&self.path)
    }

    fn unverified(&self, held: &Held) -> Error {
        let message = format!("{}; no signal was sent", held.reason);
        Error::unverified(&self.path, held.pid, &held.reason, message)
    }

    fn unproven_since(&self, error: &Error) -> Error {
        let message = "cannot be read; no signal was sent";
        Error::unverified(&self.path, None, unreadable(error), message).caused_by(error)
    }
}
