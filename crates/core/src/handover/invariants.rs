//! What holds for any bytes on the channel and in the variable: the fuzzer and the property tests ask it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::decoder::{Decoder, HEADER, TooLong};
use super::frame::{Frame, FrameKind};
use super::header::header_of;
use super::variable::{ADOPTION_VARIABLE, Handover};

/// The frames of these bytes, and how they end, if they come in pieces of these sizes, over and over.
fn decoded(kinds: &'static [FrameKind], mut bytes: &[u8], sizes: &[usize]) -> (Vec<Frame>, Option<TooLong>) {
    let mut decoder = Decoder::of(kinds);
    let mut frames = Vec::new();
    let mut sizes = sizes.iter().cycle();
    while !bytes.is_empty() {
        let size = sizes.next().copied().unwrap_or(usize::MAX).clamp(1, bytes.len());
        let (piece, rest) = bytes.split_at(size);
        bytes = rest;
        decoder.push(piece);
        loop {
            match decoder.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(problem) => return (frames, Some(problem)),
            }
        }
    }
    (frames, None)
}

/// The frames that begin these bytes and are whole, as this module's own words say it: a tag, a length, a body.
fn expected(kinds: &[FrameKind], mut bytes: &[u8]) -> (Vec<Frame>, Option<TooLong>) {
    let mut frames = Vec::new();
    while bytes.len() >= HEADER {
        let length = (1..HEADER).rev().fold(0, |length, at| length * 256 + usize::from(bytes[at]));
        let kind = kinds.iter().find(|kind| kind.tag() == bytes[0]).copied();
        if length > kind.map_or(1 << 20, FrameKind::longest) {
            return (frames, Some(TooLong { length }));
        }
        let Some(body) = bytes[HEADER..].get(..length) else { break };
        frames.extend(kind.map(|kind| Frame { kind, body: body.to_vec() }));
        bytes = &bytes[HEADER + length..];
    }
    (frames, None)
}

/// Takes the sizes of the pieces from the first bytes: how many sizes there are, then the sizes.
fn take_sizes(bytes: &[u8]) -> (Vec<usize>, &[u8]) {
    let Some((count, rest)) = bytes.split_first() else { return (Vec::new(), bytes) };
    let (sizes, rest) = rest.split_at(usize::from(count % 8).min(rest.len()));
    (sizes.iter().copied().map(usize::from).collect(), rest)
}

/// Bytes give the same frames however they are cut.
pub(crate) fn check_frames(bytes: &[u8]) {
    let (sizes, bytes) = take_sizes(bytes);
    for kinds in [FrameKind::TO_LAUNCHER, FrameKind::TO_DAEMON] {
        let expected = expected(kinds, bytes);
        assert_eq!(decoded(kinds, bytes, &[]), expected, "at once");
        assert_eq!(decoded(kinds, bytes, &sizes), expected, "in pieces of {sizes:?}");
        assert_eq!(decoded(kinds, bytes, &[1]), expected, "byte by byte");
    }
}

/// Frames are received as they were sent. The bytes say what is sent: a kind and a length, then so much of a body.
pub(crate) fn check_round_trip(bytes: &[u8]) {
    let (sizes, mut bytes) = take_sizes(bytes);
    let all = [FrameKind::TO_LAUNCHER, FrameKind::TO_DAEMON].concat();
    let (mut sent, mut wire) = (Vec::new(), Vec::new());
    while let [kind, length, rest @ ..] = bytes {
        let (body, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        bytes = rest;
        let kind = all[usize::from(*kind) % all.len()];
        match header_of(kind, body) {
            Some(header) => wire.extend([&header, body].concat()),
            None => {
                assert!(body.len() > kind.longest());
                continue;
            }
        }
        sent.push(Frame { kind, body: body.to_vec() });
    }
    for kinds in [FrameKind::TO_LAUNCHER, FrameKind::TO_DAEMON] {
        let mut known = sent.clone();
        known.retain(|frame| kinds.contains(&frame.kind));
        assert_eq!(decoded(kinds, &wire, &sizes), (known, None));
    }
}

/// A value that is believed is exactly one that a launcher writes.
pub(crate) fn check_variable(bytes: &[u8]) {
    let parsed = Handover::parse(OsStr::from_bytes(bytes));
    let Some(Handover { lock, channel, is_captured, socket, body, path }) = parsed else { return };
    let written = Handover { lock, channel, is_captured, socket, body, path: path.as_path() }.variable();
    assert_eq!(written.as_bytes(), [ADOPTION_VARIABLE.as_bytes(), b"=", bytes].concat());
    assert!((3..16).contains(&lock) && (3..16).contains(&channel) && lock != channel);
    assert!(socket.is_none_or(|(fd, _)| (3..16).contains(&fd) && fd != lock && fd != channel));
    assert!(path.as_os_str().as_bytes().starts_with(b"/"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::property::for_all;
    use crate::sys::FileId;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::path::PathBuf;

    /// A frame, of a kind that there is or of another, with a true length or another.
    fn wire() -> impl Strategy<Value = Vec<u8>> {
        let tag = prop_oneof![4 => proptest::sample::select(b"PRSEX".to_vec()), 1 => any::<u8>()];
        let length = prop_oneof![
            8 => Just(None),
            1 => proptest::sample::select(vec![0, 64, 65, 16_384, 16_385, 1 << 20, (1 << 20) + 1]).prop_map(Some),
            1 => any::<u32>().prop_map(Some),
        ];
        (tag, length, vec(any::<u8>(), 0..90)).prop_map(|(tag, length, body)| {
            let length = length.unwrap_or(body.len() as u32);
            [&[tag], &length.to_le_bytes()[..], &body].concat()
        })
    }

    #[test]
    fn bytes_give_the_same_frames_however_they_are_cut() {
        let sizes = vec(any::<u8>(), 0..8);
        for_all(1_024, (sizes, vec(wire(), 0..6)), |(sizes, frames)| {
            check_frames(&[&[sizes.len() as u8], &sizes[..], &frames.concat()].concat());
        });
        for_all(512, vec(any::<u8>(), 0..64), |bytes| check_frames(&bytes));
    }

    #[test]
    fn a_frame_comes_back_as_it_was_sent_whatever_the_pieces() {
        for_all(512, vec(any::<u8>(), 0..400), |bytes| check_round_trip(&bytes));
    }

    #[test]
    fn a_value_of_the_variable_comes_back_as_it_was_written() {
        let path = vec(1_u8.., 0..30).prop_map(|name| [b"/", &name[..]].concat());
        let file = (any::<u64>(), any::<u64>()).prop_map(|(dev, ino)| FileId { dev, ino });
        let socket = proptest::option::of((3..16, file));
        let parts = (3..16, 3..16, any::<bool>(), socket, path);
        for_all(512, parts, |(lock, channel, is_captured, socket, path)| {
            let path = PathBuf::from(OsStr::from_bytes(&path));
            let body = None;
            let written =
                Handover { lock, channel, is_captured, socket, body, path: path.as_path() }.variable();
            let value = written.as_bytes().strip_prefix(b"DAIMON_ADOPTION=").unwrap();
            let read = Handover::parse(OsStr::from_bytes(value));
            let differ = lock != channel && socket.is_none_or(|(fd, _)| fd != lock && fd != channel);
            assert_eq!(read, differ.then_some(Handover { lock, channel, is_captured, socket, body, path }));
        });
    }

    #[test]
    fn no_other_value_of_the_variable_is_believed() {
        let number = prop_oneof!["[+-]?0{0,2}[0-9]{1,2}", "[ 0-9]{0,3}"];
        let parts = ("0?[01]", number.clone(), number, "[012]?0?", "/?[a:/]{0,4}");
        for_all(2_048, parts, |(version, lock, channel, captured, path)| {
            check_variable(format!("{version}:{lock}:{channel}:{captured}:{path}").as_bytes());
        });
        let parts = ("[23]", "[3-9]", "[0-9]{1,2}", "[3-9][.:]0?[0-9]{1,3}[.:]0?[0-9]{1,3}", "/?[a:/]{0,4}");
        for_all(2_048, parts, |(version, lock, channel, socket, path)| {
            check_variable(format!("{version}:{lock}:{channel}:0:{socket}:{path}").as_bytes());
        });
        for_all(512, vec(any::<u8>(), 0..24), |bytes| check_variable(&bytes));
    }
}
