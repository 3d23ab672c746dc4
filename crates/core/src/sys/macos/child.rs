//! System calls for the code between fork and exec. Every function is async-signal-safe, as POSIX lists them or as thin
//! faces of one system call: no allocation, no lock, no panic.
#![expect(unsafe_code, reason = "plain system calls are the point of this module")]

use std::ffi::{CStr, c_char, c_int};

use nix::errno::Errno;
use nix::poll::{PollTimeout, poll};
use nix::unistd::{Pid, getpid, setpgid, setsid};

use crate::limits::RawLimit;

/// The error number of a failed call.
type Outcome = Result<c_int, i32>;

fn outcome(result: c_int) -> Outcome {
    if result == -1 { Err(Errno::last_raw()) } else { Ok(result) }
}

pub(crate) fn set_session() -> Outcome {
    setsid().map(Pid::as_raw).map_err(|errno| errno as i32)
}

/// A process group of this process's own, in the same session.
pub(crate) fn leave_group() -> Outcome {
    let this = Pid::from_raw(0);
    setpgid(this, this).map(|()| 0).map_err(|errno| errno as i32)
}

/// Sleeps; a signal ends it early.
pub(crate) fn pause(milliseconds: u16) {
    let _ = poll(&mut [], PollTimeout::from(milliseconds));
}

pub(crate) fn own_pid() -> i32 {
    getpid().as_raw()
}

pub(crate) fn change_folder(path: &CStr) -> Outcome {
    // SAFETY: the string lives across the call.
    outcome(unsafe { libc::chdir(path.as_ptr()) })
}

pub(crate) fn set_umask(mask: u32) {
    // SAFETY: umask(2) takes a number and cannot fail.
    unsafe { libc::umask(mask as libc::mode_t) };
}

pub(crate) fn set_limit(limit: RawLimit) -> Outcome {
    let plain = |limit| if limit == u64::MAX { libc::RLIM_INFINITY } else { limit };
    let both = libc::rlimit { rlim_cur: plain(limit.soft), rlim_max: plain(limit.hard) };
    // SAFETY: the struct lives across the call.
    outcome(unsafe { libc::setrlimit(limit.resource, &raw const both) })
}

/// The nice value of this process.
pub(crate) fn nice() -> i32 {
    // SAFETY: getpriority(2) takes two numbers.
    unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }
}

pub(crate) fn set_nice(value: i32) -> Outcome {
    // SAFETY: setpriority(2) takes three numbers.
    outcome(unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, value) })
}

/// There is no such thing here; who asks for it is refused before.
pub(crate) fn forbid_new_privileges() -> Outcome {
    Ok(0)
}

/// `from` becomes `to`, open across exec.
pub(crate) fn duplicate(from: i32, to: i32) -> Outcome {
    // SAFETY: dup2(2) takes two numbers.
    outcome(unsafe { libc::dup2(from, to) })
}

pub(crate) fn write_at_start(fd: i32, bytes: &[u8]) -> Result<bool, i32> {
    // SAFETY: the slice is readable for its whole length.
    let written = unsafe { libc::pwrite(fd, bytes.as_ptr().cast(), bytes.len(), 0) };
    let written = usize::try_from(written).map_err(|_| Errno::last_raw())?;
    Ok(written == bytes.len())
}

pub(crate) fn write(fd: i32, bytes: &[u8]) {
    // SAFETY: the slice is readable for its whole length.
    let _ = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
}

/// None here: flock and fcntl locks share one list.
pub(crate) fn put_name_tag(_fd: i32) -> Outcome {
    Ok(0)
}

/// Every disposition back to the default: ignored ones survive exec, execve(2).
pub(crate) fn reset_dispositions() {
    /// One more than the highest signal, `<sys/signal.h>`.
    const NSIG: c_int = 32;
    for signal in 1..NSIG {
        // SAFETY: SIG_DFL is no function of ours; KILL and STOP answer EINVAL.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

pub(crate) fn unblock_signals() -> Outcome {
    // The type is a bit set in one number here.
    let none: libc::sigset_t = 0;
    // SAFETY: the set lives across the call, and the old one is not asked for.
    outcome(unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut()) })
}

/// Entries of the descriptor table that fit the list on the stack: 32 KiB of the 512 that a secondary thread has.
const LISTED: usize = 4_096;

/// Closes every descriptor from 3 on but `keep`.
pub(crate) fn close_others(keep: &[i32]) -> Outcome {
    let mut list = [libc::proc_fdinfo { proc_fd: 0, proc_fdtype: 0 }; LISTED];
    let bytes = size_of_val(&list) as c_int;
    let (pid, buffer) = (own_pid(), list.as_mut_ptr().cast());
    // SAFETY: the kernel writes at most `bytes` bytes of whole entries into the list.
    let filled = unsafe { libc::proc_pidinfo(pid, libc::PROC_PIDLISTFDS, 0, buffer, bytes) };
    if filled > 0 && filled < bytes {
        let count = filled as usize / size_of::<libc::proc_fdinfo>();
        for entry in list.iter().take(count) {
            close_unless_kept(entry.proc_fd, keep);
        }
        return Ok(0);
    }
    // SAFETY: getdtablesize takes nothing.
    let size = unsafe { libc::getdtablesize() };
    for fd in 3..size {
        close_unless_kept(fd, keep);
    }
    Ok(0)
}

fn close_unless_kept(fd: i32, keep: &[i32]) {
    if fd >= 3 && !keep.contains(&fd) {
        // SAFETY: this process is about to execute another program; nobody uses the descriptor any more.
        unsafe { libc::close(fd) };
    }
}

/// Executes `program`; returns only the error number of a failure.
///
/// # Safety
///
/// `argv` and `envp` point to arrays of C strings that end with a null pointer.
pub(crate) unsafe fn execute(program: &CStr, argv: *const *const c_char, envp: *const *const c_char) -> i32 {
    // SAFETY: the caller vouches for the arrays; execve(2) reads them and returns only when it failed.
    outcome(unsafe { libc::execve(program.as_ptr(), argv, envp) }).err().unwrap_or(0)
}

pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: _exit(2) takes a number; no exit handler runs.
    unsafe { libc::_exit(code) }
}
