//! What a daemon does with its socket.

use std::path::Path;
use std::sync::Arc;

use daimon_core::{
    Error, Listener, OwnDaemon, Visitor, duplicate_socket, own_daemon, resume_listener, watch_listener,
};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::convert::NativeError;
use crate::kinds::NativeEventKind;
use crate::plan::duration;
use crate::waits::{NativeEvent, Waits};

#[napi]
impl Waits {
    /// Event `done` when a connection waits at the daemon's socket; once, and once more after each `listen_again`. What
    /// keeps that from being seen is told at once.
    #[napi]
    pub fn listener(&self) -> Either<u32, NativeError> {
        let wait = self.next();
        let shared = Arc::clone(&self.shared);
        let callback = move || shared.emit(NativeEvent::new(wait, NativeEventKind::Done));
        let watch = own_daemon().and_then(|daemon| daemon.map_listener(|it| watch_listener(it, callback)));
        match watch.transpose() {
            Ok(watch) => {
                self.shared.state().watches.extend(watch.map(|watch| (wait, watch)));
                Either::A(wait)
            }
            Err(error) => Either::B(error.into()),
        }
    }

    /// The error, if any, is returned; it may be tried again.
    #[napi]
    pub fn listen_again(&self, wait: u32) -> Option<NativeError> {
        let watch = self.shared.state().watches.get(&wait).copied()?;
        resume_listener(watch).err().map(NativeError::from)
    }
}

/// A connection that was accepted: its descriptor, which the caller closes, and who has made it.
#[napi(object)]
pub struct NativeVisitor {
    pub fd: i32,
    pub pid: Option<i32>,
    /// Absent where users have no numbers, as the group's.
    pub uid: Option<u32>,
    pub gid: Option<u32>,
}

/// Makes the socket that this daemon has inherited, and whose path is `path`, its own. Whether it has one to serve, or
/// the error.
#[napi]
pub fn take_listener(path: String) -> Either<bool, NativeError> {
    match own_daemon().map(|daemon| daemon.take_listener(Path::new(&path))).transpose() {
        Ok(taken) => Either::A(taken == Some(true)),
        Err(error) => Either::B(error.into()),
    }
}

/// Makes a socket of the supervisor the daemon's; false when it is none.
#[napi]
pub fn listen_at(fd: i32) -> bool {
    let (Some(daemon), Some(socket)) = (own_daemon(), duplicate_socket(fd)) else { return false };
    daemon.listen_at(socket);
    true
}

/// Listens at the daemon's socket, so that clients see this process; the error, if any, is returned.
#[napi]
pub fn listen() -> Option<NativeError> {
    let listened: Option<std::result::Result<(), Error>> = own_daemon()?.map_listener(Listener::listen);
    listened?.err().map(NativeError::from)
}

/// Accepts a connection that waits, and says hello; null when none waits. The error, if any, is returned.
#[napi]
pub fn accept(hello: bool, version: Option<String>) -> Option<Either<NativeVisitor, NativeError>> {
    let accepted = own_daemon()?
        .map_listener(|listener| listener.accept_number(hello, version.as_deref()))?
        .transpose()?;
    Some(match accepted {
        Ok(Visitor { fd, pid, uid, gid }) => Either::A(NativeVisitor { fd, pid, uid, gid }),
        Err(error) => Either::B(error.into()),
    })
}

/// Whether a connection waits to be accepted.
#[napi]
pub fn has_waiting() -> bool {
    own_daemon().and_then(|daemon| daemon.map_listener(Listener::has_waiting)) == Some(true)
}

/// Whether the path still stands for the daemon's socket; null when that cannot be seen, or there is none any more.
#[napi]
pub fn is_at_its_path() -> Option<bool> {
    own_daemon()?.map_listener(Listener::is_at_its_path)?
}

/// Whether the process that stops this daemon has another version take its place.
#[napi]
pub fn is_displaced() -> bool {
    own_daemon().is_some_and(OwnDaemon::is_displaced)
}

/// Gives the daemon's socket up: nobody finds it, nobody can join, and who waits is told by the end of the connection.
#[napi]
pub fn leave() {
    if let Some(daemon) = own_daemon() {
        daemon.leave();
    }
}

/// The launcher's death no longer ends this daemon before it is ready; after so many milliseconds it ends itself.
#[napi]
pub fn outlive_launcher(patience: f64) {
    if let Some(daemon) = own_daemon() {
        daemon.outlive_launcher(duration(patience));
    }
}
