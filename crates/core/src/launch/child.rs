//! Between clone and exec.
#![expect(unsafe_code, reason = "raw pointers shared with a child on the launcher's memory")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::os::fd::RawFd;

use nix::errno::Errno;

use crate::error::Pid;
use crate::limits::RawLimit;
use crate::sys::{self, Stack};

/// What the two children read. Plain numbers and pointers into memory that the launcher keeps until the error pipe
/// has ended; neither child writes to it.
pub(super) struct Orders<'a> {
    pub(super) program: &'a CStr,
    pub(super) argv: *const *const c_char,
    pub(super) envp: *const *const c_char,
    pub(super) folder: Option<&'a CStr>,
    pub(super) umask: u32,
    /// Sources of 0, 1 and 2.
    pub(super) stdio: [RawFd; 3],
    /// Sources and targets.
    pub(super) lock: (RawFd, RawFd),
    pub(super) channel: (RawFd, RawFd),
    pub(super) error_pipe: RawFd,
    /// What stays open, sorted: lock, channel, error pipe and `inherited`.
    pub(super) keep: &'a [RawFd],
    /// The launcher's own that the program shall have: sources and targets.
    pub(super) inherited: &'a [(RawFd, RawFd)],
    pub(super) limits: &'a [RawLimit],
    pub(super) nice: Option<i32>,
    pub(super) no_new_privileges: bool,
    pub(super) second_stack: *mut c_void,
}

fn report(orders: &Orders<'_>, tag: u8, errno: i32) {
    let [a, b, c, d] = errno.to_ne_bytes();
    // One write of less than PIPE_BUF: it arrives whole.
    sys::write(orders.error_pipe, &[tag, a, b, c, d]);
}

/// Makes the first child, and returns when it has ended (a fork: at once). The second may still run on its own stack
/// then: the first waits until that has executed, unless it is killed meanwhile.
pub(super) fn start(orders: &Orders<'_>, stack: &mut Stack) -> Result<Pid, Errno> {
    let argument = std::ptr::from_ref(orders).cast_mut().cast();
    // SAFETY: the caller keeps stack and orders until the error pipe has ended, that is until no child uses them.
    unsafe { sys::spawn_child(stack.top(), first_child, argument) }
}

/// The first child: it leaves the launcher's session, and makes the daemon, which thus is no session leader and can
/// never regain a controlling terminal by opening one.
extern "C" fn first_child(orders: *mut c_void) -> c_int {
    // SAFETY: the launcher passes its `Orders`, which it keeps until both children are done with them.
    let shared = unsafe { &*orders.cast::<Orders<'_>>().cast_const() };
    if let Err(errno) = sys::set_session() {
        report(shared, b's', errno);
        return 1;
    }
    // SAFETY: the second stack is used by this child alone, and freed by the launcher when the error pipe has ended.
    match unsafe { sys::spawn_child(shared.second_stack, second_child, orders) } {
        Ok(_) => 0,
        Err(errno) => {
            report(shared, b'f', errno as i32);
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
extern "C" fn second_child(orders: *mut c_void) -> c_int {
    // SAFETY: as in `first_child`.
    let orders = unsafe { &*orders.cast::<Orders<'_>>().cast_const() };
    let (tag, errno) = match prepare(orders) {
        Ok(()) => {
            // SAFETY: both arrays end with a null pointer and live in the launcher until the error pipe has ended.
            (b'e', unsafe { sys::execute(orders.program, orders.argv, orders.envp) })
        }
        Err(failure) => failure,
    };
    report(orders, tag, errno);
    sys::exit_now(127)
}

fn prepare(orders: &Orders<'_>) -> Result<(), (u8, i32)> {
    sys::reset_dispositions();
    sys::set_umask(orders.umask);
    if let Some(folder) = orders.folder {
        sys::change_folder(folder).map_err(|errno| (b'd', errno))?;
    }
    for (target, source) in (0..).zip(orders.stdio) {
        sys::duplicate(source, target).map_err(|errno| (b'0', errno))?;
    }
    let (lock, channel) = (orders.lock, orders.channel);
    sys::duplicate(lock.0, lock.1).map_err(|errno| (b'n', errno))?;
    sys::duplicate(channel.0, channel.1).map_err(|errno| (b'n', errno))?;
    for (source, target) in orders.inherited {
        sys::duplicate(*source, *target).map_err(|errno| (b'k', errno))?;
    }
    sys::close_others(orders.keep).map_err(|errno| (b'x', errno))?;
    // Before the PID, by which others find us, who must see then that no signal can be heard yet. Refused where
    // somebody reads under a lock of their own, or on odd file systems: other proofs serve then.
    let _ = sys::put_name_tag(lock.1);
    write_pid(lock.1)?;
    limit(orders)?;
    sys::unblock_signals().map_err(|errno| (b'e', errno))?;
    Ok(())
}

/// Last, since a limit may forbid what comes before: to write a file, for one.
fn limit(orders: &Orders<'_>) -> Result<(), (u8, i32)> {
    if let Some(nice) = orders.nice {
        sys::set_nice(nice).map_err(|errno| (b'i', errno))?;
    }
    if orders.no_new_privileges {
        sys::forbid_new_privileges().map_err(|errno| (b'v', errno))?;
    }
    for limit in orders.limits {
        sys::set_limit(*limit).map_err(|errno| (b'l', errno))?;
    }
    Ok(())
}

/// `PID\n`, in one write to the empty file.
fn write_pid(lock: RawFd) -> Result<(), (u8, i32)> {
    let mut text = [0_u8; 12];
    let mut start = text.len() - 1;
    text[start] = b'\n';
    let mut rest = sys::own_pid();
    while rest > 0 && start > 0 {
        start -= 1;
        text[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    match sys::write_at_start(lock, text.get(start..).unwrap_or(&[])) {
        Ok(true) => Ok(()),
        Ok(false) => Err((b'p', libc::ENOSPC)),
        Err(errno) => Err((b'p', errno)),
    }
}
