//! System calls for the code between fork and exec.
//!
//! Every function is async-signal-safe: POSIX lists its call, or the call is a thin face of one system call. None
//! allocates, takes a lock or panics.
#![expect(unsafe_code, reason = "plain system calls are the point of this module")]

use std::ffi::{CStr, c_char, c_int};

use nix::errno::Errno;
use nix::poll::{PollTimeout, poll};
use nix::sys::signal::SigSet;
use nix::sys::stat::lstat;
use nix::unistd::{
    SysconfVar, Uid, chroot, close, getpid, getppid, setpgid, setsid, setuid, sysconf, unlink,
};
use rustix::fs::Mode;
use rustix::io::{pwrite, write as write_to};
use rustix::process::{Rlimit, chdir, getpriority_process, setpriority_process, setrlimit, umask};

use super::rights::set_ids;
use crate::sys::unix::fd::with;
use crate::sys::{FileId, Pid, RawLimit};

/// Nothing, or the error number of a failed call.
type Outcome = Result<(), i32>;

fn plain<T>(result: nix::Result<T>) -> Outcome {
    result.map(drop).map_err(|errno| errno as i32)
}

/// Begins a session, which this process leads.
pub(crate) fn set_session() -> Outcome {
    plain(setsid())
}

/// Begins a process group of this process's own, in the same session.
pub(crate) fn leave_group() -> Outcome {
    let this = nix::unistd::Pid::from_raw(0);
    plain(setpgid(this, this))
}

/// Does nothing: macOS has no such tie. The channel's end tells a body.
pub(crate) fn follow_parent() {}

/// Does nothing: macOS has no such mark.
pub(crate) fn hide_memory() {}

/// Nothing is hidden.
pub(crate) fn show_end(_is_by_signal: bool) {}

/// Gives the PID of the process that has made this one; another one when that has ended.
pub(crate) fn parent_pid() -> Pid {
    getppid().as_raw()
}

/// Sleeps; a signal ends it early.
pub(crate) fn pause(milliseconds: u16) {
    let _ = poll(&mut [], PollTimeout::from(milliseconds));
}

/// Gives this process's PID.
pub(crate) fn own_pid() -> Pid {
    getpid().as_raw()
}

/// Enters a folder.
pub(crate) fn change_folder(path: &CStr) -> Outcome {
    chdir(path).map_err(rustix::io::Errno::raw_os_error)
}

/// Makes a folder this process's root folder, and its current one.
pub(crate) fn change_root(path: &CStr) -> Outcome {
    plain(chroot(path))?;
    change_folder(c"/")
}

/// Gives up all ids of this process but these.
pub(crate) fn take_ids(uid: Option<u32>, gid: u32, groups: &[u32]) -> Outcome {
    set_ids(uid, gid, groups).map_err(|(_, errno)| errno as i32)
}

/// Removes the file of a socket, if the path stands for that very file.
pub(crate) fn remove_socket(path: &CStr, id: FileId) {
    let Ok(stat) = lstat(path) else { return };
    let is_socket = stat.st_mode & libc::S_IFMT == libc::S_IFSOCK;
    if is_socket && FileId::of(&stat) == id {
        // One that may not be removed is harmless: nobody listens.
        let _ = unlink(path);
    }
}

/// Tries to become root, and tells whether that has worked.
pub(crate) fn becomes_root() -> bool {
    setuid(Uid::from_raw(0)).is_ok()
}

/// Sets the file mode creation mask.
pub(crate) fn set_umask(mask: u32) {
    umask(Mode::from_raw_mode(mask as libc::mode_t));
}

/// Sets one limit.
pub(crate) fn set_limit(limit: RawLimit) -> Outcome {
    let known = |limit| Some(limit).filter(|limit| *limit != u64::MAX);
    let both = Rlimit { current: known(limit.soft), maximum: known(limit.hard) };
    setrlimit(limit.resource, both).map_err(rustix::io::Errno::raw_os_error)
}

/// Gives the nice value of this process.
pub(crate) fn nice() -> i32 {
    getpriority_process(None).unwrap_or(0)
}

/// Sets the nice value of this process.
pub(crate) fn set_nice(value: i32) -> Outcome {
    setpriority_process(None, value).map_err(rustix::io::Errno::raw_os_error)
}

/// Does nothing: macOS has no such mark, and a launch that wants it is refused before.
pub(crate) fn forbid_new_privileges() -> Outcome {
    Ok(())
}

/// Makes `to` a duplicate of `from`, open across exec.
///
/// # Safety
///
/// The caller is a child that has its own descriptor table and no longer uses the present descriptor `to`.
pub(crate) unsafe fn duplicate(from: i32, to: i32) -> Outcome {
    // SAFETY: dup2(2) takes two numbers. It closes the present `to`, which the caller promises not to use.
    plain(Errno::result(unsafe { libc::dup2(from, to) }))
}

/// Writes at the file's start; false if not all was written.
pub(crate) fn write_at_start(fd: i32, bytes: &[u8]) -> Result<bool, i32> {
    let written = with(fd, |fd| pwrite(fd, bytes, 0)).unwrap_or(Ok(0));
    written.map(|count| count == bytes.len()).map_err(rustix::io::Errno::raw_os_error)
}

/// Writes to a pipe that has room.
pub(crate) fn write(fd: i32, bytes: &[u8]) {
    let _ = with(fd, |fd| write_to(fd, bytes));
}

/// Does nothing: macOS has no name tag, because flock and fcntl locks share one list.
pub(crate) fn put_name_tag(_fd: i32) -> Outcome {
    Ok(())
}

/// As [`put_name_tag`].
pub(crate) fn put_attached_name_tag(_fd: i32) -> Outcome {
    Ok(())
}

/// Sets the disposition of every signal to the default, because an ignored signal stays ignored across exec, execve(2).
pub(crate) fn reset_dispositions() {
    /// One more than the highest signal, `<sys/signal.h>`.
    const NSIG: c_int = 32;
    for signal in 1..NSIG {
        // SAFETY: SIG_DFL runs no function of ours. KILL and STOP answer EINVAL.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Empties the signal mask.
pub(crate) fn unblock_signals() -> Outcome {
    plain(SigSet::empty().thread_set_mask())
}

/// The length of the list of descriptors on the stack: 32 KiB of the 512 KiB that a secondary thread has.
const LISTED: usize = 4_096;

/// Closes every descriptor from 3 on except those in `keep`.
///
/// # Safety
///
/// The caller is a child that has its own descriptor table and from now on uses only the descriptors in `keep`.
pub(crate) unsafe fn close_others(keep: &[i32]) -> Outcome {
    let mut list = [libc::proc_fdinfo { proc_fd: 0, proc_fdtype: 0 }; LISTED];
    match super::process::list_descriptors(own_pid(), &mut list) {
        Some(listed) => {
            for entry in listed {
                // SAFETY: the caller vouches for its descriptors.
                unsafe { close_unless_kept(entry.proc_fd, keep) };
            }
        }
        // The system does not list them, or they are too many for the list.
        None => {
            let size = sysconf(SysconfVar::OPEN_MAX).ok().flatten().unwrap_or(0);
            for fd in 3..c_int::try_from(size).unwrap_or(c_int::MAX) {
                // SAFETY: as above.
                unsafe { close_unless_kept(fd, keep) };
            }
        }
    }
    Ok(())
}

/// # Safety
///
/// As for [`close_others`].
unsafe fn close_unless_kept(fd: i32, keep: &[i32]) {
    if fd >= 3 && !keep.contains(&fd) {
        let _ = close(fd);
    }
}

/// Executes `program`; returns only on failure, with the error number.
///
/// # Safety
///
/// `argv` and `envp` point to arrays of C strings that end with a null pointer.
pub(crate) unsafe fn execute(program: &CStr, argv: *const *const c_char, envp: *const *const c_char) -> i32 {
    // SAFETY: the caller vouches for the arrays; execve(2) reads them, and returns only on failure.
    let result = unsafe { libc::execve(program.as_ptr(), argv, envp) };
    Errno::result(result).err().map_or(0, |errno| errno as i32)
}

/// Ends this process.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: _exit(2) takes a number, and runs no exit handler.
    unsafe { libc::_exit(code) }
}
