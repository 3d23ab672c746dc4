//! The launch of a keeper's body: clone → exec. Runs in the keeper.
#![expect(unsafe_code, reason = "raw pointers shared with a child on the keeper's memory")]

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::stat::stat;
use nix::unistd::{Pid as NixPid, getpgid};

use super::child::{limit, report, run_child};
use super::descriptors::raised;
use super::program::Program;
use super::steps::{Report, Step};
use crate::error::{Error, ErrorKind, Result};
use crate::given::BodyPlace;
use crate::handover::{Channel, FrameKind};
use crate::keeper::BodyPlan;
use crate::own::OwnDaemon;
use crate::process::{ExitStatus, Process};
use crate::seam;
use crate::signal::Signal;
use crate::sys::{self, Pid, Stack};

/// Makes the bodies of a keeper, which is this process.
#[derive(Debug)]
pub struct Bodies<'a> {
    pub(super) daemon: &'a OwnDaemon,
    pub(super) plan: &'a BodyPlan,
    /// A duplicate of the lock's descriptor, out of the way of a body's numbers. It is never closed: that would take
    /// the name tag off, as the closing of any descriptor on the file does.
    pub(super) lock: OwnedFd,
    /// The plan's files without which no body begins, as far as this process finds them: a runtime may have files in an
    /// archive.
    needs: Vec<&'a Path>,
}

/// A body that has executed.
#[derive(Debug)]
pub struct Body {
    /// The process, a child of the keeper's that is to be collected ([`Body::collect`]). Its PID is its group's number.
    pub process: Process,
    /// The channel to it, which lasts; `None`: it knows nothing of the keeper ([`crate::Executable`]).
    pub channel: Option<Channel>,
}

impl<'a> Bodies<'a> {
    /// Bodies of that plan.
    ///
    /// # Errors
    ///
    /// When no descriptor is left.
    pub fn new(daemon: &'a OwnDaemon, plan: &'a BodyPlan) -> Result<Self> {
        let needs = plan.needs.iter().map(PathBuf::as_path).filter(|path| stat(*path).is_ok()).collect();
        Ok(Self { daemon, plan, lock: raised(daemon.lock())?, needs })
    }

    /// Executes a body, which is told the payload and gets these sockets, each with its key. Never waits for the body.
    ///
    /// # Errors
    ///
    /// `StartFailed` with the step; no process is left then.
    pub fn launch(
        &self,
        place: BodyPlace,
        is_captured: bool,
        payload: &BodyPayload,
        sockets: &[(&str, BorrowedFd<'_>)],
    ) -> Result<Body> {
        self.check_needs()?;
        let mut program = Program::of_body(self.plan)?;
        program.hand_to_body(place, is_captured, self.daemon.path())?;
        let (channel, theirs) = Channel::to_body().map_err(|errno| no_descriptor("socketpair", errno))?;
        let (own_error_pipe, error_pipe) = sys::error_pipe().map_err(|errno| no_descriptor("pipe", errno))?;
        let (theirs, error_pipe) = (raised(theirs)?, raised(error_pipe)?);
        let orders = Orders {
            keeper: self.daemon.pid(),
            umask: self.plan.umask,
            lock: self.lock.as_raw_fd(),
            channel: theirs.as_raw_fd(),
            error_pipe: error_pipe.as_raw_fd(),
            program,
            stack: Stack::new(),
        };
        if !payload.send(&channel) || !send_sockets(&channel, sockets) {
            let message = "what the body is told has no room in its channel";
            return Err(Error::new(ErrorKind::StartFailed, message).during("payload"));
        }
        let process = self.executed(run(orders, (theirs, error_pipe), own_error_pipe))?;
        Ok(Body { process, channel: Some(channel) })
    }

    /// The process of a child, which has executed unless a step has failed.
    pub(super) fn executed(&self, ran: std::result::Result<(Pid, Option<Report>), Errno>) -> Result<Process> {
        let (pid, step) =
            ran.map_err(|errno| Error::system("clone", sys::CLONE, errno, "no process could be created"))?;
        seam::at("body.executed");
        if let Some(step) = step {
            sys::reap(pid);
            return Err(self.failed_step(&step));
        }
        // A child that is not collected keeps its PID.
        Process::open(pid).map_err(|unreached| {
            let errno = match unreached {
                sys::Unreached::System(_, errno) => errno,
                sys::Unreached::Ended => Errno::ESRCH,
            };
            let _ = sys::signal_process(pid, libc::SIGKILL);
            sys::reap(pid);
            Error::system("process", "pidfd_open", errno, "the body cannot be watched")
        })
    }

    /// Another release may lack what this one has begun with, which the program's runtime would tell the log alone.
    fn check_needs(&self) -> Result<()> {
        let found = self.needs.iter().find_map(|path| Some((path, stat(*path).err()?)));
        let Some((path, errno)) = found else { return Ok(()) };
        let message = format!("{}: the program cannot begin without it", path.to_string_lossy());
        Err(Error::system("exec", "stat", errno, message))
    }

    fn failed_step(&self, report: &Report) -> Error {
        let errno = Errno::from_raw(report.errno);
        let program = self.plan.program.to_string_lossy();
        let (name, syscall) = report.step.map_or(("launch", "unknown"), Step::names);
        let folder = self.plan.folder.as_deref().unwrap_or(Path::new("/")).to_string_lossy();
        let message = match report.step {
            Some(Step::Exec) => format!("{program}: cannot be executed"),
            Some(Step::Folder) => format!("{folder}: cannot be entered"),
            Some(Step::Identity) if report.errno == 0 => "root's rights could be regained".to_owned(),
            _ => format!("the body could not be set up (step {name})"),
        };
        match report.errno {
            0 => Error::new(ErrorKind::StartFailed, message).during(name),
            _ => Error::system(name, syscall, errno, message),
        }
    }
}

/// The error of a call that makes descriptors.
pub(super) fn no_descriptor(syscall: &'static str, errno: Errno) -> Error {
    Error::system("descriptors", syscall, errno, "no descriptor could be made")
}

impl Body {
    /// Tells it something, without waiting; false for a body that is told nothing.
    pub fn offer(&self, kind: FrameKind, bytes: &[u8], descriptor: Option<BorrowedFd<'_>>) -> bool {
        self.channel.as_ref().is_some_and(|channel| channel.offer(kind, bytes, descriptor))
    }

    /// Collects it once it has ended, and tells how it has. Blocks until it has.
    pub fn collect(&self) -> Option<ExitStatus> {
        sys::collect(self.process.pid()).map(ExitStatus::from)
    }

    /// Sends a signal to it and all that it has started, as long as it is not collected.
    pub fn signal_group(&self, signal: Signal) {
        let pid = self.process.pid();
        // Fails when it has not begun its group yet.
        let _ = sys::signal_group(pid, signal.number());
        // It may also have left its group, and others in it.
        let own = NixPid::from_raw(pid);
        if getpgid(Some(own)) != Ok(own) {
            let _ = self.process.signal(signal);
        }
    }

    /// Whether processes that it has started are left, after its end. Where nothing tells, none counts.
    pub fn has_others(&self) -> bool {
        let pid = self.process.pid();
        sys::group_members(pid).is_some_and(|members| members.iter().any(|member| *member != pid))
    }
}

/// What bodies are told.
#[derive(Debug)]
pub struct BodyPayload(Kept);

#[derive(Debug)]
enum Kept {
    /// It has room in a channel, beside some sockets.
    Short(Vec<u8>),
    /// A file without a name, which all of them read.
    Long(File),
}

/// A new channel has room for more.
const LONGEST_SHORT: usize = 32_768;

impl BodyPayload {
    /// Keeps the payload, a long one outside of this process's memory.
    ///
    /// # Errors
    ///
    /// The system's, when there is no room.
    pub fn new(bytes: Vec<u8>) -> Result<Self> {
        if bytes.len() <= LONGEST_SHORT {
            return Ok(Self(Kept::Short(bytes)));
        }
        let failed = |errno| Error::system("payload", "memfd_create", errno, "the payload cannot be kept");
        let mut file = sys::capture_file().map_err(failed)?;
        file.write_all(&bytes).map_err(|error| failed(sys::errno_of(&error)))?;
        Ok(Self(Kept::Long(file)))
    }

    fn send(&self, channel: &Channel) -> bool {
        match &self.0 {
            Kept::Short(bytes) => channel.offer(FrameKind::Payload, bytes, None),
            Kept::Long(file) => channel.offer(FrameKind::PayloadFile, &[], Some(file.as_fd())),
        }
    }
}

fn send_sockets(channel: &Channel, sockets: &[(&str, BorrowedFd<'_>)]) -> bool {
    let send =
        |(key, fd): &(&str, BorrowedFd<'_>)| channel.offer(FrameKind::Socket, key.as_bytes(), Some(*fd));
    sockets.iter().all(send) && channel.offer(FrameKind::Begin, &[], None)
}

/// The orders for the child, which only reads them.
struct Orders {
    keeper: Pid,
    program: Program,
    umask: u32,
    /// Sources of the numbers that the program has for them.
    lock: RawFd,
    channel: RawFd,
    error_pipe: RawFd,
    stack: Stack,
}

/// Makes the child, and waits until it has executed, or has ended before. Gives its PID, and the step that has failed,
/// if any. `sources` are the keeper's copies of what the child has then.
fn run(
    orders: Orders,
    sources: impl Sized,
    own_pipe: OwnedFd,
) -> std::result::Result<(Pid, Option<Report>), Errno> {
    // SAFETY: the stack is a part of the orders, and the child keeps the pipe's writing end open until it has executed
    // or ended. `child` makes async-signal-safe calls alone.
    unsafe { run_child(Box::new(orders), |orders| orders.stack.top(), child, sources, own_pipe) }
}

/// Becomes the body's program. Async-signal-safe, as the second child of a launch: beside that one's calls it makes
/// `prctl`, `getppid` and `setpgid`.
///
/// # Safety
///
/// `orders` points to the keeper's `Orders`, which it frees only when this process has executed or ended.
unsafe extern "C" fn child(orders: *mut c_void) -> c_int {
    // SAFETY: the caller vouches for the orders, which nobody writes to.
    let orders = unsafe { &*orders.cast::<Orders>().cast_const() };
    let (step, errno) = match prepare(orders) {
        Ok(()) => {
            let Program { path, argv, envp, .. } = &orders.program;
            // SAFETY: both arrays end with a null pointer, and live as long as the orders.
            (Step::Exec, unsafe { sys::execute(path, argv.as_ptr(), envp.as_ptr()) })
        }
        Err(failure) => failure,
    };
    report(orders.error_pipe, step, errno);
    sys::exit_now(127)
}

/// Ties a body to its keeper, and gives it a process group, dispositions and a mask of its own. Async-signal-safe.
pub(super) fn begin(keeper: Pid, umask: u32) -> std::result::Result<(), (Step, i32)> {
    follow(keeper)?;
    sys::leave_group().map_err(|errno| (Step::Session, errno))?;
    sys::reset_dispositions();
    sys::set_umask(umask);
    Ok(())
}

/// Has this process end with its keeper. Again after a change of user, which takes the tie off. Async-signal-safe.
pub(super) fn follow(keeper: Pid) -> std::result::Result<(), (Step, i32)> {
    if !seam::breaks("follow-keeper") {
        sys::follow_parent();
    }
    seam::at("body.cloned");
    if sys::parent_pid() == keeper { Ok(()) } else { Err((Step::Keeper, 0)) }
}

fn prepare(orders: &Orders) -> std::result::Result<(), (Step, i32)> {
    begin(orders.keeper, orders.umask)?;
    let program = &orders.program;
    if let Some(folder) = &program.folder {
        sys::change_folder(folder).map_err(|errno| (Step::Folder, errno))?;
    }
    for (source, target) in [(orders.lock, program.lock_fd), (orders.channel, program.channel_fd)] {
        // SAFETY: this process's descriptors are its own. Up to exec it uses none but those of the orders, which are
        // above all targets.
        unsafe { sys::duplicate(source, target) }.map_err(|errno| (Step::Descriptors, errno))?;
    }
    limit(program)?;
    sys::unblock_signals().map_err(|errno| (Step::SignalMask, errno))?;
    seam::at("body.executing");
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_body_whose_keeper_has_ended_does_not_begin() {
        let parent = sys::parent_pid();
        let (is_ours, is_others) = (follow(parent), follow(parent + 1));
        // The test's own end is its own.
        rustix::process::set_parent_process_death_signal(None).unwrap();
        assert_eq!(is_ours, Ok(()));
        assert_eq!(is_others.map_err(|(_, errno)| errno), Err(0));
    }
}
