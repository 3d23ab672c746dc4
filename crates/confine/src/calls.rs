//! The system calls that can be refused, by name.

use std::ffi::c_long;

/// An argument of a call: it counts if the bits of `mask` have this value.
#[derive(Clone, Copy)]
pub(crate) struct Argument {
    pub(crate) index: u32,
    pub(crate) mask: u32,
    pub(crate) value: u32,
}

/// A call that fails, and how.
pub(crate) struct Rule {
    pub(crate) number: c_long,
    pub(crate) argument: Option<Argument>,
    pub(crate) errno: u32,
}

const fn is(index: u32, value: i32) -> Option<Argument> {
    Some(Argument { index, mask: u32::MAX, value: value as u32 })
}

const fn has(index: u32, flag: i32) -> Option<Argument> {
    Some(Argument { index, mask: flag as u32, value: flag as u32 })
}

/// Exit signal and flags of a clone of the core's: none but these. Node.js makes its threads and processes with others.
const SHARED: i32 = libc::CLONE_VM | libc::CLONE_VFORK;

/// A part in parentheses means that the call is refused only with that argument, because Node.js needs the others.
const CALLS: &[(&str, c_long, Option<Argument>)] = &[
    ("chdir", libc::SYS_chdir, None),
    ("clone(shared)", libc::SYS_clone, is(0, SHARED)),
    ("clone3", libc::SYS_clone3, None),
    ("close_range", libc::SYS_close_range, None),
    ("dup3", libc::SYS_dup3, None),
    ("epoll_create1", libc::SYS_epoll_create1, None),
    ("epoll_ctl", libc::SYS_epoll_ctl, None),
    ("eventfd2", libc::SYS_eventfd2, None),
    ("fallocate", libc::SYS_fallocate, None),
    ("fchmod", libc::SYS_fchmod, None),
    ("fchown", libc::SYS_fchown, None),
    ("fcntl(F_GETLK)", libc::SYS_fcntl, is(1, libc::F_GETLK)),
    ("fcntl(F_SETLEASE)", libc::SYS_fcntl, is(1, libc::F_SETLEASE)),
    ("fcntl(F_SETLK)", libc::SYS_fcntl, is(1, libc::F_SETLK)),
    ("flock", libc::SYS_flock, None),
    ("fstatfs", libc::SYS_fstatfs, None),
    ("ftruncate", libc::SYS_ftruncate, None),
    ("getpriority", libc::SYS_getpriority, None),
    ("inotify_add_watch", libc::SYS_inotify_add_watch, None),
    ("inotify_init1", libc::SYS_inotify_init1, None),
    ("ioctl(PIDFD_GET_INFO)", libc::SYS_ioctl, Some(Argument { index: 1, mask: 0xffff, value: 0xff0b })),
    ("kill", libc::SYS_kill, None),
    ("linkat", libc::SYS_linkat, None),
    ("memfd_create", libc::SYS_memfd_create, None),
    ("openat(O_CREAT)", libc::SYS_openat, has(2, libc::O_CREAT)),
    ("openat(O_PATH)", libc::SYS_openat, has(2, libc::O_PATH)),
    ("openat2", libc::SYS_openat2, None),
    ("pidfd_getfd", libc::SYS_pidfd_getfd, None),
    ("pidfd_open", libc::SYS_pidfd_open, None),
    ("pidfd_send_signal", libc::SYS_pidfd_send_signal, None),
    ("pipe2", libc::SYS_pipe2, None),
    ("prctl", libc::SYS_prctl, None),
    ("prlimit64", libc::SYS_prlimit64, None),
    ("pwrite64", libc::SYS_pwrite64, None),
    ("recvfrom", libc::SYS_recvfrom, None),
    ("renameat", libc::SYS_renameat, None),
    ("renameat2", libc::SYS_renameat2, None),
    ("sendmsg", libc::SYS_sendmsg, None),
    ("setpriority", libc::SYS_setpriority, None),
    ("setsid", libc::SYS_setsid, None),
    ("shutdown", libc::SYS_shutdown, None),
    ("socketpair", libc::SYS_socketpair, None),
    ("statfs", libc::SYS_statfs, None),
    ("statx", libc::SYS_statx, None),
    ("unlinkat", libc::SYS_unlinkat, None),
    ("waitid", libc::SYS_waitid, None),
    ("waitid(P_PIDFD)", libc::SYS_waitid, is(0, libc::P_PIDFD as i32)),
    // These two are not there on newer processors.
    #[cfg(target_arch = "x86_64")]
    ("rename", libc::SYS_rename, None),
    #[cfg(target_arch = "x86_64")]
    ("unlink", libc::SYS_unlink, None),
];

const ERRNOS: &[(&str, i32)] = &[
    ("EACCES", libc::EACCES),
    ("EAGAIN", libc::EAGAIN),
    ("EDQUOT", libc::EDQUOT),
    ("EINVAL", libc::EINVAL),
    ("EIO", libc::EIO),
    ("EMFILE", libc::EMFILE),
    ("ENFILE", libc::ENFILE),
    ("ENOLCK", libc::ENOLCK),
    ("ENOMEM", libc::ENOMEM),
    ("ENOSPC", libc::ENOSPC),
    ("ENOSYS", libc::ENOSYS),
    ("EPERM", libc::EPERM),
    ("EROFS", libc::EROFS),
];

/// The names of the calls.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    CALLS.iter().map(|(name, ..)| *name)
}

/// The rule `CALL=ERRNO`.
pub(crate) fn rule(text: &str) -> Result<Rule, String> {
    let (call, errno) = text.split_once('=').ok_or(format!("{text} is no rule CALL=ERRNO"))?;
    let (_, number, argument) =
        CALLS.iter().find(|(name, ..)| *name == call).ok_or(format!("the call {call} is not known"))?;
    let (_, errno) =
        ERRNOS.iter().find(|(name, _)| *name == errno).ok_or(format!("the error {errno} is not known"))?;
    Ok(Rule { number: *number, argument: *argument, errno: *errno as u32 })
}
