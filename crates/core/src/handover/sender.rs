//! Sending beside the channel's owner: frames, and the rest of a payload.

use std::os::fd::{AsFd, OwnedFd};

use nix::sys::socket::MsgFlags;

use super::encoder::{end_frame, send_frame};
use super::frame::FrameKind;
use super::header::unsendable;
use crate::error::Result;

/// Sends frames; does not keep the channel alive for the other end once its [`Channel`](super::Channel) is dropped.
#[derive(Debug)]
pub struct Sender {
    fd: OwnedFd,
}

impl Sender {
    pub(super) fn new(fd: OwnedFd) -> Self {
        Self { fd }
    }

    /// Sends a frame, and waits until all of it is under way.
    ///
    /// # Errors
    ///
    /// When the other end is closed, or the body is longer than such a frame may be.
    pub fn send(&self, kind: FrameKind, body: &[u8]) -> Result<()> {
        send_frame(self.fd.as_fd(), kind, body, MsgFlags::empty())
            .map_err(|problem| unsendable(problem, body))
    }
}

/// The part of a payload that has found no room in the channel. Dropped, it is never sent.
#[derive(Debug)]
pub struct Unsent {
    fd: OwnedFd,
    /// How many bytes of the frame are under way.
    sent: usize,
    /// What a keeper is told, which the payload is a part of.
    order: Option<Vec<u8>>,
}

impl Unsent {
    pub(super) fn new(Sender { fd }: Sender, sent: usize) -> Self {
        Self { fd, sent, order: None }
    }

    /// The rest of this order instead: a keeper is told more than the payload.
    pub(crate) fn of_order(self, order: Vec<u8>) -> Self {
        Self { order: Some(order), ..self }
    }

    /// Sends it, and waits until all of it is under way. `payload` is the whole one that was given to the launch.
    ///
    /// # Errors
    ///
    /// When the other end is closed.
    pub fn send(self, payload: &[u8]) -> Result<()> {
        let payload = self.order.as_deref().unwrap_or(payload);
        end_frame(self.fd.as_fd(), FrameKind::Payload, payload, self.sent)
            .map_err(|problem| unsendable(problem, payload))
    }
}
