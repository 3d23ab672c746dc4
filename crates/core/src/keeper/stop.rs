//! The stop of a daemon that may have a keeper. Runs in any process.

use std::os::fd::AsFd;
use std::time::Duration;

use super::control::{control, control_of, remove_left_control};
use crate::error::Result;
use crate::handover::{Channel, FrameKind};
use crate::pidfile::{Abort, LockOptions, PidFile, StopKind, StopOptions, Stopped, wait_for};
use crate::process::Process;
use crate::signal::Signal;

/// How long the lock may be held after the end of a keeper that was killed: its bodies have it until they are gone,
/// which takes as long as the system takes to free their memory.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// How long a keeper may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Stops the daemon that holds the pidfile, as [`PidFile::stop`], or as [`PidFile::stop_holder`] where a holder is
/// given. A keeper whose time is up is asked to kill its bodies, so that it can remove its files, and end as itself.
///
/// # Errors
///
/// Those of the two.
pub fn stop_daemon(
    pidfile: &PidFile,
    holder: Option<&Process>,
    options: &StopOptions,
    abort: &Abort,
) -> Result<Option<Stopped>> {
    if !pidfile.may_have_keeper() {
        return match holder {
            Some(holder) => pidfile.stop_holder(holder, options, abort),
            None => pidfile.stop(options, abort),
        };
    }
    let is_usual = [Signal::TERM, Signal::INT, Signal::QUIT].contains(&options.signal);
    // To the end of the stop: with the connection the keeper forgets what was announced.
    let _announced =
        if options.group || !is_usual { announce(pidfile, holder, options, abort) } else { None };
    let kill = |holder: &Process| {
        control_of(pidfile, holder).is_ok_and(|keeper| keeper.offer(FrameKind::Kill, &[], None))
    };
    let kind = StopKind { killer: &kill, lock_patience: LOCK_PATIENCE };
    let stopped = match holder {
        Some(holder) => pidfile.stop_holder_as(holder, options, abort, &kind),
        None => pidfile.stop_as(options, abort, &kind),
    }?;
    if stopped.as_ref().is_some_and(|stopped| stopped.was_running) && pidfile.may_have_keeper() {
        clear(pidfile);
    }
    Ok(stopped)
}

/// Removes what a keeper leaves that a signal has killed. Who starts the daemon meanwhile has it in use.
fn clear(pidfile: &PidFile) {
    if let Ok(locked) = pidfile.lock(&LockOptions::default()) {
        remove_left_control(pidfile.path());
        locked.remove(pidfile.path());
    }
}

/// Tells the keeper what signal is to stop the daemon, and whom; `None` where no keeper hears it, which the rest of the
/// stop tells. Before the signal, and known to be heard, so that the signal is known for what it is.
fn announce(
    pidfile: &PidFile,
    holder: Option<&Process>,
    options: &StopOptions,
    abort: &Abort,
) -> Option<Channel> {
    let keeper = match holder {
        Some(holder) => control_of(pidfile, holder),
        None => control(pidfile, abort),
    };
    let keeper = keeper.ok()?;
    let [first, second, third, fourth] = options.signal.number().to_le_bytes();
    let how = [u8::from(options.group), first, second, third, fourth];
    if !keeper.offer(FrameKind::Stop, &how, None) {
        return None;
    }
    // An abort has to wait for as long as a keeper that hangs.
    let _ = wait_for(None, &[keeper.as_fd()], PATIENCE);
    Some(keeper)
}
