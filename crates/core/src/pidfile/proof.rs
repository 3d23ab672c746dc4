//! Patience with a pidfile that is about to change: a launch under way, or a daemon that is ending, holds the lock for
//! a moment without proof.

use std::thread;
use std::time::{Duration, Instant};

use super::abort::{Abort, Over, unless_over};
use super::{Holder, PidFile, Status};
use crate::error::{Error, ErrorKind, Result};
use crate::signal::Signal;

/// How long a lock may be held without proof.
const PATIENCE: Duration = Duration::from_secs(1);
pub(super) const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
/// How many looks a status takes at most.
const LOOKS: u32 = 6;

impl PidFile {
    /// The state, after a start or an end that is under way: looks again while the state is about to change, for 25 ms
    /// at most.
    ///
    /// Blocks: if [`PidFile::status`] gives a transient state, call this on a thread of its own.
    ///
    /// ```
    /// use daimon_core::{PidFile, Status};
    ///
    /// let pidfile = PidFile::new(std::env::temp_dir().join("daimon-doc-no-such.pid"))?;
    /// assert_eq!(pidfile.lasting_status()?, Status::Stopped { stale: false });
    /// # Ok::<(), daimon_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`PidFile::status`].
    pub fn lasting_status(&self) -> Result<Status> {
        for _ in 1..LOOKS {
            match self.status()? {
                Status::Unverified(held) if held.transient => thread::sleep(BETWEEN_LOOKS),
                status => return Ok(status),
            }
        }
        self.status()
    }

    /// As [`PidFile::holder`], but a lack of proof that may pass is given a second to pass. `None` when aborted.
    ///
    /// # Errors
    ///
    /// As [`PidFile::holder`].
    pub fn proven_holder(&self, abort: &Abort) -> Result<Option<Holder>> {
        unless_over(self.prove(abort))
    }

    /// Sends a signal to the daemon that holds the pidfile, by one look; false when the daemon has no handlers for
    /// signals yet, and nothing was sent ([`Holder::signal`]).
    ///
    /// # Errors
    ///
    /// As [`PidFile::holder`] and [`Holder::signal`].
    pub fn signal_now(&self, signal: impl Into<Signal>) -> Result<bool> {
        self.holder()?.signal(signal).map_err(|error| self.or_not_running(error))
    }

    /// Sends a signal to the daemon that holds the pidfile, with patience.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use daimon_core::{Abort, PidFile, Signal};
    ///
    /// PidFile::new("/run/daimon/web.pid")?.signal(Signal::HUP, Duration::from_secs(30), &Abort::new())?;
    /// # Ok::<(), daimon_core::Error>(())
    /// ```
    ///
    /// A lack of proof that may pass is given a second to pass; a daemon that is being started is given `patience` to
    /// have handlers for signals. `None` when aborted: nothing was sent.
    ///
    /// # Errors
    ///
    /// As [`PidFile::signal_now`]; `NotRunning` also for a daemon that has no handlers for signals by then.
    pub fn signal(&self, signal: impl Into<Signal>, patience: Duration, abort: &Abort) -> Result<Option<()>> {
        unless_over(self.try_signal(signal.into(), patience, abort))
    }

    fn try_signal(&self, signal: Signal, patience: Duration, abort: &Abort) -> std::result::Result<(), Over> {
        let begun = Instant::now();
        loop {
            let holder = self.prove(abort)?;
            holder.process().prepare_signal(signal, &|| abort.is_aborted());
            let sent = abort.unless_aborted(|| holder.signal(signal))?;
            if sent.map_err(|error| self.or_not_running(error))? {
                return Ok(());
            }
            if begun.elapsed() >= patience {
                return Err(self.only_being_started().into());
            }
            abort.pause(BETWEEN_LOOKS)?;
        }
    }

    /// The holder, with patience.
    pub(super) fn prove(&self, abort: &Abort) -> std::result::Result<Holder, Over> {
        let begun = Instant::now();
        loop {
            match self.holder() {
                Err(error) if error.kind() == ErrorKind::Unverified => {
                    if begun.elapsed() >= PATIENCE || self.lacks_proof_for_good()? {
                        return Err(error.into());
                    }
                }
                other => return Ok(other?),
            }
            abort.pause(BETWEEN_LOOKS)?;
        }
    }

    /// Whether the holder is still unproven, for a reason that will not pass. Otherwise another look is worth while.
    fn lacks_proof_for_good(&self) -> Result<bool> {
        Ok(matches!(self.status()?, Status::Unverified(held) if !held.transient))
    }

    /// The process may end between its proof and the signal: no process holds the pidfile then.
    fn or_not_running(&self, error: Error) -> Error {
        if error.kind() == ErrorKind::NotRunning { self.not_running() } else { error }
    }

    fn only_being_started(&self) -> Error {
        let path = self.path.display();
        let message = format!(
            "The daemon of {path} is only being started, and has no handlers for signals yet. Try again."
        );
        Error::new(ErrorKind::NotRunning, message).at(&self.path)
    }
}
