//! Adoption: the first thing that the daemon does after exec. It takes over lock and channel from its environment.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::stat::{SFlag, fstat, lstat};

use crate::error::{Error, ErrorKind, Result};
use crate::handover::{ADOPTION_VARIABLE, Channel, Handover};
use crate::launcher_death::{end_latecomers, watch_launcher};
use crate::own::{self, OwnDaemon, own_daemon};
use crate::pidfile::file_names_us;
use crate::shown::shown;
use crate::sys::{self, FileId};

/// How much of a wrong value an error shows, in characters.
const SHOWN: usize = 256;

const WATCHER_STACK: usize = 64 * 1_024;

/// Takes over what `value`, that of [`ADOPTION_VARIABLE`], names. Once in a process: later calls give the same daemon.
///
/// ```no_run
/// use daimon_core::{ADOPTION_VARIABLE, adopt};
///
/// if let Some(value) = std::env::var_os(ADOPTION_VARIABLE) {
///     adopt(&value)?.ready();
/// }
/// # Ok::<(), daimon_core::Error>(())
/// ```
///
/// From here on the pidfile is removed when the process exits, and a launcher that dies before the daemon is ready
/// takes the daemon along.
///
/// # Errors
///
/// `StartFailed` with step `adopt` when the value is wrong or forged; nothing has changed then.
pub fn adopt(value: &OsStr) -> Result<&'static OwnDaemon> {
    // One adoption at a time: a second one would take over the same descriptors, and close them again.
    static ADOPTING: Mutex<()> = Mutex::new(());
    let _alone = ADOPTING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(daemon) = own_daemon() {
        return Ok(daemon);
    }
    let handover = Handover::parse(value).ok_or_else(|| Forgery::Form.of(value))?;
    let (daemon, watched) = take_over(&handover).map_err(|forgery| forgery.of(value))?;
    // Before the pidfile's removal is registered: of two handlers, exit runs the later one first.
    sys::at_exit(end_latecomers);
    let daemon = own::install(daemon).ok_or_else(|| Forgery::OtherDaemon.of(value))?;
    let watcher = thread::Builder::new().name("daimon-launcher".into()).stack_size(WATCHER_STACK);
    // Ignore a failure: without the thread only the launcher's death before ready goes unnoticed.
    let _ = watcher.spawn(move || watch_launcher(daemon, watched));
    Ok(daemon)
}

/// Why the variable's value is not believed.
enum Forgery {
    Form,
    OtherDaemon,
    NotOpen,
    /// A system call on the descriptor of that number.
    Unexaminable(RawFd, Errno),
    Path(PathBuf, Errno),
    OtherFile(RawFd, PathBuf),
    OtherProcess(PathBuf),
    NoSocket(RawFd),
    NoDescriptorLeft(io::Error),
    CloseOnExec(Errno),
}

impl fmt::Display for Forgery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str("it is not of the form that daimon writes"),
            Self::OtherDaemon => f.write_str("this process is the daemon of another pidfile"),
            Self::NotOpen => f.write_str("it names descriptors that are not open"),
            Self::Unexaminable(fd, errno) => write!(f, "descriptor {fd} cannot be examined: {errno}"),
            Self::Path(path, errno) => write!(f, "{}: {errno}", path.display()),
            Self::OtherFile(fd, path) => write!(f, "descriptor {fd} is not on {}", path.display()),
            Self::OtherProcess(path) => write!(f, "{} does not name this process", path.display()),
            Self::NoSocket(fd) => write!(f, "descriptor {fd} is no socket"),
            Self::NoDescriptorLeft(error) => write!(f, "no descriptor is left: {error}"),
            Self::CloseOnExec(errno) => write!(f, "fcntl: {errno}"),
        }
    }
}

impl Forgery {
    fn of(self, value: &OsStr) -> Error {
        // Any process may have set the variable, to anything.
        let message = format!("{ADOPTION_VARIABLE}={}: {self}; unset it", shown(value.as_bytes(), SHOWN));
        Error::new(ErrorKind::StartFailed, message).during("adopt")
    }
}

/// Takes over lock and channel, if they are what the launcher has made for this process. The second descriptor on the
/// channel is for the thread that watches the launcher.
fn take_over(handover: &Handover) -> std::result::Result<(OwnDaemon, OwnedFd), Forgery> {
    let taken = sys::take_inherited(handover.lock, handover.channel, |lock, channel| {
        let id = examine_lock(handover, lock)?;
        let watched = examine_channel(handover, channel)?;
        // These come last, because they cannot fail for open descriptors: an earlier failure has changed neither.
        close_on_exec(lock)?;
        close_on_exec(channel)?;
        Ok((id, watched))
    });
    let (lock, channel, (id, watched)) = taken.ok_or(Forgery::NotOpen)??;
    let (path, channel) = (&handover.path, Channel::to_launcher(channel));
    Ok((OwnDaemon::launched(path, id, lock.into(), channel, handover.is_captured), watched))
}

/// Checks that the lock is on the very file that the path stands for, and that this file names this process.
fn examine_lock(handover: &Handover, lock: BorrowedFd<'_>) -> std::result::Result<FileId, Forgery> {
    let (number, path) = (handover.lock, &handover.path);
    let at_fd = fstat(lock).map_err(|errno| Forgery::Unexaminable(number, errno))?;
    let at_path = lstat(path).map_err(|errno| Forgery::Path(path.clone(), errno))?;
    let id = FileId::of(&at_fd);
    if id != FileId::of(&at_path) {
        return Err(Forgery::OtherFile(number, path.clone()));
    }
    if !file_names_us(lock) {
        return Err(Forgery::OtherProcess(path.clone()));
    }
    Ok(id)
}

fn examine_channel(handover: &Handover, channel: BorrowedFd<'_>) -> std::result::Result<OwnedFd, Forgery> {
    let kind = fstat(channel).map_or(0, |stat| stat.st_mode & SFlag::S_IFMT.bits());
    if kind != SFlag::S_IFSOCK.bits() {
        return Err(Forgery::NoSocket(handover.channel));
    }
    channel.try_clone_to_owned().map_err(Forgery::NoDescriptorLeft)
}

/// Marks a descriptor close-on-exec, because the daemon's children would hold the lock after the daemon's end.
fn close_on_exec(fd: impl AsFd) -> std::result::Result<(), Forgery> {
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).map(drop).map_err(Forgery::CloseOnExec)
}
