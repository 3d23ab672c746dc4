//! The launch: lock → clone → setsid → clone → exec.
//!
//! V8 marks its heap MADV_DONTFORK, so a forked Node image dies at its first instruction: the launcher executes the
//! program again, and the daemon finds out who it is by adoption.

mod check;
mod child;
mod descriptors;
mod group;
mod plan;
mod program;
mod steps;

pub use group::Group;
pub use plan::{Plan, Stdio};

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;

use self::child::Orders;
use self::descriptors::Descriptors;
use self::program::Program;
use self::steps::{REPORT_BYTES, Report};
use crate::error::{Error, ErrorKind, Pid, Result};
use crate::handover::{Channel, Outcome};
use crate::log::LogTail;
use crate::pidfile::Locked;
use crate::process::Process;
use crate::signal_mask::AllBlocked;
use crate::sys::Stack;

/// A daemon that has executed and is not ready yet.
#[derive(Debug)]
pub struct Launched {
    /// Its PID, as it wrote it into the pidfile.
    pub pid: Pid,
    /// A handle on it, proven to hold the pidfile, or on the dead; `None` when it had ended and been reaped by then, or
    /// no descriptor was left: the channel alone ends it then.
    pub process: Option<Process>,
    /// Hears from it until it is ready. Dropping it before aborts the start: the daemon ends itself.
    pub channel: Channel,
    /// What it writes, where that can be read back.
    pub log: Option<LogTail>,
    /// It and all that it has started, but for what has left the group. [`Group::release`] when the daemon is ready,
    /// [`Group::end`] when the start has failed.
    pub group: Group,
}

impl Launched {
    /// Gives the start up, and waits until nothing is left of it, for some two seconds at most. A daemon that
    /// has said by then that it is ready lives on.
    pub fn abort(self) {
        let Self { channel, group, .. } = self;
        drop(channel);
        group.abort();
    }
}

/// Makes a daemon of the plan's program. Returns when it has executed, or did not.
///
/// Blocks for some 0.5 ms, and longer while it waits for the lock: call it on a thread of its own. On any failure no
/// process is left, and no pidfile that was not there before.
///
/// # Errors
///
/// `InvalidOption` before anything happens, then those of [`crate::pidfile::PidFile::lock`], then `StartFailed` or
/// `PermissionDenied` with the step.
///
/// # Platform notes
///
/// On Linux both children share the launcher's memory (`CLONE_VM | CLONE_VFORK`): its size costs nothing and its event
/// loop does not stall. On macOS they are forks, and SIGCHLD reaches the host program.
pub fn launch(plan: &Plan) -> Result<Launched> {
    let program = Program::new(plan)?;
    let locked = plan.pidfile.lock(&plan.lock)?;
    // The lock goes with the end of this function, whatever happens: a launcher that is stopped must not hold it.
    launch_locked(plan, &program, &locked).inspect_err(|_| {
        // Whatever failed, this process alone has the lock now.
        locked.remove(plan.pidfile.path());
    })
}

fn launch_locked(plan: &Plan, program: &Program, locked: &Locked) -> Result<Launched> {
    let descriptors = Descriptors::open(plan, locked)?;
    if let Some(fd) = descriptors.collides_with(&plan.keep_fds) {
        let message = format!("option keepFds: {fd} has been closed while the start waited for the lock");
        return Err(Error::new(ErrorKind::InvalidOption, message).for_option("keepFds"));
    }
    let Descriptors { lock, channel, error_pipe, stdio, own_channel, own_error_pipe, log } = descriptors;
    let mut first_stack = Stack::new();
    let mut second_stack = Stack::new();
    let mut keep = plan.keep_fds.clone();
    keep.extend([program.lock_fd, program.channel_fd, error_pipe.as_raw_fd()]);
    keep.sort_unstable();
    let inherited: Vec<_> = program.kept.iter().map(|(fd, number)| (fd.as_raw_fd(), *number)).collect();
    let sources = stdio.each_ref().map(AsRawFd::as_raw_fd);
    let orders = Orders {
        program: &program.path,
        argv: program.argv.as_ptr(),
        envp: program.envp.as_ptr(),
        folder: program.folder.as_deref(),
        umask: plan.umask,
        stdio: sources,
        lock: (lock.as_raw_fd(), program.lock_fd),
        channel: (channel.as_raw_fd(), program.channel_fd),
        error_pipe: error_pipe.as_raw_fd(),
        keep: &keep,
        inherited: &inherited,
        limits: &program.limits,
        nice: plan.limits.nice,
        no_new_privileges: plan.limits.no_new_privileges,
        second_stack: second_stack.top(),
    };
    let leader = run_children(&orders, &mut first_stack)?;
    let outcome = Arc::<Outcome>::default();
    let group = Group::new(leader, Arc::clone(&outcome));
    let own_channel = Channel::noting(own_channel, outcome);
    drop((error_pipe, channel, lock, stdio));
    // To its end, before this function's is the end of stacks and strings: the wait of clone can be cut short while the
    // second child still runs on them. The end means executed, or killed before; the pidfile and the channel tell
    // which.
    match read_report(own_error_pipe) {
        Some(report) => {
            // Nothing has been executed that could save anything.
            group.end(Duration::ZERO);
            Err(failed_step(plan, &report))
        }
        None => identify(locked, own_channel, group, log),
    }
}

/// Gives the first child, which has ended, or is about to, and is not collected: see [`Group`].
fn run_children(orders: &Orders<'_>, stack: &mut Stack) -> Result<Pid> {
    // A signal to the launcher's group, a closing terminal's for one, must not kill a child half way.
    let _blocked = AllBlocked::new();
    child::start(orders, stack)
        .map_err(|errno| Error::system("clone", "clone", errno, "no process could be created"))
}

fn read_report(pipe: OwnedFd) -> Option<Report> {
    let mut bytes = Vec::with_capacity(REPORT_BYTES);
    let mut pipe = File::from(pipe);
    loop {
        match pipe.read_to_end(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            // A pipe has no other error; what has been read counts.
            _ => break,
        }
    }
    Some(Report::decode(bytes.get(..REPORT_BYTES)?.try_into().ok()?))
}

fn failed_step(plan: &Plan, report: &Report) -> Error {
    let errno = Errno::from_raw(report.errno);
    let program = plan.program.display();
    let message = match report.step {
        "exec" if errno == Errno::E2BIG => format!("{program}: cannot be executed: {}", plan.size()),
        "exec" => format!("{program}: cannot be executed"),
        "chdir" => "the folder that the launcher was started in cannot be entered any more".into(),
        "write-pidfile" => format!("{}: the PID cannot be written", plan.pidfile.path().display()),
        "clone" => "no process could be created".into(),
        step => format!("the daemon could not be set up (step {step})"),
    };
    let error = Error::system(report.step, report.syscall, errno, message);
    match report.step {
        "exec" => error.at(&plan.program),
        "write-pidfile" => error.at(plan.pidfile.path()),
        _ => error,
    }
}

/// Finds out who has executed, and gets a handle on it while the lock proves it.
fn identify(locked: &Locked, channel: Channel, group: Group, log: Option<LogTail>) -> Result<Launched> {
    let Some(pid) = locked.pid() else {
        group.end(Duration::ZERO);
        return Err(
            Error::new(ErrorKind::StartFailed, "the daemon was killed before it executed").during("exec")
        );
    };
    // Proven after the handle was opened: it is not on a stranger who was given the PID since. On a dead process, which
    // can be signalled by nobody, it still tells how that ended.
    let process = Process::open(pid).ok().filter(|process| locked.is_held_by(pid) || !process.is_alive());
    let process = process.map(Process::launched);
    Ok(Launched { pid, process, channel, log, group })
}
