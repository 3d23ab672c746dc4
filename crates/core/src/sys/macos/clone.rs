//! Children by fork.
#![expect(unsafe_code, reason = "fork(2) has no safe face")]

use std::ffi::{c_int, c_void};

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};

use super::child::exit_now;
use super::process::is_child;
use crate::sys::{Pid, RawExit};

/// An empty stand-in: a fork runs on a copy of its parent's stack.
pub(crate) struct Stack;

impl Stack {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn top(&mut self) -> *mut c_void {
        std::ptr::null_mut()
    }
}

/// Runs `main(arg)` in a forked process, and returns at once.
///
/// # Safety
///
/// `main` makes only async-signal-safe calls, as all code between fork and exec, and `arg` is what `main` wants.
pub(crate) unsafe fn spawn_child(
    _stack_top: *mut c_void,
    main: unsafe extern "C" fn(*mut c_void) -> c_int,
    arg: *mut c_void,
) -> Result<Pid, Errno> {
    // SAFETY: the child calls only `main`, for which the caller vouches, and `_exit`.
    match Errno::result(unsafe { libc::fork() })? {
        // SAFETY: the caller vouches for function and argument.
        0 => exit_now(unsafe { main(arg) }),
        pid => Ok(pid),
    }
}

/// Runs `main(arg)`: a thread cannot have descriptors of its own here.
///
/// # Safety
///
/// As for [`spawn_child`].
pub(crate) unsafe fn run_apart(
    _stack_top: *mut c_void,
    main: unsafe extern "C" fn(*mut c_void) -> c_int,
    arg: *mut c_void,
) {
    // SAFETY: the caller vouches for function and argument.
    unsafe { main(arg) };
}

/// Gives none: no keeper is the first process here, to which others are left.
pub(crate) fn ended_child() -> Option<Pid> {
    None
}

/// Whether this child of [`spawn_child`] has not been collected yet. Until then no other process gets its PID.
pub(crate) fn is_uncollected(pid: Pid) -> bool {
    is_child(pid)
}

/// Collects a child of [`spawn_child`].
pub(crate) fn reap(pid: Pid) {
    // ECHILD: the host program has collected it already.
    while waitpid(nix::unistd::Pid::from_raw(pid), None) == Err(Errno::EINTR) {}
}

/// Collects a child of [`spawn_child`], and tells how it has ended. Waits until it has.
pub(crate) fn collect(pid: Pid) -> Option<RawExit> {
    loop {
        match waitpid(nix::unistd::Pid::from_raw(pid), None) {
            Ok(WaitStatus::Exited(_, code)) => return Some(RawExit::Code(code)),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Some(RawExit::Signal(signal as i32)),
            Ok(_) | Err(Errno::EINTR) => (),
            Err(_) => return None,
        }
    }
}
