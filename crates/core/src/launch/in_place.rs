//! The keeper in the foreground: this process executes it in its own place, and stays the same process. lock → sockets
//! → tag and line → exec.
#![expect(unsafe_code, reason = "raw pointers shared with a thread that executes")]

use std::convert::Infallible;
use std::ffi::{OsString, c_int, c_void};
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::errno::Errno;

use super::check::{Problem, c_string};
use super::child::write_pid;
use super::descriptors::{raised, raised_by};
use super::program::Program;
use super::steps::{Report, Step};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::foreground::{Streams, open_streams, taken};
use crate::given::Descriptor;
use crate::handover::HandoverInPlace;
use crate::keeper::{ControlSocket, InheritedSocket, KeeperOrder, KeptSocket, OrderInPlace};
use crate::own::own_daemon;
use crate::pidfile::{Locked, nobody_looks};
use crate::plan::Plan;
use crate::seam;
use crate::sys::{self, AllBlocked, Stack};

/// What a supervisor has given this process.
#[derive(Clone, Debug, Default)]
pub struct Supervision {
    /// The address of the socket at which it wants to hear from its service; `None`: it does not.
    pub address: Option<OsString>,
    /// Sockets that it has opened, by their names. They take the place of those that the plan declares by these names.
    pub sockets: Vec<(String, Descriptor)>,
}

/// Executes the plan's keeper in the place of this process, which is the daemon of the pidfile from then on. Returns
/// only when that fails: nothing has changed then, and no pidfile is left that was not there before.
///
/// ```no_run
/// # fn example(plan: &daimon_core::Plan) -> daimon_core::Result<()> {
/// use daimon_core::{Supervision, execute_keeper};
///
/// execute_keeper(plan, b"what each body is told", &Supervision::default())?;
/// # Ok(())
/// # }
/// ```
///
/// All threads of this process end with it, and nothing that runs at an exit does. `Stdio::Inherit` leaves a standard
/// descriptor as it is.
///
/// Blocks while it waits for the lock: call it on a thread of its own.
///
/// # Errors
///
/// `Unsupported` for a plan without a keeper, and in the daemon of a pidfile; those of [`crate::launch()`].
pub fn execute_keeper(plan: &Plan, payload: &[u8], supervision: &Supervision) -> Result<Infallible> {
    let Some(keeper) = &plan.keeper else {
        return Err(Error::unsupported(Subject::Foreground, "the plan has no keeper"));
    };
    let program = Program::of_keeper(plan, keeper)?;
    let order = KeeperOrder::encode(plan, keeper, payload);
    let locked = plan.pidfile.lock(&plan.lock)?;
    execute_locked(plan, program, order, supervision, &locked).inspect_err(|_| {
        // After any failure this process alone has the lock.
        locked.remove(plan.pidfile.path());
    })
}

fn execute_locked(
    plan: &Plan,
    program: Program,
    order: Vec<u8>,
    supervision: &Supervision,
    locked: &Locked,
) -> Result<Infallible> {
    if own_daemon().is_some() {
        return Err(taken());
    }
    seam::at("in-place.locked");
    let control = ControlSocket::bind(plan.pidfile.path(), plan.lock.cancel.as_ref())?;
    let execute = || {
        let sockets = listen(plan, supervision)?;
        execute_listening(plan, program, order, supervision, locked, &control, &sockets)
            .inspect_err(|_| sockets.iter().for_each(Listening::remove_file))
    };
    execute().inspect_err(|_| control.remove_file())
}

/// A socket for the keeper.
enum Listening {
    Opened(KeptSocket),
    Given(OwnedFd),
}

impl Listening {
    fn remove_file(&self) {
        if let Self::Opened(socket) = self {
            socket.remove_file();
        }
    }
}

impl AsFd for Listening {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Opened(socket) => socket.as_fd(),
            Self::Given(fd) => fd.as_fd(),
        }
    }
}

/// The names of all sockets: those of the plan, then those that the supervisor has given beside them.
fn names<'a>(plan: &'a Plan, supervision: &'a Supervision) -> Vec<&'a str> {
    let declared = plan.keeper.iter().flat_map(|keeper| &keeper.listen);
    let mut names: Vec<&str> = declared.map(|declared| declared.name.as_str()).collect();
    for (name, _) in &supervision.sockets {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

/// Takes the sockets that the supervisor has given, and opens the others; when one cannot be had, none is left.
fn listen(plan: &Plan, supervision: &Supervision) -> Result<Vec<Listening>> {
    let declared = plan.keeper.as_ref().map_or(&[][..], |keeper| &keeper.listen);
    let mut sockets: Vec<Listening> = Vec::new();
    for (at, name) in names(plan, supervision).into_iter().enumerate() {
        let given = supervision.sockets.iter().find(|(given, _)| given == name);
        let socket = match (given, declared.get(at)) {
            (Some((_, fd)), _) => duplicate(*fd).map(Listening::Given),
            (None, Some(declared)) => KeptSocket::open(declared, plan.owner).map(Listening::Opened),
            (None, None) => continue,
        };
        sockets.push(socket.inspect_err(|_| sockets.iter().for_each(Listening::remove_file))?);
    }
    Ok(sockets)
}

fn duplicate(fd: Descriptor) -> Result<OwnedFd> {
    let duplicate = raised_by(|lowest| sys::duplicate_number(fd.number(), lowest).transpose())?;
    Ok(duplicate.ok_or(Problem::NotOpen(fd))?)
}

fn execute_listening(
    plan: &Plan,
    mut program: Program,
    order: Vec<u8>,
    supervision: &Supervision,
    locked: &Locked,
    control: &ControlSocket,
    sockets: &[Listening],
) -> Result<Infallible> {
    let path = plan.pidfile.path();
    let streams = open_streams([&plan.stdin, &plan.stdout, &plan.stderr], plan.owner)?;
    let (sources, targets) = places(&streams, std::mem::take(&mut program.kept))?;
    // Out of the way of the numbers that are kept.
    let raised_control = raised(control)?;
    let raised_sockets = sockets.iter().map(raised).collect::<Result<Vec<_>>>()?;
    let names = names(plan, supervision);
    let inherited = names.into_iter().zip(sockets).zip(&raised_sockets).map(|((name, socket), fd)| {
        let is_given = matches!(socket, Listening::Given(_));
        InheritedSocket { name: name.to_owned(), fd: fd.as_raw_fd(), is_given }
    });
    let order = OrderInPlace {
        control: (raised_control.as_raw_fd(), control.told()),
        sockets: inherited.collect(),
        places: sources.iter().map(AsRawFd::as_raw_fd).zip(targets).collect(),
        supervisor: supervision.address.clone(),
        order,
    };
    let file = file_of(&order.encode())?;
    let lock = locked.file().as_raw_fd();
    let handover = HandoverInPlace { lock, order: file.as_raw_fd(), path };
    program.hand_over_in_place(c_string(handover.variable(), Subject::PidFile)?);
    let mut inherit = vec![lock, file.as_raw_fd(), raised_control.as_raw_fd()];
    inherit.extend(raised_sockets.iter().chain(&sources).map(AsRawFd::as_raw_fd));
    if let Some(fd) = inherit.iter().find(|fd| plan.keep_fds.iter().any(|kept| kept.number() == **fd)) {
        return Err(Problem::ClosedMeanwhile(*fd).into());
    }
    // Node.js has marked the standard ones, too.
    inherit.extend([libc::STDIN_FILENO, libc::STDOUT_FILENO, libc::STDERR_FILENO]);
    inherit.retain(|fd| sys::is_close_on_exec(*fd));
    seam::at("in-place.opened");
    Err(failed(plan, &become_keeper(program, lock, inherit)))
}

/// The descriptors that are to have certain numbers, and these.
fn places(streams: &Streams, kept: Vec<(OwnedFd, RawFd)>) -> Result<(Vec<OwnedFd>, Vec<RawFd>)> {
    let Streams { stdin, stdout, stderr, is_shared } = streams;
    let second = if *is_shared { stdout } else { stderr };
    let mut sources = Vec::new();
    let mut targets = Vec::new();
    for (stream, target) in [stdin, stdout, second].into_iter().zip(0..) {
        if let Some(fd) = stream {
            sources.push(raised(fd)?);
            targets.push(target);
        }
    }
    for (fd, target) in kept {
        sources.push(fd);
        targets.push(target);
    }
    Ok((sources, targets))
}

/// A file without a name: an order has no bound that a socket would have room for.
fn file_of(bytes: &[u8]) -> Result<OwnedFd> {
    let failed = |errno| Error::system("payload", "memfd_create", errno, "the order cannot be kept");
    let mut file = sys::capture_file().map_err(failed)?;
    file.write_all(bytes).map_err(|error| failed(sys::errno_of(&error)))?;
    raised(file)
}

/// What the executing thread works with.
struct Orders {
    program: Program,
    lock: RawFd,
    inherit: Vec<RawFd>,
    stack: Stack,
    /// Set by the thread.
    failed: Option<Report>,
}

/// Puts the tag on, writes the line, and executes; gives what has failed.
fn become_keeper(program: Program, lock: RawFd, inherit: Vec<RawFd>) -> Report {
    // A look of another thread must not close its descriptor on the file once the tag is on, see `become_daemon`.
    let _alone = nobody_looks();
    // Signals wait until the keeper takes them; their mask comes over exec.
    let blocked = AllBlocked::new();
    let mut orders = Box::new(Orders { program, lock, inherit, stack: Stack::new(), failed: None });
    let stack_top = orders.stack.top();
    let shared = Box::into_raw(orders);
    // SAFETY: the stack is a part of the orders, which are freed below, after the thread has ended. `execute` makes
    // async-signal-safe calls alone.
    unsafe { sys::run_apart(stack_top, execute, shared.cast()) };
    // SAFETY: the pointer is the box's own, and the thread has ended.
    let orders = unsafe { Box::from_raw(shared) };
    // Where the thread had no descriptors of its own.
    for fd in &orders.inherit {
        sys::set_close_on_exec(*fd);
    }
    drop(blocked);
    orders.failed.unwrap_or(Report { step: None, errno: 0 })
}

/// Async-signal-safe.
///
/// # Safety
///
/// `orders` points to `Orders` that nobody else uses until this has returned.
unsafe extern "C" fn execute(orders: *mut c_void) -> c_int {
    // SAFETY: the caller vouches for the orders.
    let orders = unsafe { &mut *orders.cast::<Orders>() };
    let (step, errno) = match prepare(orders) {
        Ok(()) => {
            let Program { path, argv, envp, .. } = &orders.program;
            // SAFETY: both arrays end with a null pointer, and live as long as the orders.
            (Step::Exec, unsafe { sys::execute(path, argv.as_ptr(), envp.as_ptr()) })
        }
        Err(failure) => failure,
    };
    orders.failed = Some(Report { step: Some(step), errno });
    0
}

fn prepare(orders: &Orders) -> std::result::Result<(), (Step, i32)> {
    // The tag comes before the PID, because a process that finds us by the PID must see that we handle no signals yet.
    // Ignore a failure: where another process has a read lock on the file, and on odd file systems, other proofs serve.
    let _ = sys::put_attached_name_tag(orders.lock);
    seam::at("in-place.tagged");
    write_pid(orders.lock)?;
    seam::at("in-place.written");
    for fd in &orders.inherit {
        sys::let_inherit(*fd);
    }
    seam::at("in-place.executing");
    Ok(())
}

fn failed(plan: &Plan, report: &Report) -> Error {
    let errno = Errno::from_raw(report.errno);
    let (name, syscall) = report.step.map_or(("exec", "clone"), Step::names);
    let path = plan.pidfile.path();
    let program = plan.keeper.as_ref().map_or(plan.program.as_path(), |keeper| &keeper.program);
    let (message, at) = match report.step {
        Some(Step::WritePid) => (format!("{}: the PID cannot be written", path.display()), path),
        _ => (format!("{}: the keeper cannot be executed", program.display()), program),
    };
    let error = match report.errno {
        0 => Error::new(ErrorKind::StartFailed, message).during(name),
        _ => Error::system(name, syscall, errno, message),
    };
    error.at(at)
}
