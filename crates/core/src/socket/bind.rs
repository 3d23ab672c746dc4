//! Binding, under the pidfile's lock. Runs in the launcher, and in a process that becomes the daemon itself.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::stat::{FileStat, SFlag};
use nix::unistd::geteuid;

use super::address::address_in;
use super::named::{bind_name, failed};
use crate::error::{Error, ErrorKind, Pid, PidFileReason, Result};
use crate::given::{Owner, SocketPlan};
use crate::listener::{BACKLOG, BoundFile, Listener};
use crate::pidfile::{Backoff, Cancel, Folder, PidFile, wait_for};
use crate::process::Process;
use crate::seam;
use crate::sys;

/// How long to wait for a listener that only a child of an ended process has: between fork(2) and execve(2) every child
/// has a copy of what will be closed on exec.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often a name that others take and leave is tried.
const ROUNDS: usize = 8;

/// A socket that listens at its path.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) listener: OwnedFd,
    pub(crate) file: BoundFile,
    /// The launcher's own connection.
    pub(crate) client: Option<OwnedFd>,
}

/// Makes the socket listen at its path. The caller holds the pidfile's lock, so that no other start of this daemon does
/// the same; a socket that is left there, at which nobody listens, is replaced.
///
/// # Errors
///
/// Those of [`bind_unheard`].
pub(crate) fn bind(plan: &SocketPlan, owner: Option<Owner>, cancel: Option<&Cancel>) -> Result<Bound> {
    let place = PidFile::new(&plan.path)?;
    let folder = place.open_folder()?;
    let (listener, file) = bind_in(plan, &folder, owner, cancel)?;
    let client = listen(plan, &listener)
        .and_then(|()| plan.connect.then(|| connect(plan, &folder)).transpose())
        .inspect_err(|_| file.remove())?;
    Ok(Bound { listener, file, client })
}

/// Binds the socket as [`bind`] does, for another process that will listen at it: until then nobody can connect.
///
/// # Errors
///
/// `PidFile`: of the folder as [`PidFile::lock`] has them, and `NotASocket`, `SocketForeign`, `InUse`; `StartFailed` or
/// `PermissionDenied` with the system's; `StartFailed` with step `lock` when cancelled.
pub(crate) fn bind_unheard(plan: &SocketPlan, cancel: Option<&Cancel>) -> Result<(OwnedFd, BoundFile)> {
    let place = PidFile::new(&plan.path)?;
    bind_in(plan, &place.open_folder()?, None, cancel)
}

/// The socket's folder is a pidfile's by its checks alone: it must be as safe.
fn bind_in(
    plan: &SocketPlan,
    folder: &Folder<'_>,
    owner: Option<Owner>,
    cancel: Option<&Cancel>,
) -> Result<(OwnedFd, BoundFile)> {
    for _ in 0..ROUNDS {
        if let Some(stat) = folder.stat()? {
            make_way(plan, folder, &stat, owner, cancel)?;
        }
        seam::at("socket.free");
        match bind_name(plan, folder.as_fd(), folder.name(), owner) {
            // Another process has taken the name since.
            Err(error) if error.errno() == Some(Errno::EADDRINUSE) => (),
            bound => return bound,
        }
    }
    Err(failed(plan, "bind", Errno::EADDRINUSE))
}

fn listen(plan: &SocketPlan, listener: &OwnedFd) -> Result<()> {
    sys::listen_with(listener.as_fd(), BACKLOG).map_err(|errno| failed(plan, "listen", errno))?;
    seam::at("socket.listening");
    Ok(())
}

/// The launcher's own connection, the first in the queue.
fn connect(plan: &SocketPlan, folder: &Folder<'_>) -> Result<OwnedFd> {
    let system = |syscall, errno| failed(plan, syscall, errno);
    let client = sys::stream_socket().map_err(|errno| system("socket", errno))?;
    let address =
        address_in(folder.as_fd(), &plan.path, folder.name()).map_err(|errno| system("connect", errno))?;
    sys::connect_to(&client, &address).map_err(|errno| system("connect", errno))?;
    Ok(client)
}

/// Removes a socket that is left at the path, if it is ours and nobody listens.
fn make_way(
    plan: &SocketPlan,
    folder: &Folder<'_>,
    stat: &FileStat,
    owner: Option<Owner>,
    cancel: Option<&Cancel>,
) -> Result<()> {
    if stat.st_mode & SFlag::S_IFMT.bits() != SFlag::S_IFSOCK.bits() {
        let what =
            "is there already, and is no socket; remove it if it is not needed, or choose another path";
        return Err(refused(plan, PidFileReason::NotASocket, what));
    }
    let ours = [Some(geteuid().as_raw()), owner.and_then(|owner| owner.uid)];
    if !ours.contains(&Some(stat.st_uid)) {
        let what = format!(
            "is a socket of user {}; remove it if no daemon needs it any more, or choose another path",
            stat.st_uid
        );
        return Err(refused(plan, PidFileReason::SocketForeign, what));
    }
    let until = Instant::now() + PATIENCE;
    let mut backoff = Backoff::new();
    loop {
        let probe = sys::stream_socket().map_err(|errno| failed(plan, "socket", errno))?;
        let address = address_in(folder.as_fd(), &plan.path, folder.name());
        match address.and_then(|address| sys::connect_to(&probe, &address)) {
            Err(Errno::ECONNREFUSED) => return folder.unlink(),
            Err(Errno::ENOENT) => return Ok(()),
            // A full queue, too: somebody listens.
            Ok(()) | Err(Errno::EAGAIN) => {
                let pid = sys::peer_of(probe.as_fd()).ok().and_then(|peer| peer.pid);
                let listening = pid.filter(|pid| is_alive(*pid));
                if listening.is_some() || Instant::now() >= until {
                    return Err(in_use(plan, listening));
                }
                // The process that called listen(2) has ended, and a child has its listener still.
                wait_for(cancel, &[], backoff.next())?;
            }
            // A socket of another type, EPROTOTYPE, is somebody's, too.
            Err(_) => return Err(in_use(plan, None)),
        }
    }
}

fn is_alive(pid: Pid) -> bool {
    Process::open(pid).is_ok_and(|process| process.is_alive())
}

fn in_use(plan: &SocketPlan, pid: Option<Pid>) -> Error {
    let who = match pid {
        Some(pid) => format!("process {pid} listens there"),
        None => "another process listens there".into(),
    };
    let what =
        format!("is in use, though by no daemon of this pidfile: {who}; end it, or choose another path");
    refused(plan, PidFileReason::InUse, what).with_pid(pid)
}

fn refused(plan: &SocketPlan, reason: PidFileReason, what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::PidFile(reason), format!("{}: {what}", plan.path.display())).at(&plan.path)
}

/// In the process that becomes the daemon, which makes no connection of its own.
impl From<Bound> for Listener {
    fn from(Bound { listener, file, .. }: Bound) -> Self {
        Self::bound(listener, file)
    }
}
