//! From bytes to frames.

use std::fmt;

use super::frame::{Frame, FrameKind};

pub(super) const HEADER: usize = 5;

/// The longest body of a frame of a kind that is not known: a newer peer may send one.
const LONGEST_UNKNOWN: usize = 1_048_576;

/// How much room is made at once for a frame that has begun, whatever it promises. An allocator gives so large a piece
/// back to the system when it is free, so that an order leaves no memory behind in a keeper.
const AT_ONCE: usize = 65_536;

/// A frame promises more bytes than one of its kind may have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong {
    pub(super) length: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { length } = self;
        write!(
            f,
            "The daemon sent a message of {length} bytes on the start channel, more than daimon ever sends. Some code \
             in the daemon probably writes to a descriptor that it did not open."
        )
    }
}

/// Puts frames together from the pieces in which a socket delivers them. It keeps no more than one frame, and what
/// has come with it.
#[derive(Debug)]
pub(super) struct Decoder {
    /// The kinds that this end expects.
    kinds: &'static [FrameKind],
    buffer: Vec<u8>,
    /// How much of the buffer has been decoded.
    decoded: usize,
    /// How much is still to come of a frame that is passed over.
    skipped: usize,
}

impl Decoder {
    pub(super) fn of(kinds: &'static [FrameKind]) -> Self {
        Self { kinds, buffer: Vec::new(), decoded: 0, skipped: 0 }
    }

    /// Takes bytes in, in the order of their arrival.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let skipped = self.skipped.min(bytes.len());
        self.skipped -= skipped;
        self.buffer.drain(..self.decoded);
        self.decoded = 0;
        self.buffer.extend_from_slice(&bytes[skipped..]);
    }

    /// The next whole frame. Frames of kinds that are not known are passed over.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, TooLong> {
        loop {
            let Some((&[tag, ref length @ ..], body)) =
                self.buffer[self.decoded..].split_first_chunk::<HEADER>()
            else {
                return Ok(None);
            };
            let length = u32::from_le_bytes(*length) as usize;
            let kind = self.kinds.iter().copied().find(|kind| kind.tag() == tag);
            if length > kind.map_or(LONGEST_UNKNOWN, FrameKind::longest) {
                return Err(TooLong { length });
            }
            let Some(kind) = kind else {
                let arrived = length.min(body.len());
                self.decoded += HEADER + arrived;
                self.skipped = length - arrived;
                continue;
            };
            if body.len() < length {
                let missing = length - body.len();
                if self.buffer.capacity() - self.buffer.len() < missing {
                    self.buffer.reserve_exact(AT_ONCE);
                }
                return Ok(None);
            }
            return Ok(Some(Frame { kind, body: self.take(length) }));
        }
    }

    /// The body of that length that follows a header. A payload, which may be large and comes alone, is not copied.
    fn take(&mut self, length: usize) -> Vec<u8> {
        let begin = self.decoded + HEADER;
        if begin == HEADER && self.buffer.len() == begin + length {
            let mut all = std::mem::take(&mut self.buffer);
            all.drain(..begin);
            return all;
        }
        self.decoded = begin + length;
        self.buffer[begin..self.decoded].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag];
        bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
        bytes.extend_from_slice(body);
        bytes
    }

    fn decoded(bytes: &[u8], size: usize) -> Vec<Frame> {
        let mut decoder = Decoder::of(FrameKind::TO_LAUNCHER);
        let mut frames = Vec::new();
        for piece in bytes.chunks(size) {
            decoder.push(piece);
            while let Some(frame) = decoder.next().unwrap() {
                frames.push(frame);
            }
        }
        frames
    }

    #[test]
    fn frames_arrive_whole_however_they_are_cut() {
        // A payload is for the daemon; the launcher does not know the kind.
        let all =
            [frame(b'S', b"half way"), frame(b'?', b"from the future"), frame(b'P', b"x"), frame(b'R', b"")];
        let bytes = all.concat();
        for size in 1..=bytes.len() {
            let expected = [
                Frame { kind: FrameKind::Status, body: b"half way".to_vec() },
                Frame { kind: FrameKind::Ready, body: Vec::new() },
            ];
            assert_eq!(decoded(&bytes, size), expected, "{size}");
        }
    }

    #[test]
    fn what_is_passed_over_is_not_kept() {
        let mut decoder = Decoder::of(FrameKind::TO_LAUNCHER);
        decoder.push(&frame(b'?', &vec![0; LONGEST_UNKNOWN])[..100]);
        assert_eq!(decoder.next(), Ok(None));
        for _ in 0..LONGEST_UNKNOWN / 1_000 {
            decoder.push(&[0; 1_000]);
            assert_eq!(decoder.next(), Ok(None));
        }
        assert!(decoder.buffer.capacity() < 10_000);
    }

    #[test]
    fn no_kind_may_promise_more_than_its_longest() {
        let kinds = FrameKind::TO_LAUNCHER.iter().map(|kind| (kind.tag(), kind.longest()));
        for (tag, longest) in kinds.chain([(b'?', LONGEST_UNKNOWN), (b'P', LONGEST_UNKNOWN)]) {
            for (length, allowed) in [(longest, true), (longest + 1, false), (u32::MAX as usize, false)] {
                let mut decoder = Decoder::of(FrameKind::TO_LAUNCHER);
                decoder.push(&[tag]);
                decoder.push(&(length as u32).to_le_bytes());
                let expected = if allowed { Ok(None) } else { Err(TooLong { length }) };
                assert_eq!(decoder.next(), expected, "{tag} {length}");
            }
        }
    }
}
