//! The stop of a daemon that may have a keeper. Runs in any process.

use super::control::control_of;
use crate::error::Result;
use crate::handover::FrameKind;
use crate::pidfile::{Abort, PidFile, StopOptions, Stopped};
use crate::process::Process;

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
    let kill = |holder: &Process| {
        // With `group`, what the bodies have started is killed, too.
        let how = [u8::from(options.group)];
        control_of(pidfile, holder).is_ok_and(|keeper| keeper.offer(FrameKind::Kill, &how, None))
    };
    match holder {
        Some(holder) => pidfile.stop_holder_or_kill_by(holder, options, abort, kill),
        None => pidfile.stop_or_kill_by(options, abort, kill),
    }
}
