//! From frames to bytes.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;

use nix::errno::Errno;
use nix::sys::socket::MsgFlags;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage};

use super::decoder::HEADER;
use super::frame::FrameKind;
use super::header::{NotSent, header_of};
use crate::sys;

/// Sends a frame. With `MSG_DONTWAIT` in `flags` a frame that finds no room at all is `EAGAIN` and is not sent; one
/// that has begun is always completed.
pub(crate) fn send_frame(
    fd: BorrowedFd<'_>,
    kind: FrameKind,
    body: &[u8],
    flags: MsgFlags,
) -> std::result::Result<(), NotSent> {
    send_frame_with(fd, kind, body, None, flags)
}

/// The same, with a descriptor, which comes with the frame's first byte.
pub(crate) fn send_frame_with(
    fd: BorrowedFd<'_>,
    kind: FrameKind,
    body: &[u8],
    descriptor: Option<BorrowedFd<'_>>,
    flags: MsgFlags,
) -> std::result::Result<(), NotSent> {
    let sent = send_part(fd, kind, body, 0, descriptor, flags)?;
    end_frame(fd, kind, body, sent)
}

/// Sends of a frame what finds room, without waiting. Gives how many bytes that were.
pub(super) fn begin_frame(
    fd: BorrowedFd<'_>,
    kind: FrameKind,
    body: &[u8],
    descriptor: Option<BorrowedFd<'_>>,
) -> std::result::Result<usize, NotSent> {
    match send_part(fd, kind, body, 0, descriptor, MsgFlags::MSG_DONTWAIT) {
        Err(NotSent::System(Errno::EAGAIN)) => Ok(0),
        other => other,
    }
}

/// Sends the rest of a frame of which `sent` bytes are under way, and waits until all of it is.
pub(super) fn end_frame(
    fd: BorrowedFd<'_>,
    kind: FrameKind,
    body: &[u8],
    mut sent: usize,
) -> std::result::Result<(), NotSent> {
    while sent < length(body) {
        sent += send_part(fd, kind, body, sent, None, MsgFlags::empty())?;
    }
    Ok(())
}

/// The bytes of a frame with that body.
pub(super) const fn length(body: &[u8]) -> usize {
    HEADER + body.len()
}

fn send_part(
    fd: BorrowedFd<'_>,
    kind: FrameKind,
    body: &[u8],
    sent: usize,
    descriptor: Option<BorrowedFd<'_>>,
    flags: MsgFlags,
) -> std::result::Result<usize, NotSent> {
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut with = SendAncillaryBuffer::new(&mut room);
    let descriptor = descriptor.as_slice();
    if !descriptor.is_empty() {
        with.push(SendAncillaryMessage::ScmRights(descriptor));
    }
    let header = header_of(kind, body).ok_or(NotSent::TooLong)?;
    // Header and body are not copied together, because a payload may need as much memory as the process has left.
    let parts = [&header[sent.min(HEADER)..], &body[sent.saturating_sub(HEADER)..]].map(IoSlice::new);
    loop {
        match sys::send_with(fd, &parts, &mut with, flags) {
            Err(Errno::EINTR) => (),
            sent => return sent.map_err(NotSent::System),
        }
    }
}
