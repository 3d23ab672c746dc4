//! The daemon that this process is, and the removal of its pidfile at exit.

mod outlive;
mod socket;

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock};
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::sys::socket::MsgFlags;
use nix::sys::stat::{FileStat, Mode, fchmod, fstat, lstat};
use nix::unistd::{ftruncate, getpid, getppid, unlink};

use crate::error::{Error, Pid, Result, Subject};
use crate::given::BodyPlace;
use crate::handover::{Channel, Frame, FrameKind, NotSent, send_frame};
use crate::listener::Listener;
use crate::log::silence_stderr;
use crate::mutex::lock;
use crate::process::ExitStatus;
use crate::seam;
use crate::sys::{self, FileId};

/// The mark of a daemon that has given up root's rights: the sticky bit of its pidfile, which only the file's owner can
/// change, and which means nothing on files, chmod(1).
///
/// Only the name tag proves such a daemon: it can still write to the file through its lock, and pass the lock on to a
/// process of root's, so that text and flock prove nothing.
pub(crate) const DISTRUST: Mode = Mode::S_ISVTX;

static DAEMON: OnceLock<OwnDaemon> = OnceLock::new();

/// The daemon that this process is.
///
/// ```no_run
/// use daimon_core::{FrameKind, own_daemon};
///
/// if let Some(daemon) = own_daemon() {
///     daemon.listening();
///     daemon.tell(FrameKind::Status, b"warming up");
///     daemon.ready();
/// }
/// ```
#[derive(Debug)]
pub struct OwnDaemon {
    pid: Pid,
    path: PathBuf,
    id: FileId,
    lock: File,
    is_captured: bool,
    /// Which body of the holder of the pidfile this process is; `None`: it is the holder itself.
    place: Option<BodyPlace>,
    /// The process that has made this one, at the adoption: a body's keeper.
    parent: Pid,
    /// Held while the state changes, because the launcher closes its end once the daemon is ready, which must not look
    /// like the launcher's death.
    start: Mutex<Start>,
    /// Notified when the start is over.
    started: Condvar,
    /// Until when the daemon may take to become ready without a launcher; unset, it ends with its launcher.
    deadline: OnceLock<Instant>,
    /// Whether others find the daemon by its socket before it is ready.
    is_on_demand: bool,
    /// The socket that the launch has made, and its file, until the daemon serves.
    inherited: Mutex<Option<(OwnedFd, FileId)>>,
    listener: Mutex<Option<Listener>>,
}

/// How far the start has come, as the launcher knows.
#[derive(Debug)]
enum Start {
    Starting(Channel),
    /// Not ready, and without a launcher that waits for it, see [`crate::become_daemon`].
    Alone,
    Over,
    /// A body that is ready: its channel to the keeper lasts.
    Kept(Channel),
}

impl Start {
    fn is_over(&self) -> bool {
        matches!(self, Self::Over | Self::Kept(_))
    }
}

/// Gives the daemon that this process is; `None` in any other process.
///
/// ```
/// assert!(daimon_core::own_daemon().is_none());
/// ```
pub fn own_daemon() -> Option<&'static OwnDaemon> {
    DAEMON.get()
}

/// Has the callback called for signals that come by another way than the system's; false, since there is none here.
pub fn take_signals(_callback: impl Fn(crate::signal::Signal) + Send + 'static) -> bool {
    false
}

/// Makes this process the daemon for good: from here on its pidfile is removed when it exits.
///
/// `None` when the process is a daemon already; the pidfile of `daemon` and the file of its socket are removed then.
pub(crate) fn install(daemon: OwnDaemon) -> Option<&'static OwnDaemon> {
    if let Err(daemon) = DAEMON.set(daemon) {
        if let Some(listener) = &*lock(&daemon.listener) {
            listener.remove_file();
        }
        remove(&daemon.path, &daemon.lock, daemon.id);
        return None;
    }
    let daemon = DAEMON.get()?;
    // A body's keeper removes it.
    if daemon.place.is_none() {
        sys::at_exit(remove_at_exit);
    }
    Some(daemon)
}

/// Marks the pidfile of this process with [`DISTRUST`], before the process gives up its rights.
pub(crate) fn mark_distrusted() {
    let Some(daemon) = DAEMON.get() else { return };
    if sys::HAS_NAME_TAG {
        // Ignore a failure: the file belongs to another user then, whom nothing protects from us anyway.
        let _ = fstat(&daemon.lock).and_then(|stat| {
            let mode = Mode::from_bits_truncate(stat.st_mode) | DISTRUST;
            fchmod(&daemon.lock, mode)
        });
    }
}

/// Whether this is the pidfile that this process holds.
pub(crate) fn is_own_file(stat: &FileStat) -> bool {
    DAEMON.get().is_some_and(|daemon| FileId::of(stat) == daemon.id)
}

/// Gives our PID, when this process is the holder of that path, or of the file that the path stands for. A body is not,
/// and has no name tag that a look could take off: it looks as any other process does.
pub(crate) fn own_pid(path: &Path, id: Option<FileId>) -> Option<Pid> {
    let daemon = DAEMON.get().filter(|daemon| daemon.place.is_none())?;
    (daemon.path == path || Some(daemon.id) == id).then_some(daemon.pid)
}

/// Whether this process is a daemon that is not ready yet.
pub(crate) fn is_starting() -> bool {
    DAEMON.get().is_some_and(OwnDaemon::is_starting)
}

/// Removes the pidfile that `file` is open on and locks, if the path still stands for that very file. A file that
/// cannot be unlinked (privileges dropped, another root folder) is emptied.
pub(crate) fn remove(path: &Path, file: &File, id: FileId) {
    let still_ours = lstat(path).is_ok_and(|stat| FileId::of(&stat) == id);
    if !still_ours || unlink(path).is_err() {
        // Ignore an error: an unlocked file with old text is harmless, and at exit nobody can be told.
        let _ = ftruncate(file, 0);
    }
}

/// Runs after every JavaScript `exit` listener, on natural end, `process.exit` and uncaught errors alike, in every
/// runtime.
extern "C" fn remove_at_exit() {
    // A body's keeper removes it.
    if let Some(daemon) = DAEMON.get().filter(|daemon| daemon.place.is_none()) {
        // A fork of this process that calls exit(3) is not the daemon.
        if daemon.pid == getpid().as_raw() {
            seam::at("exit.begun");
            if let Some(listener) = &*lock(&daemon.listener) {
                listener.remove_file();
            }
            remove(&daemon.path, &daemon.lock, daemon.id);
            seam::at("exit.removed");
        }
    }
}

/// The contents of a file that others read, too: it has one position for all.
pub(crate) fn read_all(file: OwnedFd) -> Option<Vec<u8>> {
    let length = usize::try_from(fstat(&file).ok()?.st_size).ok()?;
    let mut bytes = vec![0; length];
    File::from(file).read_exact_at(&mut bytes, 0).ok()?;
    Some(bytes)
}

fn with_descriptors(channel: &mut Channel, frames: Vec<Frame>) -> Vec<(Frame, Option<OwnedFd>)> {
    let with = |frame| {
        let descriptor = channel.descriptor_of(&frame);
        (frame, descriptor)
    };
    frames.into_iter().map(with).collect()
}

impl OwnDaemon {
    /// This process, as the daemon that a launcher waits for at the other end of the channel.
    pub(crate) fn launched(path: &Path, id: FileId, lock: File, channel: Channel, is_captured: bool) -> Self {
        Self { is_captured, ..Self::new(path, id, lock, Start::Starting(channel)) }
    }

    /// This process, as the holder of a pidfile that it has locked itself.
    pub(crate) fn alone(path: &Path, id: FileId, lock: File) -> Self {
        Self::new(path, id, lock, Start::Alone)
    }

    fn new(path: &Path, id: FileId, lock: File, start: Start) -> Self {
        let (pid, path) = (getpid().as_raw(), path.to_path_buf());
        Self {
            pid,
            path,
            id,
            lock,
            is_captured: false,
            place: None,
            parent: 0,
            start: Mutex::new(start),
            started: Condvar::new(),
            deadline: OnceLock::new(),
            is_on_demand: false,
            inherited: Mutex::default(),
            listener: Mutex::default(),
        }
    }

    /// Gives the daemon's PID, which is this process's.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Gives the path of the pidfile that it holds.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same, as that body of its keeper.
    pub(crate) fn in_place(self, place: Option<BodyPlace>) -> Self {
        Self { place, parent: getppid().as_raw(), ..self }
    }

    /// Whether a launcher still waits for it to be ready.
    pub fn has_launcher(&self) -> bool {
        matches!(*self.start(), Start::Starting(_))
    }

    /// Ends this process, the holder of a pidfile, in that way, but for the pidfile, which is removed before. No other
    /// handler of an exit runs.
    pub fn end(&self, status: ExitStatus) -> ! {
        remove_at_exit();
        sys::show_end(matches!(status, ExitStatus::Signal(_)));
        match status {
            ExitStatus::Code(code) => sys::exit_now(code),
            ExitStatus::Signal(signal) => {
                sys::end_by(signal.number());
                sys::exit_now(128 + signal.number())
            }
        }
    }

    /// Ties this process to its keeper, if it is a body: the keeper's end is its own. Again after each change of user,
    /// which takes the tie off, prctl(2).
    pub(crate) fn follow_keeper(&self) {
        if self.place.is_some() && !seam::breaks("follow-keeper") {
            sys::follow_parent();
            if getppid().as_raw() != self.parent {
                let _ = kill(getpid(), Signal::SIGKILL);
            }
        }
    }

    /// Gives which body of a keeper this process is; `None` when it is none.
    pub fn place(&self) -> Option<BodyPlace> {
        self.place
    }

    /// The descriptor that holds the lock, which must never be closed.
    pub(crate) fn lock(&self) -> BorrowedFd<'_> {
        self.lock.as_fd()
    }

    /// Whether stderr goes to memory until the daemon is ready.
    pub fn is_captured(&self) -> bool {
        self.is_captured
    }

    pub(crate) fn is_starting(&self) -> bool {
        !self.start().is_over()
    }

    fn start(&self) -> MutexGuard<'_, Start> {
        lock(&self.start)
    }

    /// Whether the process that stops this daemon has another version take its place.
    pub fn is_displaced(&self) -> bool {
        sys::is_displaced(self.lock.as_fd())
    }

    /// Receives what the launcher gives the daemon, as one body. Waits until all of it has arrived; `None` when the
    /// launcher has gone.
    pub fn receive_payload(&self) -> Option<Vec<u8>> {
        let mut start = self.start();
        let Start::Starting(channel) = &mut *start else { return None };
        let frame = channel.wait_for_frame()?;
        seam::at("adopt.received");
        match frame.kind {
            FrameKind::Payload => Some(frame.body),
            FrameKind::PayloadFile => read_all(channel.descriptor_of(&frame)?),
            _ => None,
        }
    }

    /// Marks the pidfile: handlers for signals are in place. Until then other processes hold back every signal that
    /// would end the daemon.
    pub fn listening(&self) {
        if self.place.is_some() {
            self.tell(FrameKind::Listening, &[]);
            return;
        }
        sys::mark_listening(self.lock.as_fd());
        seam::at("ready.listening");
    }

    /// Tells the launcher that the daemon serves, and closes the channel. Once; later calls do nothing.
    ///
    /// When the launcher has gone before, the start is aborted instead, because no process would ever learn of this
    /// daemon; but not after [`OwnDaemon::outlive_launcher`].
    ///
    /// False when the launcher that has to hear it has gone: the daemon counts as starting until it ends.
    pub fn ready(&self) -> bool {
        let mut start = self.start();
        let channel = match &*start {
            Start::Starting(channel) => channel,
            Start::Alone => {
                *start = Start::Over;
                sys::mark_ready(self.lock.as_fd());
                return true;
            }
            Start::Over | Start::Kept(_) => return true,
        };
        if self.is_captured {
            silence_stderr();
        }
        if self.place.is_some() {
            // A failure is the keeper's end, which is this process's.
            let _ = send_frame(channel.as_fd(), FrameKind::Ready, &[], MsgFlags::empty());
            if let Start::Starting(channel) = std::mem::replace(&mut *start, Start::Over) {
                *start = Start::Kept(channel);
            }
            self.started.notify_all();
            return true;
        }
        seam::at("ready.begun");
        // The mark comes first: a launcher that hears that the daemon is ready may look at once.
        sys::mark_ready(self.lock.as_fd());
        seam::at("ready.marked");
        let is_sent = send_frame(channel.as_fd(), FrameKind::Ready, &[], MsgFlags::empty()).is_ok();
        let counts = is_sent || self.deadline.get().is_some();
        if counts {
            seam::at("ready.sent");
            // Dropping the channel wakes the watching thread.
            *start = Start::Over;
            self.started.notify_all();
        } else {
            // The launcher's death ends this process soon, so no start may take it for a running daemon.
            let _ = sys::put_name_tag(self.lock.as_raw_fd());
        }
        counts
    }

    /// Tells the keeper something, with a descriptor for a kind that has one; false in a process that has none.
    pub fn tell_keeper(&self, kind: FrameKind, body: &[u8], descriptor: Option<BorrowedFd<'_>>) -> bool {
        let start = self.start();
        let (Start::Starting(channel) | Start::Kept(channel)) = &*start else { return false };
        self.place.is_some() && channel.send(kind, body, descriptor)
    }

    /// What can be read when the keeper has told something.
    ///
    /// # Errors
    ///
    /// When no descriptor is left, and in a process that has no keeper.
    pub fn keeper_source(&self) -> Result<OwnedFd> {
        match &*self.start() {
            Start::Starting(channel) | Start::Kept(channel) if self.place.is_some() => {
                channel.as_fd().try_clone_to_owned().map_err(|error| {
                    Error::io("keeper", "fcntl", &error, "the channel to the keeper cannot be watched")
                })
            }
            _ => Err(Error::unsupported(Subject::Foreground, "this process has no keeper")),
        }
    }

    /// Receives what the keeper has told since the last time, without waiting.
    pub fn receive(&self) -> Vec<(Frame, Option<OwnedFd>)> {
        let mut start = self.start();
        let (Start::Starting(channel) | Start::Kept(channel)) = &mut *start else { return Vec::new() };
        let (frames, _) = channel.receive();
        with_descriptors(channel, frames)
    }

    /// Waits for the next frame of the keeper's, or of a keeper's launcher; `None` when that has gone.
    pub fn wait_for_frame(&self) -> Option<(Frame, Option<OwnedFd>)> {
        let mut start = self.start();
        let (Start::Starting(channel) | Start::Kept(channel)) = &mut *start else { return None };
        let frame = channel.wait_for_frame()?;
        with_descriptors(channel, vec![frame]).pop()
    }

    /// Tells the launcher something while it waits; false when no launcher waits any more.
    ///
    /// Progress text, and word for a supervisor, that finds no room is left out instead of being waited for. A keeper
    /// waits for a second at most for anything else, and tells no more then.
    pub fn tell(&self, kind: FrameKind, body: &[u8]) -> bool {
        let start = self.start();
        let (Start::Starting(channel) | Start::Kept(channel)) = &*start else { return false };
        let is_vital = !matches!(kind, FrameKind::Status | FrameKind::Notify);
        let flags = if is_vital { MsgFlags::empty() } else { MsgFlags::MSG_DONTWAIT };
        let sent = send_frame(channel.as_fd(), kind, body, flags);
        if matches!(sent, Err(NotSent::System(_))) && is_vital {
            // It may have been sent in part, so that nothing may follow.
            channel.close();
        }
        sent.is_ok()
    }
}
