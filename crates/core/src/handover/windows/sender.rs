//! Sending beside the channel's owner: frames, and the rest of a payload.

use std::time::Duration;

use crate::error::Result;
use crate::handover::FrameKind;
use crate::handover::header::{NotSent, header_of, unsendable};
use crate::sys::Pipe;

/// How long the other end may take to read a frame. A daemon that hangs does not read.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends frames; does not keep the channel alive for the other end once its [`Channel`](crate::Channel) is dropped.
#[derive(Debug)]
pub struct Sender {
    pipe: Pipe,
}

impl Sender {
    pub(super) fn new(pipe: Pipe) -> Self {
        Self { pipe }
    }

    /// Sends a frame, and waits until all of it is under way.
    ///
    /// # Errors
    ///
    /// When the other end is closed, or the body is longer than such a frame may be.
    pub fn send(&self, kind: FrameKind, body: &[u8]) -> Result<()> {
        send_frame(&self.pipe, kind, body).map_err(|problem| unsendable(problem, body))
    }
}

/// The part of a payload that has found no room in the channel. Dropped, it is never sent.
#[derive(Debug)]
pub struct Unsent {
    sender: Sender,
}

impl Unsent {
    pub(super) fn new(sender: Sender) -> Self {
        Self { sender }
    }

    /// Sends it, and waits until all of it is under way. `payload` is the whole one.
    ///
    /// # Errors
    ///
    /// When the other end is closed.
    pub fn send(self, payload: &[u8]) -> Result<()> {
        self.sender.send(FrameKind::Payload, payload)
    }
}

/// Sends a frame, and waits until all of it is under way.
pub(crate) fn send_frame(pipe: &Pipe, kind: FrameKind, body: &[u8]) -> std::result::Result<(), NotSent> {
    let header = header_of(kind, body).ok_or(NotSent::TooLong)?;
    pipe.write_all(&header, PATIENCE).and_then(|()| pipe.write_all(body, PATIENCE)).map_err(NotSent::System)
}
