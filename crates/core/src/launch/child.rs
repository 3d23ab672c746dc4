//! Between clone and exec.
#![expect(unsafe_code, reason = "raw pointers shared with a child on the launcher's memory")]

use std::ffi::{c_int, c_void};
use std::os::fd::{OwnedFd, RawFd};

use nix::errno::Errno;

use super::program::Program;
use super::steps::{Report, Step};
use crate::seam;
use crate::sys::AllBlocked;
use crate::sys::{self, Pid, Stack};

/// The orders for the two children, and their stacks. Neither child writes to the orders.
pub(super) struct Orders {
    pub(super) program: Program,
    pub(super) umask: u32,
    /// Sources of 0, 1 and 2.
    pub(super) stdio: [RawFd; 3],
    /// Sources of the numbers that the program has for them.
    pub(super) lock: RawFd,
    pub(super) channel: RawFd,
    pub(super) error_pipe: RawFd,
    pub(super) socket: Option<RawFd>,
    /// The descriptors that stay open, sorted: lock, channel, socket, error pipe and `inherited`.
    pub(super) keep: Vec<RawFd>,
    /// Descriptors of the launcher for the program: sources and targets.
    pub(super) inherited: Vec<(RawFd, RawFd)>,
    pub(super) stacks: Stacks,
}

/// A stack for each of the two children.
pub(super) struct Stacks {
    first: Stack,
    second: Stack,
    /// Where the second begins, for the first child, which has the orders read-only.
    second_top: *mut c_void,
}

impl Stacks {
    pub(super) fn new() -> Self {
        Self { first: Stack::new(), second: Stack::new(), second_top: std::ptr::null_mut() }
    }

    /// Gives where the first begins. From now on neither stack may be moved.
    fn fix(&mut self) -> *mut c_void {
        self.second_top = self.second.top();
        self.first.top()
    }
}

/// Tells the reader of the error pipe of a failed step. Async-signal-safe.
pub(super) fn report(error_pipe: RawFd, step: Step, errno: i32) {
    // One write of less than PIPE_BUF arrives whole.
    sys::write(error_pipe, &step.report(errno));
}

/// Makes the two children, and waits until the second has executed, or has ended before. Gives the first child, which
/// is not collected, and the step that has failed, if any.
///
/// `sources` are the launcher's copies of what the children have now. `own_pipe` is the reading end of the error pipe,
/// which ends when all writing ends are closed.
///
/// # Errors
///
/// The system's, when no child could be made.
pub(super) fn run(
    orders: Box<Orders>,
    sources: impl Sized,
    own_pipe: OwnedFd,
) -> Result<(Pid, Option<Report>), Errno> {
    // SAFETY: the first child's stack is a part of the orders, and the second child keeps the pipe's writing end open
    // until it has executed or ended; the first has ended before (a fork has memory of its own). `first_child` makes
    // async-signal-safe calls alone.
    unsafe { run_child(orders, |orders| orders.stacks.fix(), first_child, sources, own_pipe) }
}

/// Makes a child by `main`, and waits until `own_pipe` ends. Gives the child, and the step that has failed, if any.
///
/// # Errors
///
/// The system's, when no child could be made.
///
/// # Safety
///
/// `main` wants a pointer to these orders, and makes async-signal-safe calls alone. `stack_top` gives the top of a
/// [`Stack`] that is a part of the orders. `own_pipe` ends only when no child uses the orders any more.
pub(super) unsafe fn run_child<T>(
    mut orders: Box<T>,
    stack_top: impl FnOnce(&mut T) -> *mut c_void,
    main: unsafe extern "C" fn(*mut c_void) -> c_int,
    sources: impl Sized,
    own_pipe: OwnedFd,
) -> Result<(Pid, Option<Report>), Errno> {
    // Block all signals, because one to the launcher's group, as of a closed terminal, could kill a child half way.
    let blocked = AllBlocked::new();
    let stack_top = stack_top(&mut orders);
    let orders = Box::into_raw(orders);
    // SAFETY: the caller vouches for stack and function; the orders are freed below, and only when no child uses them.
    let spawned = unsafe { sys::spawn_child(stack_top, main, orders.cast()) };
    drop((blocked, sources));
    // Read the pipe to EOF before the orders are freed. A SIGKILL of the child ends the wait of clone early, while a
    // child of its own still runs on the orders' strings and its stack. EOF means that it has executed, or was killed
    // before: pidfile and channel tell which.
    let read = if spawned.is_ok() { read_report(&own_pipe) } else { Ok(None) };
    if read.is_ok() {
        // SAFETY: the pointer is the box's own. Either no child was made, or the pipe has ended, by which time no child
        // uses the orders, as the caller vouches.
        drop(unsafe { Box::from_raw(orders) });
    }
    // After an error a child may still use the orders, so they are never freed.
    Ok((spawned?, read.unwrap_or(None)))
}

fn read_report(pipe: &OwnedFd) -> Result<Option<Report>, Errno> {
    let bytes = sys::read_to_end(pipe, usize::MAX)?;
    Ok(bytes.first_chunk().map(|bytes| Report::decode(*bytes)))
}

/// The first child: leaves the launcher's session, and makes the daemon. So the daemon is no session leader, and can
/// never get a controlling terminal by opening one.
///
/// Async-signal-safe: its system calls (`setsid`, `clone`, `write`, `exit`) are raw ones, but for clone(3) of libc,
/// which makes two of them. `__test__/launcher/between-clone-and-exec.test.js` holds both children to their lists.
///
/// # Safety
///
/// `orders` points to the launcher's `Orders`, which it frees only when both children are done with them.
unsafe extern "C" fn first_child(orders: *mut c_void) -> c_int {
    // SAFETY: the caller vouches for the orders; both children only read them.
    let shared = unsafe { &*orders.cast::<Orders>().cast_const() };
    if let Err(errno) = sys::set_session() {
        report(shared.error_pipe, Step::Session, errno);
        return 1;
    }
    seam::at("child.session");
    // SAFETY: the second stack is this child's to give, and is freed with the orders. `second_child` makes
    // async-signal-safe calls alone.
    match unsafe { sys::spawn_child(shared.stacks.second_top, second_child, orders) } {
        Ok(_) => {
            seam::at("child.cloned");
            0
        }
        Err(errno) => {
            report(shared.error_pipe, Step::Clone, errno as i32);
            1
        }
    }
}

/// The second child: becomes the daemon's program.
///
/// Async-signal-safe: it makes the calls of `sys::child` alone, which on Linux are raw system calls (`rt_sigaction`,
/// `umask`, `chdir`, `dup3`, `close_range` or `openat`, `getdents64` and `close`, `getpid`, `pwrite`, `fcntl`,
/// `setpriority`, `prctl`, `prlimit`, `rt_sigprocmask`, `execve`, `write`, `_exit`). It allocates nothing, takes no
/// lock and cannot panic. All signals are blocked until just before exec.
///
/// # Safety
///
/// As for [`first_child`].
unsafe extern "C" fn second_child(orders: *mut c_void) -> c_int {
    // SAFETY: as in `first_child`.
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

fn prepare(orders: &Orders) -> Result<(), (Step, i32)> {
    seam::at("child.begun");
    sys::reset_dispositions();
    sys::set_umask(orders.umask);
    let program = &orders.program;
    if let Some(folder) = &program.folder {
        sys::change_folder(folder).map_err(|errno| (Step::Folder, errno))?;
    }
    place_descriptors(orders)?;
    seam::at("child.placed");
    // The tag comes before the PID, because a process that finds us by the PID must see that we handle no signals yet.
    // Ignore a failure: where another process has a read lock on the file, and on odd file systems, other proofs serve.
    let _ = sys::put_name_tag(program.lock_fd);
    seam::at("child.tagged");
    write_pid(program.lock_fd)?;
    seam::at("child.written");
    limit(&orders.program)?;
    sys::unblock_signals().map_err(|errno| (Step::SignalMask, errno))?;
    seam::at("child.executing");
    Ok(())
}

/// Gives the descriptors of the orders their numbers, and closes all others.
fn place_descriptors(orders: &Orders) -> Result<(), (Step, i32)> {
    let place = |source, target, step| {
        // SAFETY: this is the second child, whose descriptors are its own. Up to exec it uses none but those of the
        // orders, whose numbers are no target of another one.
        unsafe { sys::duplicate(source, target) }.map_err(|errno| (step, errno))
    };
    for (target, source) in (0..).zip(orders.stdio) {
        place(source, target, Step::Stdio)?;
    }
    place(orders.lock, orders.program.lock_fd, Step::Descriptors)?;
    place(orders.channel, orders.program.channel_fd, Step::Descriptors)?;
    if let (Some(source), Some(target)) = (orders.socket, orders.program.socket_fd) {
        place(source, target, Step::Descriptors)?;
    }
    for (source, target) in &orders.inherited {
        place(*source, *target, Step::KeptDescriptors)?;
    }
    // SAFETY: as above; `keep` has all descriptors that are used from now on.
    unsafe { sys::close_others(&orders.keep) }.map_err(|errno| (Step::CloseOthers, errno))
}

/// Sets the limits, last of all, because a limit may forbid the other steps, such as writing a file. Async-signal-safe.
pub(super) fn limit(program: &Program) -> Result<(), (Step, i32)> {
    if let Some(nice) = program.nice {
        sys::set_nice(nice).map_err(|errno| (Step::Nice, errno))?;
    }
    if program.no_new_privileges {
        sys::forbid_new_privileges().map_err(|errno| (Step::NoNewPrivileges, errno))?;
    }
    for limit in &program.limits {
        sys::set_limit(*limit).map_err(|errno| (Step::Limits, errno))?;
    }
    Ok(())
}

/// The most digits that a PID has.
pub(super) const PID_DIGITS: usize = 10;

/// Writes a number at the end of the room for it, and gives how many digits it has. Async-signal-safe.
pub(super) fn digits(number: Pid, room: &mut [u8]) -> usize {
    let (mut rest, mut count) = (number, 0);
    for digit in room.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        (rest, count) = (rest / 10, count + 1);
        if rest == 0 {
            break;
        }
    }
    count
}

/// `PID\n`, in one write to the empty file.
pub(super) fn write_pid(lock: RawFd) -> Result<(), (Step, i32)> {
    let mut text = [b'\n'; PID_DIGITS + 1];
    let length = digits(sys::own_pid(), text.split_at_mut(PID_DIGITS).0);
    match sys::write_at_start(lock, text.get(PID_DIGITS - length..).unwrap_or(&[])) {
        Ok(true) => Ok(()),
        // Only a part was written; there is no error number.
        Ok(false) => Err((Step::WritePid, 0)),
        Err(errno) => Err((Step::WritePid, errno)),
    }
}
