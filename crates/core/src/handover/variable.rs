//! The environment variable by which a daemon knows that it is one.

use std::ffi::{OsStr, OsString};
use std::ops::Range;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::unistd::{getpid, getppid};

use crate::given::BodyPlace;
use crate::sys::decimal;
use crate::sys::{FileId, Pid, halves};

/// The environment variable by which a daemon knows that it is one: `1:LOCK:CHANNEL:CAPTURED:PIDFILE`, two descriptors,
/// whether stderr is captured (0 or 1), and an absolute path; with a listening socket
/// `2:LOCK:CHANNEL:CAPTURED:SOCKET.DEV.INO:PIDFILE`, the socket's descriptor, and the device and inode of its file. A
/// keeper gives its bodies `3:LOCK:CHANNEL:CAPTURED:GENERATION.INSTANCE:PIDFILE`. A process that executes a keeper in
/// its own place gives it `4:LOCK:ORDER:PIDFILE`.
pub const ADOPTION_VARIABLE: &str = "DAIMON_ADOPTION";

/// The versions of the protocol: without a socket, with one, and for a keeper's body. Launcher and daemon may run
/// different copies of this library.
const PLAIN: &str = "1";
const WITH_SOCKET: &str = "2";
const BODY: &str = "3";

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
    /// For a body: the pidfile names its keeper. A body has no socket of this kind.
    pub(crate) body: Option<BodyPlace>,
    /// The pidfile, absolute.
    pub(crate) path: P,
}

impl Handover<&Path> {
    /// Writes the variable as the environment holds it: `NAME=value`.
    pub(crate) fn variable(&self) -> OsString {
        let Self { lock, channel, is_captured, socket, body, path } = self;
        let captured = u8::from(*is_captured);
        let (version, more) = match (socket, body) {
            (None, None) => (PLAIN, String::new()),
            (Some((fd, FileId { dev, ino })), _) => (WITH_SOCKET, format!("{fd}.{dev}.{ino}:")),
            (None, Some(BodyPlace { generation, instance })) => (BODY, format!("{generation}.{instance}:")),
        };
        let mut variable =
            OsString::from(format!("{ADOPTION_VARIABLE}={version}:{lock}:{channel}:{captured}:{more}"));
        variable.push(path);
        variable
    }
}

impl Handover {
    /// The process that the pidfile names: a body's parent, otherwise this process.
    pub(crate) fn holder(&self) -> Pid {
        if self.body.is_some() { getppid().as_raw() } else { getpid().as_raw() }
    }

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
        let (socket, body) = match version {
            PLAIN => (None, None),
            WITH_SOCKET => (Some(socket(text()?)?), None),
            BODY => (None, Some(place(text()?)?)),
            _ => return None,
        };
        let path = PathBuf::from(OsStr::from_bytes(rest));
        let mut numbers = vec![lock, channel];
        numbers.extend(socket.map(|(fd, _)| fd));
        let are_own = numbers.iter().all(|number| OWN_FDS.contains(number));
        let differ = (1..numbers.len()).all(|at| !numbers[..at].contains(&numbers[at]));
        let is_whole = are_own && differ && path.is_absolute();
        is_whole.then_some(Self { lock, channel, is_captured, socket, body, path })
    }
}

fn socket(text: &str) -> Option<(RawFd, FileId)> {
    let (fd, id) = halves(text, b'.')?;
    let (dev, ino) = halves(id, b'.')?;
    Some((number(fd)?, FileId { dev: number(dev)?, ino: number(ino)? }))
}

fn place(text: &str) -> Option<BodyPlace> {
    let (generation, instance) = halves(text, b'.')?;
    Some(BodyPlace { generation: number(generation)?, instance: number(instance)? })
}

fn number<N: TryFrom<u64>>(text: &str) -> Option<N> {
    decimal(text.as_bytes())
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
            "3:3:4:0:1:/a",
            "3:3:4:0:1.-1:/a",
            "4:3:4:0:/a",
        ] {
            assert_eq!(Handover::parse(OsStr::new(value)), None, "{value}");
        }
    }

    #[test]
    fn what_a_launcher_writes_its_daemon_reads() {
        let socket = Some((5, FileId { dev: 64_769, ino: u64::MAX }));
        let body = Some(BodyPlace { generation: 7, instance: 0 });
        for (is_captured, socket, body, path) in [
            (true, None, None, "/run/a.pid"),
            (false, None, None, "/odd:name=\u{fc}/b.pid"),
            (false, socket, None, "/run/a:b.pid"),
            (false, None, body, "/run/c.pid"),
        ] {
            let written = Handover { lock: 3, channel: 15, is_captured, socket, body, path: Path::new(path) }
                .variable();
            let value = written.to_str().unwrap().strip_prefix("DAIMON_ADOPTION=").unwrap();
            let read =
                Handover { lock: 3, channel: 15, is_captured, socket, body, path: PathBuf::from(path) };
            assert_eq!(Handover::parse(OsStr::new(value)), Some(read));
        }
    }
}
