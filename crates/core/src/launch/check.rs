//! Finds the faults of a plan before the launch begins, and says by how much a plan is too large.

use std::ffi::{CString, OsStr, OsString};
use std::fmt;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;

use crate::error::{Error, Result, Subject};
use crate::given::Descriptor;
use crate::handover::OWN_FDS;
use crate::own::is_own_file;
use crate::plan::Plan;
use crate::sys;

/// The fault of a plan.
pub(super) enum Problem<'a> {
    /// A text for the subject that no system call can carry.
    HoldsNul(Subject, &'a OsStr),
    NotOpen(Descriptor),
    OwnLock(Descriptor),
    NoNumbersLeft,
    ClosedMeanwhile(RawFd),
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HoldsNul(_, text) => write!(f, "{text:?} holds a NUL byte, which no system call can carry"),
            Self::NotOpen(fd) => write!(f, "{fd} is not an open descriptor from 3 on"),
            Self::OwnLock(fd) => write!(f, "{fd} is this daemon's own lock"),
            Self::NoNumbersLeft => {
                f.write_str("two numbers from 3 to 15 must be left for daimon itself, three with a socket")
            }
            Self::ClosedMeanwhile(fd) => {
                write!(f, "{fd} has been closed while the start waited for the lock")
            }
        }
    }
}

impl From<Problem<'_>> for Error {
    fn from(problem: Problem<'_>) -> Self {
        let subject = match problem {
            Problem::HoldsNul(subject, _) => subject,
            _ => Subject::KeptDescriptors,
        };
        Self::invalid(subject, problem)
    }
}

/// Finds numbers for lock, channel and socket that are not to be kept for anything else.
pub(super) fn own_fds(keep: &[Descriptor], has_socket: bool) -> Result<(RawFd, RawFd, Option<RawFd>)> {
    if let Some(fd) = keep.iter().find(|fd| fd.number() < OWN_FDS.start || !sys::is_open(fd.number())) {
        return Err(Problem::NotOpen(*fd).into());
    }
    // The daemon's lock would live on in another daemon.
    let is_own = |fd: &&Descriptor| sys::stat_of(fd.number()).is_some_and(|stat| is_own_file(&stat));
    if let Some(fd) = keep.iter().find(is_own) {
        return Err(Problem::OwnLock(*fd).into());
    }
    let mut free = OWN_FDS.filter(|number| !keep.iter().any(|fd| fd.number() == *number));
    match (free.next(), free.next(), free.next()) {
        (Some(lock), Some(channel), socket) if socket.is_some() || !has_socket => Ok((lock, channel, socket)),
        _ => Err(Problem::NoNumbersLeft.into()),
    }
}

/// The text as a C string.
pub(super) fn c_string(text: impl AsRef<OsStr>, subject: Subject) -> Result<CString> {
    let text = text.as_ref();
    CString::new(text.as_bytes()).map_err(|_| Problem::HoldsNul(subject, text).into())
}

/// All of them.
pub(super) fn c_strings(texts: &[OsString], subject: Subject) -> Result<Vec<CString>> {
    let mut strings = Vec::with_capacity(texts.len());
    for text in texts {
        strings.push(c_string(text.as_os_str(), subject)?);
    }
    Ok(strings)
}

impl Plan {
    /// Says how large arguments and environment are, for a program to which they are too much. Their content is not
    /// told.
    pub(super) fn size(&self) -> String {
        // With the byte that ends each string, and the `=`.
        let args = self.args.iter().map(|arg| arg.len() + 1);
        let env = self.env.iter().map(|(name, value)| (name.len() + value.len() + 2, name));
        let largest = match (args.clone().max().unwrap_or(0), env.clone().max()) {
            (arg, Some((size, name))) if size > arg => {
                format!("the variable {} alone {size}", name.display())
            }
            (arg, _) => format!("the largest argument {arg}"),
        };
        let (args, env): (usize, usize) = (args.sum(), env.map(|(size, _)| size).sum());
        format!(
            "its arguments have {args} bytes and its environment {env}, {largest}, which is more than \
             the system takes; leave some out, or put it into a file"
        )
    }
}
