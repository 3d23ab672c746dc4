//! The environment variable by which a daemon knows that it is one.

use std::ffi::{OsStr, OsString};
use std::ops::Range;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::sys::FileId;

/// The environment variable by which a daemon knows that it is one: `1:LOCK:CHANNEL:CAPTURED:PIDFILE`, two descriptors,
/// whether stderr is captured (0 or 1), and an absolute path; with a listening socket
/// `2:LOCK:CHANNEL:CAPTURED:SOCKET.DEV.INO:PIDFILE`, the socket's descriptor, and the device and inode of its file.
pub const ADOPTION_VARIABLE: &str = "DAIMON_ADOPTION";

/// The versions of the protocol, without a socket and with one. Launcher and daemon may run different copies of this
/// library.
const PLAIN: &str = "1";
const WITH_SOCKET: &str = "2";

/// The numbers that lock, channel and socket may have in the daemon. Node.js marks descriptors with these numbers
/// close-on-exec
/// at boot, before a preload of `NODE_OPTIONS` could leak them.
pub(crate) const OWN_FDS: Range<RawFd> = 3..16;

/// The values that a launcher hands over to its daemon at exec.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Handover<P = PathBuf> {
    /// The descriptor that holds the lock.
    pub(crate) lock: RawFd,
    /// The daemon's end of the channel.
    pub(crate) channel: RawFd,
    /// Whether stderr goes to memory until the daemon is ready.
    pub(crate) is_captured: bool,
    /// The listening socket, and the file at its path.
    pub(crate) socket: Option<(RawFd, FileId)>,
    /// The pidfile, absolute.
    pub(crate) path: P,
}

impl Handover<&Path> {
    /// Writes the variable as the environment holds it: `NAME=value`.
    pub(crate) fn variable(&self) -> OsString {
        let Self { lock, channel, is_captured, socket, path } = self;
        let captured = u8::from(*is_captured);
        let (version, socket) = match socket {
            None => (PLAIN, String::new()),
            Some((fd, FileId { dev, ino })) => (WITH_SOCKET, format!("{fd}.{dev}.{ino}:")),
        };
        let mut variable =
            OsString::from(format!("{ADOPTION_VARIABLE}={version}:{lock}:{channel}:{captured}:{socket}"));
        variable.push(path);
        variable
    }
}

impl Handover {
    /// Parses the variable's value; `None` for anything that [`Handover::variable`] does not write.
    pub(crate) fn parse(value: &OsStr) -> Option<Self> {
        let mut rest = value.as_bytes();
        let mut text = || {
            let end = rest.iter().position(|byte| *byte == b':')?;
            let (part, after) = rest.split_at(end);
            rest = &after[1..];
            std::str::from_utf8(part).ok()
        };
        let version = text()?;
        let (lock, channel) = (number(text()?)?, number(text()?)?);
        let is_captured = match text()? {
            "0" => false,
            "1" => true,
            _ => return None,
        };
        let socket = match version {
            PLAIN => None,
            WITH_SOCKET => Some(socket(text()?)?),
            _ => return None,
        };
        let path = PathBuf::from(OsStr::from_bytes(rest));
        let mut numbers = vec![lock, channel];
        numbers.extend(socket.map(|(fd, _)| fd));
        let are_own = numbers.iter().all(|number| OWN_FDS.contains(number));
        let differ = (1..numbers.len()).all(|at| !numbers[..at].contains(&numbers[at]));
        (are_own && differ && path.is_absolute()).then_some(Self { lock, channel, is_captured, socket, path })
    }
}

fn socket(text: &str) -> Option<(RawFd, FileId)> {
    let mut parts = text.splitn(3, '.');
    let fd = number(parts.next()?)?;
    Some((fd, FileId { dev: number(parts.next()?)?, ino: number(parts.next()?)? }))
}

/// A number as it is written: no `+`, and no zero before it.
fn number<N: FromStr + ToString>(text: &str) -> Option<N> {
    text.parse().ok().filter(|number: &N| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_launcher_writes_is_not_believed() {
        for value in [
            "1:+3:4:0:/a",
            "1:3:04:0:/a",
            "1:3:3:0:/a",
            "1:3:16:0:/a",
            "1:3:4:2:/a",
            "1:3:4:0:a",
            "",
            "2:3:4:0:/a",
            "2:3:4:0:5.1:/a",
            "2:3:4:0:4.1.2:/a",
            "2:3:4:0:5.01.2:/a",
            "2:3:4:0:5.1.2.3:/a",
            "3:3:4:0:5.1.2:/a",
        ] {
            assert_eq!(Handover::parse(OsStr::new(value)), None, "{value}");
        }
    }

    #[test]
    fn what_a_launcher_writes_its_daemon_reads() {
        let socket = Some((5, FileId { dev: 64_769, ino: u64::MAX }));
        for (is_captured, socket, path) in [
            (true, None, "/run/a.pid"),
            (false, None, "/odd:name=\u{fc}/b.pid"),
            (false, socket, "/run/a:b.pid"),
        ] {
            let written =
                Handover { lock: 3, channel: 15, is_captured, socket, path: Path::new(path) }.variable();
            let value = written.to_str().unwrap().strip_prefix("DAIMON_ADOPTION=").unwrap();
            let read = Handover { lock: 3, channel: 15, is_captured, socket, path: PathBuf::from(path) };
            assert_eq!(Handover::parse(OsStr::new(value)), Some(read));
        }
    }
}
