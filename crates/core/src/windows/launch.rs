//! The launch: lock → a suspended process → its PID, lock and channel → it runs.
//!
//! Neither lock nor channel can be inherited at any time: they are duplicated into the process before it runs, so that
//! whatever the host program starts at the same moment gets none of them.

use std::fs::File;
use std::io::Write;
use std::os::windows::io::{AsHandle, BorrowedHandle};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::adopt::Boot;
use super::bind::{Bound, First, bind};
use super::listener::BoundFile;
use super::log::LogTail;
use super::socket::Stream;
use crate::error::{Error, ErrorKind, Pid, Result};
use crate::given::Stdio;
use crate::handover::{ADOPTION_VARIABLE, Channel, Handover, Outcome, Unsent};
use crate::pidfile::Locked;
use crate::plan::Plan;
use crate::process::Process;
use crate::seam;
use crate::sys::{self, Errno, Job, Pipe, Spawn, Suspended};

/// How long the members of a job that is ended may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// A daemon that runs and is not ready yet.
#[derive(Debug)]
pub struct Launched {
    /// Its PID, as the pidfile has it.
    pub pid: Pid,
    /// A handle on the daemon.
    pub process: Option<Process>,
    /// The channel to the daemon until it is ready.
    pub channel: Channel,
    /// The payload, to be sent; `None` when all of it is under way.
    pub unsent: Option<Unsent>,
    /// Its output, if that can be read back.
    pub log: Option<LogTail>,
    /// The daemon and all processes that it has started. [`Group::release`] when the daemon is ready, [`Group::end`]
    /// when the start has failed.
    pub group: Group,
    /// The connection that the launcher has made right after the pipe was there ([`crate::SocketPlan::connect`]).
    pub client: Option<Stream>,
    /// As on other systems: that the daemon has a socket. A pipe has no file.
    pub socket: Option<BoundFile>,
}

impl Launched {
    /// Gives the start up, and waits until nothing is left of it. A daemon that has said by then that it is ready lives
    /// on.
    pub fn abort(self) {
        let Self { channel, group, .. } = self;
        drop(channel);
        if group.is_nobodys || group.outcome.was_ready() == Some(true) {
            group.release();
        } else {
            group.end(Duration::ZERO);
        }
    }

    /// Lets a daemon go on that others find by its socket; any other start is given up ([`Launched::abort`]), and so is
    /// one whose daemon does not have all of its payload.
    pub fn forsake(self) {
        if self.socket.is_some() && self.unsent.is_none() {
            self.group.release();
        } else {
            self.abort();
        }
    }
}

/// The daemon's job: the daemon and what it has started. Where this is dropped before the daemon is ready, all of them
/// end; and likewise when the launcher dies.
#[derive(Debug)]
pub struct Group {
    job: Option<Job>,
    outcome: Arc<Outcome>,
    /// A start with a socket goes on when its launcher gives it up, because others find the daemon by the socket.
    is_nobodys: bool,
}

impl Group {
    /// Ends all members at once, and waits for that. Gives the processes that have not ended within a second.
    pub fn end(mut self, _grace: Duration) -> Vec<Pid> {
        let Some(job) = self.job.take() else { return Vec::new() };
        job.terminate();
        let until = Instant::now() + PATIENCE;
        while job.len() > 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        job.members()
    }

    /// From now on neither a drop nor the launcher's death ends the members: others find the daemon by its socket.
    fn of_nobody(mut self) -> Self {
        self.job.iter().for_each(Job::release);
        self.is_nobodys = true;
        self
    }

    /// Releases the members, once the daemon is ready.
    pub fn release(mut self) {
        if let Some(job) = self.job.take() {
            job.release();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(job) = self.job.take() else { return };
        if self.is_nobodys || self.outcome.was_ready() == Some(true) {
            job.release();
        } else {
            // The daemon may be about to release itself.
            job.terminate();
        }
    }
}

/// Makes a daemon of the plan's program. Returns when the process runs, or could not be made.
///
/// Blocks while it waits for the lock: call it on a thread of its own. On any failure no process is left, and no
/// pidfile that was not there before.
///
/// # Errors
///
/// Those of [`crate::PidFile::lock`], then `InvalidOption` for an output, then `StartFailed` or `PermissionDenied` with
/// the step.
pub fn launch(plan: &Plan, payload: Option<&[u8]>) -> Result<Launched> {
    seam::arm();
    let locked = plan.pidfile.lock(&plan.lock)?;
    let bound = plan.socket.as_ref().map(|socket| bind(socket, plan.lock.cancel.as_ref())).transpose();
    bound.and_then(|bound| launch_locked(plan, payload, &locked, bound)).inspect_err(|_| locked.remove())
}

/// The files of the standard streams. One open file for both outputs keeps the order of their lines.
struct Streams {
    stdin: File,
    stdout: File,
    stderr: Option<File>,
    /// The error output, where it can be read back.
    log: Option<LogTail>,
    is_captured: bool,
}

impl Streams {
    fn open(plan: &Plan) -> Result<Self> {
        let stdin = match &plan.stdin {
            Stdio::File { path, subject, .. } => sys::open_shared(path).map_err(|errno| {
                Error::system("stdio", "CreateFileW", errno, format!("{}: cannot be opened", path.display()))
                    .at(path)
                    .of_kind(ErrorKind::InvalidOption)
                    .about(*subject)
            })?,
            _ => null()?,
        };
        let stdout = output(&plan.stdout)?;
        let captured = if plan.stderr == Stdio::Null { capture() } else { None };
        let is_captured = captured.is_some();
        let (stderr, log) = match (&plan.stderr, captured) {
            (_, Some((file, tail))) => (Some(file), Some(tail)),
            // One open file for both keeps the order of their lines.
            (stderr, _) if *stderr == plan.stdout => (None, tail_of(stderr)),
            (stderr, _) => (Some(output(stderr)?), tail_of(stderr)),
        };
        let streams = Self { stdin, stdout, stderr, log, is_captured };
        for handle in streams.handles() {
            sys::let_inherit(handle).map_err(|errno| {
                Error::system("stdio", "SetHandleInformation", errno, "an output cannot be handed on")
            })?;
        }
        Ok(streams)
    }

    fn handles(&self) -> [BorrowedHandle<'_>; 3] {
        let stderr = self.stderr.as_ref().unwrap_or(&self.stdout);
        [self.stdin.as_handle(), self.stdout.as_handle(), stderr.as_handle()]
    }
}

/// A file for the error output that no option names: syntax errors, wrong flags and a lack of memory speak only there.
/// `None` where there is no folder for it, which keeps no daemon from starting.
fn capture() -> Option<(File, LogTail)> {
    let file = sys::capture_file().ok()?;
    let tail = LogTail::Captured(file.try_clone().ok()?);
    Some((file, tail))
}

fn tail_of(stderr: &Stdio) -> Option<LogTail> {
    match stderr {
        Stdio::File { path, .. } => LogTail::of(path),
        _ => None,
    }
}

fn null() -> Result<File> {
    let opened = File::options().read(true).write(true).open("NUL");
    opened.map_err(|error| Error::io("stdio", "CreateFileW", &error, "NUL: cannot be opened"))
}

fn output(stdio: &Stdio) -> Result<File> {
    let own = |handle: BorrowedHandle<'_>| handle.try_clone_to_owned().map(File::from);
    match stdio {
        Stdio::Null => null(),
        Stdio::Inherit => own(std::io::stdout().as_handle())
            .map_err(|error| Error::io("stdio", "DuplicateHandle", &error, "an output cannot be handed on")),
        Stdio::File { path, subject, .. } => sys::open_to_append(path).map_err(|errno| {
            let message = format!("{}: cannot be opened to append to", path.display());
            Error::system("stdio", "CreateFileW", errno, message)
                .at(path)
                .of_kind(ErrorKind::InvalidOption)
                .about(*subject)
        }),
    }
}

fn launch_locked(
    plan: &Plan,
    payload: Option<&[u8]>,
    locked: &Locked,
    bound: Option<Bound>,
) -> Result<Launched> {
    let streams = Streams::open(plan)?;
    let (boot, boot_end) =
        sys::small_pipe().map_err(failed("channel", "CreatePipe", "the channel could not be made"))?;
    sys::let_inherit(boot.as_handle()).map_err(failed(
        "channel",
        "SetHandleInformation",
        "the channel could not be made",
    ))?;
    let (own_end, their_end) =
        channel().map_err(failed("channel", "CreateNamedPipeW", "the channel could not be made"))?;
    let path = plan.pidfile.path();
    let handover = Handover { boot: value_of(boot.as_handle()), path };
    let mut env = plan.env.clone();
    env.retain(|(name, _)| !name.eq_ignore_ascii_case(ADOPTION_VARIABLE));
    env.push((ADOPTION_VARIABLE.into(), handover.value()));
    // Until the process is in the job that is called after its PID, this launcher's death ends it all the same.
    let keeper = Job::nameless().map_err(failed("job", "CreateJobObjectW", "no job could be made"))?;
    let spawn = Spawn {
        program: &plan.program,
        args: &plan.args,
        env: &env,
        folder: plan.folder.as_deref(),
        stdio: streams.handles(),
        boot: boot.as_handle(),
        job: &keeper,
    };
    seam::at("launch.opened");
    let suspended = spawn.suspended().map_err(|errno| {
        let message = format!("{}: cannot be executed", plan.program.display());
        Error::system("exec", "CreateProcessW", errno, message).at(&plan.program)
    })?;
    let outcome = Arc::<Outcome>::default();
    let job = Job::new(locked.id(), suspended.pid).and_then(|job| job.take(&suspended.process).map(|()| job));
    // A failure ends it by the keeper's end.
    let job =
        job.map_err(failed("job", "AssignProcessToJobObject", "the daemon cannot be put into a job"))?;
    // A daemon that gets a handle on its job before it runs is the keeper's for as long.
    let keeper = if bound.is_some() {
        Some(keeper)
    } else {
        keeper.release();
        None
    };
    let group = Group { job: Some(job), outcome, is_nobodys: false };
    let made = Made { suspended, their_end, own_end, boot_end, is_captured: streams.is_captured, keeper };
    let running = match made.run(plan, payload, locked, bound.as_ref(), &group) {
        Ok(running) => running,
        Err(error) => {
            group.end(Duration::ZERO);
            return Err(error);
        }
    };
    let Running { pid, process, channel, unsent } = running;
    let socket = bound.as_ref().map(|_| BoundFile::none());
    let group = if socket.is_some() { group.of_nobody() } else { group };
    let client = bound.and_then(|bound| bound.client);
    Ok(Launched { pid, process: Some(process), channel, unsent, log: streams.log, group, client, socket })
}

/// The process that a launch has made, in its job, and what it is to be given before it runs.
struct Made {
    suspended: Suspended,
    their_end: Pipe,
    own_end: Pipe,
    boot_end: File,
    is_captured: bool,
    /// Ends the process with this launcher until it runs, where it has a handle on its own job.
    keeper: Option<Job>,
}

struct Running {
    pid: Pid,
    process: Process,
    channel: Channel,
    unsent: Option<Unsent>,
}

fn failed(step: &'static str, syscall: &'static str, message: &'static str) -> impl Fn(Errno) -> Error {
    move |errno| Error::system(step, syscall, errno, message)
}

impl Made {
    /// Gives the process all that it needs, and has it run.
    fn run(
        mut self,
        plan: &Plan,
        payload: Option<&[u8]>,
        locked: &Locked,
        bound: Option<&Bound>,
        group: &Group,
    ) -> Result<Running> {
        let suspended = self.suspended;
        if let Some(nice) = plan.limits.nice {
            sys::set_priority(&suspended.process, nice).map_err(failed(
                "nice",
                "SetPriorityClass",
                "the priority cannot be set",
            ))?;
        }
        locked.write_pid(suspended.pid).map_err(|errno| {
            let path = plan.pidfile.path();
            let message = format!("{}: the PID cannot be written", path.display());
            Error::system("write-pidfile", "WriteFile", errno, message).at(path)
        })?;
        let channel = Channel::noting(self.own_end, Arc::clone(&group.outcome));
        let unsent = payload.map(|payload| channel.begin_payload(payload)).transpose()?.flatten();
        let told = told(&suspended, locked, &self.their_end, self.is_captured, bound, group)?;
        drop(self.their_end);
        self.boot_end.write_all(&told.bytes()).map_err(|error| {
            Error::io("channel", "WriteFile", &error, "the daemon cannot be told its lock and channel")
        })?;
        let pid = suspended.pid;
        suspended.process.holds(locked.id());
        let resumed = suspended.resume().map_err(failed("exec", "ResumeThread", "the daemon cannot run"))?;
        if let Some(keeper) = self.keeper {
            keeper.release();
        }
        seam::at("launch.executed");
        Ok(Running { pid, process: Process::made(pid, resumed), channel, unsent })
    }
}

/// Gives the process its handles, and what it is to be told of them.
fn told(
    suspended: &Suspended,
    locked: &Locked,
    their_end: &Pipe,
    is_captured: bool,
    bound: Option<&Bound>,
    group: &Group,
) -> Result<Boot> {
    let give = |handle| {
        suspended.give(handle).map(|value| value as u64).map_err(failed(
            "channel",
            "DuplicateHandle",
            "the daemon cannot be given its lock",
        ))
    };
    let first = bound.map(|bound| &bound.first);
    // The job of a daemon that outlives its launcher: with the last handle its name would be gone.
    let job = group.job.as_ref().filter(|_| bound.is_some());
    Ok(Boot {
        lock: give(locked.file().as_handle())?,
        channel: give(their_end.handle())?,
        is_captured,
        socket: first.map_or(Ok(0), |first| give(first.pipe().handle()))?,
        has_client: matches!(first, Some(First::OfLauncher(_))),
        job: job.map_or(Ok(0), |job| give(job.handle()))?,
    })
}

/// Both ends of a pipe.
fn channel() -> std::result::Result<(Pipe, Pipe), Errno> {
    let name = format!(r"\\.\pipe\daimon-channel-{:016x}", sys::random());
    let mut own_end = Pipe::serve(&name, true)?;
    own_end.accept()?;
    let their_end = Pipe::connect(&name, PATIENCE)?;
    own_end.progress(PATIENCE);
    Ok((own_end, their_end))
}

/// The value of a handle, by which a process that inherits it finds it.
fn value_of(handle: BorrowedHandle<'_>) -> usize {
    use std::os::windows::io::AsRawHandle;
    handle.as_raw_handle().expose_provenance()
}
