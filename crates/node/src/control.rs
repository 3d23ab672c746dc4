//! Conversations with a keeper, by the socket beside the pidfile.

use std::sync::Arc;

use daimon_core::{Abort, Channel, ChannelEvent, FrameKind, PidFile, Result, control, watch_channel};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::kinds::NativeEventKind;
use crate::waits::{NativeEvent, Waits};

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
        let shared = Arc::clone(&self.shared);
        let work = move || {
            let channel = connect(pid_file).and_then(|channel| ask(channel, kind, &body));
            let hearer = Arc::clone(&shared);
            let watch = channel
                .and_then(|channel| watch_channel(channel, move |event| hearer.emit(event_of(wait, event))));
            match watch {
                Ok(watch) => {
                    shared.state().watches.insert(wait, watch);
                }
                Err(error) => shared.emit(NativeEvent::failed(wait, error)),
            }
        };
        self.spawn(wait, Box::new(work));
        wait
    }
}

fn connect(pid_file: String) -> Result<Channel> {
    control(&PidFile::new(pid_file)?, &Abort::new())
}

fn ask(channel: Channel, kind: FrameKind, body: &[u8]) -> Result<Channel> {
    channel.sender()?.send(kind, body)?;
    Ok(channel)
}

fn event_of(wait: u32, event: ChannelEvent) -> NativeEvent {
    match event {
        ChannelEvent::Frame(frame) => match NativeEventKind::of(frame.kind) {
            Some(kind) => {
                let text = String::from_utf8_lossy(&frame.body).into_owned();
                NativeEvent { text: Some(text), ..NativeEvent::new(wait, kind) }
            }
            None => NativeEvent::new(wait, NativeEventKind::Ended),
        },
        ChannelEvent::Ended => NativeEvent::new(wait, NativeEventKind::Ended),
        ChannelEvent::Broken(error) => NativeEvent::failed(wait, error),
    }
}
