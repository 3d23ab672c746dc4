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
    /// Body to keeper: it has handlers for signals.
    Listening,
    /// Body to keeper: the daemon is to end, in the way in which this body is about to.
    End,
    /// With a listening socket. Launcher to keeper: one that was declared. Body to keeper: one that it has opened, with
    /// its flags. Keeper to body: one that it can have, with its key. To an heir: a connection, with its server's key.
    Socket,
    /// Keeper to body: all sockets have been sent, and the program may begin.
    Begin,
    /// Body to keeper: it listens at the socket of that key.
    Taken,
    /// Body to keeper: the program has closed the socket of that key. Keeper to body: it is dropped.
    Closed,
    /// Keeper to body, with a channel to the body that follows it: that one serves by now, at the sockets of these
    /// keys, one in each line.
    Drain,
    /// Keeper to body, with a channel from the body that it follows.
    Heir,
    /// Body to keeper: it accepts no more, and finishes its work.
    Leaving,
    /// Body to keeper: it has nothing left to do.
    Drained,
    /// Keeper to body, with the file of a payload that is too long for the channel.
    PayloadFile,
    /// Body to keeper: a signal for the daemon, by its number.
    Signal,
    /// Body to keeper: lines for the supervisor of a daemon in the foreground, sd_notify(3).
    Notify,
    /// Body to keeper, and keeper to body: the outputs are to be opened again.
    Reopen,
    /// Keeper to body: it rotates the log from now on. Body to keeper: it rotates no more.
    Rotate,
    /// Any process to keeper: which bodies there are. The answer is of the same kind.
    Bodies,
    /// Any process to keeper: a new generation is to take the place of the present one.
    Upgrade,
    /// Any process to keeper: how it is stopped. One byte says whether the signals are for all that the bodies have
    /// started, too; four are the number of the signal that stops (little endian). The answer is of the same kind.
    Stop,
    /// Any process to keeper: its bodies are to be killed.
    Kill,
    /// Keeper to who has asked for an upgrade: the code of an error, and why.
    Refused,
}

impl FrameKind {
    pub(super) const TO_DAEMON: &'static [Self] = &[Self::Payload];
    pub(super) const TO_LAUNCHER: &'static [Self] = &[Self::Ready, Self::Status, Self::Error, Self::Exit];
    #[cfg(unix)]
    pub(super) const TO_KEEPER: &'static [Self] = &[
        Self::Ready,
        Self::Status,
        Self::Error,
        Self::Exit,
        Self::Listening,
        Self::End,
        Self::Socket,
        Self::Taken,
        Self::Closed,
        Self::Leaving,
        Self::Drained,
        Self::Signal,
        Self::Notify,
        Self::Reopen,
        Self::Rotate,
    ];
    #[cfg(unix)]
    pub(super) const TO_BODY: &'static [Self] = &[
        Self::Payload,
        Self::PayloadFile,
        Self::Socket,
        Self::Begin,
        Self::Closed,
        Self::Drain,
        Self::Heir,
        Self::Reopen,
        Self::Rotate,
    ];
    /// From a body that is replaced to the one that follows it.
    #[cfg(unix)]
    pub(super) const TO_HEIR: &'static [Self] = &[Self::Socket];
    /// From a process that controls the daemon.
    #[cfg(unix)]
    pub(super) const OF_CONTROL: &'static [Self] = &[Self::Bodies, Self::Upgrade, Self::Stop, Self::Kill];
    #[cfg(unix)]
    pub(super) const TO_CONTROL: &'static [Self] =
        &[Self::Ready, Self::Status, Self::Error, Self::Exit, Self::Bodies, Self::Refused, Self::Stop];
    /// From the launcher.
    #[cfg(unix)]
    pub(super) const TO_NEW_KEEPER: &'static [Self] = &[Self::Payload, Self::Socket, Self::Begin];

    /// Gives the longest body that such a frame may have, in bytes.
    ///
    /// ```
    /// use daimon_core::FrameKind;
    ///
    /// assert!(FrameKind::Status.longest() < FrameKind::Payload.longest());
    /// ```
    pub fn longest(self) -> usize {
        match self {
            Self::Payload | Self::Upgrade => LONGEST_PAYLOAD,
            Self::Ready
            | Self::Exit
            | Self::Listening
            | Self::End
            | Self::Begin
            | Self::Heir
            | Self::Leaving
            | Self::Drained
            | Self::PayloadFile
            | Self::Signal
            | Self::Notify
            | Self::Reopen
            | Self::Rotate
            | Self::Stop
            | Self::Kill => 64,
            // An address, or a path.
            Self::Socket | Self::Taken | Self::Closed | Self::Refused | Self::Drain => 8_192,
            Self::Status => 16_384,
            Self::Error | Self::Bodies => 1_048_576,
        }
    }

    /// Whether a descriptor comes with it.
    #[cfg(unix)]
    pub(super) fn has_descriptor(self) -> bool {
        matches!(self, Self::Socket | Self::Drain | Self::Heir | Self::PayloadFile)
    }

    pub(super) fn tag(self) -> u8 {
        match self {
            Self::Payload => b'P',
            Self::Ready => b'R',
            Self::Status => b'S',
            Self::Error => b'E',
            Self::Exit => b'X',
            Self::Listening => b'L',
            Self::End => b'Q',
            Self::Socket => b'N',
            Self::Begin => b'B',
            Self::Taken => b'T',
            Self::Closed => b'C',
            Self::Drain => b'D',
            Self::Heir => b'H',
            Self::Leaving => b'J',
            Self::Drained => b'Z',
            Self::PayloadFile => b'F',
            Self::Signal => b'K',
            Self::Notify => b'W',
            Self::Reopen => b'O',
            Self::Rotate => b'G',
            Self::Bodies => b'?',
            Self::Upgrade => b'U',
            Self::Refused => b'V',
            Self::Stop => b'A',
            Self::Kill => b'!',
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn no_two_kinds_have_a_tag_in_common() {
        let lists = [
            FrameKind::TO_DAEMON,
            FrameKind::TO_LAUNCHER,
            FrameKind::TO_KEEPER,
            FrameKind::TO_BODY,
            FrameKind::TO_HEIR,
            FrameKind::OF_CONTROL,
            FrameKind::TO_CONTROL,
            FrameKind::TO_NEW_KEEPER,
        ];
        let kinds = lists.concat();
        for (kind, other) in kinds.iter().flat_map(|kind| kinds.iter().map(move |other| (kind, other))) {
            assert_eq!(kind == other, kind.tag() == other.tag(), "{kind:?} {other:?}");
        }
    }
}
