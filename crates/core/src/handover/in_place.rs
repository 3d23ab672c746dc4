//! The environment variable of a keeper that a process has executed in its own place.

use std::ffi::{OsStr, OsString};
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::variable::ADOPTION_VARIABLE;
use crate::sys::decimal;

/// The version of this form, beside those of [`ADOPTION_VARIABLE`]: `4:LOCK:ORDER:PIDFILE`, two descriptors and an
/// absolute path. No launcher waits, hence a file with the order instead of a channel.
const IN_PLACE: &str = "4";

/// What a process hands over to the keeper that it executes in its own place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HandoverInPlace<P = PathBuf> {
    /// The descriptor that holds the lock.
    pub(crate) lock: RawFd,
    /// A file without a name, with the [`crate::keeper::OrderInPlace`].
    pub(crate) order: RawFd,
    /// The pidfile, absolute.
    pub(crate) path: P,
}

impl HandoverInPlace<&Path> {
    /// Writes the variable as the environment holds it: `NAME=value`.
    pub(crate) fn variable(&self) -> OsString {
        let Self { lock, order, path } = self;
        let mut variable = OsString::from(format!("{ADOPTION_VARIABLE}={IN_PLACE}:{lock}:{order}:"));
        variable.push(path);
        variable
    }
}

impl HandoverInPlace {
    /// Parses the variable's value; `None` for anything that [`HandoverInPlace::variable`] does not write.
    pub(crate) fn parse(value: &OsStr) -> Option<Self> {
        let mut parts = value.as_bytes().splitn(4, |byte| *byte == b':');
        let mut part = || parts.next();
        if part()? != IN_PLACE.as_bytes() {
            return None;
        }
        let (lock, order) = (descriptor(part()?)?, descriptor(part()?)?);
        let path = PathBuf::from(OsStr::from_bytes(part()?));
        (lock != order && path.is_absolute()).then_some(Self { lock, order, path })
    }
}

/// A number that is none of the standard descriptors'.
fn descriptor(text: &[u8]) -> Option<RawFd> {
    decimal(text).filter(|number| *number > 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_process_writes_is_not_believed() {
        for value in ["4:3:4:a", "4:3:3:/a", "4:2:4:/a", "4:03:4:/a", "4:3:+4:/a", "4:3:/a", "1:3:4:/a", ""] {
            assert_eq!(HandoverInPlace::parse(OsStr::new(value)), None, "{value}");
        }
    }

    #[test]
    fn what_a_process_writes_its_keeper_reads() {
        let path = Path::new("/odd:name=\u{fc}/b.pid");
        let written = HandoverInPlace { lock: 23, order: 4, path }.variable();
        let value = written.to_str().unwrap().strip_prefix("DAIMON_ADOPTION=").unwrap();
        let read = HandoverInPlace { lock: 23, order: 4, path: path.to_path_buf() };
        assert_eq!(HandoverInPlace::parse(OsStr::new(value)), Some(read));
    }
}
