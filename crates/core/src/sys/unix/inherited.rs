//! The descriptors that a launch passes on by exec: the lock, the channel, and a listening socket if there is one.
#![expect(unsafe_code, reason = "only their numbers come over exec")]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::stat::{fstat, lstat};
use nix::sys::uio::pread;

use super::fd::{duplicate_above, is_open, is_socket, with};
use super::{FileId, Pid};

/// What a launch has made for this process.
pub(crate) struct Inherited {
    pub(crate) lock: OwnedFd,
    /// The file that the lock is on.
    pub(crate) id: FileId,
    pub(crate) channel: OwnedFd,
    /// A second descriptor on the channel.
    pub(crate) second_channel: OwnedFd,
    /// The listening socket.
    pub(crate) socket: Option<OwnedFd>,
}

/// Why these descriptors are not those of a launch of this process.
pub(crate) enum NotInherited {
    NotOpen,
    /// The descriptor of that number.
    Unexaminable(RawFd, Errno),
    /// The path of the pidfile.
    Path(Errno),
    /// The lock is on another file.
    OtherFile,
    /// The file does not name the holder.
    OtherProcess,
    /// The descriptor of that number.
    NoSocket(RawFd),
    NoDescriptorLeft(Errno),
    CloseOnExec(Errno),
}

/// Above the standard ones.
const LOWEST: RawFd = 3;

static TAKEN: AtomicBool = AtomicBool::new(false);

/// Takes ownership of lock, channel and socket, if the lock is on the very file that `path` stands for (of a body: on
/// any), this file names `holder` (this process, or its parent), and the others are sockets. Marks all close-on-exec.
/// At most once in a process: later they are `NotOpen`.
///
/// A refusal changes nothing.
pub(crate) fn take_inherited(
    lock: RawFd,
    channel: RawFd,
    socket: Option<RawFd>,
    holder: Pid,
    path: &Path,
) -> Result<Inherited, NotInherited> {
    let differ = lock != channel && Some(lock) != socket && Some(channel) != socket;
    let are_open = is_open(lock) && is_open(channel) && socket.is_none_or(is_open);
    if !differ || !are_open || TAKEN.load(Ordering::Acquire) {
        return Err(NotInherited::NotOpen);
    }
    let proof =
        with(lock, |lock| with(channel, |channel| prove(lock, channel, socket, holder, path))).flatten();
    let (id, second_channel) = proof.unwrap_or(Err(NotInherited::NotOpen))?;
    if TAKEN.swap(true, Ordering::AcqRel) {
        return Err(NotInherited::NotOpen);
    }
    // SAFETY: all are open and they differ, and a process does this once, so that this function gives no descriptor
    // two owners. No code of this process has opened them either, because adoption comes before the program's first
    // line; and `prove` has seen that the lock is on a file that names this process or its parent as its holder.
    let own = |number| unsafe { OwnedFd::from_raw_fd(number) };
    Ok(Inherited { lock: own(lock), id, channel: own(channel), second_channel, socket: socket.map(own) })
}

/// What the program before this one has left open for it, in the same process.
pub(crate) struct InheritedInPlace {
    pub(crate) lock: OwnedFd,
    /// The file that the lock is on.
    pub(crate) id: FileId,
    /// The file with the order.
    pub(crate) order: OwnedFd,
}

/// Takes ownership of lock and order, if the lock is on the very file that `path` stands for, and this file names this
/// process. Marks both close-on-exec. At most once in a process, as [`take_inherited`]. A refusal changes nothing.
pub(crate) fn take_in_place(
    lock: RawFd,
    order: RawFd,
    path: &Path,
) -> Result<InheritedInPlace, NotInherited> {
    if lock == order || !is_open(lock) || !is_open(order) || TAKEN.load(Ordering::Acquire) {
        return Err(NotInherited::NotOpen);
    }
    let proof = with(lock, |lock| examine_lock(lock, crate::sys::own_pid(), path));
    let id = proof.unwrap_or(Err(NotInherited::NotOpen))?;
    for number in [lock, order] {
        with(number, |fd| close_on_exec(fd)).transpose()?;
    }
    if TAKEN.swap(true, Ordering::AcqRel) {
        return Err(NotInherited::NotOpen);
    }
    // SAFETY: as in `take_inherited`: both are open, they differ, and a process does this once. The program before this
    // one has written this process into the file, and executed this one without opening anything after that.
    let own = |number| unsafe { OwnedFd::from_raw_fd(number) };
    Ok(InheritedInPlace { lock: own(lock), id, order: own(order) })
}

/// Gives inherited descriptors their numbers, and closes the others: pairs of a number and the one that it is to have,
/// which is no source of a later pair. Those are open across exec then.
pub(crate) fn give_places(places: &[(RawFd, RawFd)]) -> Result<(), Errno> {
    for (source, target) in places {
        // SAFETY: this process has executed just now, and has no code that uses the target: it is a standard
        // descriptor, or one that is kept for bodies alone.
        unsafe { crate::sys::duplicate(*source, *target) }.map_err(Errno::from_raw)?;
    }
    for (source, _) in places {
        drop(super::fd::take(*source));
    }
    Ok(())
}

fn prove(
    lock: BorrowedFd<'_>,
    channel: BorrowedFd<'_>,
    socket: Option<RawFd>,
    holder: Pid,
    path: &Path,
) -> Result<(FileId, OwnedFd), NotInherited> {
    let id = examine_lock(lock, holder, path)?;
    let second_channel = examine_channel(channel)?;
    if let Some(number) = socket.filter(|number| !is_socket(*number)) {
        return Err(NotInherited::NoSocket(number));
    }
    // These come last, because they cannot fail for open descriptors: an earlier failure has changed neither.
    close_on_exec(lock)?;
    close_on_exec(channel)?;
    socket.and_then(|number| with(number, |socket| close_on_exec(socket))).transpose()?;
    Ok((id, second_channel))
}

fn examine_lock(lock: BorrowedFd<'_>, holder: Pid, path: &Path) -> Result<FileId, NotInherited> {
    let unexaminable = |errno| NotInherited::Unexaminable(lock.as_raw_fd(), errno);
    let at_fd = fstat(lock).map_err(unexaminable)?;
    let id = FileId::of(&at_fd);
    // A keeper goes on when somebody removes its pidfile, and so do the bodies that it begins.
    let is_body = holder != crate::sys::own_pid();
    if !is_body && id != FileId::of(&lstat(path).map_err(NotInherited::Path)?) {
        return Err(NotInherited::OtherFile);
    }
    // What a launch writes, and nothing after it.
    let expected = format!("{holder}\n");
    let mut text = [0; 32];
    let length = pread(lock, &mut text, 0).map_err(unexaminable)?;
    if text[..length] != *expected.as_bytes() {
        return Err(NotInherited::OtherProcess);
    }
    Ok(id)
}

fn examine_channel(channel: BorrowedFd<'_>) -> Result<OwnedFd, NotInherited> {
    if !is_socket(channel.as_raw_fd()) {
        return Err(NotInherited::NoSocket(channel.as_raw_fd()));
    }
    duplicate_above(channel, LOWEST).map_err(NotInherited::NoDescriptorLeft)
}

/// Marks a descriptor close-on-exec, because the daemon's children would hold the lock after the daemon's end.
fn close_on_exec(fd: impl AsFd) -> Result<(), NotInherited> {
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).map(drop).map_err(NotInherited::CloseOnExec)
}
