//! Files, locks and pipes.
#![expect(unsafe_code, reason = "nix has no F_SETLEASE")]

use std::fs::File;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, FcntlArg, OFlag, fallocate, fcntl};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, socketpair};
use nix::sys::statfs::{FsType, fstatfs};
use nix::unistd::pipe2;
use rustix::fs::{MemfdFlags, memfd_create};

use crate::sys::Pid;
use crate::sys::fd::errno;

/// Whether a daemon can be named by the kernel.
pub(crate) const HAS_NAME_TAG: bool = true;

/// How a folder is opened: for its place alone, which needs no right to list it.
pub(crate) const FOLDER_FLAGS: OFlag = OFlag::O_PATH.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC);

/// The process whose POSIX write lock is on the file's first byte: its PID in our namespace, 0 when it is in another
/// one, `None` when there is no such lock. F_GETLK, fcntl(2), Linux.
pub(crate) fn name_tag(file: BorrowedFd<'_>) -> Option<Pid> {
    write_locked(file, NAME)
}

/// Whether the holder is not ready yet.
pub(crate) fn is_starting(file: BorrowedFd<'_>) -> bool {
    is_marked(file, STARTING)
}

/// Whether the holder has no handlers for signals yet: between exec and these the system's defaults would be its end.
pub(crate) fn is_deaf(file: BorrowedFd<'_>) -> bool {
    is_marked(file, DEAF)
}

/// Whether the holder was launched, so that its session and process group are its own.
pub(crate) fn is_detached(file: BorrowedFd<'_>) -> bool {
    is_marked(file, DETACHED)
}

/// Takes off the marks of a daemon that is not ready, or not listening. The caller is the process that holds the file.
pub(crate) fn mark_ready(file: BorrowedFd<'_>) {
    // Without the mark a start that comes now believes for two seconds that this one is still under way.
    unlock(file, STARTING, TO_THE_END);
}

/// Takes off the mark of a daemon without handlers for signals. The caller is the process that holds the file.
pub(crate) fn mark_listening(file: BorrowedFd<'_>) {
    unlock(file, DEAF, TO_THE_END);
}

/// Takes off the mark of a launched daemon. The caller is the process that holds the file.
pub(crate) fn mark_attached(file: BorrowedFd<'_>) {
    unlock(file, DETACHED, 1);
}

/// The tag's place, and those of its marks. A lock may lie beyond the end of the file, fcntl(2).
pub(super) const NAME: i64 = 0;
/// Never locked by us: another program's lock on its own pidfile covers all of it, and has no marks.
const GAP: i64 = 1;
pub(super) const MARKS: i64 = DETACHED;
const DETACHED: i64 = 2;
const STARTING: i64 = 3;
const DEAF: i64 = 4;
pub(super) const TO_THE_END: i64 = 0;

fn is_marked(file: BorrowedFd<'_>, mark: i64) -> bool {
    write_locked(file, mark).is_some() && write_locked(file, GAP).is_none()
}

fn unlock(file: BorrowedFd<'_>, start: i64, length: i64) {
    // Fails for a descriptor that is not open alone.
    let _ = fcntl(file, FcntlArg::F_SETLK(&range(libc::F_UNLCK, start, length)));
}

fn write_locked(file: BorrowedFd<'_>, byte: i64) -> Option<Pid> {
    // A read lock is asked for, so that read locks of other processes are not taken for a tag.
    let mut lock = range(libc::F_RDLCK, byte, 1);
    fcntl(file, FcntlArg::F_GETLK(&mut lock)).ok()?;
    (i32::from(lock.l_type) != libc::F_UNLCK).then_some(lock.l_pid)
}

fn range(kind: i32, start: i64, length: i64) -> libc::flock {
    // The constants are `int`, the fields `short`: F_WRLCK and SEEK_SET are 1 and 0.
    libc::flock { l_type: kind as _, l_whence: libc::SEEK_SET as _, l_start: start, l_len: length, l_pid: 0 }
}

/// The name of the file system, for people.
pub(crate) fn file_system(file: BorrowedFd<'_>) -> Option<String> {
    let kind = fstatfs(file).ok()?.filesystem_type();
    Some(name_of(kind).map_or_else(|| format!("{:#x}", kind.0 & 0xffff_ffff), Into::into))
}

/// The name of a file system that may be shared with other machines; `None` of any other.
pub(super) fn name_of(kind: FsType) -> Option<&'static str> {
    // Magic numbers of statfs(2).
    let name = match kind.0 & 0xffff_ffff {
        0x6969 => "NFS",
        0xff53_4d42 => "CIFS",
        0xfe53_4d42 => "SMB2",
        0x517b => "SMB",
        0x0102_1997 => "9P",
        0x6573_5546 => "FUSE",
        0x00c3_6400 => "Ceph",
        _ => return None,
    };
    Some(name)
}

/// Makes a file without a name, where the daemon's stderr goes until it is ready: memfd_create(2), in the kernel from
/// 3.17 on. By rustix's own system call: glibc has a function for it from 2.27 on only.
pub(crate) fn capture_file() -> Result<File, Errno> {
    memfd_create("daimon-stderr", MemfdFlags::CLOEXEC).map(File::from).map_err(errno)
}

/// Gives the memory, or the room on a disk, of a part of a file back; it reads as zeros then. fallocate(2).
pub(crate) fn free_range(file: BorrowedFd<'_>, start: i64, length: i64) -> Result<(), Errno> {
    let mode = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
    fallocate(file, mode, start, length)
}

/// A closed other end is an error number, not a signal that ends the program.
pub(crate) const NO_SIGPIPE: MsgFlags = MsgFlags::MSG_NOSIGNAL;

/// Two connected sockets: the launcher's end and the daemon's.
pub(crate) fn channel_pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)
}

/// A pipe that tells of a failed step between clone and exec: its reading and its writing end.
pub(crate) fn error_pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    pipe2(OFlag::O_CLOEXEC)
}

/// Whether any process has the file, here open for reading, open for writing, too. Only its owner and root are told,
/// by a read lease, F_SETLEASE, fcntl(2), which is granted only when no process writes. To other users: true.
pub(crate) fn is_written(file: BorrowedFd<'_>) -> bool {
    // When a process opens the file to write while there is a lease, the kernel sends a signal to us: SIGURG, which is
    // ignored by default, instead of SIGIO, which ends the process.
    if set(file, F_SETSIG, libc::SIGURG).is_err() {
        return false;
    }
    let lease = set(file, libc::F_SETLEASE, libc::F_RDLCK);
    let _ = set(file, libc::F_SETLEASE, libc::F_UNLCK);
    // EACCES: the file is another user's, and the kernel does not tell.
    matches!(lease, Err(Errno::EAGAIN | Errno::EACCES))
}

/// Not in the crate libc: asm-generic/fcntl.h, the same on all architectures that we build for.
const F_SETSIG: libc::c_int = 10;

fn set(file: BorrowedFd<'_>, command: libc::c_int, value: libc::c_int) -> Result<(), Errno> {
    // SAFETY: both commands take a number and touch no memory.
    let result = unsafe { libc::fcntl(file.as_raw_fd(), command, value) };
    Errno::result(result).map(drop)
}
