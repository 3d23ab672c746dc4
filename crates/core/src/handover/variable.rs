//! The environment variable by which a daemon knows that it is one.

use std::ffi::{OsStr, OsString};
use std::ops::Range;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The environment variable by which a daemon knows that it is one: `VERSION:LOCK:CHANNEL:CAPTURED:PIDFILE`, two
/// descriptors, whether stderr is captured (0 or 1), and an absolute path.
pub const ADOPTION_VARIABLE: &str = "DAIMON_ADOPTION";

/// The only version of the protocol so far. Launcher and daemon may run different copies of this library.
const VERSION: &str = "1";

/// The numbers that lock and channel may have in the daemon. Node.js marks descriptors with these numbers close-on-exec
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
    /// The pidfile, absolute.
    pub(crate) path: P,
}

impl Handover<&Path> {
    /// Writes the variable as the environment holds it: `NAME=value`.
    pub(crate) fn variable(&self) -> OsString {
        let Self { lock, channel, is_captured, path } = self;
        let captured = u8::from(*is_captured);
        let mut variable =
            OsString::from(format!("{ADOPTION_VARIABLE}={VERSION}:{lock}:{channel}:{captured}:"));
        variable.push(path);
        variable
    }
}

impl Handover {
    /// Parses the variable's value; `None` for anything that [`Handover::variable`] does not write.
    pub(crate) fn parse(value: &OsStr) -> Option<Self> {
        let mut parts = value.as_bytes().splitn(5, |byte| *byte == b':');
        let mut text = || std::str::from_utf8(parts.next()?).ok();
        (text()? == VERSION).then_some(())?;
        let (lock, channel) = (number(text()?)?, number(text()?)?);
        let is_captured = match text()? {
            "0" => false,
            "1" => true,
            _ => return None,
        };
        let path = PathBuf::from(OsStr::from_bytes(parts.next()?));
        let is_plausible =
            OWN_FDS.contains(&lock) && OWN_FDS.contains(&channel) && lock != channel && path.is_absolute();
        is_plausible.then_some(Self { lock, channel, is_captured, path })
    }
}

/// A number as it is written: no `+`, and no zero before it.
fn number(text: &str) -> Option<RawFd> {
    text.parse().ok().filter(|number: &RawFd| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_launcher_writes_is_not_believed() {
        for value in
            ["1:+3:4:0:/a", "1:3:04:0:/a", "1:3:3:0:/a", "1:3:16:0:/a", "1:3:4:2:/a", "1:3:4:0:a", ""]
        {
            assert_eq!(Handover::parse(OsStr::new(value)), None, "{value}");
        }
    }

    #[test]
    fn what_a_launcher_writes_its_daemon_reads() {
        for (is_captured, path) in [(true, "/run/a.pid"), (false, "/odd:name=\u{fc}/b.pid")] {
            let written = Handover { lock: 3, channel: 15, is_captured, path: Path::new(path) }.variable();
            let value = written.to_str().unwrap().strip_prefix("DAIMON_ADOPTION=").unwrap();
            let read = Handover { lock: 3, channel: 15, is_captured, path: PathBuf::from(path) };
            assert_eq!(Handover::parse(OsStr::new(value)), Some(read));
        }
    }
}
