//! An end of a channel: between launcher and daemon until that is ready, a keeper and its bodies, and those who ask it.

use std::collections::VecDeque;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::sockopt::{SendTimeout, SndBuf};
use nix::sys::socket::{MsgFlags, Shutdown, setsockopt, shutdown};
use nix::sys::time::{TimeVal, TimeValLike};
use rustix::net::RecvFlags;

use super::decoder::Decoder;
use super::encoder::{begin_frame, length, send_frame_with};
use super::frame::{Frame, FrameKind};
use super::header::unsendable;
use super::outcome::{Outcome, Reception};
use super::sender::{Sender, Unsent};
use crate::error::{Error, ErrorKind, Result};
use crate::sys::{self, SourceRef};

/// How much is read before the poller's other watches have their turn.
const READS_AT_ONCE: usize = 16;
/// Bytes of a read: as little of a keeper's stack.
const READ_BYTES: usize = 4_096;

/// One end of the channel. Dropping the launcher's end tells the daemon so at once, also where other processes have
/// copies of it.
#[derive(Debug)]
pub struct Channel {
    fd: OwnedFd,
    decoder: Decoder,
    outcome: Option<Arc<Outcome>>,
    /// Those that have come, in their order; `None` for a channel that takes none.
    descriptors: Option<VecDeque<OwnedFd>>,
}

/// How many descriptors are kept that no frame has asked for: more than can be under way at once are closed.
const MOST_DESCRIPTORS: usize = 64;

/// How many bytes a process that controls the daemon may leave unread: less than the system gives (net.core.wmem_max),
/// so that there can be more for what it must hear.
const ROOM: usize = 64 * 1_024;

impl Channel {
    /// The daemon's end.
    pub(crate) fn to_launcher(fd: OwnedFd) -> Self {
        Self { fd, decoder: Decoder::of(FrameKind::TO_DAEMON), outcome: None, descriptors: None }
    }

    /// The launcher's end, which notes whether the daemon has said that it is ready.
    pub(crate) fn noting(fd: OwnedFd, outcome: Arc<Outcome>) -> Self {
        Self { fd, decoder: Decoder::of(FrameKind::TO_LAUNCHER), outcome: Some(outcome), descriptors: None }
    }

    /// A keeper's end of the channel to a body, and the body's end.
    ///
    /// # Errors
    ///
    /// The system's, when there are no descriptors left.
    pub(crate) fn to_body() -> std::result::Result<(Self, OwnedFd), Errno> {
        let (own, body) = sys::channel_pair()?;
        Ok((Self::carrying(own, FrameKind::TO_KEEPER), body))
    }

    /// A body's end of the channel to its keeper.
    pub(crate) fn to_keeper(fd: OwnedFd) -> Self {
        Self::carrying(fd, FrameKind::TO_BODY)
    }

    /// A keeper's end of the channel to its launcher. A frame waits for room for a second at most.
    pub(crate) fn of_keeper(fd: OwnedFd) -> Self {
        // If that fails it waits for its launcher, as any daemon does.
        let _ = setsockopt(&fd, SendTimeout, &TimeVal::seconds(1));
        Self::carrying(fd, FrameKind::TO_NEW_KEEPER)
    }

    /// A keeper's end of a connection to a process that controls the daemon.
    pub(crate) fn of_control(fd: OwnedFd) -> Self {
        let _ = setsockopt(&fd, SndBuf, &ROOM);
        Self { fd, decoder: Decoder::of(FrameKind::OF_CONTROL), outcome: None, descriptors: None }
    }

    /// The end of a process that controls the daemon.
    pub(crate) fn to_control(fd: OwnedFd) -> Self {
        // An order may be longer than the socket has room for; a keeper that is stopped must not hold its sender.
        let _ = fcntl(fd.as_fd(), FcntlArg::F_SETFL(OFlag::empty()));
        let _ = setsockopt(&fd, SendTimeout, &TimeVal::seconds(10));
        Self { fd, decoder: Decoder::of(FrameKind::TO_CONTROL), outcome: None, descriptors: None }
    }

    /// An end of the channel from a body that is replaced to the one that follows it.
    pub fn to_heir(fd: OwnedFd) -> Self {
        Self::carrying(fd, FrameKind::TO_HEIR)
    }

    /// One by which descriptors come, too.
    fn carrying(fd: OwnedFd, kinds: &'static [FrameKind]) -> Self {
        Self { fd, decoder: Decoder::of(kinds), outcome: None, descriptors: Some(VecDeque::new()) }
    }

    /// Takes the descriptor that has come with the frame, if its kind has one. In the order of the frames.
    pub fn descriptor_of(&mut self, frame: &Frame) -> Option<OwnedFd> {
        let descriptors = self.descriptors.as_mut().filter(|_| frame.kind.has_descriptor())?;
        descriptors.pop_front()
    }

    /// Sends a frame, with a descriptor for a kind that has one, and waits until all of it is under way; false when the
    /// other end is closed.
    pub(crate) fn send(&self, kind: FrameKind, body: &[u8], descriptor: Option<BorrowedFd<'_>>) -> bool {
        send_frame_with(self.fd.as_fd(), kind, body, descriptor, MsgFlags::empty()).is_ok()
    }

    /// Sends a frame if there is room for it at once, and never waits. False if there is none, or the other end is
    /// closed. A long frame may find room for a part; then nothing else can be sent, and the channel is closed.
    pub fn offer(&self, kind: FrameKind, body: &[u8], descriptor: Option<BorrowedFd<'_>>) -> bool {
        match begin_frame(self.fd.as_fd(), kind, body, descriptor) {
            Ok(sent) if sent == length(body) => true,
            Ok(0) | Err(_) => false,
            Ok(_) => {
                self.close();
                false
            }
        }
    }

    /// As [`Channel::offer`], to a process that controls the daemon, for what it must hear though it has read nothing
    /// for a while: where there is no room for it, the socket gets more.
    pub fn offer_last(&self, kind: FrameKind, body: &[u8]) {
        if !self.offer(kind, body, None) {
            let _ = setsockopt(&self.fd, SndBuf, &(2 * ROOM));
            self.offer(kind, body, None);
        }
    }

    /// Whether the other end can still take something.
    pub fn is_open(&self) -> bool {
        let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::empty())];
        !matches!(poll(&mut fds, PollTimeout::ZERO), Ok(1..))
    }

    /// Nothing is sent or received any more; the other end is told.
    pub fn close(&self) {
        let _ = shutdown(self.fd.as_raw_fd(), Shutdown::Both);
    }

    /// Gives an end to send with from another thread; sending fails once the channel is closed.
    ///
    /// # Errors
    ///
    /// The system's, when there are no descriptors left.
    pub fn sender(&self) -> Result<Sender> {
        let fd = self.fd.try_clone().map_err(|error| {
            Error::io("payload", "fcntl", &error, "the channel to the daemon cannot be shared")
        })?;
        Ok(Sender::new(fd))
    }

    /// Sends the daemon its payload, as far as it finds room. Gives what is left of it, which needs a reader; `None`
    /// when all of it is under way, so that the daemon gets it even if the launcher ends now.
    ///
    /// # Errors
    ///
    /// When it is longer than such a frame may be; the system's.
    pub(crate) fn begin_payload(&self, payload: &[u8]) -> Result<Option<Unsent>> {
        let sent = begin_frame(self.fd.as_fd(), FrameKind::Payload, payload, None)
            .map_err(|problem| unsendable(problem, payload))?;
        if sent == length(payload) {
            return Ok(None);
        }
        Ok(Some(Unsent::new(self.sender()?, sent)))
    }

    /// Reads what has arrived, 64 KiB at most, without waiting. Gives the whole frames, and how the channel goes on.
    pub fn receive(&mut self) -> (Vec<Frame>, Reception) {
        let mut frames = Vec::new();
        for _ in 0..READS_AT_ONCE {
            match self.receive_into(RecvFlags::DONTWAIT) {
                Ok(0) => return (frames, Reception::Ended),
                Ok(_) => (),
                Err(Errno::EINTR) => continue,
                Err(Errno::EAGAIN) => break,
                // ECONNRESET: it went away with something unread.
                Err(_) => return (frames, Reception::Ended),
            }
            loop {
                match self.decoder.next() {
                    Ok(Some(frame)) => {
                        self.note(frame.kind);
                        frames.push(frame);
                    }
                    Ok(None) => break,
                    Err(problem) => {
                        let error = Error::new(ErrorKind::StartFailed, problem).during("channel");
                        return (frames, Reception::Broken(error));
                    }
                }
            }
        }
        (frames, Reception::GoesOn)
    }

    fn note(&self, kind: FrameKind) {
        if let (FrameKind::Ready, Some(outcome)) = (kind, &self.outcome) {
            outcome.note_ready();
        }
    }

    /// Waits for one whole frame; `None` when the other end is closed before, or sends what cannot be one.
    pub(crate) fn wait_for_frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.decoder.next().ok()? {
                return Some(frame);
            }
            match self.receive_into(RecvFlags::empty()) {
                Ok(0) => return None,
                Ok(_) | Err(Errno::EINTR) => (),
                Err(_) => return None,
            }
        }
    }
}

impl Channel {
    fn receive_into(&mut self, flags: RecvFlags) -> std::result::Result<usize, Errno> {
        let mut bytes = [0; READ_BYTES];
        let count = match &mut self.descriptors {
            None => sys::receive(self.fd.as_fd(), &mut bytes, flags)?,
            Some(descriptors) => {
                let (count, came) = sys::receive_with(self.fd.as_fd(), &mut bytes, flags)?;
                descriptors.extend(came);
                descriptors.truncate(MOST_DESCRIPTORS);
                count
            }
        };
        self.decoder.push(&bytes[..count]);
        Ok(count)
    }

    /// What a selector waits for.
    pub(crate) fn source(&self) -> SourceRef<'_> {
        self.fd.as_fd()
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
        let is_closed = shutdown(self.fd.as_raw_fd(), Shutdown::Both).is_ok();
        if self.outcome.is_some() {
            // A word of readiness that came before the end counts, though it was not read: that daemon lives on. If a
            // filter forbids the call, there is no end to read to.
            while matches!(self.receive().1, Reception::GoesOn) && is_closed {}
        }
        if let Some(outcome) = &self.outcome {
            outcome.note_closed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::decoder::HEADER;
    use super::super::encoder::send_frame;
    use super::super::header::NotSent;
    use super::*;

    fn pair() -> (Channel, Channel) {
        let (one, other) = sys::channel_pair().unwrap();
        (Channel::noting(one, Arc::default()), Channel::to_launcher(other))
    }

    #[test]
    fn a_payload_larger_than_the_socket_holds_arrives_whole() {
        let (launcher, mut daemon) = pair();
        let body = vec![7; 3_000_000];
        let sent = body.clone();
        let unsent = launcher.begin_payload(&sent).unwrap().unwrap();
        let thread = std::thread::spawn(move || unsent.send(&sent));
        let frame = daemon.wait_for_frame().unwrap();
        assert_eq!((frame.kind, frame.body), (FrameKind::Payload, body));
        thread.join().unwrap().unwrap();
    }

    #[test]
    fn a_payload_that_finds_room_arrives_though_the_launcher_has_gone() {
        let (launcher, mut daemon) = pair();
        assert!(launcher.begin_payload(b"what to do").unwrap().is_none());
        drop(launcher);
        assert_eq!(daemon.wait_for_frame().unwrap().body, b"what to do");
        assert!(daemon.wait_for_frame().is_none());
    }

    #[test]
    fn dropping_the_channel_ends_it_for_a_sender_too() {
        let (launcher, mut daemon) = pair();
        let sender = launcher.sender().unwrap();
        drop(launcher);
        assert!(sender.send(FrameKind::Status, b"x").is_err());
        assert!(matches!(daemon.receive(), (frames, Reception::Ended) if frames.is_empty()));
    }

    #[test]
    fn a_word_of_readiness_that_nobody_has_read_counts_when_the_channel_is_dropped() {
        for (said, was_ready) in [(FrameKind::Ready, true), (FrameKind::Status, false)] {
            let (one, other) = sys::channel_pair().unwrap();
            let outcome = Arc::<Outcome>::default();
            let (launcher, daemon) =
                (Channel::noting(one, Arc::clone(&outcome)), Channel::to_launcher(other));
            daemon.sender().unwrap().send(said, b"").unwrap();
            assert_eq!(outcome.was_ready(), None);
            drop(launcher);
            assert_eq!(outcome.was_ready(), Some(was_ready));
        }
    }

    #[test]
    fn what_finds_no_room_is_not_sent_in_part() {
        let (mut launcher, daemon) = pair();
        let fill = || send_frame(daemon.as_fd(), FrameKind::Status, &[1; 512], MsgFlags::MSG_DONTWAIT);
        let mut sent = 0;
        while fill().is_ok() {
            sent += 1;
        }
        let mut seen = 0;
        while seen < sent {
            let (frames, how) = launcher.receive();
            assert!(matches!(how, Reception::GoesOn) && !frames.is_empty());
            seen += frames.len();
        }
        assert_eq!(seen, sent);
    }

    #[test]
    fn a_body_that_is_too_long_is_neither_sent_nor_believed() {
        let (mut launcher, daemon) = pair();
        let long = vec![0; FrameKind::Status.longest() + 1];
        assert_eq!(
            send_frame(daemon.as_fd(), FrameKind::Status, &long, MsgFlags::empty()),
            Err(NotSent::TooLong)
        );
        let error = daemon.sender().unwrap().send(FrameKind::Status, &long).unwrap_err();
        assert!(error.os_error().is_none() && error.message().contains("is longer"), "{error}");
        let mut bytes = vec![b'S'];
        bytes.extend_from_slice(&u32::MAX.to_le_bytes());
        nix::unistd::write(&daemon, &bytes).unwrap();
        let (frames, how) = launcher.receive();
        assert!(frames.is_empty());
        let Reception::Broken(error) = how else { panic!("{how:?}") };
        assert!(error.to_string().contains("4294967295 bytes"), "{error}");
    }

    #[test]
    fn one_that_sends_without_an_end_does_not_keep_the_launcher() {
        let (mut launcher, daemon) = pair();
        let sender = daemon.sender().unwrap();
        let flood = std::thread::spawn(move || while sender.send(FrameKind::Status, b"x").is_ok() {});
        for _ in 0..10 {
            let (frames, how) = launcher.receive();
            assert!(matches!(how, Reception::GoesOn) && frames.len() <= READS_AT_ONCE * READ_BYTES / HEADER);
        }
        drop(launcher);
        flood.join().unwrap();
    }
}
