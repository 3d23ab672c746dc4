//! System calls for the code between clone and exec.
//!
//! Every function is async-signal-safe: it is a raw system call, rustix's or our own, which does not allocate, takes no
//! lock and cannot panic. None writes to libc's `errno`, because the second child shares it with a thread of the
//! launcher, and that thread runs on if the first child is killed.
#![expect(unsafe_code, reason = "raw system calls are the point of this module")]

use std::ffi::{CStr, c_char, c_long};
use std::mem::{MaybeUninit, forget};
use std::os::fd::AsRawFd;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, openat, statat, unlinkat};
use rustix::io::{pwrite, write as write_to};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, chdir, getpid, getppid, getpriority_process, set_dumpable_behavior,
    setpgid, setpriority_process, setrlimit, setsid, umask,
};
use rustix::thread::{Timespec, nanosleep, set_no_new_privs};

use super::file::{DEAF, DETACHED, TAG};
use super::raw::call;
use crate::sys::unix::fd::with;
use crate::sys::{FileId, Pid, RawLimit};

/// Nothing, or the error number of a failed call.
type Outcome = Result<(), i32>;

fn plain<T>(result: Result<T, rustix::io::Errno>) -> Outcome {
    result.map(drop).map_err(rustix::io::Errno::raw_os_error)
}

/// Begins a session, which this process leads.
pub(crate) fn set_session() -> Outcome {
    plain(setsid())
}

/// Begins a process group of this process's own, in the same session.
pub(crate) fn leave_group() -> Outcome {
    plain(setpgid(None, None))
}

/// Has the kernel end this process by SIGKILL when the thread that has made it ends, prctl(2).
pub(crate) fn follow_parent() {
    // It fails only for a number that is no signal.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

/// Keeps other users, and their debuggers, from what this process has in its memory, and it from core files, prctl(2).
pub(crate) fn hide_memory() {
    // It fails only for a value that is none.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Has the kernel tell the processes of this user how this one ends, which it keeps from them of one that hides its
/// memory, proc(5). There is no core file: it would hold what was hidden.
pub(crate) fn show_end(is_by_signal: bool) {
    // By 1, and not by 0, a program that is given cores is not given this one, core(5).
    let least = Rlimit { current: Some(1), maximum: Some(1) };
    // Not where no core is allowed at all, which is another limit for that program. An exit makes none.
    if setrlimit(Resource::Core, least).is_ok() || !is_by_signal {
        let _ = set_dumpable_behavior(DumpableBehavior::Dumpable);
    }
}

/// Gives the PID of the process that has made this one; another one when that has ended.
pub(crate) fn parent_pid() -> Pid {
    getppid().map_or(0, |parent| parent.as_raw_nonzero().get())
}

/// Sleeps; a signal ends it early.
pub(crate) fn pause(milliseconds: u16) {
    let tv_nsec = c_long::from(milliseconds % 1_000) * 1_000_000;
    let _ = nanosleep(&Timespec { tv_sec: (milliseconds / 1_000).into(), tv_nsec });
}

/// Gives this process's PID. Asks the kernel, because libc may remember the launcher's PID here.
pub(crate) fn own_pid() -> Pid {
    getpid().as_raw_nonzero().get()
}

/// Enters a folder.
pub(crate) fn change_folder(path: &CStr) -> Outcome {
    plain(chdir(path))
}

/// Makes a folder this process's root folder, and its current one.
pub(crate) fn change_root(path: &CStr) -> Outcome {
    // SAFETY: chroot(2) reads one C string.
    unsafe { call(libc::SYS_chroot, [path.as_ptr() as usize, 0, 0, 0]) }?;
    change_folder(c"/")
}

/// Gives up all ids of this thread but these. Before exec this process has no other thread.
pub(crate) fn take_ids(uid: Option<u32>, gid: u32, groups: &[u32]) -> Outcome {
    // SAFETY: setgroups(2) reads so many numbers from the slice.
    unsafe { call(libc::SYS_setgroups, [groups.len(), groups.as_ptr() as usize, 0, 0]) }?;
    let gid = gid as usize;
    // SAFETY: setresgid(2) takes numbers.
    unsafe { call(libc::SYS_setresgid, [gid, gid, gid, 0]) }?;
    let Some(uid) = uid else { return Ok(()) };
    let uid = uid as usize;
    // SAFETY: setresuid(2) takes numbers.
    unsafe { call(libc::SYS_setresuid, [uid, uid, uid, 0]) }.map(drop)
}

/// Removes the file of a socket, if the path stands for that very file.
pub(crate) fn remove_socket(path: &CStr, id: FileId) {
    let Ok(stat) = statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW) else { return };
    let is_socket = FileType::from_raw_mode(stat.st_mode) == FileType::Socket;
    if is_socket && (FileId { dev: stat.st_dev, ino: stat.st_ino }) == id {
        // One that may not be removed is harmless: nobody listens.
        let _ = unlinkat(CWD, path, AtFlags::empty());
    }
}

/// Tries to become root, and tells whether that has worked.
pub(crate) fn becomes_root() -> bool {
    // SAFETY: setuid(2) takes a number.
    unsafe { call(libc::SYS_setuid, [0; 4]) }.is_ok()
}

/// Sets the file mode creation mask.
pub(crate) fn set_umask(mask: u32) {
    umask(Mode::from_raw_mode(mask));
}

/// Sets one limit.
pub(crate) fn set_limit(limit: RawLimit) -> Outcome {
    let both = libc::rlimit64 { rlim_cur: limit.soft, rlim_max: limit.hard };
    let (resource, both) = (limit.resource as usize, &raw const both as usize);
    // SAFETY: prlimit(2) of this process (0) reads one struct, which lives across the call, and writes none: the
    // pointer for the old limit is null.
    unsafe { call(libc::SYS_prlimit64, [0, resource, both, 0]) }.map(drop)
}

/// Gives the nice value of this process.
pub(crate) fn nice() -> i32 {
    getpriority_process(None).unwrap_or(0)
}

/// Sets the nice value of this thread, which is the only one before exec.
pub(crate) fn set_nice(value: i32) -> Outcome {
    plain(setpriority_process(None, value))
}

/// Forbids this thread to gain rights by exec. Before exec this process has no other thread.
pub(crate) fn forbid_new_privileges() -> Outcome {
    plain(set_no_new_privs(true))
}

/// Makes `to` a duplicate of `from`, open across exec. The numbers must differ: dup3(2) refuses equal ones.
///
/// # Safety
///
/// The caller is a child that has its own descriptor table and no longer uses the present descriptor `to`.
pub(crate) unsafe fn duplicate(from: i32, to: i32) -> Outcome {
    // SAFETY: dup3(2) takes numbers. It closes the present `to`, which the caller promises not to use.
    unsafe { call(libc::SYS_dup3, [from as usize, to as usize, 0, 0]) }.map(drop)
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

/// Puts on the mark "detached" and the name tag of a daemon that is not ready and has no handlers for signals: POSIX
/// write locks, which survive exec and end with the process. The mark comes first, because a process that sees the tag
/// takes it that the mark is there.
pub(crate) fn put_name_tag(fd: i32) -> Outcome {
    write_lock(fd, DETACHED, 1)?;
    write_lock(fd, TAG, DEAF)
}

/// Puts on the name tag alone, of a process that has no session of its own.
pub(crate) fn put_attached_name_tag(fd: i32) -> Outcome {
    write_lock(fd, TAG, DEAF)
}

fn write_lock(fd: i32, start: i64, length: i64) -> Outcome {
    let lock = libc::flock {
        l_type: libc::F_WRLCK as _,
        l_whence: libc::SEEK_SET as _,
        l_start: start,
        l_len: length,
        l_pid: 0,
    };
    let (command, lock) = (libc::F_SETLK as usize, &raw const lock as usize);
    // SAFETY: F_SETLK of fcntl(2) reads one struct, which lives across the call.
    unsafe { call(libc::SYS_fcntl, [fd as usize, command, lock, 0]) }.map(drop)
}

/// Sets the disposition of every signal to the default, because an ignored signal stays ignored across exec, execve(2).
/// It is a raw call because glibc's refuses signals 32 and 33, which must be reset as well.
pub(crate) fn reset_dispositions() {
    const SIGNALS: usize = 64;
    const SET_BYTES: usize = 8;
    // The kernel's struct sigaction: handler SIG_DFL, no flags, no restorer, an empty mask.
    let default = [0_u64; 4];
    for signal in 1..=SIGNALS {
        let default = default.as_ptr() as usize;
        // KILL and STOP answer EINVAL: they have no other disposition.
        // SAFETY: rt_sigaction(2) reads one struct, which lives across the call, and writes none: the pointer for the
        // old one is null. The launcher's handlers stay: without CLONE_SIGHAND this process has its own.
        let _ = unsafe { call(libc::SYS_rt_sigaction, [signal, default, 0, SET_BYTES]) };
    }
}

/// Empties the signal mask.
pub(crate) fn unblock_signals() -> Outcome {
    let none = 0_u64;
    let (how, set, set_bytes) = (libc::SIG_SETMASK as usize, &raw const none as usize, size_of_val(&none));
    // SAFETY: rt_sigprocmask(2) reads one set, which lives across the call, and writes none: the pointer for the old
    // set is null.
    unsafe { call(libc::SYS_rt_sigprocmask, [how, set, 0, set_bytes]) }.map(drop)
}

/// Closes every descriptor from 3 on except those in `keep`, which is sorted.
///
/// They are closed now instead of marked close-on-exec, because one of them may be a second descriptor on the pidfile,
/// of a launcher's thread that looks at it. If exec closed that descriptor, the name tag would go with it.
///
/// # Safety
///
/// The caller is a child that has its own descriptor table and from now on uses only the descriptors in `keep`.
pub(crate) unsafe fn close_others(keep: &[i32]) -> Outcome {
    // SAFETY: the caller vouches for its descriptors.
    match unsafe { close_ranges(keep) } {
        // The call is missing before Linux 5.9, and a seccomp filter may not know it.
        // SAFETY: as above.
        Err(libc::ENOSYS | libc::EPERM) => unsafe { close_listed(keep) },
        other => other,
    }
}

/// # Safety
///
/// As for [`close_others`].
unsafe fn close_ranges(keep: &[i32]) -> Outcome {
    let mut first = 3_u32;
    for fd in keep {
        let fd = *fd as u32;
        if fd > first {
            // SAFETY: none of these numbers is in `keep`, which is sorted; the caller uses no others.
            unsafe { close_range(first, fd - 1) }?;
        }
        first = fd + 1;
    }
    // SAFETY: as above.
    unsafe { close_range(first, u32::MAX) }
}

/// # Safety
///
/// The caller uses none of these descriptors any more.
unsafe fn close_range(first: u32, last: u32) -> Outcome {
    // SAFETY: close_range(2) takes numbers; the caller vouches for the descriptors.
    unsafe { call(libc::SYS_close_range, [first as usize, last as usize, 0, 0]) }.map(drop)
}

/// Closes the same descriptors one by one, by the list in `/proc/self/fd`.
///
/// # Safety
///
/// As for [`close_others`].
unsafe fn close_listed(keep: &[i32]) -> Outcome {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder =
        openat(CWD, c"/proc/self/fd", flags, Mode::empty()).map_err(rustix::io::Errno::raw_os_error)?;
    let mut buffer = [MaybeUninit::uninit(); 4_096];
    let mut list = RawDir::new(&folder, &mut buffer);
    while let Some(entry) = list.next() {
        let entry = entry.map_err(rustix::io::Errno::raw_os_error)?;
        // "." and ".." are not numbers.
        let Some(fd) = number(entry.file_name()) else { continue };
        if fd >= 3 && fd != folder.as_raw_fd() && !keep.contains(&fd) {
            // SAFETY: close(2) takes a number, which is not in `keep`; the caller uses no others.
            let _ = unsafe { call(libc::SYS_close, [fd as usize, 0, 0, 0]) };
        }
    }
    // Exec closes it. std's close would write to `errno`.
    forget(folder);
    Ok(())
}

/// The number that a name is, if it is one. Async-signal-safe.
pub(super) fn number(name: &CStr) -> Option<i32> {
    let digits = name.to_bytes();
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let append = |number: i32, digit: &u8| number.wrapping_mul(10).wrapping_add(i32::from(digit - b'0'));
    is_number.then(|| digits.iter().fold(0, append))
}

/// Executes `program`; returns only on failure, with the error number.
///
/// # Safety
///
/// `argv` and `envp` point to arrays of C strings that end with a null pointer.
pub(crate) unsafe fn execute(program: &CStr, argv: *const *const c_char, envp: *const *const c_char) -> i32 {
    let args = [program.as_ptr() as usize, argv as usize, envp as usize, 0];
    // SAFETY: the caller vouches for the arrays; execve(2) reads them, and returns only on failure.
    unsafe { call(libc::SYS_execve, args) }.err().unwrap_or(0)
}

/// Ends this process.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: _exit(2) takes a number, and runs none of the launcher's exit handlers, which are in the shared memory.
    unsafe { libc::_exit(code) }
}
