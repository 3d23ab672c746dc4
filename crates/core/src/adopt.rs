//! Adoption: the first thing that the daemon does after exec. It takes over lock and channel from its environment.

mod capture;
mod launcher_death;

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::socket::MsgFlags;
use nix::sys::stat::{Mode, SFlag, fchmod, fstat, lstat};
use nix::unistd::getpid;

use self::launcher_death::{end_latecomers, watch_launcher};
use crate::channel::{Channel, FrameKind, send_frame};
use crate::error::{Error, ErrorKind, Pid, Result};
use crate::launch::OWN_FDS;
use crate::log::silence_stderr;
use crate::pidfile::{DISTRUST, FileId, file_names_us, remove_own};
use crate::shown::shown;
use crate::sys;

/// The environment variable that tells a daemon who it is: `VERSION:LOCK:CHANNEL:CAPTURED:PIDFILE`, two descriptors,
/// whether stderr is captured (0 or 1), and an absolute path.
pub const ADOPTION_VARIABLE: &str = "DAIMON_ADOPTION";

/// The only protocol version so far. Launcher and daemon may run different copies of this library.
const VERSION: &str = "1";

/// How much of a wrong one an error shows, in characters.
const SHOWN: usize = 256;

const WATCHER_STACK: usize = 64 * 1_024;

static DAEMON: OnceLock<Adopted> = OnceLock::new();

/// The daemon that this process is.
#[derive(Debug)]
pub struct Adopted {
    pid: Pid,
    path: PathBuf,
    id: FileId,
    lock: File,
    captured: bool,
    /// Held while the state changes, so that the launcher's end, which follows readiness, is not taken for its death.
    start: Mutex<Start>,
}

/// How far the start has come, as the launcher knows.
#[derive(Debug)]
enum Start {
    Starting(Channel),
    /// Not ready, and nobody waits for it: this process has not been launched, see [`crate::occupy`].
    Alone,
    Over,
}

/// Takes over what `value`, that of [`ADOPTION_VARIABLE`], names. Once in a process: later calls give the same daemon.
///
/// From here on the pidfile is removed when the process exits, and a launcher that dies before the daemon is ready
/// takes it along.
///
/// # Errors
///
/// `StartFailed` with step `adopt` when the value is wrong or forged; nothing has changed then.
pub fn adopt(value: &OsStr) -> Result<&'static Adopted> {
    // One at a time: two would take the same descriptors over, and one of them close them again.
    static ADOPTING: Mutex<()> = Mutex::new(());
    let _alone = ADOPTING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(daemon) = DAEMON.get() {
        return Ok(daemon);
    }
    let claim =
        Claim::parse(value).ok_or_else(|| forged(value, "it is not of the form that daimon writes"))?;
    let (daemon, watched) = claim.verify().map_err(|reason| forged(value, &reason))?;
    let daemon = DAEMON.get_or_init(|| daemon);
    sys::at_exit(remove_at_exit);
    let watcher = thread::Builder::new().name("daimon-launcher".into()).stack_size(WATCHER_STACK);
    // Without the thread a launcher's death goes unnoticed until ready: no reason to refuse the start.
    let _ = watcher.spawn(move || watch_launcher(daemon, watched));
    Ok(daemon)
}

/// The daemon that this process is; `None` in any other.
pub fn adopted() -> Option<&'static Adopted> {
    DAEMON.get()
}

/// Makes this process the daemon, with the name tag on, for good. `None` when it is one already; the pidfile is gone
/// then.
pub(crate) fn install(daemon: Adopted) -> Option<&'static Adopted> {
    if let Err(daemon) = DAEMON.set(daemon) {
        remove_own(&daemon.path, &daemon.lock, daemon.id);
        return None;
    }
    let daemon = DAEMON.get()?;
    sys::at_exit(remove_at_exit);
    Some(daemon)
}

/// Marks the pidfile of the daemon that this process is, before it gives its rights up: see [`distrusts`].
pub(crate) fn mark_distrusted() {
    let Some(daemon) = DAEMON.get() else { return };
    if sys::HAS_NAME_TAG {
        // Fails for a file of somebody else's, who is not protected from us anyway.
        let _ = fstat(&daemon.lock).and_then(|stat| {
            let mode = Mode::from_bits_truncate(stat.st_mode) | DISTRUST;
            fchmod(&daemon.lock, mode)
        });
    }
}

/// Whether the descriptor is on the pidfile of the daemon that this process is.
pub(crate) fn is_own_lock(fd: BorrowedFd<'_>) -> bool {
    DAEMON.get().is_some_and(|daemon| fstat(fd).is_ok_and(|stat| FileId::of(&stat) == daemon.id))
}

/// Our own PID, when this process is the daemon of that path, or of the file that the path stands for.
pub(crate) fn own_pid(path: &Path, id: Option<FileId>) -> Option<Pid> {
    let daemon = DAEMON.get()?;
    (daemon.path == path || Some(daemon.id) == id).then_some(daemon.pid)
}

/// Whether the daemon that this process is, is not ready yet.
pub(crate) fn is_starting() -> bool {
    let Some(daemon) = DAEMON.get() else { return false };
    !matches!(*daemon.start.lock().unwrap_or_else(PoisonError::into_inner), Start::Over)
}

fn forged(value: &OsStr, reason: &str) -> Error {
    // Anybody may have set it, to anything.
    let message = format!("{ADOPTION_VARIABLE}={}: {reason}; unset it", shown(value.as_bytes(), SHOWN));
    Error::new(ErrorKind::StartFailed, message).during("adopt")
}

/// What the variable claims.
struct Claim {
    lock: RawFd,
    channel: RawFd,
    captured: bool,
    path: PathBuf,
}

impl Claim {
    fn parse(value: &OsStr) -> Option<Self> {
        let mut parts = value.as_bytes().splitn(5, |byte| *byte == b':');
        let mut text = || std::str::from_utf8(parts.next()?).ok();
        (text()? == VERSION).then_some(())?;
        let (lock, channel) = (text()?.parse().ok()?, text()?.parse().ok()?);
        let captured = match text()? {
            "0" => false,
            "1" => true,
            _ => return None,
        };
        let path = PathBuf::from(OsStr::from_bytes(parts.next()?));
        let plausible =
            OWN_FDS.contains(&lock) && OWN_FDS.contains(&channel) && lock != channel && path.is_absolute();
        plausible.then_some(Self { lock, channel, captured, path })
    }

    /// The lock must be on the very file that the path stands for, and that must name this process.
    /// The second descriptor on the channel is the watching thread's own.
    fn verify(self) -> std::result::Result<(Adopted, OwnedFd), String> {
        if !sys::is_open(self.lock) || !sys::is_open(self.channel) {
            return Err("it names descriptors that are not open".into());
        }
        let lock = File::from(sys::own(self.lock));
        let channel = sys::own(self.channel);
        match self.take(&lock, &channel) {
            Ok((id, watched)) => {
                let start = Mutex::new(Start::Starting(Channel::to_launcher(channel)));
                let (pid, captured) = (getpid().as_raw(), self.captured);
                Ok((Adopted { pid, path: self.path, id, lock, captured, start }, watched))
            }
            Err(reason) => {
                // Not ours, then: whoever opened them still uses them.
                let _ = (lock.into_raw_fd(), channel.into_raw_fd());
                Err(reason)
            }
        }
    }

    fn take(&self, lock: &File, channel: &OwnedFd) -> std::result::Result<(FileId, OwnedFd), String> {
        let id = self.check(lock)?;
        let kind = fstat(channel).map_or(0, |stat| stat.st_mode & SFlag::S_IFMT.bits());
        if kind != SFlag::S_IFSOCK.bits() {
            return Err(format!("descriptor {} is no socket", self.channel));
        }
        let watched = channel.try_clone().map_err(|error| format!("no descriptor is left: {error}"))?;
        // Last, and sure to work on what is open: whatever fails leaves both as they are.
        close_on_exec(lock)?;
        close_on_exec(channel)?;
        Ok((id, watched))
    }

    fn check(&self, lock: &File) -> std::result::Result<FileId, String> {
        let at_fd =
            fstat(lock).map_err(|errno| format!("descriptor {} cannot be examined: {errno}", self.lock))?;
        let at_path = lstat(&self.path).map_err(|errno| format!("{}: {errno}", self.path.display()))?;
        let id = FileId::of(&at_fd);
        if id != FileId::of(&at_path) {
            return Err(format!("descriptor {} is not on {}", self.lock, self.path.display()));
        }
        if !file_names_us(lock) {
            return Err(format!("{} does not name this process", self.path.display()));
        }
        Ok(id)
    }
}

/// Or the daemon's own children would keep its lock when it has ended.
fn close_on_exec(fd: impl AsFd) -> std::result::Result<(), String> {
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).map(drop).map_err(|errno| format!("fcntl: {errno}"))
}

impl Adopted {
    /// This process, as the holder of a pidfile that no launcher gave it.
    pub(crate) fn alone(path: &Path, id: FileId, lock: File) -> Self {
        let (pid, path) = (getpid().as_raw(), path.to_path_buf());
        Self { pid, path, id, lock, captured: false, start: Mutex::new(Start::Alone) }
    }

    /// The daemon's PID: this process.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The pidfile that it holds.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the launcher gave it, as one body. Waits until all of it has arrived; `None` when the launcher has gone.
    pub fn receive_payload(&self) -> Option<Vec<u8>> {
        let mut start = self.start.lock().unwrap_or_else(PoisonError::into_inner);
        let Start::Starting(channel) = &mut *start else { return None };
        let frame = channel.wait_for_frame()?;
        (frame.kind == FrameKind::Payload).then_some(frame.body)
    }

    /// Says by the pidfile that handlers for signals are in place: until then nobody sends any that would end it.
    pub fn listening(&self) {
        sys::mark_listening(self.lock.as_fd());
    }

    /// Tells the launcher that the daemon serves, and ends the channel. Once; later calls do nothing.
    ///
    /// When the launcher has gone before, the start is aborted instead: nobody would ever learn of this daemon.
    pub fn ready(&self) {
        let mut start = self.start.lock().unwrap_or_else(PoisonError::into_inner);
        let channel = match &*start {
            Start::Starting(channel) => channel,
            Start::Alone => {
                *start = Start::Over;
                return sys::mark_ready(self.lock.as_fd());
            }
            Start::Over => return,
        };
        if self.captured {
            silence_stderr();
        }
        // First the mark: whoever hears that the daemon is ready may look at once.
        sys::mark_ready(self.lock.as_fd());
        if send_frame(channel.as_fd(), FrameKind::Ready, &[], MsgFlags::empty()).is_ok() {
            // Dropping the channel wakes the watching thread.
            *start = Start::Over;
        } else {
            // It is about to be ended: no start is to take it for a daemon that runs.
            let _ = sys::put_name_tag(self.lock.as_raw_fd());
        }
    }

    /// Tells the launcher something, as long as it waits; false when it does not any more.
    ///
    /// Progress text that finds no room is left out rather than waited for.
    pub fn tell(&self, kind: FrameKind, body: &[u8]) -> bool {
        let start = self.start.lock().unwrap_or_else(PoisonError::into_inner);
        let Start::Starting(channel) = &*start else { return false };
        let flags = if kind == FrameKind::Status { MsgFlags::MSG_DONTWAIT } else { MsgFlags::empty() };
        send_frame(channel.as_fd(), kind, body, flags).is_ok()
    }
}

/// After every JavaScript `exit` listener, on natural end, `process.exit` and uncaught errors alike, in every runtime.
extern "C" fn remove_at_exit() {
    if let Some(daemon) = DAEMON.get() {
        // A fork of this process that calls exit(3) is not the daemon.
        if daemon.pid == getpid().as_raw() {
            remove_own(&daemon.path, &daemon.lock, daemon.id);
            end_latecomers(daemon.pid);
        }
    }
}
