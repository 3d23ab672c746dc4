//! The socket by which others control a keeper, beside the pidfile. The keeper serves its own user and root; a client
//! talks to nobody but the proven holder of the pidfile.

use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::stat::lstat;
use nix::unistd::geteuid;

use crate::error::{Error, ErrorKind, Pid, Result, Subject};
use crate::given::{ListenAddress, ListenPlan, SocketPlan};
use crate::handover::Channel;
use crate::listener::{BACKLOG, BoundFile};
use crate::pidfile::{Abort, Cancel, PidFile, Status};
use crate::plan::ClientPlan;
use crate::process::Process;
use crate::seam;
use crate::socket::{Dialled, bind_unheard, dial};
use crate::sys::{self, FileId};

/// Only the keeper's user, and root, who may always.
const MODE: u32 = 0o600;

/// The socket before it listens: who makes a keeper binds it, under the pidfile's lock. The keeper itself has it
/// listen, because the kernel tells clients who has done that.
#[derive(Debug)]
pub struct ControlSocket {
    fd: OwnedFd,
    file: BoundFile,
}

impl ControlSocket {
    /// Binds it beside that pidfile, which this process has locked. A socket that is left there by a keeper that was
    /// killed is replaced.
    ///
    /// # Errors
    ///
    /// As for the socket of a daemon ([`SocketPlan`]).
    pub(crate) fn bind(pidfile: &Path, cancel: Option<&Cancel>) -> Result<Self> {
        let plan = SocketPlan { path: beside(pidfile), mode: MODE, connect: false };
        let (fd, file) = bind_unheard(&plan, cancel).map_err(|error| match error.kind() {
            // Its path follows from the pidfile's.
            ErrorKind::InvalidOption => error.about(Subject::PidFile),
            _ => error,
        })?;
        seam::at("control.bound");
        Ok(Self { fd, file })
    }

    /// Which file it is, as the keeper is told: two numbers.
    pub(crate) fn told(&self) -> String {
        self.file.id().to_string()
    }

    /// The socket that was bound for the keeper of that pidfile, by what it was told ([`ControlSocket::told`]); `None`
    /// for anything else.
    pub fn of(pidfile: &Path, fd: OwnedFd, told: &str) -> Option<Self> {
        Some(Self { fd, file: BoundFile::new(&beside(pidfile), told.parse().ok()?) })
    }

    /// Refuses a declared socket at the same path, which would take its place.
    ///
    /// # Errors
    ///
    /// `StartFailed` with step `listen`.
    pub(crate) fn refuse_as(&self, declared: &ListenPlan) -> Result<()> {
        let ListenAddress::Path { path, .. } = &declared.address else { return Ok(()) };
        if !lstat(path).is_ok_and(|stat| FileId::of(&stat) == self.file.id()) {
            return Ok(());
        }
        let message = format!(
            "listen.{}: {declared}: the keeper's own socket is there; take another path",
            declared.name
        );
        Err(Error::new(ErrorKind::StartFailed, message).during("listen").about(Subject::Listen))
    }

    pub(crate) fn remove_file(&self) {
        self.file.remove();
    }
}

/// Removes the control socket that a keeper has left which was killed. The caller holds the lock of the pidfile, so
/// that no keeper of it is alive.
pub(crate) fn remove_left_control(pidfile: &Path) {
    if lstat(&beside(pidfile)).is_err() {
        return;
    }
    // By the checks with which the next keeper would take its place. What they refuse stays.
    if let Ok(control) = ControlSocket::bind(pidfile, None) {
        control.remove_file();
    }
}

impl AsFd for ControlSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Who is there when a control socket is asked for a client.
#[derive(Debug)]
pub enum Accepted {
    /// A client.
    Client(Channel),
    /// Nobody, or nobody any more.
    Nobody,
    /// Somebody, who waits on: no descriptor is left, or no memory.
    NoRoom,
}

/// The listening socket. Its file is removed with it.
#[derive(Debug)]
pub struct Control {
    listener: OwnedFd,
    file: BoundFile,
}

impl Control {
    /// Listens.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn listen(ControlSocket { fd, file }: ControlSocket) -> Result<Self> {
        sys::listen_with(fd.as_fd(), BACKLOG)
            .map_err(|errno| Error::system("control", "listen", errno, "nobody can control the keeper"))?;
        Ok(Self { listener: fd, file })
    }

    /// Accepts a client that waits, if it is this user's or root's; others are turned away.
    pub fn accept(&self) -> Accepted {
        loop {
            let fd = match sys::accept_from(self.listener.as_fd()) {
                Ok(fd) => fd,
                Err(Errno::EAGAIN) => return Accepted::Nobody,
                // It has gone again.
                Err(Errno::ECONNABORTED) => continue,
                Err(_) => return Accepted::NoRoom,
            };
            let peer = sys::peer_of(fd.as_fd());
            if peer.is_ok_and(|peer| peer.uid == 0 || peer.uid == geteuid().as_raw()) {
                return Accepted::Client(Channel::of_control(fd));
            }
        }
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.file.remove();
        seam::at("control.removed");
    }
}

/// Connects to the keeper that holds the pidfile. A lack of proof that may pass is given a second to pass: call this on
/// a thread of its own.
///
/// # Errors
///
/// `NotRunning` when none holds it, or one that starts or ends, and when aborted; `Unverified` when the holder cannot
/// be proven, or accepts nobody; `Unsupported` when the holder is no keeper, or is another process than the one that
/// listens; `PermissionDenied` for another user's.
pub fn control(pidfile: &PidFile, abort: &Abort) -> Result<Channel> {
    match pidfile.proven_holder(abort)? {
        Some(holder) => control_of(pidfile, holder.process()),
        None => Err(pidfile.not_running()),
    }
}

/// How often a socket is tried at which nobody listens though the daemon serves: it may have become ready in between.
const TRIES: usize = 3;

/// Connects to the keeper that has been proven to hold the pidfile.
///
/// # Errors
///
/// As [`control`], but for the proof.
pub(super) fn control_of(pidfile: &PidFile, holder: &Process) -> Result<Channel> {
    let pid = holder.pid();
    let plan = ClientPlan {
        path: beside(pidfile.path()),
        pidfile: pidfile.clone(),
        user: None,
        hello: false,
        patience: Duration::ZERO,
        cancel: None,
    };
    let mut is_full = false;
    for _ in 0..TRIES {
        match dial(&plan)? {
            Dialled::Waiting(fd) => return recognised(fd, pid),
            dialled => is_full = matches!(dialled, Dialled::Full),
        }
        check_serves(pidfile, pid)?;
    }
    Err(if is_full { busy(pid) } else { no_keeper(pid) })
}

/// The connection, if the keeper is at its other end.
fn recognised(fd: OwnedFd, pid: Pid) -> Result<Channel> {
    let peer = sys::peer_of(fd.as_fd())
        .map_err(|errno| Error::system("control", "getsockopt", errno, "the keeper cannot be recognised"))?;
    // Where the kernel tells no PID the user must do.
    let is_holder = peer.pid.is_none_or(|peer| peer == pid);
    if is_holder && (peer.uid == 0 || peer.uid == geteuid().as_raw() || geteuid().is_root()) {
        return Ok(Channel::to_control(fd));
    }
    Err(no_keeper(pid))
}

/// A daemon that starts does not listen yet, and one that ends does not any more.
fn check_serves(pidfile: &PidFile, pid: Pid) -> Result<()> {
    match pidfile.status()? {
        Status::Running { starting: false, stopping: false, .. } => Ok(()),
        // Without proof for a moment, since it had been proven before.
        Status::Running { .. } | Status::Unverified(_) => {
            let message = format!("the daemon with PID {pid} does not serve: it starts, or ends");
            Err(Error::new(ErrorKind::NotRunning, message).with_pid(Some(pid)))
        }
        Status::Stopped { .. } => Err(pidfile.not_running()),
    }
}

/// Its queue is full: it is stopped, or has more to do than it can.
fn busy(pid: Pid) -> Error {
    let message = format!("the keeper with PID {pid} accepts nobody at its control socket: is it stopped?");
    Error::new(ErrorKind::Unverified, message).with_pid(Some(pid))
}

fn no_keeper(pid: Pid) -> Error {
    let message = format!("the daemon with PID {pid} has no keeper; stop it, and start it with respawn");
    Error::new(ErrorKind::Unsupported, message).with_pid(Some(pid))
}

impl PidFile {
    /// Tells whether the daemon may have a keeper: the socket by which it is asked is beside the pidfile. A keeper that
    /// was killed leaves one, too.
    pub fn may_have_keeper(&self) -> bool {
        lstat(&beside(self.path())).is_ok()
    }
}

/// `web.ctl` for `web.pid`.
pub(super) fn beside(pidfile: &Path) -> PathBuf {
    let path = pidfile.as_os_str().as_bytes();
    let path = path.strip_suffix(b".pid").unwrap_or(path);
    OsString::from_vec([path, b".ctl"].concat()).into()
}
