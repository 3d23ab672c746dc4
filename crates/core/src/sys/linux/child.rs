//! System calls for the code between clone and exec. Every function is async-signal-safe: raw system calls that keep
//! no state in libc but `errno`, no allocation, no lock, no panic.
#![expect(unsafe_code, reason = "raw system calls are the point of this module")]

use std::ffi::{CStr, c_char, c_long};

use nix::errno::Errno;

use super::file::{MARKS, NAME, TO_THE_END};
use crate::limits::RawLimit;

/// The error number of a failed call.
type Outcome = Result<c_long, i32>;

fn outcome(result: c_long) -> Outcome {
    if result == -1 {
        // Parent and child share this thread's errno; the parent waits.
        Err(Errno::last_raw())
    } else {
        Ok(result)
    }
}

/// What `raw!` hands to the kernel: numbers, and pointers that it only reads from.
trait Readable: Copy {}

impl Readable for i32 {}
impl Readable for u32 {}
impl Readable for i64 {}
impl Readable for u64 {}
impl Readable for usize {}
impl<T> Readable for *const T {}

/// Keeps `*mut` out: a generic argument is not coerced to `*const`.
const fn readable<T: Readable>(value: T) -> T {
    value
}

macro_rules! raw {
    ($number:expr $(, $arg:expr)*) => {
        // SAFETY: the call takes numbers, or pointers to values that live across it, and writes to none of them.
        outcome(unsafe { libc::syscall($number $(, readable($arg))*) })
    };
}

pub(crate) fn set_session() -> Outcome {
    raw!(libc::SYS_setsid)
}

/// A process group of this process's own, in the same session.
pub(crate) fn leave_group() -> Outcome {
    raw!(libc::SYS_setpgid, 0, 0)
}

/// Sleeps; a signal ends it early.
pub(crate) fn pause(milliseconds: u16) {
    let time = libc::timespec { tv_sec: 0, tv_nsec: c_long::from(milliseconds % 1_000) * 1_000_000 };
    let _ = raw!(libc::SYS_nanosleep, &raw const time, std::ptr::null::<libc::timespec>());
}

pub(crate) fn own_pid() -> i32 {
    raw!(libc::SYS_getpid).unwrap_or(0) as i32
}

pub(crate) fn change_folder(path: &CStr) -> Outcome {
    raw!(libc::SYS_chdir, path.as_ptr())
}

pub(crate) fn set_umask(mask: u32) {
    // umask(2) cannot fail.
    let _ = raw!(libc::SYS_umask, mask);
}

pub(crate) fn set_limit(limit: RawLimit) -> Outcome {
    let both = libc::rlimit64 { rlim_cur: limit.soft, rlim_max: limit.hard };
    raw!(libc::SYS_prlimit64, 0, limit.resource, &raw const both, std::ptr::null::<libc::rlimit64>())
}

/// The nice value of this process. The call itself gives 20 minus that, getpriority(2).
pub(crate) fn nice() -> i32 {
    raw!(libc::SYS_getpriority, libc::PRIO_PROCESS, 0).map_or(0, |priority| 20 - priority as i32)
}

pub(crate) fn set_nice(value: i32) -> Outcome {
    set_nice_of(0, value)
}

/// That of one thread, 0 for this one.
pub(crate) fn set_nice_of(thread: i32, value: i32) -> Outcome {
    raw!(libc::SYS_setpriority, libc::PRIO_PROCESS, thread, value)
}

/// For this thread, hence before exec, when it is the only one.
pub(crate) fn forbid_new_privileges() -> Outcome {
    raw!(libc::SYS_prctl, libc::PR_SET_NO_NEW_PRIVS, 1_u64, 0_u64, 0_u64, 0_u64)
}

/// `from` becomes `to`, open across exec. They must differ: dup3(2) refuses the same.
pub(crate) fn duplicate(from: i32, to: i32) -> Outcome {
    raw!(libc::SYS_dup3, from, to, 0)
}

pub(crate) fn write_at_start(fd: i32, bytes: &[u8]) -> Result<bool, i32> {
    let written = raw!(libc::SYS_pwrite64, fd, bytes.as_ptr(), bytes.len(), 0_i64)?;
    Ok(written as usize == bytes.len())
}

pub(crate) fn write(fd: i32, bytes: &[u8]) {
    let _ = raw!(libc::SYS_write, fd, bytes.as_ptr(), bytes.len());
}

/// The name tag, a POSIX write lock, which survives exec and dies with the process; and all marks of a start.
pub(crate) fn put_name_tag(fd: i32) -> Outcome {
    write_lock(fd, NAME, 1)?;
    write_lock(fd, MARKS, TO_THE_END)
}

fn write_lock(fd: i32, start: i64, length: i64) -> Outcome {
    let lock = libc::flock {
        l_type: libc::F_WRLCK as _,
        l_whence: libc::SEEK_SET as _,
        l_start: start,
        l_len: length,
        l_pid: 0,
    };
    raw!(libc::SYS_fcntl, fd, libc::F_SETLK, &raw const lock)
}

/// Every disposition back to the default: ignored ones survive exec, execve(2). By the raw call, since glibc's
/// refuses 32 and 33, which are ours to reset as well.
pub(crate) fn reset_dispositions() {
    const SIGNALS: c_long = 64;
    const SET_BYTES: usize = 8;
    // The kernel's struct sigaction: handler SIG_DFL, no flags, no restorer, an empty mask.
    let default = [0_u64; 4];
    for signal in 1..=SIGNALS {
        // KILL and STOP answer EINVAL: they have no other disposition.
        let _ = raw!(libc::SYS_rt_sigaction, signal, default.as_ptr(), std::ptr::null::<u64>(), SET_BYTES);
    }
}

pub(crate) fn unblock_signals() -> Outcome {
    let none = 0_u64;
    let set_bytes = size_of_val(&none);
    raw!(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const none, std::ptr::null::<u64>(), set_bytes)
}

/// Closes every descriptor from 3 on but `keep`, which is sorted.
///
/// Closed here and now instead of marked close-on-exec: a second descriptor on the pidfile, from a probe of another
/// thread, would take the name tag off when exec closed it.
pub(crate) fn close_others(keep: &[i32]) -> Outcome {
    match close_ranges(keep) {
        // Linux before 5.9, or a seccomp filter that does not know the call.
        Err(libc::ENOSYS | libc::EPERM) => close_listed(keep),
        other => other,
    }
}

fn close_ranges(keep: &[i32]) -> Outcome {
    let mut first = 3_u32;
    for fd in keep {
        let fd = *fd as u32;
        if fd > first {
            raw!(libc::SYS_close_range, first, fd - 1, 0)?;
        }
        first = fd + 1;
    }
    raw!(libc::SYS_close_range, first, u32::MAX, 0)
}

/// The same by the list in `/proc/self/fd`, with getdents64(2) into a buffer of our own.
fn close_listed(keep: &[i32]) -> Outcome {
    /// Offsets in `struct linux_dirent64`.
    const LENGTH: usize = 16;
    const NAME: usize = 19;
    let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
    let folder = raw!(libc::SYS_openat, libc::AT_FDCWD, c"/proc/self/fd".as_ptr(), flags)? as i32;
    let mut buffer = [0_u64; 512];
    let bytes = size_of_val(&buffer);
    loop {
        let into = buffer.as_mut_ptr();
        // SAFETY: the kernel writes at most `bytes` bytes into the buffer, which is that long, ours alone, and of
        // numbers.
        let filled = outcome(unsafe { libc::syscall(libc::SYS_getdents64, folder, into, bytes) })? as usize;
        if filled == 0 {
            break;
        }
        let mut at = 0;
        while at + NAME < filled {
            let read = |offset: usize| {
                let word = buffer.get((at + offset) / 8).copied().unwrap_or(0).to_ne_bytes();
                word.get((at + offset) % 8).copied().unwrap_or(0)
            };
            let length = u16::from_ne_bytes([read(LENGTH), read(LENGTH + 1)]) as usize;
            let mut fd = 0_i32;
            let mut offset = NAME;
            while read(offset).is_ascii_digit() {
                fd = fd.wrapping_mul(10).wrapping_add(i32::from(read(offset) - b'0'));
                offset += 1;
            }
            // The names "." and ".." read as 0.
            if fd >= 3 && fd != folder && !keep.contains(&fd) {
                let _ = raw!(libc::SYS_close, fd);
            }
            if length == 0 {
                break;
            }
            at += length;
        }
    }
    raw!(libc::SYS_close, folder)
}

/// Executes `program`; returns only the error number of a failure.
///
/// # Safety
///
/// `argv` and `envp` point to arrays of C strings that end with a null pointer.
pub(crate) unsafe fn execute(program: &CStr, argv: *const *const c_char, envp: *const *const c_char) -> i32 {
    // SAFETY: the caller vouches for the arrays; execve(2) reads them and returns only when it failed.
    outcome(unsafe { libc::syscall(libc::SYS_execve, program.as_ptr(), argv, envp) }).err().unwrap_or(0)
}

pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: _exit(2) takes a number; no exit handler of the shared memory runs.
    unsafe { libc::_exit(code) }
}
