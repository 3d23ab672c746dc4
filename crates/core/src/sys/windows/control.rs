//! What other processes ask a daemon, by the pipe that is named after its pidfile: how far it has come, and signals.
//! The kernel names the process that serves the pipe, which is the pidfile's name tag.
//!
//! The daemon sends one byte, its phase, to whoever connects. A client may send one byte, the number of a signal, and
//! gets the same byte back once the signal is delivered.

use std::time::Duration;

use super::pipe::{Pipe, Progress};
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

/// How long a daemon's own thread may take to answer a message.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same of a look, which is made again and again: one at a daemon that has just ended must not take all the time.
const PATIENCE_OF_LOOK: Duration = Duration::from_millis(100);

/// Whether a daemon can be sent that signal.
pub(crate) fn is_known(signal: i32) -> bool {
    matches!(signal, HUP | INT | QUIT | USR1 | USR2 | TERM)
}

/// The name of the pipe.
pub(crate) fn pipe_of(FileId { volume, index }: FileId) -> String {
    format!(r"\\.\pipe\daimon-{volume:08x}-{index:016x}")
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
    match greeted(file, PATIENCE_OF_LOOK) {
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

/// What has become of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The daemon has it.
    Delivered,
    /// Nobody serves the pipe: the daemon has not adopted itself yet, or is about to end.
    Unserved,
    /// The daemon has gone away meanwhile, or another one serves the pipe.
    Interrupted,
}

/// Sends a signal to the holder of that pidfile, if that is process `pid`, of which the caller has a handle.
pub(crate) fn send(file: FileId, pid: Pid, signal: i32) -> Result<Sent, Unreached> {
    let failed = |errno| Unreached::System("CreateFileW", errno);
    let mut pipe = match greeted(file, PATIENCE) {
        Ok(Some((pipe, _))) if pipe.server() == Some(pid) => pipe,
        Ok(_) => return Ok(Sent::Interrupted),
        Err(errno) if errno.is_missing() => return Ok(Sent::Unserved),
        Err(errno) if is_denial(errno) || errno == Errno::PIPE_BUSY => return Err(failed(errno)),
        Err(_) => return Ok(Sent::Interrupted),
    };
    let byte = u8::try_from(signal).map_err(|_| failed(Errno::NOT_SUPPORTED))?;
    if pipe.write_all(&[byte], PATIENCE).is_err() {
        return Ok(Sent::Interrupted);
    }
    // The same byte comes back, or the daemon has ended before it could answer, as by the signal.
    let _ = read(&mut pipe, PATIENCE);
    Ok(Sent::Delivered)
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
}
