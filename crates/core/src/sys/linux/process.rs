//! Identity of processes: pidfds and `/proc`.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::stat::{lstat, stat};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Pid as NixPid, geteuid, getpgid, getpid, gettid};

use super::auxv;
use rustix::fs::CWD;

use super::pidfd::{has_ended_by, pidfd_exit_status, pidfd_open, pidfd_send_signal};
use super::proc_files::{numbers_in, read_begin, read_once};
use super::proc_texts::{Stat, State, Units, hides_processes, shows_lock, user_ids_in};
use super::trusted_path::read_link;
use crate::sys::decimal;
use crate::sys::signal_process;
use crate::sys::{FileId, Hidden, Pid, RawExit, RawStats, Unreached};

/// Whether this is the process's main thread, whose id is the process's.
pub(crate) fn is_main_thread() -> bool {
    gettid() == getpid()
}

/// A process, recognised even after another process has got its PID.
#[derive(Debug)]
pub(crate) enum ProcessHandle {
    PidFd(OwnedFd),
    /// Ticks from boot to the start of the process, for kernels and sandboxes without pidfds.
    StartTime(u64),
}

impl ProcessHandle {
    pub(crate) fn open(pid: Pid) -> Result<Self, Unreached> {
        match pidfd_open(pid) {
            Ok(fd) => Ok(Self::PidFd(fd)),
            // EPERM: the answer of older seccomp filters to a call that they do not know.
            Err(Unreached::System(_, Errno::ENOSYS | Errno::EPERM)) => {
                start_time(pid).map(Self::StartTime).ok_or(Unreached::Ended)
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn is_alive(&self, pid: Pid) -> bool {
        match self {
            Self::PidFd(fd) => !has_ended_by(fd.as_fd()),
            Self::StartTime(start) => start_time(pid) == Some(*start),
        }
    }

    pub(crate) fn signal(&self, pid: Pid, signal: i32) -> Result<(), Unreached> {
        match self {
            Self::PidFd(fd) => match pidfd_send_signal(fd.as_fd(), signal) {
                // A filter may know one of the two calls alone.
                Err(Unreached::System(_, Errno::ENOSYS)) if has_ended_by(fd.as_fd()) => Err(Unreached::Ended),
                Err(Unreached::System(_, Errno::ENOSYS)) => signal_process(pid, signal),
                sent => sent,
            },
            Self::StartTime(start) if start_time(pid) == Some(*start) => signal_process(pid, signal),
            Self::StartTime(_) => Err(Unreached::Ended),
        }
    }

    /// How it ended, where the kernel tells: of a zombie, and since 6.15 of any process.
    pub(crate) fn exit(&self, pid: Pid) -> Option<RawExit> {
        let status = self.wait_status(pid)?;
        Some(if libc::WIFSIGNALED(status) {
            RawExit::Signal(libc::WTERMSIG(status))
        } else {
            RawExit::Code(libc::WEXITSTATUS(status))
        })
    }

    /// The wait status as waitpid(2) gives it. `/proc` shows the status of a zombie, to users that may look; the pidfd
    /// shows the status of a reaped process, from Linux 6.15 on.
    fn wait_status(&self, pid: Pid) -> Option<i32> {
        match self {
            // Ask the pidfd again after `/proc`, in case the zombie was reaped in between.
            Self::PidFd(fd) => {
                let told = || pidfd_exit_status(fd.as_fd());
                told().or_else(|| zombie_status(pid)).or_else(told)
            }
            Self::StartTime(_) => None,
        }
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

    /// Becomes readable when the process has ended; `None` where the system has no such descriptor.
    pub(crate) fn pollable(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::PidFd(fd) => Some(fd.as_fd()),
            Self::StartTime(_) => None,
        }
    }
}

/// More than `/proc/PID/stat` has: 52 numbers of at most 20 digits, and a name.
const STAT_BYTES: usize = 2_048;

fn stat_of(pid: Pid) -> Option<Stat> {
    let mut room = [0; STAT_BYTES];
    // One read gives all of it, because the kernel makes the whole text when it is first asked.
    Stat::parse(read_once(&format!("/proc/{pid}/stat"), &mut room)?)
}

fn live_stat(pid: Pid) -> Option<Stat> {
    stat_of(pid).filter(|stat| stat.state == State::Alive)
}

/// The wait status of a zombie of our own user. A user that may not trace the process would see 0.
fn zombie_status(pid: Pid) -> Option<i32> {
    let us = geteuid().as_raw();
    let ours = us == 0 || user_ids(pid)?.iter().all(|id| *id == us);
    if !ours || is_hidden(pid) {
        return None;
    }
    stat_of(pid).filter(|stat| stat.state == State::Ended)?.exit_code()
}

/// Whether the kernel keeps from this process what only those may see that may trace the other one, as of one that has
/// hidden its memory.
fn is_hidden(pid: Pid) -> bool {
    // Of a zombie that may be seen there is no such link.
    read_link(CWD, &format!("/proc/{pid}/cwd")) == Err(Errno::EACCES)
}

fn start_time(pid: Pid) -> Option<u64> {
    live_stat(pid)?.start_time()
}

pub(crate) fn raw_stats(pid: Pid) -> Option<RawStats> {
    let units = Units { ticks_in_a_second: auxv::ticks_in_a_second()?, page: auxv::page()? };
    let stat = live_stat(pid)?;
    stat.counts(clock_gettime(ClockId::CLOCK_BOOTTIME).ok()?.into(), units)
}

/// Whether the process holds the exclusive flock on the file: it has a descriptor on the file that shows a FLOCK WRITE
/// lock, proc_pid_fdinfo(5). Also false if we may not look into the process.
pub(crate) fn holds_lock(pid: Pid, id: FileId) -> bool {
    descriptors_on(pid, id)
        .any(|fd| shows_lock(&read_begin(&format!("/proc/{pid}/fdinfo/{fd}")).unwrap_or_default()))
}

fn descriptors_on(pid: Pid, id: FileId) -> impl Iterator<Item = RawFd> {
    let all = numbers_in(&format!("/proc/{pid}/fd"));
    let is_on_it = move |fd: &RawFd| {
        stat(format!("/proc/{pid}/fd/{fd}").as_str()).is_ok_and(|stat| FileId::of(&stat) == id)
    };
    all.into_iter().filter(is_on_it)
}

/// The processes that have the file open, as far as we may look into them, and their names, which may contain any byte.
pub(crate) fn openers(path: &Path) -> Vec<(Pid, Vec<u8>)> {
    let Ok(stat) = lstat(path) else { return Vec::new() };
    let id = FileId::of(&stat);
    let opens = |pid: &Pid| descriptors_on(*pid, id).next().is_some();
    let name = |pid: Pid| {
        let name = read_begin(&format!("/proc/{pid}/comm")).unwrap_or_default();
        (pid, name.strip_suffix(b"\n").unwrap_or(&name).to_vec())
    };
    numbers_in("/proc").into_iter().filter(opens).map(name).collect()
}

/// Whether this process has children, proc_tid_children(5). True if the kernel does not tell.
pub(crate) fn has_children() -> bool {
    let children = |task: &Pid| read_begin(&format!("/proc/self/task/{task}/children"));
    numbers_in("/proc/self/task")
        .iter()
        .any(|task| children(task).is_none_or(|children| !children.is_empty()))
}

/// The members of a process group that have not ended; `None` if `/proc` shows another PID namespace than ours.
pub(crate) fn group_members(group: Pid) -> Option<Vec<Pid>> {
    let us = read_link(CWD, "/proc/self").ok()?;
    (decimal(us.as_bytes()) == Some(getpid().as_raw())).then_some(())?;
    let mut pids = numbers_in("/proc");
    let is_in_group = |pid| getpgid(Some(NixPid::from_raw(pid))) == Ok(NixPid::from_raw(group));
    pids.retain(|pid| is_in_group(*pid) && !has_ended(*pid));
    Some(pids)
}

fn has_ended(pid: Pid) -> bool {
    stat_of(pid).is_none_or(|stat| stat.state == State::Ended)
}

/// Real, effective and saved user id of a process.
pub(crate) fn user_ids(pid: Pid) -> Option<[u32; 3]> {
    user_ids_in(&read_begin(&format!("/proc/{pid}/status"))?)
}

/// Why processes of other users cannot be seen; `None` if nothing is known to hide them.
pub(crate) fn hidden_by() -> Option<Hidden> {
    let Ok(mounts) = fs::read("/proc/self/mountinfo") else {
        return (!Path::new("/proc/self").exists()).then_some(Hidden::ByAbsence);
    };
    hides_processes(&mounts).then_some(Hidden::ByOption)
}
