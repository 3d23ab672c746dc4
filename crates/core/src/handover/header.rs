//! The bytes before a frame's body.

use super::decoder::HEADER;
use super::frame::FrameKind;
use crate::error::{Error, ErrorKind};
use crate::sys::Errno;

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

pub(super) fn unsendable(problem: NotSent, body: &[u8]) -> Error {
    match problem {
        NotSent::TooLong => {
            let message = format!("the message of {} bytes is longer than the channel takes", body.len());
            Error::new(ErrorKind::StartFailed, message).during("payload")
        }
        NotSent::System(errno) => {
            Error::system("payload", "sendmsg", errno, "the other end of the channel is closed")
        }
    }
}
