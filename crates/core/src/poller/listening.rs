//! Waits for connections at the daemon's own socket.

use std::os::fd::AsFd;
use std::sync::Arc;

use super::watches::Watch;
use super::{New, POLLER, WatchId, add};
use crate::error::{Error, Result};
use crate::listener::Listener;
use crate::mutex::lock;
use crate::sys::{self, Failure};

/// Calls back, on the poller's thread, when a connection waits at the daemon's socket, or it can have none any more;
/// once, and once more after each [`resume_listener`].
///
/// ```no_run
/// use daimon_core::{own_daemon, watch_listener};
///
/// if let Some(daemon) = own_daemon() {
///     daemon.map_listener(|listener| watch_listener(listener, || println!("somebody is there")));
/// }
/// ```
///
/// # Errors
///
/// `StartFailed` with the system's, if no descriptor or thread is left.
pub fn watch_listener(listener: &Listener, callback: impl Fn() + Send + Sync + 'static) -> Result<WatchId> {
    let fd = listener.fd().try_clone_to_owned();
    let fd = fd.map_err(|error| unwatched(("fcntl", sys::errno_of(&error))))?;
    add(New::Readable(fd, Arc::new(callback))).map_err(unwatched)
}

/// Watches the daemon's socket again, after [`watch_listener`] has called back; does nothing if that was given up. It
/// takes no descriptor, so that a daemon that has none left goes on.
///
/// # Errors
///
/// `StartFailed` with the system's, if it has no memory left for it.
pub fn resume_listener(id: WatchId) -> Result<()> {
    let present = lock(&POLLER);
    let Some(poller) = &*present else { return Ok(()) };
    let watches = lock(&poller.watches);
    let Some(Watch::Readable { fd, .. }) = watches.by_number.get(&id.0) else { return Ok(()) };
    // It may have been resumed already: a set takes each descriptor once.
    poller.selector.remove_readable(fd.as_fd());
    poller.selector.add_readable(fd.as_fd(), id.0).map_err(unwatched)
}

fn unwatched((syscall, errno): Failure) -> Error {
    Error::system("wait", syscall, errno, "the socket cannot be watched")
}
