//! The messages of the channel, kind by kind.
//!
//! A frame is one byte for its kind, four for the body's length (little endian), and the body. The core gives no
//! meaning to the bodies of payloads and errors: they are the facade's.
//!
//! Each kind has a longest body, because any code in the daemon can find the descriptor and write to it: a header is
//! not trusted.

/// The largest payload of a daemon: 1 GiB of arguments, and its settings.
const LONGEST_PAYLOAD: usize = (1_024 + 64) * 1_024 * 1_024;

/// The meaning of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// Launcher to daemon: settings and arguments.
    Payload,
    /// Daemon to launcher: it serves.
    Ready,
    /// Progress text.
    Status,
    /// An error that will probably end the daemon; its exit confirms it.
    Error,
    /// The code that the daemon exits with, in decimal.
    Exit,
}

impl FrameKind {
    pub(super) const TO_DAEMON: &'static [Self] = &[Self::Payload];
    pub(super) const TO_LAUNCHER: &'static [Self] = &[Self::Ready, Self::Status, Self::Error, Self::Exit];

    /// Gives the longest body that such a frame may have, in bytes.
    ///
    /// ```
    /// use daimon_core::FrameKind;
    ///
    /// assert!(FrameKind::Status.longest() < FrameKind::Payload.longest());
    /// ```
    pub fn longest(self) -> usize {
        match self {
            Self::Payload => LONGEST_PAYLOAD,
            Self::Ready | Self::Exit => 64,
            Self::Status => 16_384,
            Self::Error => 1_048_576,
        }
    }

    pub(super) fn tag(self) -> u8 {
        match self {
            Self::Payload => b'P',
            Self::Ready => b'R',
            Self::Status => b'S',
            Self::Error => b'E',
            Self::Exit => b'X',
        }
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its meaning.
    pub kind: FrameKind,
    /// Its contents.
    pub body: Vec<u8>,
}
