//! The sockets that a body can have, by their keys: those that its keeper has sent, and those that it has opened
//! itself. All threads of the body share them. Runs in a body.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Mutex;

use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::AcceptConn;

use super::kept_socket::KeptSocket;
use crate::handover::FrameKind;
use crate::listener::BACKLOG;
use crate::mutex::lock;
use crate::own::own_daemon;
use crate::sys;

/// A socket, with its key and, where it was declared, its name.
#[derive(Debug)]
struct Shared {
    key: String,
    name: Option<String>,
    fd: OwnedFd,
}

static SHARED: Mutex<Vec<Shared>> = Mutex::new(Vec::new());

/// Takes the sockets that the keeper has sent before this body began; waits until all are there. Once.
pub fn take_kept_sockets() {
    let Some(daemon) = own_daemon() else { return };
    while let Some((frame, descriptor)) = daemon.wait_for_frame() {
        let Some(fd) = descriptor.filter(|_| frame.kind == FrameKind::Socket) else { return };
        let text = String::from_utf8_lossy(&frame.body);
        let (key, name) = sys::halves(&text, b'\n').map_or((&*text, None), |(key, name)| (key, Some(name)));
        lock(&SHARED).push(Shared { key: key.to_owned(), name: name.map(str::to_owned), fd });
    }
}

/// Gives the names of the sockets that were declared, with a descriptor of each, which stays open.
pub fn declared_sockets() -> Vec<(String, i32)> {
    let shared = lock(&SHARED);
    shared.iter().filter_map(|one| Some((one.name.clone()?, one.fd.as_raw_fd()))).collect()
}

/// Gives the key of the declared socket with that descriptor; `None` for any other.
pub fn key_of_declared(fd: i32) -> Option<String> {
    let shared = lock(&SHARED);
    let found = shared.iter().find(|one| one.name.is_some() && one.fd.as_raw_fd() == fd);
    found.map(|one| one.key.clone())
}

/// Gives a duplicate of the socket with that key; `None` when this body cannot have it, or no descriptor is left.
pub fn kept_socket(key: &str) -> Option<OwnedFd> {
    let shared = lock(&SHARED);
    shared.iter().find(|one| one.key == key)?.fd.try_clone().ok()
}

/// Gives the keeper a duplicate of a socket that this body has opened, which listens from then on, for those that
/// follow, with its flags as in [`super::socket_key`]. The socket's key; `None` for one that others cannot have.
pub fn share_socket(fd: BorrowedFd<'_>, flags: &str) -> Option<String> {
    let daemon = own_daemon()?;
    if getsockopt(&fd, AcceptConn) == Ok(false) {
        // `cluster` has its workers listen, each a while later.
        sys::listen_with(fd, BACKLOG).ok()?;
    }
    let (own, said) = KeptSocket::described(fd.try_clone_to_owned().ok()?, flags)?;
    let key = own.key().to_owned();
    if !daemon.tell_keeper(FrameKind::Socket, said.as_bytes(), Some(own.as_fd())) {
        return None;
    }
    let mut shared = lock(&SHARED);
    if !shared.iter().any(|one| one.key == key) {
        shared.push(Shared { key: key.clone(), name: None, fd: own.into() });
    }
    Some(key)
}

/// Forgets a socket that the program has closed, unless it was declared.
pub fn give_up_socket(key: &str) {
    lock(&SHARED).retain(|one| one.name.is_some() || one.key != key);
}
