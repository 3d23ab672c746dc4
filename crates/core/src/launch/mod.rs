//! The launch: lock → clone → setsid → clone → exec.
//!
//! The launcher executes the program again, and the daemon finds out by adoption that it is the daemon. A fork alone
//! would not do: V8 marks its heap MADV_DONTFORK, so a forked Node.js dies at its first instruction.

mod body;
mod check;
mod child;
mod descriptors;
mod errand;
mod executable;
mod group;
mod in_place;
mod program;
mod steps;

pub use body::{Bodies, Body, BodyPayload};
pub use group::Group;
pub use in_place::{Supervision, execute_keeper};

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;

use self::check::Problem;
use self::child::{Orders, Stacks};
use self::descriptors::Descriptors;
use self::program::Program;
use self::steps::{Report, Step};
use crate::error::{Error, ErrorKind, Pid, Result};
use crate::given::KeeperPlan;
use crate::handover::{Channel, FrameKind, Outcome, Unsent};
use crate::keeper::{ControlSocket, KeeperOrder, KeptSocket, remove_left_control};
use crate::listener::BoundFile;
use crate::log::LogTail;
use crate::pidfile::Locked;
use crate::plan::Plan;
use crate::process::Process;
use crate::socket::{Bound, bind};
use crate::{seam, sys};

/// A daemon that has executed and is not ready yet.
#[derive(Debug)]
pub struct Launched {
    /// Its PID, as it wrote it into the pidfile.
    pub pid: Pid,
    /// A handle on the daemon, which is proven to hold the pidfile, or has ended. `None` if the daemon had been reaped,
    /// or no descriptor was left; then only the channel can end it.
    pub process: Option<Process>,
    /// The channel to the daemon until it is ready. Dropping the channel before aborts the start: the daemon ends
    /// itself.
    pub channel: Channel,
    /// The part of the payload that the channel had no room for, to be sent; `None` when all of it is under way.
    pub unsent: Option<Unsent>,
    /// Its output, if that can be read back.
    pub log: Option<LogTail>,
    /// The daemon and all processes that it has started, except those that have left the group. [`Group::release`] when
    /// the daemon is ready, [`Group::end`] when the start has failed.
    pub group: Group,
    /// The connection that the launcher has made right after the socket listened ([`SocketPlan::connect`]).
    pub client: Option<OwnedFd>,
    /// The file of the daemon's socket, to be removed when the start has failed.
    pub socket: Option<BoundFile>,
}

impl Launched {
    /// Gives the start up, and waits until nothing is left of it, for some two seconds at most. A daemon that
    /// has said by then that it is ready lives on.
    pub fn abort(self) {
        let Self { channel, group, .. } = self;
        drop(channel);
        group.abort();
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

/// Makes a daemon of the plan's program. Returns when the program has been executed, or could not be.
///
/// ```no_run
/// # fn example(plan: &daimon_core::Plan) -> daimon_core::Result<()> {
/// let launched = daimon_core::launch(plan, None)?;
/// println!("{} is not ready yet", launched.pid);
/// launched.abort();
/// # Ok(())
/// # }
/// ```
///
/// The payload is what the daemon is told ([`crate::OwnDaemon::receive_payload`]). It is sent before the program is
/// executed, as far as the channel has room, so that the launcher's death does not take it back. Without one the caller
/// sends it ([`Channel::sender`]).
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
pub fn launch(plan: &Plan, payload: Option<&[u8]>) -> Result<Launched> {
    seam::arm();
    let (program, order) = match &plan.keeper {
        None => (Program::new(plan)?, None),
        Some(keeper) => {
            let order = KeeperOrder::encode(plan, keeper, payload.unwrap_or_default());
            (Program::of_keeper(plan, keeper)?, Some(order))
        }
    };
    let payload = order.as_deref().or(payload);
    let locked = plan.pidfile.lock(&plan.lock)?;
    // The end of this function releases the launcher's lock in any case, because a launcher that is stopped (SIGSTOP)
    // must not hold it. The same holds for the socket.
    let launched = launch_locked(plan, program, payload, &locked).inspect_err(|_| {
        // After any failure this process alone has the lock.
        locked.remove(plan.pidfile.path());
    })?;
    let unsent = match (launched.unsent, order) {
        (Some(unsent), Some(order)) => Some(unsent.of_order(order)),
        (unsent, _) => unsent,
    };
    Ok(Launched { unsent, ..launched })
}

fn launch_locked(
    plan: &Plan,
    mut program: Program,
    payload: Option<&[u8]>,
    locked: &Locked,
) -> Result<Launched> {
    let mut bound =
        plan.socket.as_ref().map(|socket| bind(socket, plan.owner, plan.lock.cancel.as_ref())).transpose()?;
    let client = bound.as_mut().and_then(|bound| bound.client.take());
    if plan.keeper.is_none() {
        remove_left_control(plan.pidfile.path());
    }
    let for_keeper = plan.keeper.as_ref().map(|keeper| ForKeeper::open(plan, keeper)).transpose()?;
    let launched = program
        .hand_over(plan, bound.as_ref().map(|bound| bound.file.id()))
        .and_then(|()| launch_bound(plan, program, payload, locked, bound.as_ref(), for_keeper.as_ref()));
    let launched = launched.inspect_err(|_| {
        bound.iter().for_each(|bound| bound.file.remove());
        for_keeper.iter().for_each(ForKeeper::remove_files);
    })?;
    Ok(Launched { client, socket: bound.map(|bound| bound.file), ..launched })
}

/// The sockets that a keeper gets.
struct ForKeeper {
    control: ControlSocket,
    /// In the order of the plan.
    listening: Vec<KeptSocket>,
}

impl ForKeeper {
    /// Opens them; when one cannot be had, none is left.
    fn open(plan: &Plan, keeper: &KeeperPlan) -> Result<Self> {
        let control = ControlSocket::bind(plan.pidfile.path(), plan.lock.cancel.as_ref())?;
        let mut all = Self { control, listening: Vec::new() };
        for declared in &keeper.listen {
            let opened =
                all.control.refuse_as(declared).and_then(|()| KeptSocket::open(declared, plan.owner));
            let opened = opened.inspect_err(|_| all.remove_files())?;
            all.listening.push(opened);
        }
        Ok(all)
    }

    /// Sends them ahead of the order; only the first says what it is.
    fn send(&self, channel: &Channel) -> Result<()> {
        let told = self.control.told();
        let control = (told.as_bytes(), self.control.as_fd());
        let listening = self.listening.iter().map(|socket| (&[][..], socket.as_fd()));
        for (text, socket) in std::iter::once(control).chain(listening) {
            if !channel.offer(FrameKind::Socket, text, Some(socket)) {
                let message = "the channel to the daemon has no room for its sockets";
                return Err(Error::new(ErrorKind::StartFailed, message).during("listen"));
            }
        }
        Ok(())
    }

    fn remove_files(&self) {
        self.control.remove_file();
        self.listening.iter().for_each(KeptSocket::remove_file);
    }
}

fn launch_bound(
    plan: &Plan,
    program: Program,
    payload: Option<&[u8]>,
    locked: &Locked,
    bound: Option<&Bound>,
    for_keeper: Option<&ForKeeper>,
) -> Result<Launched> {
    let descriptors = Descriptors::open(plan, locked, bound)?;
    if let Some(fd) = descriptors.collides_with(&plan.keep_fds) {
        return Err(Problem::ClosedMeanwhile(fd).into());
    }
    seam::at("launch.opened");
    let Descriptors { lock, channel, error_pipe, socket, stdio, own_channel, own_error_pipe, log } =
        descriptors;
    let outcome = Arc::<Outcome>::default();
    let own_channel = Channel::noting(own_channel, Arc::clone(&outcome));
    for_keeper.map(|sockets| sockets.send(&own_channel)).transpose()?;
    let unsent = payload.map(|payload| own_channel.begin_payload(payload)).transpose()?.flatten();
    let mut keep: Vec<_> = plan.keep_fds.iter().map(|fd| fd.number()).collect();
    keep.extend([program.lock_fd, program.channel_fd, error_pipe.as_raw_fd()]);
    keep.extend(socket.as_ref().and(program.socket_fd));
    keep.sort_unstable();
    let orders = Box::new(Orders {
        umask: plan.umask,
        stdio: stdio.each_ref().map(AsRawFd::as_raw_fd),
        lock: lock.as_raw_fd(),
        channel: channel.as_raw_fd(),
        error_pipe: error_pipe.as_raw_fd(),
        socket: socket.as_ref().map(AsRawFd::as_raw_fd),
        keep,
        inherited: program.kept.iter().map(|(fd, number)| (fd.as_raw_fd(), *number)).collect(),
        stacks: Stacks::new(),
        program,
    });
    let (leader, report) = child::run(orders, (lock, channel, error_pipe, socket, stdio), own_error_pipe)
        .map_err(|errno| Error::system("clone", sys::CLONE, errno, "no process could be created"))?;
    seam::at("launch.executed");
    let group = Group::new(leader, outcome, bound.is_some());
    match report {
        Some(report) => {
            // Nothing has been executed that could save anything.
            group.end(Duration::ZERO);
            Err(failed_step(plan, &report))
        }
        None => identify(locked, own_channel, group, log).map(|launched| Launched { unsent, ..launched }),
    }
}

fn failed_step(plan: &Plan, report: &Report) -> Error {
    let errno = Errno::from_raw(report.errno);
    let program = plan.keeper.as_ref().map_or(&plan.program, |keeper| &keeper.program).display();
    let (name, syscall) = report.step.map_or(("launch", "unknown"), Step::names);
    let message = match report.step {
        Some(Step::Exec) if errno == Errno::E2BIG => {
            format!("{program}: cannot be executed: {}", plan.size())
        }
        Some(Step::Exec) => format!("{program}: cannot be executed"),
        Some(Step::Folder) => "the folder that the launcher was started in cannot be entered any more".into(),
        Some(Step::WritePid) => format!("{}: the PID cannot be written", plan.pidfile.path().display()),
        Some(Step::Clone) => "no process could be created".into(),
        _ => format!("the daemon could not be set up (step {name})"),
    };
    let error = match report.errno {
        0 => Error::new(ErrorKind::StartFailed, message).during(name),
        _ => Error::system(name, syscall, errno, message),
    };
    match report.step {
        Some(Step::Exec) => error.at(&plan.program),
        Some(Step::WritePid) => error.at(plan.pidfile.path()),
        _ => error,
    }
}

/// Finds out which process has executed, and gets a handle on it while the lock proves that it is the one.
fn identify(locked: &Locked, channel: Channel, group: Group, log: Option<LogTail>) -> Result<Launched> {
    let Some(pid) = locked.pid() else {
        group.end(Duration::ZERO);
        return Err(
            Error::new(ErrorKind::StartFailed, "the daemon was killed before it executed").during("exec")
        );
    };
    // Proven after the handle was opened, so that it is not on a stranger with the same PID. A handle on an ended
    // process, which no signal reaches, still tells how that ended.
    let process = Process::open(pid).ok().filter(|process| locked.is_held_by(pid) || !process.is_alive());
    let process = process.map(Process::launched);
    seam::at("launch.identified");
    Ok(Launched { pid, process, channel, unsent: None, log, group, client: None, socket: None })
}
