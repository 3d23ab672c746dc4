//! The rights, ids and limits of this process.

use std::fs;

use nix::errno::Errno;
pub(crate) use nix::sys::resource::Resource;
use nix::sys::resource::getrlimit;
use nix::unistd::{Gid, Uid, getresgid, getresuid, setgroups, setresgid, setresuid};

use rustix::process::setpriority_process;

use super::proc_files::write_text;
use super::proc_texts::{capabilities_in, numbers_in};
use crate::sys::unix::fd::errno;
use crate::sys::{Failure, Pid};

/// Limits by the lower-case names of getrlimit(2).
pub(crate) const LIMITS: &[(&str, Resource)] = &[
    ("as", Resource::RLIMIT_AS),
    ("core", Resource::RLIMIT_CORE),
    ("cpu", Resource::RLIMIT_CPU),
    ("data", Resource::RLIMIT_DATA),
    ("fsize", Resource::RLIMIT_FSIZE),
    ("locks", Resource::RLIMIT_LOCKS),
    ("memlock", Resource::RLIMIT_MEMLOCK),
    ("msgqueue", Resource::RLIMIT_MSGQUEUE),
    ("nice", Resource::RLIMIT_NICE),
    ("nofile", Resource::RLIMIT_NOFILE),
    ("nproc", Resource::RLIMIT_NPROC),
    ("rss", Resource::RLIMIT_RSS),
    ("rtprio", Resource::RLIMIT_RTPRIO),
    ("rttime", Resource::RLIMIT_RTTIME),
    ("sigpending", Resource::RLIMIT_SIGPENDING),
    ("stack", Resource::RLIMIT_STACK),
];

/// The rights of root, each a capability, capabilities(7).
#[derive(Clone, Copy)]
pub(crate) enum Right {
    SetGid = 6,
    SetUid = 7,
    Chroot = 18,
    Nice = 23,
    Resource = 24,
}

/// Whether this process has the right. Root in a container may lack some.
pub(crate) fn may(right: Right) -> bool {
    let status = fs::read("/proc/self/status").unwrap_or_default();
    match capabilities_in(&status) {
        Some(set) => set & (1 << right as u32) != 0,
        // Without /proc, trust root: if it lacks the right, the call itself will fail.
        None => nix::unistd::geteuid().is_root(),
    }
}

/// The soft and the hard limit of this process; `u64::MAX` is none.
pub(crate) fn limit_of(resource: Resource) -> Option<(u64, u64)> {
    getrlimit(resource).ok()
}

/// The highest limit that even root can set.
pub(crate) fn highest_limit(name: &str) -> u64 {
    let read = || fs::read_to_string("/proc/sys/fs/nr_open").ok()?.trim().parse().ok();
    if name == "nofile" { read().unwrap_or(u64::MAX) } else { u64::MAX }
}

/// The lowest nice value that this process may take: 20 minus RLIMIT_NICE, getrlimit(2).
pub(crate) fn lowest_nice() -> i32 {
    let (soft, _) = limit_of(Resource::RLIMIT_NICE).unwrap_or((0, 0));
    20 - i32::try_from(soft.min(40)).unwrap_or(0)
}

/// Sets the nice value of every thread of this process, because each thread has its own, setpriority(2).
pub(crate) fn set_nice_everywhere(value: i32) -> Result<(), Errno> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    for thread in tasks.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
        match setpriority_process(rustix::process::Pid::from_raw(thread), value).map_err(errno) {
            // ESRCH: the thread has ended meanwhile.
            Ok(()) | Err(Errno::ESRCH) => (),
            Err(errno) => return Err(errno),
        }
    }
    // If /proc cannot be seen, set at least this thread's value.
    setpriority_process(None, value).map_err(errno)
}

const OOM_SCORE_ADJ: &str = "/proc/self/oom_score_adj";

/// How readily the kernel ends this process when memory runs out.
pub(crate) fn oom_score_adj() -> Option<i32> {
    fs::read_to_string(OOM_SCORE_ADJ).ok()?.trim().parse().ok()
}

/// `None` where the system has no such value.
pub(crate) fn set_oom_score_adj(value: i32) -> Option<Result<(), Errno>> {
    Some(write_score(OOM_SCORE_ADJ, value))
}

/// The same of another process.
pub(crate) fn set_oom_score_adj_of(pid: Pid, value: i32) -> Result<(), Errno> {
    write_score(&format!("/proc/{pid}/oom_score_adj"), value)
}

fn write_score(path: &str, value: i32) -> Result<(), Errno> {
    write_text(path, &value.to_string())
}

/// Gives up all ids but these: real, effective and saved, in every thread, because libc's calls reach all threads.
pub(crate) fn set_ids(uid: Option<u32>, gid: u32, groups: &[u32]) -> Result<(), Failure> {
    let groups: Vec<_> = groups.iter().copied().map(Gid::from_raw).collect();
    setgroups(&groups).map_err(|errno| ("setgroups", errno))?;
    let gid = Gid::from_raw(gid);
    setresgid(gid, gid, gid).map_err(|errno| ("setresgid", errno))?;
    if let Some(uid) = uid.map(Uid::from_raw) {
        setresuid(uid, uid, uid).map_err(|errno| ("setresuid", errno))?;
    }
    Ok(())
}

/// Real, effective and saved user id of this process.
pub(crate) fn user_ids_of_self() -> Option<[u32; 3]> {
    getresuid().ok().map(|ids| [ids.real, ids.effective, ids.saved].map(Uid::as_raw))
}

/// Real, effective and saved group id of this process.
pub(crate) fn group_ids_of_self() -> Option<[u32; 3]> {
    getresgid().ok().map(|ids| [ids.real, ids.effective, ids.saved].map(Gid::as_raw))
}

/// A thread that has other ids than these; `None` if there is none, or `/proc` cannot be seen.
pub(crate) fn thread_with_other_ids(uid: Option<u32>, gid: u32, groups: &[u32]) -> Option<Pid> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    tasks
        .filter_map(|entry| {
            let status = fs::read(entry.path().join("status")).ok()?;
            let ids = |name| numbers_in(&status, name);
            let mut wanted = groups.to_vec();
            wanted.sort_unstable();
            let fits = uid.is_none_or(|uid| ids("Uid:").iter().all(|id| *id == uid))
                && ids("Gid:").iter().all(|id| *id == gid)
                && ids("Groups:") == wanted;
            if fits { None } else { entry.file_name().to_str()?.parse().ok() }
        })
        .next()
}

/// The groups of a user, including `gid`, getgrouplist(3).
pub(crate) fn groups_of(name: &std::ffi::CStr, gid: u32) -> Result<Vec<u32>, Errno> {
    Ok(nix::unistd::getgrouplist(name, Gid::from_raw(gid))?.into_iter().map(Gid::as_raw).collect())
}
