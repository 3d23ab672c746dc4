//! What other processes ask a daemon, by the pipe that is named after its pidfile: how far it has come, and signals.
//! The kernel names the process that serves the pipe, which is the pidfile's name tag.
//!
//! The daemon sends its phase and the number of its job to whoever connects, in nine bytes. A client may send one byte, the number of a signal, and
//! gets the same byte back once the signal is delivered.

use std::time::Duration;

use super::pipe::{Pipe, Progress};
use super::{Errno, FileId};
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

/// How long a daemon's own thread may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether a daemon can be sent that signal.
pub(crate) fn is_known(signal: i32) -> bool {
    matches!(signal, HUP | INT | QUIT | USR1 | USR2 | TERM)
}

/// The name of the pipe.
pub(crate) fn pipe_of(FileId { volume, index }: FileId) -> String {
    format!(r"\\.\pipe\daimon-{volume:08x}-{index:016x}")
}

/// What a daemon says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    pub(crate) phase: Phase,
    /// The number of the job that it is in; 0 for none.
    pub(crate) job: u64,
}

impl Greeting {
    const BYTES: usize = 9;

    pub(crate) fn bytes(self) -> Vec<u8> {
        [&[byte_of(self.phase)][..], &self.job.to_le_bytes()].concat()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (phase, job) = bytes.split_first()?;
        Some(Self { phase: phase_of(*phase)?, job: u64::from_le_bytes(job.try_into().ok()?) })
    }
}

fn byte_of(phase: Phase) -> u8 {
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

/// The process that serves the pipe of that pidfile, its phase, and its job; `None` where nobody does.
pub(crate) fn name_tag(file: FileId) -> Option<(NameTag, u64)> {
    let (pipe, Greeting { phase, job }) = greeted(file).ok()??;
    Some((NameTag { pid: pipe.server()?, phase }, job))
}

fn greeted(file: FileId) -> Result<Option<(Pipe, Greeting)>, Errno> {
    let mut pipe = Pipe::connect(&pipe_of(file), PATIENCE)?;
    let mut bytes = Vec::new();
    while bytes.len() < Greeting::BYTES {
        match read(&mut pipe)? {
            Some(more) if !more.is_empty() => bytes.extend(more),
            _ => return Ok(None),
        }
    }
    Ok(Greeting::parse(&bytes).map(|greeting| (pipe, greeting)))
}

fn read(pipe: &mut Pipe) -> Result<Option<Vec<u8>>, Errno> {
    pipe.begin_read()?;
    match pipe.progress(PATIENCE) {
        Progress::Done(bytes) => Ok(Some(bytes)),
        Progress::Pending | Progress::Ended => Ok(None),
    }
}

/// Sends a signal to the holder of that pidfile, if that is process `pid`, of which the caller has a handle.
pub(crate) fn send(file: FileId, pid: Pid, signal: i32) -> Result<(), Unreached> {
    let failed = |errno| Unreached::System("CreateFileW", errno);
    let Some((mut pipe, _)) = greeted(file).map_err(failed)? else { return Err(Unreached::Ended) };
    if pipe.server() != Some(pid) {
        return Err(Unreached::Ended);
    }
    let byte = u8::try_from(signal).map_err(|_| failed(Errno::NOT_SUPPORTED))?;
    pipe.write_all(&[byte], PATIENCE).map_err(|errno| Unreached::System("WriteFile", errno))?;
    // The same byte comes back, or the daemon has ended before it could answer, as by the signal.
    let _ = read(&mut pipe);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_is_read_as_it_is_written_and_nothing_else() {
        for phase in [Phase::Serving, Phase::Starting, Phase::Deaf, Phase::Leaving] {
            let greeting = Greeting { phase, job: u64::MAX - 7 };
            assert_eq!(Greeting::parse(&greeting.bytes()), Some(greeting));
        }
        for wrong in [&b""[..], b"s", b"x12345678", b"s123456789"] {
            assert_eq!(Greeting::parse(wrong), None);
        }
    }
}
