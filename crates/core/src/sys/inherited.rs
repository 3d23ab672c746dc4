//! The two descriptors that a launch passes on by exec: the lock and the channel.
#![expect(unsafe_code, reason = "only their numbers come over exec")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::stat::{SFlag, fstat, lstat};
use nix::sys::uio::pread;
use nix::unistd::getpid;

use super::FileId;
use super::fd::{is_open, with};

/// What a launch has made for this process.
pub(crate) struct Inherited {
    pub(crate) lock: OwnedFd,
    /// The file that the lock is on.
    pub(crate) id: FileId,
    pub(crate) channel: OwnedFd,
    /// A second descriptor on the channel.
    pub(crate) second_channel: OwnedFd,
}

/// Why two descriptors are not those of a launch of this process.
pub(crate) enum NotInherited {
    NotOpen,
    /// The descriptor of that number.
    Unexaminable(RawFd, Errno),
    /// The path of the pidfile.
    Path(Errno),
    /// The lock is on another file.
    OtherFile,
    /// The file does not name this process.
    OtherProcess,
    NoSocket,
    NoDescriptorLeft(io::Error),
    CloseOnExec(Errno),
}

/// Takes ownership of lock and channel, if the lock is on the very file that `path` stands for, this file names this
/// process, and the channel is a socket. Marks both close-on-exec. At most once in a process: later they are `NotOpen`.
///
/// A refusal changes nothing.
pub(crate) fn take_inherited(lock: RawFd, channel: RawFd, path: &Path) -> Result<Inherited, NotInherited> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if lock == channel || !is_open(lock) || !is_open(channel) || TAKEN.load(Ordering::Acquire) {
        return Err(NotInherited::NotOpen);
    }
    let proof = with(lock, |lock| with(channel, |channel| prove(lock, channel, path))).flatten();
    let (id, second_channel) = proof.unwrap_or(Err(NotInherited::NotOpen))?;
    if TAKEN.swap(true, Ordering::AcqRel) {
        return Err(NotInherited::NotOpen);
    }
    // SAFETY: both are open and they differ, and a process does this once, so that this function gives no descriptor
    // two owners. No code of this process has opened them either: `prove` has seen that the lock is on a file that
    // names this process as its holder, and only a launch writes that text, between clone and exec.
    let [lock, channel] = [lock, channel].map(|number| unsafe { OwnedFd::from_raw_fd(number) });
    Ok(Inherited { lock, id, channel, second_channel })
}

fn prove(
    lock: BorrowedFd<'_>,
    channel: BorrowedFd<'_>,
    path: &Path,
) -> Result<(FileId, OwnedFd), NotInherited> {
    let id = examine_lock(lock, path)?;
    let second_channel = examine_channel(channel)?;
    // These come last, because they cannot fail for open descriptors: an earlier failure has changed neither.
    close_on_exec(lock)?;
    close_on_exec(channel)?;
    Ok((id, second_channel))
}

fn examine_lock(lock: BorrowedFd<'_>, path: &Path) -> Result<FileId, NotInherited> {
    let unexaminable = |errno| NotInherited::Unexaminable(lock.as_raw_fd(), errno);
    let at_fd = fstat(lock).map_err(unexaminable)?;
    let at_path = lstat(path).map_err(NotInherited::Path)?;
    let id = FileId::of(&at_fd);
    if id != FileId::of(&at_path) {
        return Err(NotInherited::OtherFile);
    }
    // What a launch writes, and nothing after it.
    let expected = format!("{}\n", getpid());
    let mut text = [0; 32];
    let length = pread(lock, &mut text, 0).map_err(unexaminable)?;
    if text[..length] != *expected.as_bytes() {
        return Err(NotInherited::OtherProcess);
    }
    Ok(id)
}

fn examine_channel(channel: BorrowedFd<'_>) -> Result<OwnedFd, NotInherited> {
    let kind = fstat(channel).map_or(0, |stat| stat.st_mode & SFlag::S_IFMT.bits());
    if kind != SFlag::S_IFSOCK.bits() {
        return Err(NotInherited::NoSocket);
    }
    channel.try_clone_to_owned().map_err(NotInherited::NoDescriptorLeft)
}

/// Marks a descriptor close-on-exec, because the daemon's children would hold the lock after the daemon's end.
fn close_on_exec(fd: impl AsFd) -> Result<(), NotInherited> {
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).map(drop).map_err(NotInherited::CloseOnExec)
}
