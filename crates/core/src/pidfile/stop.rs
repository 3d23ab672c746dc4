//! Stopping a daemon: the signal, the wait for its end, SIGKILL when time is up, the lock free, nothing left.

use std::time::{Duration, Instant};

use super::abort::{Abort, EndWatch, Over, unless_over};
use super::proof::BETWEEN_LOOKS;
use super::{PidFile, Status};
use crate::advice::OUTLIVES;
use crate::error::{Error, ErrorKind, Pid, Result};
use crate::process::Process;
use crate::seam;
use crate::signal::Signal;

/// How long the lock may be held after the daemon's end: its children between fork and exec have it for a moment.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// From SIGKILL, sent or refused, to the end, at least.
const KILL_PATIENCE: Duration = Duration::from_secs(1);
/// From the signal to SIGKILL, at least: the end by a signal takes a moment, too.
const LEAST_TIMEOUT: Duration = Duration::from_millis(1);

/// How a daemon is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopOptions {
    /// The signal that asks it to end. Default SIGTERM.
    pub signal: Signal,
    /// How long it may take to end. Default: ten seconds.
    pub timeout: Duration,
    /// Whether it is killed after that time. Default true.
    pub kill: bool,
    /// Whether the signals are for its whole process group ([`Process::signal_group`]). Default false.
    pub group: bool,
    /// Whether the daemon makes way for another version, so that it lets its open connections end first. Default false.
    pub displace: bool,
}

impl Default for StopOptions {
    fn default() -> Self {
        Self {
            signal: Signal::TERM,
            timeout: Duration::from_secs(10),
            kill: true,
            group: false,
            displace: false,
        }
    }
}

/// What the stop of a daemon depends on, beside its options.
pub(crate) struct Kind<'a> {
    /// Kills the daemon in another way than SIGKILL, if it can: then it gives true, and SIGKILL follows only when the
    /// daemon has not ended a second later.
    pub(crate) killer: &'a dyn Fn(&Process) -> bool,
    /// How long the lock may be held after its end.
    pub(crate) lock_patience: Duration,
}

impl Kind<'_> {
    const PLAIN: Self = Self { killer: &|_| false, lock_patience: LOCK_PATIENCE };
}

/// The result of a stop. No process holds the pidfile, unless another daemon has been started since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// There was a daemon to stop.
    pub was_running: bool,
    /// It did not end in time, and was killed.
    pub forced: bool,
    /// The pidfile of a daemon that crashed is left: no daemon was running, or it could not be removed.
    pub stale: bool,
}

impl PidFile {
    /// Stops the daemon that holds the pidfile, and waits until it has ended, its lock is free, and nothing is left of
    /// it. If none is running, nothing happens, which is no error.
    ///
    /// `abort` ends the stop early, from another thread: this then gives `None`, and sends no signal any more. What
    /// has been sent stays sent.
    ///
    /// Blocks: call it on a thread of its own.
    ///
    /// ```
    /// use daimon_core::{Abort, PidFile, StopOptions, Stopped};
    ///
    /// let pidfile = PidFile::new(std::env::temp_dir().join("daimon-doc-no-such.pid"))?;
    /// let stopped = pidfile.stop(&StopOptions::default(), &Abort::new())?;
    /// assert_eq!(stopped, Some(Stopped { was_running: false, forced: false, stale: false }));
    /// # Ok::<(), daimon_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - those of [`PidFile::proven_holder`] but `NotRunning`; no signal has been sent then;
    /// - those of [`end_process`];
    /// - `PidFile` with `LockLeaked` when the lock is held a second after the daemon's end: the message names the
    ///   processes that have the file open.
    pub fn stop(&self, options: &StopOptions, abort: &Abort) -> Result<Option<Stopped>> {
        self.stop_as(options, abort, &Kind::PLAIN)
    }

    /// As [`PidFile::stop`], of a daemon of that kind.
    pub(crate) fn stop_as(
        &self,
        options: &StopOptions,
        abort: &Abort,
        kind: &Kind<'_>,
    ) -> Result<Option<Stopped>> {
        unless_over(match self.prove(abort) {
            Ok(holder) => self.try_stop(holder.process(), options, abort, kind),
            Err(Over::Failed(error)) if error.kind() == ErrorKind::NotRunning => {
                self.none_was_running().map_err(Over::from)
            }
            Err(over) => Err(over),
        })
    }

    /// As [`PidFile::stop`], of the daemon that has been proven to hold it ([`PidFile::holder`]): it was running then.
    ///
    /// # Errors
    ///
    /// As [`PidFile::stop`], but for the proof.
    pub fn stop_holder(
        &self,
        holder: &Process,
        options: &StopOptions,
        abort: &Abort,
    ) -> Result<Option<Stopped>> {
        self.stop_holder_as(holder, options, abort, &Kind::PLAIN)
    }

    /// As [`PidFile::stop_holder`], of a daemon of that kind.
    pub(crate) fn stop_holder_as(
        &self,
        holder: &Process,
        options: &StopOptions,
        abort: &Abort,
        kind: &Kind<'_>,
    ) -> Result<Option<Stopped>> {
        unless_over(self.try_stop(holder, options, abort, kind))
    }

    fn try_stop(
        &self,
        process: &Process,
        options: &StopOptions,
        abort: &Abort,
        kind: &Kind<'_>,
    ) -> std::result::Result<Stopped, Over> {
        seam::at("stop.proven");
        if seam::breaks("stop-early") {
            let _ = process.signal(options.signal);
            return Ok(Stopped { was_running: true, forced: false, stale: false });
        }
        // Before the signal, at which the daemon looks for it.
        let displacing = options.displace.then(|| self.displace(process)).flatten();
        let forced = end(process, options, abort, kind)?;
        drop(displacing);
        seam::at("stop.ended");
        self.wait_until_free(process.pid(), kind.lock_patience, abort)?;
        // Remove the pidfile that the daemon has left because it was killed, or could not unlink it with another user
        // or root folder than at its start. If another process has locked the pidfile since, it stays.
        seam::at("stop.free");
        let _ = self.remove_leftover(None);
        seam::at("stop.removed");
        Ok(Stopped { was_running: true, forced, stale: self.is_stale()? })
    }

    fn none_was_running(&self) -> Result<Stopped> {
        Ok(Stopped { was_running: false, forced: false, stale: self.is_stale()? })
    }

    fn is_stale(&self) -> Result<bool> {
        Ok(self.status()? == Status::Stopped { stale: true })
    }

    /// A start that comes right after a stop would be refused by a lock that is not free yet.
    fn wait_until_free(&self, pid: Pid, patience: Duration, abort: &Abort) -> std::result::Result<(), Over> {
        let begun = Instant::now();
        loop {
            match self.status()? {
                Status::Stopped { .. } => return Ok(()),
                // A successor's, which may have got the same number: the daemon itself has ended.
                Status::Running { pid: holder, .. } if holder != pid || is_alive(holder) => return Ok(()),
                _ if begun.elapsed() >= patience => return Err(self.lock_leaked().into()),
                _ => abort.pause(BETWEEN_LOOKS)?,
            }
        }
    }
}

/// Ends a process: the signal, then SIGCONT, and SIGKILL when time is up. True when it had to be killed; `None` when
/// aborted, as with [`PidFile::stop`].
///
/// Blocks: call it on a thread of its own.
///
/// ```no_run
/// use daimon_core::{Abort, PidFile, StopOptions, end_process};
///
/// let holder = PidFile::new("/run/daimon/web.pid")?.holder()?;
/// let was_killed = end_process(holder.process(), &StopOptions::default(), &Abort::new())?;
/// assert_eq!(was_killed, Some(false));
/// # Ok::<(), daimon_core::Error>(())
/// ```
///
/// # Errors
///
/// - `StopTimeout` when the process lives on: without `kill` after the signal, otherwise even after SIGKILL;
/// - `Unverified` when its end cannot be seen: nothing was sent;
/// - `PermissionDenied` or `InvalidOption`, as [`Process::signal`]; also if SIGKILL is refused, a second after it.
pub fn end_process(process: &Process, options: &StopOptions, abort: &Abort) -> Result<Option<bool>> {
    unless_over(end(process, options, abort, &Kind::PLAIN))
}

fn end(
    process: &Process,
    options: &StopOptions,
    abort: &Abort,
    kind: &Kind<'_>,
) -> std::result::Result<bool, Over> {
    if options.group {
        process.hold_group();
    }
    let forced = end_itself(process, options, abort, kind)?;
    if options.group {
        process.end_rest_of_group();
    }
    Ok(forced)
}

fn end_itself(
    process: &Process,
    options: &StopOptions,
    abort: &Abort,
    kind: &Kind<'_>,
) -> std::result::Result<bool, Over> {
    let &StopOptions { signal, timeout, kill, group, displace: _ } = options;
    // If we cannot watch it end, send no signal: a restart would stop half way, with the daemon told to stop and nobody
    // to start it again.
    let watch = EndWatch::new(process, abort)?;
    process.prepare_signal(signal, &|| abort.is_aborted());
    match abort.unless_aborted(|| process.signal_and_continue(signal, group))? {
        // It may have ended since it was proven: the watch tells.
        Err(error) if error.kind() != ErrorKind::NotRunning => return Err(error.into()),
        _ => (),
    }
    seam::at("stop.signalled");
    if watch.ends_within(timeout.max(LEAST_TIMEOUT))? {
        return Ok(false);
    }
    if !kill {
        return Err(lives_on(process, timeout).into());
    }
    if abort.unless_aborted(|| (kind.killer)(process))? && watch.ends_within(KILL_PATIENCE)? {
        return Ok(true);
    }
    let killed = abort.unless_aborted(|| {
        if group { process.signal_group(Signal::KILL) } else { process.signal(Signal::KILL) }
    })?;
    match killed {
        // It may not be signalled any more, as after a change of its user. It may still end by the first signal.
        Err(refused) if refused.kind() != ErrorKind::NotRunning => {
            if watch.ends_within(KILL_PATIENCE)? {
                Ok(false)
            } else {
                Err(refused.into())
            }
        }
        // If it has ended meanwhile, the watch tells.
        _ if watch.ends_within(timeout.max(KILL_PATIENCE))? => Ok(true),
        _ => Err(outlives_kill(process, timeout).into()),
    }
}

/// Whether a process with that number lives, by a handle that is opened now.
fn is_alive(pid: Pid) -> bool {
    Process::open(pid).is_ok_and(|process| process.is_alive())
}

fn lives_on(process: &Process, timeout: Duration) -> Error {
    let cure = "Give it more time, or let it be killed.";
    stop_timeout(process, timeout, &format!(" and goes on running, since it is not to be killed. {cure}"))
}

fn outlives_kill(process: &Process, timeout: Duration) -> Error {
    stop_timeout(process, timeout, &format!(" and did not end by SIGKILL either, {OUTLIVES}"))
}

fn stop_timeout(process: &Process, timeout: Duration, outcome: &str) -> Error {
    let pid = process.pid();
    let millis = in_millis(timeout);
    let message = format!("Process {pid} has not ended within {millis} ms{outcome}");
    Error::new(ErrorKind::StopTimeout, message).with_pid(Some(pid))
}

/// A time in milliseconds, to the microsecond. Without floats: every daemon would have the text of their formatting in
/// its memory.
fn in_millis(time: Duration) -> String {
    let whole = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let rest = time.subsec_micros() % 1_000;
    if rest == 0 {
        return whole.to_string();
    }
    format!("{whole}.{rest:03}").trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod texts {
    use super::*;

    #[test]
    fn whole_milliseconds_stay_whole_and_parts_are_told() {
        for (micros, text) in [(0, "0"), (250_000, "250"), (500, "0.5"), (1_020, "1.02"), (10_001, "10.001")]
        {
            assert_eq!(in_millis(Duration::from_micros(micros)), text);
        }
    }
}

// On Windows no child can have the lock by inheritance.
#[cfg(all(unix, test))]
mod tests {
    use super::*;
    use crate::pidfile::LockOptions;
    use std::process::Command;

    #[test]
    fn a_successor_with_the_number_of_the_stopped_daemon_is_no_leaked_lock() {
        let folder = std::env::temp_dir().join(format!("daimon-successor-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let pidfile = PidFile::new(folder.join("web.pid")).unwrap();
        let locked = pidfile.lock(&LockOptions::default()).unwrap();
        let copy = locked.file().try_clone().unwrap();
        let mut successor = Command::new("sleep").arg("60").stdin(copy).spawn().unwrap();
        let pid = successor.id() as Pid;
        std::fs::write(pidfile.path(), format!("{pid}\n")).unwrap();
        drop(locked);
        let result = pidfile.wait_until_free(pid, LOCK_PATIENCE, &Abort::new());
        successor.kill().unwrap();
        successor.wait().unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        assert!(result.is_ok(), "the daemon of before has ended");
    }
}
