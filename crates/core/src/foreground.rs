//! The foreground: the calling process itself becomes the daemon of a pidfile, without a launch.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::sys::uio::pwrite;
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout, getpid};

use crate::error::{Error, ErrorKind, Result, Subject};
use crate::given::{Owner, Stdio};
use crate::keeper::remove_left_control;
use crate::listener::Listener;
use crate::log::{insist, open_input, open_null, open_output};
use crate::own::{OwnDaemon, install, own_daemon};
use crate::pidfile::{Locked, nobody_looks};
use crate::plan::ForegroundPlan;
use crate::seam;
use crate::socket::bind;
use crate::sys;

/// Makes this process the daemon of the pidfile, until it ends. The pidfile is removed when it exits.
///
/// ```no_run
/// use daimon_core::{LockOptions, ForegroundPlan, PidFile, Stdio, become_daemon};
///
/// let daemon = become_daemon(&ForegroundPlan {
///     pidfile: PidFile::new("/run/daimon/web.pid")?,
///     lock: LockOptions::default(),
///     stdin: Stdio::Null,
///     stdout: Stdio::Inherit,
///     stderr: Stdio::Inherit,
///     owner: None,
///     socket: None,
/// })?;
/// daemon.ready();
/// # Ok::<(), daimon_core::Error>(())
/// ```
///
/// Blocks while it waits for the lock: call it on a thread of its own. On any failure no pidfile is left that was not
/// there before. The standard descriptors change last, one by one: should the system refuse one of them, those before
/// it have changed.
///
/// # Errors
///
/// Those of [`PidFile::lock`] (`AlreadyRunning` also when this process is the daemon of that pidfile), `InvalidOption`
/// for a file that cannot be opened, `StartFailed` or `PermissionDenied` with the step, and `Unsupported` in the daemon
/// of another pidfile: a process is the daemon of one pidfile at most.
pub fn become_daemon(plan: &ForegroundPlan) -> Result<&'static OwnDaemon> {
    let path = plan.pidfile.path();
    let locked = plan.pidfile.lock(&plan.lock)?;
    if own_daemon().is_some() {
        locked.remove(path);
        return Err(taken());
    }
    seam::at("foreground.locked");
    remove_left_control(path);
    let bound =
        plan.socket.as_ref().map(|socket| bind(socket, plan.owner, plan.lock.cancel.as_ref())).transpose();
    let bound = bound.inspect_err(|_| locked.remove(path))?;
    let give_up = || {
        bound.iter().for_each(|bound| bound.file.remove());
        locked.remove(path);
    };
    let streams = [&plan.stdin, &plan.stdout, &plan.stderr];
    let streams = open_streams(streams, plan.owner).inspect_err(|_| give_up())?;
    // Wait until no thread of this process has the pidfile open: once the tag is on, closing any other descriptor on
    // the file would take the tag off, fcntl(2). A thread that looks later asks first whether the file is its own
    // daemon's.
    let _alone = nobody_looks();
    // The tag comes before the PID, because a process that finds us by the PID must see that we handle no signals yet.
    // Ignore a failure: where another process has a read lock on the file, and on odd file systems, other proofs serve.
    let _ = sys::put_name_tag(locked.file().as_raw_fd());
    seam::at("foreground.tagged");
    sys::mark_attached(locked.file().as_fd());
    take_place(plan, &locked, &streams).inspect_err(|_| give_up())?;
    seam::at("foreground.placed");
    let (file, id) = locked.into_parts();
    install(OwnDaemon::alone(path, id, file).with_listener(bound.map(Listener::from))).ok_or_else(taken)
}

/// The refusal of a second daemon in one process.
pub(crate) fn taken() -> Error {
    let path =
        own_daemon().map_or_else(|| "another pidfile".into(), |daemon| daemon.path().display().to_string());
    let message = format!("this process is the daemon of {path} already; start the other one detached");
    Error::unsupported(Subject::Foreground, message)
}

/// The files for the standard descriptors; `None` leaves a descriptor as it is.
pub(crate) struct Streams {
    pub(crate) stdin: Option<OwnedFd>,
    pub(crate) stdout: Option<OwnedFd>,
    pub(crate) stderr: Option<OwnedFd>,
    /// One open file for both outputs keeps the order of their lines.
    pub(crate) is_shared: bool,
}

/// Opens what is to be stdin, stdout and stderr.
pub(crate) fn open_streams([stdin, stdout, stderr]: [&Stdio; 3], owner: Option<Owner>) -> Result<Streams> {
    let is_same = stdout == stderr;
    let stdin = match stdin {
        Stdio::File { path, subject, .. } => Some(open_input(path, *subject)?),
        other => open_target(other, None)?,
    };
    let stdout = open_target(stdout, owner)?;
    let is_shared = stdout.is_some() && is_same;
    let stderr = if is_shared { None } else { open_target(stderr, owner)? };
    Ok(Streams { stdin, stdout, stderr, is_shared })
}

/// Writes the PID, then puts the files in place of the standard descriptors.
fn take_place(plan: &ForegroundPlan, locked: &Locked, streams: &Streams) -> Result<()> {
    let path = plan.pidfile.path();
    let message = format!("{}: the PID cannot be written", path.display());
    let line = format!("{}\n", getpid());
    // One write to the empty file, so that no reader sees half a number.
    match pwrite(locked.file(), line.as_bytes(), 0) {
        Ok(length) if length == line.len() => (),
        Ok(_) => return Err(Error::new(ErrorKind::StartFailed, message).during("write-pidfile").at(path)),
        Err(errno) => return Err(Error::system("write-pidfile", "pwrite", errno, message).at(path)),
    }
    let second = if streams.is_shared { &streams.stdout } else { &streams.stderr };
    put_in_place(streams.stdin.as_ref(), |fd| dup2_stdin(fd))?;
    put_in_place(streams.stdout.as_ref(), |fd| dup2_stdout(fd))?;
    put_in_place(second.as_ref(), |fd| dup2_stderr(fd))
}

fn open_target(stdio: &Stdio, owner: Option<Owner>) -> Result<Option<OwnedFd>> {
    match stdio {
        Stdio::Inherit => Ok(None),
        Stdio::Null => open_null().map(Some),
        Stdio::File { path, subject, mode } => open_output(path, *subject, *mode, owner).map(Some),
    }
}

fn put_in_place(fd: Option<&OwnedFd>, dup2: fn(&OwnedFd) -> nix::Result<()>) -> Result<()> {
    let Some(fd) = fd else { return Ok(()) };
    insist(|| dup2(fd)).map_err(|errno| {
        let message = format!("descriptor {} cannot be put in place of a standard one", fd.as_raw_fd());
        Error::system("stdio", "dup2", errno, message)
    })
}
