//! What a daemon's channel, or a keeper's, brings a wait.

use std::sync::Arc;

use daimon_core::{Backlog, ChannelEvent, FrameKind};

use crate::kinds::NativeEventKind;
use crate::waits::{NativeEvent, Shared};

/// Hears a channel, and passes its frames on as events: a program that writes to its descriptor without an end fills
/// neither the memory nor the event loop of this process.
pub(crate) struct ChannelListener {
    shared: Arc<Shared>,
    wait: u32,
    backlog: Backlog,
    /// The kinds of frames that have come already, of those that decide something.
    said: Vec<FrameKind>,
}

impl ChannelListener {
    pub(crate) fn new(shared: &Arc<Shared>, wait: u32) -> Self {
        Self { shared: Arc::clone(shared), wait, backlog: Backlog::default(), said: Vec::new() }
    }

    pub(crate) fn hear(&mut self, event: ChannelEvent) {
        let frame = match event {
            ChannelEvent::Frame(frame) => frame,
            ChannelEvent::Ended => {
                return self.shared.emit(NativeEvent::new(self.wait, NativeEventKind::Ended));
            }
            ChannelEvent::Broken(error) => {
                return self.shared.emit(NativeEvent::failed(self.wait, error));
            }
        };
        let Some(kind) = NativeEventKind::of(frame.kind) else { return };
        let ticket = if self.is_first_of_its_kind(frame.kind) {
            None
        } else {
            // None is passed on while too many are unheard.
            let Some(ticket) = self.backlog.admit() else { return };
            Some(ticket)
        };
        let text = String::from_utf8_lossy(&frame.body).into_owned();
        self.shared.emit_with(NativeEvent { text: Some(text), ..NativeEvent::new(self.wait, kind) }, ticket);
    }

    /// The first that decides something is passed on in any case. Others are progress, or an error or an exit code that
    /// the next one replaces.
    fn is_first_of_its_kind(&mut self, kind: FrameKind) -> bool {
        let is_first = decides(kind) && !self.said.contains(&kind);
        if is_first {
            self.said.push(kind);
        }
        is_first
    }
}

fn decides(kind: FrameKind) -> bool {
    match kind {
        FrameKind::Ready | FrameKind::Exit => true,
        #[cfg(unix)]
        FrameKind::Bodies | FrameKind::Refused => true,
        _ => false,
    }
}
