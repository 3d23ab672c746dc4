//! The rights, ids and limits of this process.
#![expect(unsafe_code, reason = "nix leaves setgroups and getgrouplist out on Apple's systems")]

use std::ffi::{CStr, c_int};

use nix::errno::Errno;
use nix::unistd::{Gid, Uid, getegid, geteuid, getgid, getuid, setgid, setuid};

pub(crate) use rustix::process::Resource;
use rustix::process::getrlimit;

use super::child::set_nice;
use crate::sys::{Failure, Pid};

/// Limits by the lower-case names of getrlimit(2).
pub(crate) const LIMITS: &[(&str, Resource)] = &[
    ("as", Resource::As),
    ("core", Resource::Core),
    ("cpu", Resource::Cpu),
    ("data", Resource::Data),
    ("fsize", Resource::Fsize),
    ("memlock", Resource::Memlock),
    ("nofile", Resource::Nofile),
    ("nproc", Resource::Nproc),
    ("rss", Resource::Rss),
    ("stack", Resource::Stack),
];

/// The rights of root.
#[derive(Clone, Copy)]
pub(crate) enum Right {
    SetGid,
    SetUid,
    Chroot,
    Nice,
    Resource,
}

/// Whether this process has the right: root has all of them.
pub(crate) fn may(_right: Right) -> bool {
    geteuid().is_root()
}

/// The soft and the hard limit of this process; `u64::MAX` is none.
pub(crate) fn limit_of(resource: Resource) -> Option<(u64, u64)> {
    let now = getrlimit(resource);
    Some((now.current.unwrap_or(u64::MAX), now.maximum.unwrap_or(u64::MAX)))
}

/// The highest limit that even root can set: not asked for on macOS.
pub(crate) fn highest_limit(_name: &str) -> u64 {
    u64::MAX
}

/// The lowest nice value that this process may take: only root may take one below 0.
pub(crate) fn lowest_nice() -> i32 {
    0
}

/// None: macOS has no such value.
pub(crate) fn oom_score_adj() -> Option<i32> {
    None
}

/// Sets the nice value of this process, which on macOS is that of all its threads.
pub(crate) fn set_nice_everywhere(value: i32) -> Result<(), Errno> {
    set_nice(value).map_err(Errno::from_raw)
}

/// None: macOS has no such value.
pub(crate) fn set_oom_score_adj(_value: i32) -> Option<Result<(), Errno>> {
    None
}

/// As above.
pub(crate) fn set_oom_score_adj_of(_pid: Pid, _value: i32) -> Result<(), Errno> {
    Err(Errno::ENOTSUP)
}

/// Gives up all ids but these. For root, setuid(2) sets the real, effective and saved id of the whole process.
pub(crate) fn set_ids(uid: Option<u32>, gid: u32, groups: &[u32]) -> Result<(), Failure> {
    let count = groups.len() as c_int;
    // SAFETY: the kernel reads `count` numbers from the slice.
    let result = unsafe { libc::setgroups(count, groups.as_ptr()) };
    Errno::result(result).map_err(|errno| ("setgroups", errno))?;
    setgid(Gid::from_raw(gid)).map_err(|errno| ("setgid", errno))?;
    if let Some(uid) = uid {
        setuid(Uid::from_raw(uid)).map_err(|errno| ("setuid", errno))?;
    }
    Ok(())
}

/// Real and effective user id of this process. macOS does not tell the saved id, so the effective one stands for it.
pub(crate) fn user_ids_of_self() -> Option<[u32; 3]> {
    let (real, effective) = (getuid().as_raw(), geteuid().as_raw());
    Some([real, effective, effective])
}

/// Real and effective group id of this process. macOS does not tell the saved id, so the effective one stands for it.
pub(crate) fn group_ids_of_self() -> Option<[u32; 3]> {
    let (real, effective) = (getgid().as_raw(), getegid().as_raw());
    Some([real, effective, effective])
}

/// None: on macOS ids belong to the process, not to its threads.
pub(crate) fn thread_with_other_ids(_uid: Option<u32>, _gid: u32, _groups: &[u32]) -> Option<Pid> {
    None
}

/// The most groups that the kernel takes, `<sys/syslimits.h>`.
const NGROUPS_MAX: usize = 16;

/// The first 16 groups of a user, including `gid`, getgrouplist(3). The kernel takes no more.
pub(crate) fn groups_of(name: &CStr, gid: u32) -> Result<Vec<u32>, Errno> {
    let mut groups = [0 as c_int; NGROUPS_MAX];
    let mut count = NGROUPS_MAX as c_int;
    // SAFETY: the call writes at most `count` numbers to the array, and their number to `count`.
    unsafe { libc::getgrouplist(name.as_ptr(), gid as c_int, groups.as_mut_ptr(), &raw mut count) };
    let count = usize::try_from(count).unwrap_or(0).min(NGROUPS_MAX);
    Ok(groups.iter().take(count).map(|group| *group as u32).collect())
}
