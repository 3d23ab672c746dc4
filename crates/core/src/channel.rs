//! The channel between launcher and daemon: a socket pair that lives until the daemon is ready.
//!
//! A frame is one byte for its kind, four for the body's length (little endian), and the body. The core gives no
//! meaning to the bodies of payloads and errors: they are the facade's.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, Shutdown, recv, send, shutdown};
use std::os::fd::AsRawFd;

use crate::error::{Error, Result};
use crate::sys;

/// What a frame means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// Launcher to daemon: what the body is given.
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
    const ALL: [Self; 5] = [Self::Payload, Self::Ready, Self::Status, Self::Error, Self::Exit];

    fn tag(self) -> u8 {
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
    /// What it means.
    pub kind: FrameKind,
    /// What it says.
    pub body: Vec<u8>,
}

const HEADER: usize = 5;

/// Puts frames together from the pieces in which a socket delivers them.
#[derive(Debug, Default)]
struct Decoder {
    buffer: Vec<u8>,
}

impl Decoder {
    /// Takes bytes in, in the order of their arrival.
    fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame. Frames of kinds that are not known are skipped: a newer peer may send them.
    fn next(&mut self) -> Option<Frame> {
        loop {
            let header: [u8; HEADER] = self.buffer.get(..HEADER)?.try_into().ok()?;
            let [tag, length @ ..] = header;
            let end = HEADER + u32::from_le_bytes(length) as usize;
            let body = self.buffer.get(HEADER..end)?.to_vec();
            self.buffer.drain(..end);
            if let Some(kind) = FrameKind::ALL.into_iter().find(|kind| kind.tag() == tag) {
                return Some(Frame { kind, body });
            }
        }
    }
}

/// One end of the channel. Dropping the launcher's end tells the daemon so at once, whoever else has a copy.
#[derive(Debug)]
pub struct Channel {
    fd: OwnedFd,
    decoder: Decoder,
}

impl Channel {
    pub(crate) fn new(fd: OwnedFd) -> Self {
        Self { fd, decoder: Decoder::default() }
    }

    /// An end to send with from another thread; it fails once the channel is closed.
    ///
    /// # Errors
    ///
    /// The system's, when there are no descriptors left.
    pub fn sender(&self) -> Result<Sender> {
        let fd = self.fd.try_clone().map_err(|error| {
            let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
            Error::system("payload", "fcntl", errno, "the channel to the daemon cannot be shared")
        })?;
        Ok(Sender { fd })
    }

    /// Reads what has arrived, without waiting: the whole frames, and whether the other end is closed.
    pub fn receive(&mut self) -> (Vec<Frame>, bool) {
        let mut frames = Vec::new();
        let ended = loop {
            match receive_into(self.fd.as_fd(), &mut self.decoder, MsgFlags::MSG_DONTWAIT) {
                Ok(0) => break true,
                Ok(_) | Err(Errno::EINTR) => (),
                Err(Errno::EAGAIN) => break false,
                // ECONNRESET: it went away with something unread.
                Err(_) => break true,
            }
        };
        while let Some(frame) = self.decoder.next() {
            frames.push(frame);
        }
        (frames, ended)
    }

    /// Waits for one whole frame; `None` when the other end is closed before.
    pub(crate) fn wait_for_frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.decoder.next() {
                return Some(frame);
            }
            match receive_into(self.fd.as_fd(), &mut self.decoder, MsgFlags::empty()) {
                Ok(0) => return None,
                Ok(_) | Err(Errno::EINTR) => (),
                Err(_) => return None,
            }
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        // A copy in a child between fork and exec would keep the socket open; this closes it for all.
        let _ = shutdown(self.fd.as_raw_fd(), Shutdown::Both);
    }
}

/// Sends frames; does not keep the channel alive for the other end once its [`Channel`] is dropped.
#[derive(Debug)]
pub struct Sender {
    fd: OwnedFd,
}

impl Sender {
    /// Sends a frame, and waits until all of it is under way.
    ///
    /// # Errors
    ///
    /// When the other end is closed, or the body is over 4 GiB.
    pub fn send(&self, kind: FrameKind, body: &[u8]) -> Result<()> {
        send_frame(self.fd.as_fd(), kind, body, MsgFlags::empty()).map_err(|errno| {
            Error::system("payload", "send", errno, "the other end of the channel is closed")
        })
    }
}

/// Sends a frame. With `MSG_DONTWAIT` in `flags` a frame that finds no room at all is `EAGAIN` and is not sent; one
/// that has begun is always completed.
pub(crate) fn send_frame(
    fd: BorrowedFd<'_>,
    kind: FrameKind,
    body: &[u8],
    flags: MsgFlags,
) -> std::result::Result<(), Errno> {
    let length = u32::try_from(body.len()).map_err(|_| Errno::EMSGSIZE)?;
    let mut bytes = Vec::with_capacity(HEADER + body.len());
    bytes.push(kind.tag());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(body);
    let mut sent = 0;
    while sent < bytes.len() {
        let how = if sent == 0 { flags } else { MsgFlags::empty() };
        match send(fd.as_raw_fd(), &bytes[sent..], how | sys::NO_SIGPIPE) {
            Ok(count) => sent += count,
            Err(Errno::EINTR) => (),
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn receive_into(
    fd: BorrowedFd<'_>,
    decoder: &mut Decoder,
    flags: MsgFlags,
) -> std::result::Result<usize, Errno> {
    let mut bytes = [0; 16_384];
    let count = recv(fd.as_raw_fd(), &mut bytes, flags)?;
    decoder.push(&bytes[..count]);
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Channel, Channel) {
        let (one, other) = sys::channel_pair().unwrap();
        (Channel::new(one), Channel::new(other))
    }

    #[test]
    fn frames_arrive_whole_however_they_are_cut() {
        let mut bytes = Vec::new();
        for (tag, body) in [(b'S', &b"half way"[..]), (b'?', b"from the future"), (b'R', b"")] {
            bytes.push(tag);
            bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
            bytes.extend_from_slice(body);
        }
        let mut decoder = Decoder::default();
        let mut frames = Vec::new();
        for byte in bytes {
            decoder.push(&[byte]);
            frames.extend(decoder.next());
        }
        assert_eq!(
            frames,
            [
                Frame { kind: FrameKind::Status, body: b"half way".to_vec() },
                Frame { kind: FrameKind::Ready, body: Vec::new() },
            ]
        );
    }

    #[test]
    fn a_payload_larger_than_the_socket_holds_arrives_whole() {
        let (launcher, mut daemon) = pair();
        let sender = launcher.sender().unwrap();
        let body = vec![7; 3_000_000];
        let sent = body.clone();
        let thread = std::thread::spawn(move || sender.send(FrameKind::Payload, &sent));
        let frame = daemon.wait_for_frame().unwrap();
        assert_eq!((frame.kind, frame.body), (FrameKind::Payload, body));
        thread.join().unwrap().unwrap();
    }

    #[test]
    fn dropping_the_channel_ends_it_for_a_sender_too() {
        let (launcher, mut daemon) = pair();
        let sender = launcher.sender().unwrap();
        drop(launcher);
        assert!(sender.send(FrameKind::Status, b"x").is_err());
        assert_eq!(daemon.receive(), (Vec::new(), true));
    }

    #[test]
    fn what_finds_no_room_is_not_sent_in_part() {
        let (launcher, mut daemon) = pair();
        let fill = || send_frame(launcher.as_fd(), FrameKind::Status, &[1; 512], MsgFlags::MSG_DONTWAIT);
        let mut sent = 0;
        while fill().is_ok() {
            sent += 1;
        }
        let (frames, ended) = daemon.receive();
        assert_eq!((frames.len(), ended), (sent, false));
    }
}
