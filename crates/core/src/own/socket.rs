//! The socket of the daemon that this process is.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Mutex;

use super::OwnDaemon;
use crate::error::Result;
use crate::listener::{BoundFile, Listener};
use crate::mutex::lock;
use crate::seam;
use crate::sys::{self, FileId};

impl OwnDaemon {
    /// With the socket that the launch has made, and its file.
    pub(crate) fn with_inherited(self, socket: Option<(OwnedFd, FileId)>) -> Self {
        Self { is_on_demand: socket.is_some(), inherited: Mutex::new(socket), ..self }
    }

    /// With a socket that this process listens at.
    pub(crate) fn with_listener(self, listener: Option<Listener>) -> Self {
        Self { listener: Mutex::new(listener), ..self }
    }

    /// Makes the socket that the launch has bound at `path` the listener. Gives whether there is a socket to serve,
    /// which may be that of a supervisor.
    ///
    /// # Errors
    ///
    /// None: the socket is listened at later. On other systems as [`Listener::listen`].
    pub fn take_listener(&self, path: &Path) -> Result<bool> {
        let mut listener = lock(&self.listener);
        if let Some((fd, id)) = lock(&self.inherited).take() {
            *listener = Some(Listener::bound(fd, BoundFile::new(path, id)));
        }
        Ok(listener.is_some())
    }

    /// Makes a socket that the supervisor has opened the listener.
    pub fn listen_at(&self, socket: OwnedFd) {
        *lock(&self.listener) = Some(Listener::activated(socket));
    }

    /// Does something with the listener; `None` when there is none, or none any more.
    pub fn map_listener<T>(&self, work: impl FnOnce(&Listener) -> T) -> Option<T> {
        lock(&self.listener).as_ref().map(work)
    }

    /// Gives the socket up ([`Listener::leave`]); once.
    pub fn leave(&self) {
        if !self.is_starting() {
            sys::mark_leaving(self.lock.as_fd());
        }
        seam::at("leave.marked");
        let listener = lock(&self.listener).take();
        if let Some(listener) = listener {
            listener.leave();
        }
    }
}
