//! What Linux and macOS share.

mod decimal;
mod descriptors_sent;
#[cfg(feature = "terse")]
mod errno_text;
mod exit;
pub(super) mod fd;
mod file_id;
mod group;
mod guard;
mod halves;
mod inherited;
mod kill;
mod limits;
mod signal_mask;

pub(crate) use nix::errno::Errno;
/// Not by std, whose stdout has a buffer.
pub(crate) use rustix::stdio::{stderr, stdout};
/// What a selector waits for, owned and borrowed.
pub(crate) use std::os::fd::{BorrowedFd as SourceRef, OwnedFd as Source};

/// There is no such table.
pub(crate) fn local_folder(_for_machine: bool) -> Option<std::path::PathBuf> {
    None
}

/// Whether this process is root's.
pub(crate) fn is_administrator() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Root's folders are made as all others are.
pub(crate) fn make_folder_of_machine(_path: &std::path::Path) -> Result<bool, Errno> {
    Err(Errno::ENOTSUP)
}

/// As above.
pub(crate) fn is_of_trusted(_folder: &std::path::Path) -> Result<bool, Errno> {
    Err(Errno::ENOTSUP)
}

/// What the source lends to a selector.
pub(crate) fn borrow(source: &Source) -> SourceRef<'_> {
    source.as_fd()
}

/// The numbers of signals that this crate sends.
pub(crate) mod numbers {
    pub(crate) use libc::{SIGCONT, SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGSTOP, SIGTERM};
}

/// The number that std and Node.js know.
pub(crate) fn number_of(errno: Errno) -> i32 {
    errno as i32
}

/// Whether the kernel has refused for lack of rights.
pub(crate) fn is_denial(errno: Errno) -> bool {
    matches!(errno, Errno::EACCES | Errno::EPERM)
}

/// Whether there is no such process, or group.
pub(crate) fn is_no_process(errno: Errno) -> bool {
    errno == Errno::ESRCH
}

/// Whether there is no such signal.
pub(crate) fn is_no_signal(errno: Errno) -> bool {
    errno == Errno::EINVAL
}

/// Whether the kernel has given this number, and not std, which has refused by itself.
pub(crate) fn is_of_system(errno: Errno) -> bool {
    errno != Errno::UnknownErrno
}

pub use decimal::decimal;
pub(crate) use descriptors_sent::{receive, receive_with, send_with};
#[cfg(feature = "terse")]
pub(crate) use errno_text::errno_text;
pub(crate) use exit::{at_exit, end_by};
pub(crate) use fd::{
    duplicate_above, duplicate_number, errno_of, is_close_on_exec, is_open, is_socket, let_block,
    let_inherit, read_to_end, set_close_on_exec, stat_of, take, with,
};
pub(crate) use file_id::FileId;
pub(crate) use group::launched_group;
pub(crate) use guard::end_group_from_outside;
pub(crate) use halves::halves;
pub(crate) use inherited::{
    Inherited, InheritedInPlace, NotInherited, give_places, take_in_place, take_inherited,
};
pub(crate) use kill::{signal_group, signal_process};
pub(crate) use limits::RawLimit;
pub(crate) use signal_mask::{AllBlocked, block_all};

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};

use nix::sys::stat::FileStat;

use super::Pid;

/// One part of a path.
pub(crate) enum PathPart {
    /// A folder, open for its place.
    Folder(OwnedFd, FileStat),
    /// A symbolic link, and the path that is written in it.
    Link(FileStat, OsString),
}

/// Why other processes cannot be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(target_os = "macos", expect(dead_code, reason = "there is no /proc"))]
pub(crate) enum Hidden {
    /// `/proc` hides the processes of other users.
    ByOption,
    /// There is no `/proc`.
    ByAbsence,
}

/// The process at the other end of a Unix socket.
pub(crate) struct RawPeer {
    /// `None` for a process of another PID namespace.
    pub(crate) pid: Option<Pid>,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}
