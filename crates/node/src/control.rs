//! Conversations with a keeper, by the socket beside the pidfile.

use std::io;
use std::sync::Arc;

use daimon_core::{
    Abort, Channel, Error, FrameKind, PidFile, Result, WatchId, control, unwatch, watch_channel,
};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::channel_listener::ChannelListener;
use crate::waits::{NativeEvent, Shared, Waits};

#[napi]
impl Waits {
    /// Asks the keeper that holds the pidfile for its bodies. Event `bodies`, or `failed`, or `ended`.
    #[napi]
    pub fn bodies(&self, pid_file: String) -> u32 {
        self.talk(pid_file, FrameKind::Bodies, Vec::new())
    }

    /// Asks the keeper that holds the pidfile for an upgrade. `order` is as the keeper reads it. Events `status`,
    /// `error` and `exit` of the new generation; at last `ready`, `ended` or `failed`. Giving the wait up gives the
    /// upgrade up.
    #[napi]
    pub fn upgrade(&self, pid_file: String, order: Buffer) -> u32 {
        self.talk(pid_file, FrameKind::Upgrade, order.to_vec())
    }
}

impl Waits {
    fn talk(&self, pid_file: String, kind: FrameKind, body: Vec<u8>) -> u32 {
        let wait = self.next();
        let (abort, shared) = (self.abortable(wait), Arc::clone(&self.shared));
        let work = move || match ask(pid_file, &abort, kind, &body) {
            Ok(Some(channel)) => listen(&shared, wait, channel),
            Ok(None) => (),
            Err(error) => shared.emit(NativeEvent::failed(wait, error)),
        };
        self.spawn(wait, Box::new(work));
        wait
    }
}

/// Connects to the keeper, and sends it the question; `None` when aborted before that. To send may take long, so that
/// an abort does not wait for its end: the keeper then gets the question of a client that leaves.
fn ask(pid_file: String, abort: &Abort, kind: FrameKind, body: &[u8]) -> Result<Option<Channel>> {
    let channel = control(&PidFile::new(pid_file)?, abort)?;
    if abort.is_aborted() {
        return Ok(None);
    }
    match channel.sender()?.send(kind, body) {
        // A keeper that turns a client away says why before it closes: that is still to be heard.
        Err(error) if !is_closed(&error) => Err(error),
        _ => Ok(Some(channel)),
    }
}

fn is_closed(error: &Error) -> bool {
    let kind = error.os_error().map(|error| error.kind());
    matches!(kind, Some(io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset))
}

fn listen(shared: &Arc<Shared>, wait: u32, channel: Channel) {
    let mut listener = ChannelListener::new(shared, wait);
    match watch_channel(channel, move |event| listener.hear(event)) {
        Ok(watch) => remember(shared, wait, watch),
        Err(error) => shared.emit(NativeEvent::failed(wait, error)),
    }
}

/// A wait that was given up before its watch has no entry any more: the keeper loses the client at once.
fn remember(shared: &Shared, wait: u32, watch: WatchId) {
    let mut state = shared.state();
    if state.aborts.contains_key(&wait) {
        state.watches.insert(wait, watch);
    } else {
        drop(state);
        unwatch(watch);
    }
}
