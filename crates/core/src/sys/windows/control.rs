//! What other processes ask a daemon, by the pipe that is named after its pidfile: how far it has come, and signals.
//! The kernel names the process that serves the pipe, which is the pidfile's name tag.
//!
//! The daemon sends one byte, its phase, to whoever connects. A client may send one byte, the number of a signal, and
//! gets the same byte back once the signal is delivered. The byte's highest bit says that the daemon makes way for
//! another version.

use std::time::Duration;

use super::operation::Progress;
use super::pipe::Pipe;
use super::{Errno, FileId, is_denial};
use crate::sys::{NameTag, Phase, Pid, Unreached};

/// The numbers of signals, as Node.js and Linux have them.
pub(crate) const HUP: i32 = 1;
pub(crate) const INT: i32 = 2;
pub(crate) const QUIT: i32 = 3;
pub(crate) const KILL: i32 = 9;
pub(crate) const USR1: i32 = 10;
pub(crate) const USR2: i32 = 12;
pub(crate) const TERM: i32 = 15;
pub(crate) const CONT: i32 = 18;
pub(crate) const STOP: i32 = 19;

/// How long a daemon's own thread may take to answer. It is asked again and again: one look at a daemon that has just
/// ended must not take all the time.
const PATIENCE: Duration = Duration::from_millis(100);

/// Whether a daemon can be sent that signal.
pub(crate) fn is_known(signal: i32) -> bool {
    matches!(signal, HUP | INT | QUIT | USR1 | USR2 | TERM)
}

/// The name of the pipe.
pub(crate) fn pipe_of(file: FileId) -> String {
    format!(r"\\.\pipe\daimon-{file}")
}

/// The byte by which a daemon tells its phase.
pub(crate) fn byte_of(phase: Phase) -> u8 {
    match phase {
        Phase::Serving => b's',
        Phase::Starting => b'b',
        Phase::Deaf => b'd',
        Phase::Leaving => b'l',
    }
}

fn phase_of(byte: u8) -> Option<Phase> {
    [Phase::Serving, Phase::Starting, Phase::Deaf, Phase::Leaving]
        .into_iter()
        .find(|phase| byte_of(*phase) == byte)
}

/// The bit of a message that is no part of the signal's number.
const DISPLACING: u8 = 0x80;

/// What a message says: the signal's number, and whether the daemon makes way for another version.
pub(crate) fn signal_of(message: u8) -> (i32, bool) {
    (i32::from(message & !DISPLACING), message & DISPLACING != 0)
}

/// Who serves the pipe of a pidfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    By(NameTag),
    /// Nobody: its holder has not adopted itself yet, or is about to end.
    ByNobody,
    /// Somebody who has not answered.
    Unanswered,
}

/// The process that serves the pipe of that pidfile, and its phase.
pub(crate) fn name_tag(file: FileId) -> Served {
    match greeted(file, PATIENCE) {
        Ok(Some((pipe, phase))) => {
            pipe.server().map_or(Served::Unanswered, |pid| Served::By(NameTag { pid, phase }))
        }
        Err(errno) if errno.is_missing() => Served::ByNobody,
        Ok(None) | Err(_) => Served::Unanswered,
    }
}

fn greeted(file: FileId, patience: Duration) -> Result<Option<(Pipe, Phase)>, Errno> {
    let mut pipe = Pipe::connect(&pipe_of(file), patience)?;
    let byte = read(&mut pipe, patience)?;
    Ok(byte.and_then(phase_of).map(|phase| (pipe, phase)))
}

fn read(pipe: &mut Pipe, patience: Duration) -> Result<Option<u8>, Errno> {
    pipe.begin_read()?;
    match pipe.progress(patience) {
        Progress::Done(bytes) => Ok(bytes.first().copied()),
        Progress::Pending | Progress::Ended => Ok(None),
    }
}

/// A connection to the daemon of a pidfile, by which it can be sent a signal.
#[derive(Debug)]
pub(crate) struct Line(Pipe);

/// The result of one try to connect.
#[derive(Debug)]
pub(crate) enum Reached {
    Daemon(Line),
    /// Nobody serves the pipe: the daemon has not adopted itself yet, or is about to end.
    Nobody,
    /// Another process than the daemon serves it, or the daemon has not answered.
    Other,
}

/// Connects to the holder of that pidfile, if that is process `pid`, of which the caller has a handle. Takes some two
/// tenths of a second at most, and sends nothing.
pub(crate) fn reach(file: FileId, pid: Pid) -> Result<Reached, Unreached> {
    match greeted(file, PATIENCE) {
        Ok(Some((pipe, _))) if pipe.server() == Some(pid) => Ok(Reached::Daemon(Line(pipe))),
        Err(errno) if errno.is_missing() => Ok(Reached::Nobody),
        Err(errno) if is_denial(errno) => Err(Unreached::System("CreateFileW", errno)),
        Ok(_) | Err(_) => Ok(Reached::Other),
    }
}

impl Line {
    /// Sends a signal; false when the daemon has let go of the connection without an answer, so that it may not have
    /// the signal: it is to be sent again if the daemon is alive. Returns soon in any case.
    pub(crate) fn send(mut self, signal: i32, displacing: bool) -> bool {
        let Ok(number) = u8::try_from(signal) else { return false };
        let byte = if displacing { number | DISPLACING } else { number };
        if self.0.write_all(&[byte], PATIENCE).is_err() || self.0.begin_read().is_err() {
            return false;
        }
        // The same byte comes back. A daemon that is late with it has the signal all the same.
        !matches!(self.0.progress(PATIENCE), Progress::Ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_is_read_as_it_is_written_and_nothing_else() {
        for phase in [Phase::Serving, Phase::Starting, Phase::Deaf, Phase::Leaving] {
            assert_eq!(phase_of(byte_of(phase)), Some(phase));
        }
        assert_eq!(phase_of(b'x'), None);
    }

    #[test]
    fn a_signal_is_sent_when_it_is_answered_and_not_when_the_connection_is_closed() {
        for answers in [true, false] {
            let file = FileId::random();
            let mut server = Pipe::serve(&pipe_of(file), true).unwrap();
            server.accept().unwrap();
            let client = std::thread::spawn(move || reach(file, std::process::id().cast_signed()));
            let long = Duration::from_secs(10);
            assert_eq!(server.progress(long), Progress::Done(Vec::new()));
            server.write_all(&[byte_of(Phase::Serving)], long).unwrap();
            let Ok(Reached::Daemon(line)) = client.join().unwrap() else { panic!("not reached") };
            let sender = std::thread::spawn(move || line.send(TERM, false));
            server.begin_read().unwrap();
            assert_eq!(server.progress(long), Progress::Done(vec![15]));
            if answers {
                server.write_all(&[15], long).unwrap();
                assert!(sender.join().unwrap());
            } else {
                server.disconnect();
                assert!(!sender.join().unwrap());
            }
        }
    }

    #[test]
    fn a_message_has_a_signal_and_says_whether_another_version_comes() {
        assert_eq!(signal_of(15), (TERM, false));
        assert_eq!(signal_of(15 | DISPLACING), (TERM, true));
    }
}
