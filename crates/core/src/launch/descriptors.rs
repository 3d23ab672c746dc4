//! The descriptors of a launch, opened before the first clone.

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use nix::errno::Errno;

use crate::error::{Error, Result};
use crate::given::Descriptor;
use crate::given::Stdio;
use crate::handover::OWN_FDS;
use crate::log::{LogTail, open_input, open_null, open_output};
use crate::pidfile::Locked;
use crate::plan::Plan;
use crate::socket::Bound;
use crate::sys;
use crate::sys::{stderr, stdout};

/// Descriptors that get other numbers in the child are kept above these, so that none is overwritten before its turn.
pub(super) const LOWEST_SOURCE: RawFd = OWN_FDS.end;

/// Descriptors for the child, all close-on-exec and from [`LOWEST_SOURCE`] on, and the launcher's ends.
pub(super) struct Descriptors {
    pub(super) lock: OwnedFd,
    pub(super) channel: OwnedFd,
    pub(super) error_pipe: OwnedFd,
    pub(super) socket: Option<OwnedFd>,
    /// Sources of 0, 1 and 2.
    pub(super) stdio: [OwnedFd; 3],
    pub(super) own_channel: OwnedFd,
    pub(super) own_error_pipe: OwnedFd,
    pub(super) log: Option<LogTail>,
}

impl Descriptors {
    /// A descriptor of ours that has a number to be kept: in the child the kept ones take their numbers first.
    pub(super) fn collides_with(&self, kept: &[Descriptor]) -> Option<RawFd> {
        let stdio = self.stdio.iter().map(AsRawFd::as_raw_fd);
        let own = [self.lock.as_raw_fd(), self.channel.as_raw_fd(), self.error_pipe.as_raw_fd()];
        let socket = self.socket.iter().map(AsRawFd::as_raw_fd);
        stdio.chain(own).chain(socket).find(|number| kept.iter().any(|fd| fd.number() == *number))
    }

    pub(super) fn open(plan: &Plan, locked: &Locked, bound: Option<&Bound>) -> Result<Self> {
        let (stdio, log) = open_stdio(plan)?;
        let failed = |syscall| {
            move |errno| Error::system("descriptors", syscall, errno, "no descriptor could be made")
        };
        let (own_channel, channel) = sys::channel_pair().map_err(failed("socketpair"))?;
        let (own_error_pipe, error_pipe) = sys::error_pipe().map_err(failed("pipe"))?;
        Ok(Self {
            lock: raised(locked.file())?,
            channel: raised(&channel)?,
            error_pipe: raised(&error_pipe)?,
            socket: bound.map(|bound| raised(&bound.listener)).transpose()?,
            stdio,
            own_channel: raised(&own_channel)?,
            own_error_pipe: raised(&own_error_pipe)?,
            log,
        })
    }
}

type Sources = [OwnedFd; 3];

fn open_stdio(plan: &Plan) -> Result<(Sources, Option<LogTail>)> {
    let null = open_null()?;
    let stdin = match &plan.stdin {
        Stdio::Null => raised(&null)?,
        Stdio::Inherit => inherited(std::io::stdin(), &null)?,
        Stdio::File { path, subject, .. } => raised(open_input(path, *subject)?)?,
    };
    let stdout = match &plan.stdout {
        Stdio::Null => raised(&null)?,
        Stdio::Inherit => inherited(stdout(), &null)?,
        Stdio::File { path, subject, mode } => raised(open_output(path, *subject, *mode, plan.owner)?)?,
    };
    let (stderr, log) = match &plan.stderr {
        // Syntax errors, wrong flags and a lack of memory speak only there.
        Stdio::Null => {
            let failed = |errno| Error::system("stdio", "memfd_create", errno, "stderr cannot be captured");
            let file = sys::capture_file().map_err(failed)?;
            (raised(&file)?, Some(LogTail::Captured(file)))
        }
        Stdio::Inherit => (inherited(stderr(), &null)?, None),
        Stdio::File { path, subject, mode } => {
            // One open file for both keeps the order of their lines.
            let shared = plan.stderr == plan.stdout;
            let file = if shared {
                raised(&stdout)?
            } else {
                raised(open_output(path, *subject, *mode, plan.owner)?)?
            };
            let tail = LogTail::of(path, &file);
            (file, tail)
        }
    };
    Ok(([stdin, stdout, stderr], log))
}

/// A duplicate of the launcher's own descriptor, which Node has marked close-on-exec at its boot; the null device where
/// that is closed: else the next file opened would take its number.
fn inherited(own: impl AsFd, null: &OwnedFd) -> Result<OwnedFd> {
    if sys::is_open(own.as_fd().as_raw_fd()) { raised(own) } else { raised(null) }
}

/// A duplicate out of the way of all targets, close-on-exec from birth.
pub(super) fn raised(fd: impl AsFd) -> Result<OwnedFd> {
    raised_above(fd, LOWEST_SOURCE)
}

/// The same, for targets that are all below `lowest`.
pub(super) fn raised_above(fd: impl AsFd, lowest: RawFd) -> Result<OwnedFd> {
    made(sys::duplicate_above(fd.as_fd(), lowest))
}

/// The same as [`raised`], by a call that is given the lowest number.
pub(super) fn raised_by<T>(duplicate: impl FnOnce(RawFd) -> std::result::Result<T, Errno>) -> Result<T> {
    made(duplicate(LOWEST_SOURCE))
}

fn made<T>(duplicate: std::result::Result<T, Errno>) -> Result<T> {
    duplicate.map_err(|errno| {
        let message = match errno {
            Errno::EMFILE | Errno::EINVAL => {
                "the launcher has no descriptors left; raise its limit (ulimit -n)"
            }
            _ => "no descriptor could be made",
        };
        Error::system("descriptors", "fcntl", errno, message)
    })
}
