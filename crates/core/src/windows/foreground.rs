//! The foreground: the calling process itself becomes the daemon of a pidfile, without a launch.

use super::bind::bind_own;
use super::listener::Listener;
use super::own::{OwnDaemon, install, own_daemon, own_process};
use super::tag::Tag;
use crate::error::{Error, Result, Subject};
use crate::given::Stdio;
use crate::plan::ForegroundPlan;

/// Makes this process the daemon of the pidfile, until it ends. The pidfile is removed when it exits.
///
/// # Errors
///
/// Those of [`crate::PidFile::lock`]; `Unsupported` in the daemon of another pidfile, and for outputs that are not to
/// stay as they are; `StartFailed` or `PermissionDenied` with the step.
pub fn become_daemon(plan: &ForegroundPlan) -> Result<&'static OwnDaemon> {
    for (stdio, subject) in [(&plan.stdout, Subject::Stdout), (&plan.stderr, Subject::Stderr)] {
        if matches!(stdio, Stdio::File { .. }) {
            let message =
                "a running process cannot be given another output on Windows; redirect it at its start";
            return Err(Error::unsupported(subject, message));
        }
    }
    let path = plan.pidfile.path();
    let locked = plan.pidfile.lock(&plan.lock)?;
    if own_daemon().is_some() {
        locked.remove();
        return Err(taken());
    }
    let listener = listener(plan).inspect_err(|_| locked.remove())?;
    // The tag comes before the PID, because a process that finds us by the PID must see that we handle no signals yet.
    let tag = Tag::new(locked.id()).inspect_err(|_| locked.remove())?;
    locked.write_pid(own_process()).map_err(|errno| {
        locked.remove();
        let message = format!("{}: the PID cannot be written", path.display());
        Error::system("write-pidfile", "WriteFile", errno, message).at(path)
    })?;
    let (file, id) = locked.into_parts();
    install(OwnDaemon::alone(path, id, file).with_listener(listener), tag)?.ok_or_else(taken)
}

fn listener(plan: &ForegroundPlan) -> Result<Option<Listener>> {
    let Some(socket) = &plan.socket else { return Ok(None) };
    let first = bind_own(socket, plan.lock.cancel.as_ref())?;
    Listener::new(&socket.path, first).map(Some)
}

fn taken() -> Error {
    let path =
        own_daemon().map_or_else(|| "another pidfile".into(), |daemon| daemon.path().display().to_string());
    let message = format!("this process is the daemon of {path} already; start the other one detached");
    Error::unsupported(Subject::Foreground, message)
}
