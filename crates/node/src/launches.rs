//! A launch: what it gives, and what its daemon's channel brings.

use std::sync::Arc;

use daimon_core::{
    BoundFile, Channel, Group, Launched, LogTail, Plan, Process, Stream, Unsent, WatchId, launch, unwatch,
    watch_channel,
};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::channel_listener::ChannelListener;
use crate::kinds::NativeEventKind;
use crate::process::ProcessHandle;
use crate::waits::{NativeEvent, Shared};

/// A launched daemon: everything of it but the channel, which brings its frames as events.
#[napi]
pub struct LaunchedDaemon {
    pid: i32,
    process: Option<Process>,
    log: Option<LogTail>,
    /// If dropped before the daemon is ready, a thread ends the group.
    pub(crate) group: Option<Group>,
    /// The launcher's own connection, until it is taken.
    pub(crate) client: Option<Stream>,
    pub(crate) socket: Option<BoundFile>,
}

#[napi]
impl LaunchedDaemon {
    #[napi(getter)]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// A handle on it; null when it had ended, or no descriptor was left, before one could be had.
    #[napi]
    pub fn process(&self) -> Option<ProcessHandle> {
        self.process.clone().map(ProcessHandle::new)
    }

    /// Gives its descriptors back now, not when it is collected some day, and lets go of a daemon that is ready.
    #[napi]
    pub fn release(&mut self) {
        (self.process, self.log, self.client) = (None, None, None);
        if let Some(group) = self.group.take() {
            group.release();
        }
    }

    /// The last `limit` bytes that it has written; null where its output cannot be read back.
    #[napi]
    pub fn log(&self, limit: u32) -> Option<Buffer> {
        self.log.as_ref().map(|log| log.read(limit as usize).into())
    }
}

impl Shared {
    /// Keeps what was launched until it is taken; gives its channel, and what is to be sent there. `None` when the wait
    /// has been given up meanwhile: the start then is, too, unless its daemon has a socket.
    fn keep(&self, wait: u32, launched: Launched) -> Option<(Channel, Option<Unsent>)> {
        let mut state = self.state();
        if !state.cancels.contains_key(&wait) {
            drop(state);
            launched.forsake();
            return None;
        }
        let Launched { pid, process, channel, unsent, log, group, client, socket } = launched;
        let group = Some(group);
        state.launched.insert(wait, LaunchedDaemon { pid, process, log, group, client, socket });
        Some((channel, unsent))
    }
}

pub(crate) fn launch_and_listen(shared: &Arc<Shared>, wait: u32, plan: &Plan, payload: &[u8]) {
    let launched = match launch(plan, Some(payload)) {
        Ok(launched) => launched,
        Err(error) => return shared.emit(NativeEvent::failed(wait, error)),
    };
    let Some((channel, unsent)) = shared.keep(wait, launched) else { return };
    shared.emit(NativeEvent::new(wait, NativeEventKind::Launched));
    let mut listener = ChannelListener::new(shared, wait);
    match watch_channel(channel, move |event| listener.hear(event)) {
        Ok(watch) => remember(shared, wait, watch),
        Err(error) => return shared.emit(NativeEvent::failed(wait, error)),
    }
    // An error of the system means that the daemon has died, which its channel tells as well.
    if let Some(Err(error)) = unsent.map(|unsent| unsent.send(payload))
        && error.os_error().is_none()
    {
        shared.emit(NativeEvent::failed(wait, error));
    }
}

/// A wait that was given up between launch and watch has no entry any more.
fn remember(shared: &Shared, wait: u32, watch: WatchId) {
    let mut state = shared.state();
    if state.cancels.remove(&wait).is_some() {
        state.watches.insert(wait, watch);
    } else {
        drop(state);
        unwatch(watch);
    }
}
