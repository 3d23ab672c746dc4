//! Identity of processes: libproc.
#![expect(unsafe_code, reason = "libproc has no safe face")]

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::stat::lstat;
use nix::unistd::{Pid as NixPid, getpgid};

use crate::sys::signal_process;
use crate::sys::{FileId, Hidden, Pid, RawExit, RawStats, Unreached};

/// A process, recognised by the time of its start even after another process has got its PID.
#[derive(Debug)]
pub(crate) struct ProcessHandle {
    start: StartTime,
}

/// Seconds and microseconds since 1970.
type StartTime = (u64, u64);

impl ProcessHandle {
    pub(crate) fn open(pid: Pid) -> Result<Self, Unreached> {
        start_time(pid).map(|start| Self { start }).ok_or(Unreached::Ended)
    }

    pub(crate) fn is_alive(&self, pid: Pid) -> bool {
        start_time(pid) == Some(self.start)
    }

    pub(crate) fn signal(&self, pid: Pid, signal: i32) -> Result<(), Unreached> {
        if self.is_alive(pid) { signal_process(pid, signal) } else { Err(Unreached::Ended) }
    }

    /// Not known: macOS tells only the parent.
    pub(crate) fn exit(&self, _pid: Pid) -> Option<RawExit> {
        None
    }

    /// Nothing to do: to send a signal takes no time.
    #[expect(clippy::unused_self, reason = "elsewhere the handle is connected to the process")]
    pub(crate) fn prepare(&self, _pid: Pid, _signal: i32, _is_over: &dyn Fn() -> bool) {}

    /// Nothing to do: signals reach all members of a group.
    #[expect(clippy::unused_self, reason = "elsewhere the handle knows the members")]
    pub(crate) fn hold_group(&self, _pid: Pid) {}

    /// As [`ProcessHandle::hold_group`].
    #[expect(clippy::unused_self, reason = "elsewhere the handle knows the members")]
    pub(crate) fn end_group(&self) {}

    pub(crate) fn pollable(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// Whether this is the process's main thread.
pub(crate) fn is_main_thread() -> bool {
    // SAFETY: pthread_main_np takes no argument and touches no memory.
    unsafe { libc::pthread_main_np() == 1 }
}

/// A struct of plain numbers that proc_pidinfo fills in.
///
/// # Safety
///
/// All bytes are valid for it.
unsafe trait Answer: Sized {
    /// The number by which proc_pidinfo gives this struct.
    const FLAVOR: c_int;
}

// SAFETY: it has plain numbers alone.
unsafe impl Answer for libc::proc_taskallinfo {
    const FLAVOR: c_int = libc::PROC_PIDTASKALLINFO;
}

// SAFETY: as above.
unsafe impl Answer for libc::proc_bsdinfo {
    const FLAVOR: c_int = libc::PROC_PIDTBSDINFO;
}

/// Asks for one struct about a process; `None` if we may not look into the process, or it has ended.
fn ask<T: Answer>(pid: Pid, which: u64) -> Option<T> {
    let call = |buffer, size| {
        // SAFETY: `filled` passes a buffer of the size that it names.
        unsafe { libc::proc_pidinfo(pid, T::FLAVOR, which, buffer, size) }
    };
    // SAFETY: the call gives the number of bytes that it has filled in, and all bytes are valid for an answer.
    unsafe { filled(call) }
}

/// The struct that a call fills in; `None` unless the call has filled in all of it.
///
/// # Safety
///
/// `T` is a struct of plain numbers, for which all bytes are valid. `call` gives the number of bytes that it has filled
/// in from the buffer's beginning.
unsafe fn filled<T>(call: impl FnOnce(*mut c_void, c_int) -> c_int) -> Option<T> {
    let mut answer = MaybeUninit::<T>::uninit();
    let size = size_of::<T>() as c_int;
    let length = call(answer.as_mut_ptr().cast(), size);
    // SAFETY: all bytes are filled in, as the caller vouches, and valid for `T`.
    (length == size).then(|| unsafe { answer.assume_init() })
}

fn all_info(pid: Pid) -> Option<libc::proc_taskallinfo> {
    ask(pid, LIVING)
}

fn bsd_info(pid: Pid) -> Option<libc::proc_bsdinfo> {
    ask(pid, LIVING)
}

/// The argument that makes `proc_pidinfo` tell of zombies, too, as in XNU's source.
const ZOMBIES: u64 = 1;
const LIVING: u64 = 0;

/// The open descriptors of a process; `None` if the system does not list them, or the list is too short.
/// Async-signal-safe.
pub(super) fn list_descriptors(pid: Pid, list: &mut [libc::proc_fdinfo]) -> Option<&[libc::proc_fdinfo]> {
    let bytes = c_int::try_from(size_of_val(list)).ok()?;
    let buffer = list.as_mut_ptr().cast();
    // SAFETY: the kernel writes at most `bytes` bytes of whole entries, of plain numbers, into the list.
    let length = unsafe { libc::proc_pidinfo(pid, libc::PROC_PIDLISTFDS, 0, buffer, bytes) };
    let is_whole = 0 < length && length < bytes;
    is_whole
        .then(|| usize::try_from(length).ok())
        .flatten()
        .and_then(|length| list.get(..length / size_of::<libc::proc_fdinfo>()))
}

/// Always true, and never asked: macOS has no pidfds.
pub(crate) fn has_ended_by(_pidfd: BorrowedFd<'_>) -> bool {
    true
}

/// Whether the process is a child of ours that has not been collected; it may have ended.
pub(crate) fn is_child(pid: Pid) -> bool {
    ask::<libc::proc_bsdinfo>(pid, ZOMBIES).is_some_and(|info| info.pbi_ppid == std::process::id())
}

/// The members of a process group that have not ended.
pub(crate) fn group_members(group: Pid) -> Option<Vec<Pid>> {
    let is_in_group = |pid: &Pid| getpgid(Some(NixPid::from_raw(*pid))) == Ok(NixPid::from_raw(group));
    Some(all_pids().into_iter().filter(is_in_group).filter(|pid| start_time(*pid).is_some()).collect())
}

/// SZOMB of `<sys/proc.h>`.
const ZOMBIE: u32 = 5;

fn start_time(pid: Pid) -> Option<StartTime> {
    let info = bsd_info(pid).filter(|info| info.pbi_status != ZOMBIE)?;
    Some((info.pbi_start_tvsec, info.pbi_start_tvusec))
}

pub(crate) fn raw_stats(pid: Pid) -> Option<RawStats> {
    let info = all_info(pid)?;
    let start =
        Duration::from_secs(info.pbsd.pbi_start_tvsec) + Duration::from_micros(info.pbsd.pbi_start_tvusec);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(RawStats {
        uptime: now.saturating_sub(start),
        memory: info.ptinfo.pti_resident_size,
        cpu: mach_time(info.ptinfo.pti_total_user + info.ptinfo.pti_total_system),
    })
}

/// Converts ticks of the machine's clock, which are not nanoseconds on every Mac.
#[expect(deprecated, reason = "libc points to a crate of its own for this one struct and call")]
fn mach_time(ticks: u64) -> Duration {
    let mut base = libc::mach_timebase_info { numer: 1, denom: 1 };
    // SAFETY: the call fills in the struct, which lives across the call.
    let _ = unsafe { libc::mach_timebase_info(&raw mut base) };
    let nanos = u128::from(ticks) * u128::from(base.numer) / u128::from(base.denom.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// `struct vnode_fdinfowithpath` of `<sys/proc_info.h>`: `struct proc_fileinfo`, then the vnode.
#[repr(C)]
struct VnodeFdInfo {
    open_flags: u32,
    status: u32,
    offset: libc::off_t,
    kind: i32,
    guard_flags: u32,
    vnode: libc::vnode_info_path,
}

const PROC_PIDFDVNODEPATHINFO: c_int = 2;

// SAFETY: as `<libproc.h>` declares it.
unsafe extern "C" {
    fn proc_pidfdinfo(pid: c_int, fd: c_int, flavor: c_int, buffer: *mut c_void, size: c_int) -> c_int;
}

/// Whether the process has the file open. macOS does not show which process has a flock, so the proof is that the lock
/// is held and that this process has the file open, together with its start time.
pub(crate) fn holds_lock(pid: Pid, id: FileId) -> bool {
    let Some(info) = bsd_info(pid) else { return false };
    // Room for twice the number, in case the process opens more meanwhile.
    let mut list = vec![libc::proc_fdinfo { proc_fd: 0, proc_fdtype: 0 }; info.pbi_nfiles as usize * 2 + 64];
    let listed = list_descriptors(pid, &mut list).unwrap_or_default();
    let vnode = libc::PROX_FDTYPE_VNODE as u32;
    listed.iter().any(|entry| entry.proc_fdtype == vnode && file_of(pid, entry.proc_fd) == Some(id))
}

fn file_of(pid: Pid, fd: i32) -> Option<FileId> {
    let call = |buffer, size| {
        // SAFETY: `filled` passes a buffer of the size that it names.
        unsafe { proc_pidfdinfo(pid, fd, PROC_PIDFDVNODEPATHINFO, buffer, size) }
    };
    // SAFETY: the call gives the number of bytes that it has filled in, and the struct has plain numbers alone.
    let info: VnodeFdInfo = unsafe { filled(call) }?;
    let stat = &info.vnode.vip_vi.vi_stat;
    // The signed device number, widened as in `FileId::of`.
    Some(FileId { dev: i64::from(stat.vst_dev.cast_signed()).cast_unsigned(), ino: stat.vst_ino })
}

/// The processes that have the file open, as far as we may look into them, and their names, which may contain any byte.
pub(crate) fn openers(path: &Path) -> Vec<(Pid, Vec<u8>)> {
    let Ok(stat) = lstat(path) else { return Vec::new() };
    let id = FileId::of(&stat);
    all_pids().into_iter().filter(|pid| holds_lock(*pid, id)).map(|pid| (pid, name(pid))).collect()
}

fn all_pids() -> Vec<Pid> {
    let mut pids = vec![0_i32; 16_384];
    let bytes = size_of_val(pids.as_slice()) as c_int;
    // SAFETY: the kernel writes at most `bytes` bytes of PIDs into the list.
    let count = unsafe { libc::proc_listallpids(pids.as_mut_ptr().cast(), bytes) };
    pids.truncate(usize::try_from(count).unwrap_or(0));
    pids
}

fn name(pid: Pid) -> Vec<u8> {
    let Some(info) = bsd_info(pid) else { return Vec::new() };
    info.pbi_comm.iter().map(|byte| byte.cast_unsigned()).take_while(|byte| *byte != 0).collect()
}

/// Not known. No code on macOS depends on it.
pub(crate) fn has_children() -> bool {
    false
}

/// Real, effective and saved user id of a process.
pub(crate) fn user_ids(pid: Pid) -> Option<[u32; 3]> {
    bsd_info(pid).map(|info| [info.pbi_ruid, info.pbi_uid, info.pbi_svuid])
}

/// Why processes of other users cannot be seen: always `None`, because macOS has no option that hides them.
pub(crate) fn hidden_by() -> Option<Hidden> {
    None
}
