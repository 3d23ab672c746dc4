//! Children that share the launcher's memory until they execute.
#![expect(unsafe_code, reason = "clone(2) has no safe face")]

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::Pid as NixPid;

use crate::sys::Pid;

/// Room for the two functions that run between clone and exec; `u128` for the alignment that every ABI asks of a
/// stack.
pub(crate) struct Stack(Box<[MaybeUninit<u128>]>);

/// 64 KiB.
const STACK_WORDS: usize = 4_096;

impl Stack {
    pub(crate) fn new() -> Self {
        Self(Box::new_uninit_slice(STACK_WORDS))
    }

    /// Its highest address: stacks grow downwards on every platform that we build for.
    pub(crate) fn top(&mut self) -> *mut c_void {
        self.0.as_mut_ptr_range().end.cast()
    }
}

/// Runs `main(arg)` in a new process that shares this one's memory, and returns when it has executed or exited.
///
/// `clone(CLONE_VM | CLONE_VFORK)` with exit signal 0, see clone(2): the host program sees no SIGCHLD, and none of its
/// own `wait` calls can take the child away, since those miss children without `__WALL`.
///
/// A killed child has exited, too. If it had made a child itself, that grandchild goes on running in this memory, and
/// this function does not wait for the grandchild.
///
/// Async-signal-safe: one system call, or two, no lock, no allocation. A failed call writes to `errno`, which a child
/// shares with its parent's thread; that thread stands still until the child has executed or exited.
///
/// # Safety
///
/// `stack_top` ends a [`Stack`] that is the child's until it has executed or exited; `main` is fit for that time.
pub(crate) unsafe fn spawn_child(
    stack_top: *mut c_void,
    main: extern "C" fn(*mut c_void) -> c_int,
    arg: *mut c_void,
) -> Result<Pid, Errno> {
    const SHARED: c_int = libc::CLONE_VM | libc::CLONE_VFORK;
    let clone = |flags| {
        // SAFETY: the caller vouches for stack, function and argument; the other pointers of clone(2) are not used.
        Errno::result(unsafe { libc::clone(main, stack_top, flags, arg) })
    };
    match clone(SHARED) {
        // No kernel says so, but qemu-user does, where containers of another architecture run: it makes a fork of this,
        // and knows of no other exit signal.
        Err(Errno::EINVAL) => clone(SHARED | libc::SIGCHLD),
        result => result,
    }
}

/// Whether this child of [`spawn_child`] is still ours to collect: until it is collected, its PID is given to no other
/// process. waitid(2) with WNOWAIT leaves it as it is.
pub(crate) fn is_uncollected(pid: Pid) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT | WaitPidFlag::__WALL;
    waitid(Id::Pid(NixPid::from_raw(pid)), flags).is_ok()
}

/// Collects a child of [`spawn_child`], which plain waitpid would miss.
pub(crate) fn reap(pid: Pid) {
    // ECHILD: the host program has collected it, with __WALL.
    while waitpid(NixPid::from_raw(pid), Some(WaitPidFlag::__WALL)) == Err(Errno::EINTR) {}
}
