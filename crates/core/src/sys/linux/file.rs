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

use crate::sys::unix::fd::errno;
use crate::sys::{NameTag, Phase};

/// Whether the kernel can tell the daemon's PID, by the name tag.
pub(crate) const HAS_NAME_TAG: bool = true;

/// Opens a folder only as a place for further calls, which needs no permission to list it.
pub(crate) const FOLDER_FLAGS: OFlag = OFlag::O_PATH.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC);

/// The first byte of the name tag, a POSIX write lock whose length says the phase. The kernel keeps adjacent locks of a
/// process as one, and gives all of the lock that covers a byte: holder and phase are one answer, F_GETLK, fcntl(2). A
/// lock may lie beyond the end of the file.
pub(super) const TAG: i64 = 0;
const SERVING: i64 = 1;
const STARTING: i64 = 2;
pub(super) const DEAF: i64 = 3;
const LEAVING: i64 = 4;
/// The byte of the mark "detached". The byte before it is never locked, because the kernel would join mark and tag.
pub(super) const DETACHED: i64 = 5;
/// The byte of the mark "displaced", which is not the holder's: a read lock of the process that stops it.
const DISPLACED: i64 = 7;

/// How a socket is made: close-on-exec and non-blocking from birth.
pub(crate) const NEW_SOCKET: SockFlag = SockFlag::SOCK_CLOEXEC.union(SockFlag::SOCK_NONBLOCK);

/// Nothing is left to do for a new socket.
#[expect(clippy::unnecessary_wraps, reason = "it can fail on other systems")]
pub(crate) fn finish_socket(_fd: &OwnedFd) -> Result<(), Errno> {
    Ok(())
}

/// The process that has a POSIX write lock on the file's first byte, and its phase; `None` without such a lock.
pub(crate) fn name_tag(file: BorrowedFd<'_>) -> Option<NameTag> {
    let lock = write_lock(file, TAG)?;
    let phase = match lock.l_len {
        STARTING => Phase::Starting,
        DEAF => Phase::Deaf,
        LEAVING => Phase::Leaving,
        // Of any other length it is another program's, which may lock its whole pidfile (0).
        _ => Phase::Serving,
    };
    Some(NameTag { pid: lock.l_pid, phase })
}

/// Whether the holder was launched, so that it has a session and a process group of its own.
pub(crate) fn is_detached(file: BorrowedFd<'_>) -> bool {
    // Another program's lock on its whole pidfile begins before.
    write_lock(file, DETACHED).is_some_and(|lock| lock.l_start == DETACHED)
}

/// Shortens the tag: the holder is ready. The caller is the process that holds the file.
pub(crate) fn mark_ready(file: BorrowedFd<'_>) {
    unlock(file, SERVING, DEAF - SERVING);
}

/// Shortens the tag of a start: the holder has handlers for signals. The caller is the process that holds the file.
pub(crate) fn mark_listening(file: BorrowedFd<'_>) {
    unlock(file, STARTING, DEAF - STARTING);
}

/// Lengthens the tag of a daemon that serves: it is leaving. The caller is the process that holds the file.
pub(crate) fn mark_leaving(file: BorrowedFd<'_>) {
    // It fails only for a descriptor that is not open.
    let _ = fcntl(file, FcntlArg::F_SETLK(&range(libc::F_WRLCK, TAG, LEAVING)));
}

/// Marks the file, until this description of it is closed: its holder makes way for another version. An open file
/// description lock, fcntl(2), which no other descriptor that this process closes takes off.
pub(crate) fn mark_displaced(file: BorrowedFd<'_>) -> bool {
    fcntl(file, FcntlArg::F_OFD_SETLK(&range(libc::F_RDLCK, DISPLACED, 1))).is_ok()
}

/// Whether another process has marked the file so. The caller is the process that holds the file.
pub(crate) fn is_displaced(file: BorrowedFd<'_>) -> bool {
    let mut lock = range(libc::F_WRLCK, DISPLACED, 1);
    let is_asked = fcntl(file, FcntlArg::F_GETLK(&mut lock)).is_ok();
    // Another program's lock on the whole pidfile is no such mark.
    is_asked && i32::from(lock.l_type) != libc::F_UNLCK && (lock.l_start, lock.l_len) == (DISPLACED, 1)
}

/// Takes off the mark "detached". The caller is the process that holds the file.
pub(crate) fn mark_attached(file: BorrowedFd<'_>) {
    unlock(file, DETACHED, 1);
}

fn unlock(file: BorrowedFd<'_>, start: i64, length: i64) {
    // It fails only for a descriptor that is not open.
    let _ = fcntl(file, FcntlArg::F_SETLK(&range(libc::F_UNLCK, start, length)));
}

/// The lock that another process has on the byte.
fn write_lock(file: BorrowedFd<'_>, byte: i64) -> Option<libc::flock> {
    // Ask for a read lock, because read locks of other processes do not conflict with it, and are no tag.
    let mut lock = range(libc::F_RDLCK, byte, 1);
    fcntl(file, FcntlArg::F_GETLK(&mut lock)).ok()?;
    (i32::from(lock.l_type) != libc::F_UNLCK).then_some(lock)
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

/// The name of a file system that machines may share; `None` for any other file system.
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

/// Makes a file without a name, which takes the daemon's stderr until it is ready: memfd_create(2), Linux 3.17. rustix
/// makes the system call itself, because glibc has a function for it only from 2.27 on.
pub(crate) fn capture_file() -> Result<File, Errno> {
    memfd_create("daimon-stderr", MemfdFlags::CLOEXEC).map(File::from).map_err(errno)
}

/// Gives back the memory or the disk space of a part of a file, which then reads as zeros. fallocate(2).
pub(crate) fn free_range(file: BorrowedFd<'_>, start: i64, length: i64) -> Result<(), Errno> {
    let mode = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
    fallocate(file, mode, start, length)
}

/// Makes a write to a closed channel fail with an error number, instead of ending the program by SIGPIPE.
pub(crate) const NO_SIGPIPE: MsgFlags = MsgFlags::MSG_NOSIGNAL;

/// Two connected sockets: the launcher's end and the daemon's.
pub(crate) fn channel_pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)
}

/// A pipe by which a step between clone and exec reports its failure: the reading end and the writing end.
pub(crate) fn error_pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    pipe2(OFlag::O_CLOEXEC)
}

/// Whether any process has the file open for writing. `file` is open for reading. The kernel grants a read lease,
/// F_SETLEASE, fcntl(2), only if no process has; and only to the file's owner and root. Other users get true.
pub(crate) fn is_written(file: BorrowedFd<'_>) -> bool {
    // If a process opens the file for writing during the lease, the kernel sends us a signal. Make it SIGURG, which is
    // ignored by default, instead of SIGIO, which would end this process.
    if set(file, Setting::LeaseSignal, libc::SIGURG).is_err() {
        return false;
    }
    let lease = set(file, Setting::Lease, libc::F_RDLCK);
    let _ = set(file, Setting::Lease, libc::F_UNLCK);
    // EACCES: the file belongs to another user, so the kernel does not tell.
    matches!(lease, Err(Errno::EAGAIN | Errno::EACCES))
}

/// The commands of fcntl(2) that are used here. Each takes a number.
#[derive(Clone, Copy)]
#[repr(i32)]
enum Setting {
    Lease = libc::F_SETLEASE,
    /// F_SETSIG of asm-generic/fcntl.h, which the crate libc lacks; the same on all architectures that we build for.
    LeaseSignal = 10,
}

fn set(file: BorrowedFd<'_>, setting: Setting, value: libc::c_int) -> Result<(), Errno> {
    // SAFETY: both commands take a number and touch no memory.
    let result = unsafe { libc::fcntl(file.as_raw_fd(), setting as libc::c_int, value) };
    Errno::result(result).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;
    use std::os::fd::AsFd;

    /// A file on which another open file description has locks: a kind, the first byte, the length. They conflict with
    /// this process's as another process's do, and the kernel gives -1 as their PID, fcntl(2).
    fn locked(locks: &[(i32, i64, i64)]) -> (File, File) {
        let file = capture_file().unwrap();
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let other = OpenOptions::new().read(true).write(true).open(path).unwrap();
        for (kind, start, length) in locks {
            fcntl(&other, FcntlArg::F_OFD_SETLK(&range(*kind, *start, *length))).unwrap();
        }
        (file, other)
    }

    fn phase(locks: &[(i32, i64, i64)]) -> Option<Phase> {
        let (file, _other) = locked(locks);
        let tag = name_tag(file.as_fd());
        assert!(tag.is_none_or(|tag| tag.pid == -1));
        tag.map(|tag| tag.phase)
    }

    fn detached(locks: &[(i32, i64, i64)]) -> bool {
        let (file, _other) = locked(locks);
        is_detached(file.as_fd())
    }

    #[test]
    fn the_length_of_the_lock_on_the_first_byte_says_the_phase() {
        for (length, expected) in [(1, Phase::Serving), (2, Phase::Starting), (3, Phase::Deaf)] {
            assert_eq!(phase(&[(libc::F_WRLCK, 0, length)]), Some(expected), "{length}");
            assert_eq!(
                phase(&[(libc::F_WRLCK, 0, length), (libc::F_WRLCK, 5, 1)]),
                Some(expected),
                "{length}"
            );
        }
    }

    #[test]
    fn another_programs_lock_is_a_tag_that_says_nothing_more() {
        // All of a file of any length, all of a long and of a shorter one.
        for length in [0, 1 << 20, 7] {
            assert_eq!(phase(&[(libc::F_WRLCK, 0, length)]), Some(Phase::Serving), "{length}");
            assert!(!detached(&[(libc::F_WRLCK, 0, length)]), "{length}");
        }
    }

    #[test]
    fn a_lock_for_reading_and_one_behind_the_first_byte_are_no_tag() {
        assert_eq!(phase(&[]), None);
        assert_eq!(phase(&[(libc::F_RDLCK, 0, 3), (libc::F_RDLCK, 5, 1)]), None);
        assert!(!detached(&[(libc::F_RDLCK, 0, 3), (libc::F_RDLCK, 5, 1)]));
        assert_eq!(phase(&[(libc::F_WRLCK, 1, 0)]), None);
    }

    #[test]
    fn the_mark_detached_is_a_lock_of_its_own() {
        assert!(detached(&[(libc::F_WRLCK, 5, 1), (libc::F_WRLCK, 0, 3)]));
        assert!(!detached(&[(libc::F_WRLCK, 0, 3)]));
    }
}
