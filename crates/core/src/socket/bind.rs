//! Binding, under the pidfile's lock. Runs in the launcher, and in a process that becomes the daemon itself.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::sys::stat::{FileStat, SFlag};
use nix::unistd::{Gid, Uid, fchownat, geteuid};

use super::address::{address_in, too_long};
use crate::error::{Error, ErrorKind, Pid, PidFileReason, Result};
use crate::given::{Owner, SocketPlan};
use crate::listener::{BACKLOG, BoundFile, Listener};
use crate::pidfile::{Backoff, Cancel, Folder, PidFile, wait_for};
use crate::process::Process;
use crate::seam;
use crate::sys::{self, FileId};

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
/// `PidFile`: of the folder as [`PidFile::lock`] has them, and `NotASocket`, `SocketForeign`, `InUse`; `StartFailed` or
/// `PermissionDenied` with the system's; `StartFailed` with step `lock` when cancelled.
pub(crate) fn bind(plan: &SocketPlan, owner: Option<Owner>, cancel: Option<&Cancel>) -> Result<Bound> {
    // A pidfile by its checks alone: the socket's folder must be as safe as a pidfile's.
    let place = PidFile::new(&plan.path)?;
    let folder = place.open_folder()?;
    let system = |syscall, errno| failed(plan, syscall, errno);
    let listener = sys::stream_socket().map_err(|errno| system("socket", errno))?;
    let mut bound = Err(Errno::EADDRINUSE);
    for _ in 0..ROUNDS {
        if let Some(stat) = folder.stat()? {
            make_way(plan, &folder, &stat, owner, cancel)?;
        }
        seam::at("socket.free");
        let address =
            address_in(folder.as_fd(), &plan.path, folder.name()).map_err(|errno| system("bind", errno))?;
        bound = sys::bind_with_mode(&listener, &address, &plan.path, plan.mode);
        // Another process has taken the name since.
        if bound != Err(Errno::EADDRINUSE) {
            break;
        }
    }
    bound.map_err(|errno| system("bind", errno))?;
    let Some(stat) = folder.stat()? else { return Err(system("fstatat", Errno::ENOENT)) };
    let file = BoundFile::new(&plan.path, FileId::of(&stat));
    seam::at("socket.bound");
    let client = listen(plan, &folder, &listener, &stat, owner)
        .and_then(|()| plan.connect.then(|| connect(plan, &folder)).transpose())
        .inspect_err(|_| file.remove())?;
    Ok(Bound { listener, file, client })
}

/// Gives the socket its mode and owner, and lets it listen.
fn listen(
    plan: &SocketPlan,
    folder: &Folder<'_>,
    listener: &OwnedFd,
    stat: &FileStat,
    owner: Option<Owner>,
) -> Result<()> {
    let system = |syscall, errno| failed(plan, syscall, errno);
    if stat.st_mode & 0o777 != plan.mode as nix::sys::stat::mode_t {
        // The umask, which is the whole program's, has taken bits away.
        sys::widen(folder.as_fd(), folder.name(), FileId::of(stat), plan.mode)
            .map_err(|errno| system("chmod", errno))?;
    }
    if let Some(Owner { uid, gid }) = owner {
        let (uid, gid) = (uid.map(Uid::from_raw), Some(Gid::from_raw(gid)));
        fchownat(folder.as_fd(), folder.name(), uid, gid, AtFlags::AT_SYMLINK_NOFOLLOW)
            .map_err(|errno| system("fchownat", errno))?;
    }
    sys::listen_with(listener.as_fd(), BACKLOG).map_err(|errno| system("listen", errno))?;
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

fn failed(plan: &SocketPlan, syscall: &'static str, errno: Errno) -> Error {
    let path = plan.path.display();
    if errno == Errno::ENAMETOOLONG {
        return too_long(&plan.path);
    }
    Error::system("socket", syscall, errno, format!("{path}: no socket can be made")).at(&plan.path)
}

/// In the process that becomes the daemon, which makes no connection of its own.
impl From<Bound> for Listener {
    fn from(Bound { listener, file, .. }: Bound) -> Self {
        Self::bound(listener, file)
    }
}
