//! Adoption: the first thing that the daemon does after exec. It takes over lock and channel from its environment.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::{Mutex, PoisonError};
use std::thread;

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
/// From here on the pidfile is removed when the process exits, and a launcher that dies before the daemon is ready
/// takes the daemon along.
///
/// # Errors
///
/// `StartFailed` with step `adopt` when the value is wrong or forged; nothing has changed then.
pub fn adopt(value: &OsStr) -> Result<&'static OwnDaemon> {
    // One at a time: two would take over the same descriptors, and the second would close them again.
    static ADOPTING: Mutex<()> = Mutex::new(());
    let _alone = ADOPTING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(daemon) = own_daemon() {
        return Ok(daemon);
    }
    let handover =
        Handover::parse(value).ok_or_else(|| forged(value, "it is not of the form that daimon writes"))?;
    let (daemon, watched) = take_over(&handover).map_err(|reason| forged(value, &reason))?;
    // Before the pidfile's removal is registered: of two handlers, exit runs the later one first.
    sys::at_exit(end_latecomers);
    let daemon =
        own::install(daemon).ok_or_else(|| forged(value, "this process is the daemon of another pidfile"))?;
    let watcher = thread::Builder::new().name("daimon-launcher".into()).stack_size(WATCHER_STACK);
    // Without the thread a launcher's death goes unnoticed until ready: no reason to refuse the start.
    let _ = watcher.spawn(move || watch_launcher(daemon, watched));
    Ok(daemon)
}

fn forged(value: &OsStr, reason: &str) -> Error {
    // Anybody may have set the variable, to anything.
    let message = format!("{ADOPTION_VARIABLE}={}: {reason}; unset it", shown(value.as_bytes(), SHOWN));
    Error::new(ErrorKind::StartFailed, message).during("adopt")
}

/// Takes over lock and channel, if they are what the launcher has made for this process. The second descriptor on the
/// channel is for the thread that watches the launcher.
fn take_over(handover: &Handover) -> std::result::Result<(OwnDaemon, OwnedFd), String> {
    let taken = sys::take_inherited(handover.lock, handover.channel, |lock, channel| {
        let id = examine_lock(handover, lock)?;
        let watched = examine_channel(handover, channel)?;
        // Last, because these succeed on what is open: any failure before leaves both descriptors as they are.
        close_on_exec(lock)?;
        close_on_exec(channel)?;
        Ok::<_, String>((id, watched))
    });
    let (lock, channel, (id, watched)) = taken.ok_or("it names descriptors that are not open")??;
    let (path, channel) = (&handover.path, Channel::to_launcher(channel));
    Ok((OwnDaemon::launched(path, id, lock.into(), channel, handover.is_captured), watched))
}

/// Checks that the lock is on the very file that the path stands for, and that this file names this process.
fn examine_lock(handover: &Handover, lock: BorrowedFd<'_>) -> std::result::Result<FileId, String> {
    let (number, path) = (handover.lock, &handover.path);
    let at_fd = fstat(lock).map_err(|errno| format!("descriptor {number} cannot be examined: {errno}"))?;
    let at_path = lstat(path).map_err(|errno| format!("{}: {errno}", path.display()))?;
    let id = FileId::of(&at_fd);
    if id != FileId::of(&at_path) {
        return Err(format!("descriptor {number} is not on {}", path.display()));
    }
    if !file_names_us(lock) {
        return Err(format!("{} does not name this process", path.display()));
    }
    Ok(id)
}

fn examine_channel(handover: &Handover, channel: BorrowedFd<'_>) -> std::result::Result<OwnedFd, String> {
    let kind = fstat(channel).map_or(0, |stat| stat.st_mode & SFlag::S_IFMT.bits());
    if kind != SFlag::S_IFSOCK.bits() {
        return Err(format!("descriptor {} is no socket", handover.channel));
    }
    channel.try_clone_to_owned().map_err(|error| format!("no descriptor is left: {error}"))
}

/// Keeps a descriptor from the daemon's own children, which would hold the lock after the daemon's end.
fn close_on_exec(fd: impl AsFd) -> std::result::Result<(), String> {
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).map(drop).map_err(|errno| format!("fcntl: {errno}"))
}
