//! The channel between launcher and daemon: a pipe that lives until the daemon is ready.

use std::sync::Arc;
use std::time::Duration;

use super::sender::{Sender, Unsent, send_frame};
use crate::error::{Error, ErrorKind, Result};
use crate::handover::decoder::Decoder;
use crate::handover::frame::{Frame, FrameKind};
use crate::handover::header::NotSent;
use crate::handover::outcome::{Outcome, Reception};
use crate::sys::{Errno, Pipe, Progress, SourceRef};

/// How many reads are made before the poller's other watches have their turn.
const AT_ONCE: usize = 16;

/// The longest wait of a daemon for the next part of what its launcher sends.
const LONGEST: Duration = Duration::from_secs(1 << 20);

/// One end of the channel. Dropping the launcher's end tells the daemon so at once.
#[derive(Debug)]
pub struct Channel {
    pipe: Pipe,
    decoder: Decoder,
    outcome: Option<Arc<Outcome>>,
}

impl Channel {
    /// The daemon's end.
    pub(crate) fn to_launcher(pipe: Pipe) -> Self {
        Self { pipe, decoder: Decoder::of(FrameKind::TO_DAEMON), outcome: None }
    }

    /// The launcher's end, which notes whether the daemon has said that it is ready.
    pub(crate) fn noting(mut pipe: Pipe, outcome: Arc<Outcome>) -> Self {
        pipe.read_on();
        Self { pipe, decoder: Decoder::of(FrameKind::TO_LAUNCHER), outcome: Some(outcome) }
    }

    /// Gives an end to send with from another thread; sending fails once the channel is closed.
    ///
    /// # Errors
    ///
    /// The system's, when there are no handles left.
    pub fn sender(&self) -> Result<Sender> {
        let pipe = self.pipe.try_clone().map_err(|errno| {
            Error::system("payload", "DuplicateHandle", errno, "the channel to the daemon cannot be shared")
        })?;
        Ok(Sender::new(pipe))
    }

    /// Gives the payload back as what is left to be sent: it needs a reader.
    ///
    /// # Errors
    ///
    /// As [`Channel::sender`].
    pub(crate) fn begin_payload(&self, _payload: &[u8]) -> Result<Option<Unsent>> {
        Ok(Some(Unsent::new(self.sender()?)))
    }

    /// Whether the other end is open.
    pub(crate) fn is_open(&self) -> bool {
        self.pipe.is_open()
    }

    /// Sends a frame from this end.
    pub(crate) fn send(&self, kind: FrameKind, body: &[u8]) -> std::result::Result<(), NotSent> {
        send_frame(&self.pipe, kind, body)
    }

    /// Set when something has arrived.
    pub(crate) fn source(&self) -> SourceRef<'_> {
        self.pipe.event()
    }

    /// Reads what has arrived, without waiting. Gives the whole frames, and how the channel goes on.
    pub fn receive(&mut self) -> (Vec<Frame>, Reception) {
        let mut frames = Vec::new();
        for _ in 0..AT_ONCE {
            match self.read(Duration::ZERO) {
                Ok(Progress::Pending) => break,
                Ok(Progress::Done(bytes)) => self.decoder.push(&bytes),
                Ok(Progress::Ended) | Err(_) => return (frames, Reception::Ended),
            }
            loop {
                match self.decoder.next() {
                    Ok(Some(frame)) => {
                        if let (FrameKind::Ready, Some(outcome)) = (frame.kind, &self.outcome) {
                            outcome.note_ready();
                        }
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

    /// What one read brings; a read that has brought nothing goes on, so that the event tells.
    fn read(&mut self, patience: Duration) -> std::result::Result<Progress, Errno> {
        self.pipe.begin_read()?;
        let progress = self.pipe.progress(patience);
        if matches!(progress, Progress::Done(_)) {
            self.pipe.read_on();
        }
        Ok(progress)
    }

    /// Waits for one whole frame; `None` when the other end is closed before, or sends what cannot be one.
    pub(crate) fn wait_for_frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.decoder.next().ok()? {
                return Some(frame);
            }
            match self.read(LONGEST) {
                Ok(Progress::Done(bytes)) => self.decoder.push(&bytes),
                Ok(Progress::Pending) => (),
                Ok(Progress::Ended) | Err(_) => return None,
            }
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        let Some(outcome) = self.outcome.clone() else { return };
        // A word of readiness that came before the end counts, though it was not read: that daemon lives on.
        while matches!(self.receive(), (frames, Reception::GoesOn) if !frames.is_empty()) {}
        outcome.note_closed();
    }
}
