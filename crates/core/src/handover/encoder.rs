//! From frames to bytes.

use std::io::IoSlice;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, sendmsg};

use super::decoder::HEADER;
use super::frame::FrameKind;
use crate::sys;

/// Why a frame is not sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotSent {
    /// Its body is longer than that of such a frame may be.
    TooLong,
    System(Errno),
}

/// The bytes before a frame's body; `None` if the body is longer than that of such a frame may be.
pub(super) fn header_of(kind: FrameKind, body: &[u8]) -> Option<[u8; HEADER]> {
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= kind.longest())?;
    let mut header = [kind.tag(); HEADER];
    header[1..].copy_from_slice(&length.to_le_bytes());
    Some(header)
}

/// Sends a frame. With `MSG_DONTWAIT` in `flags` a frame that finds no room at all is `EAGAIN` and is not sent; one
/// that has begun is always completed.
pub(crate) fn send_frame(
    fd: BorrowedFd<'_>,
    kind: FrameKind,
    body: &[u8],
    flags: MsgFlags,
) -> std::result::Result<(), NotSent> {
    let header = header_of(kind, body).ok_or(NotSent::TooLong)?;
    let mut sent = 0;
    while sent < HEADER + body.len() {
        let how = if sent == 0 { flags } else { MsgFlags::empty() };
        // Header and body are not copied together, because a payload may need as much memory as the process has left.
        let parts = [&header[sent.min(HEADER)..], &body[sent.saturating_sub(HEADER)..]].map(IoSlice::new);
        match sendmsg::<()>(fd.as_raw_fd(), &parts, &[], how | sys::NO_SIGPIPE, None) {
            Ok(count) => sent += count,
            Err(Errno::EINTR) => (),
            Err(errno) => return Err(NotSent::System(errno)),
        }
    }
    Ok(())
}
