//! Children that share the launcher's memory until they execute.
#![expect(unsafe_code, reason = "clone(2) has no safe face")]

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid as NixPid;

use crate::sys::{Pid, RawExit};

// SAFETY: as glibc and musl declare it. The libc crate would have `main` safe to call, with any pointer.
unsafe extern "C" {
    fn clone(main: Main, stack_top: *mut c_void, flags: c_int, arg: *mut c_void, ...) -> c_int;
}

/// What a child runs; safe to call with the argument that it is made for.
type Main = unsafe extern "C" fn(*mut c_void) -> c_int;

/// A stack for a function that runs between clone and exec; `u128` gives the alignment that every ABI wants.
pub(crate) struct Stack(Box<[MaybeUninit<u128>]>);

/// 64 KiB.
const STACK_WORDS: usize = 4_096;

impl Stack {
    pub(crate) fn new() -> Self {
        Self(Box::new_uninit_slice(STACK_WORDS))
    }

    /// The highest address: stacks grow downwards on every platform that we build for.
    pub(crate) fn top(&mut self) -> *mut c_void {
        self.0.as_mut_ptr_range().end.cast()
    }
}

/// Runs `main(arg)` in a child that shares this process's memory, and returns when the child has executed or exited.
///
/// It is `clone(CLONE_VM | CLONE_VFORK)` with exit signal 0, see clone(2). So the host program sees no SIGCHLD, and its
/// `wait` calls do not collect the child, because without `__WALL` they miss such children.
///
/// A killed child counts as exited. If it has made a child itself, that grandchild goes on running in this memory, and
/// this function does not wait for it.
///
/// Async-signal-safe: one or two system calls, no lock, no allocation. A failed call writes to `errno`, which the child
/// shares with its parent's thread; that thread is suspended until the child has executed or exited.
///
/// # Safety
///
/// `stack_top` is the top of a [`Stack`] that only the child uses until it has executed or exited. Until then `main`
/// makes only async-signal-safe calls, and `arg` is what `main` wants.
pub(crate) unsafe fn spawn_child(stack_top: *mut c_void, main: Main, arg: *mut c_void) -> Result<Pid, Errno> {
    const SHARED: c_int = libc::CLONE_VM | libc::CLONE_VFORK;
    let make = |flags| {
        // SAFETY: the caller vouches for stack, function and argument; the other pointers of clone(2) are not used.
        Errno::result(unsafe { clone(main, stack_top, flags, arg) })
    };
    match make(SHARED) {
        // qemu-user, in which containers of another architecture run, turns this into a fork, and refuses an exit
        // signal other than SIGCHLD. No kernel does.
        Err(Errno::EINVAL) => make(SHARED | libc::SIGCHLD),
        result => result,
    }
}

/// Runs `main(arg)` on a thread of this process that has a descriptor table of its own, and returns when it has ended;
/// if it executes a program, that takes the place of the whole process, and this function does not return.
///
/// What the thread changes on descriptors is seen by no other thread, and its POSIX locks stay across exec: the kernel
/// knows their owner by the table. Linux before 5.11 gives a process with threads another table at exec.
///
/// # Safety
///
/// As for [`spawn_child`].
pub(crate) unsafe fn run_apart(stack_top: *mut c_void, main: Main, arg: *mut c_void) {
    const THREAD: c_int = libc::CLONE_VM
        | libc::CLONE_VFORK
        | libc::CLONE_THREAD
        | libc::CLONE_SIGHAND
        | libc::CLONE_FS
        | libc::CLONE_SYSVSEM;
    // SAFETY: the caller vouches for stack, function and argument; the other pointers of clone(2) are not used.
    if unsafe { clone(main, stack_top, THREAD, arg) } < 0 {
        // An emulator, or a filter, does not know such threads: then the locks are put on again by the next program.
        // SAFETY: the caller vouches for function and argument.
        unsafe { main(arg) };
    }
}

/// Whether this child of [`spawn_child`] has not been collected yet. Until then no other process gets its PID.
/// waitid(2) with WNOWAIT does not collect it.
pub(crate) fn is_uncollected(pid: Pid) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT | WaitPidFlag::__WALL;
    waitid(Id::Pid(NixPid::from_raw(pid)), flags).is_ok()
}

/// Collects a child of [`spawn_child`]; without `__WALL` waitpid would miss it.
pub(crate) fn reap(pid: Pid) {
    // ECHILD: the host program has collected it, with __WALL.
    while waitpid(NixPid::from_raw(pid), Some(WaitPidFlag::__WALL)) == Err(Errno::EINTR) {}
}

/// A child that has ended and is not collected, which [`reap`] then collects; `None` if there is none.
pub(crate) fn ended_child() -> Option<Pid> {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT | WaitPidFlag::__WALL;
    waitid(Id::All, flags).ok()?.pid().map(NixPid::as_raw)
}

/// Collects a child of [`spawn_child`], and tells how it has ended. Waits until it has.
pub(crate) fn collect(pid: Pid) -> Option<RawExit> {
    loop {
        match waitpid(NixPid::from_raw(pid), Some(WaitPidFlag::__WALL)) {
            Ok(WaitStatus::Exited(_, code)) => return Some(RawExit::Code(code)),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Some(RawExit::Signal(signal as i32)),
            Ok(_) | Err(Errno::EINTR) => (),
            Err(_) => return None,
        }
    }
}
