//! Waits for connections at the daemon's own socket.

use std::sync::Arc;

use super::watches::Watch;
use super::{New, POLLER, WatchId, add};
use crate::error::{Error, Result};
use crate::listener::Listener;
use crate::mutex::lock;
use crate::sys::{self, Failure, Source};

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
    let source = listener.source().map_err(unwatched)?;
    add(New::Readable(source, Arc::new(callback))).map_err(unwatched)
}

/// The same for any descriptor that can be read, or whose other end is closed.
///
/// # Errors
///
/// As [`watch_listener`].
pub fn watch_readable(source: Source, callback: impl Fn() + Send + Sync + 'static) -> Result<WatchId> {
    add(New::Readable(source, Arc::new(callback))).map_err(unwatched)
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
    let Some(Watch::Readable { source, .. }) = watches.by_number.get(&id.0) else { return Ok(()) };
    // It may have been resumed already: a set takes each descriptor once.
    poller.selector.remove_readable(sys::borrow(source));
    poller.selector.add_readable(sys::borrow(source), id.0).map_err(unwatched)
}

fn unwatched((syscall, errno): Failure) -> Error {
    Error::system("wait", syscall, errno, "the socket cannot be watched")
}
