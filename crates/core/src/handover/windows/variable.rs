//! The environment variable by which a daemon knows that it is one.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The environment variable by which a daemon knows that it is one: `1:BOOT:PIDFILE`, the value of the inherited handle
/// from which it reads those that it has been given, and an absolute path.
pub const ADOPTION_VARIABLE: &str = "DAIMON_ADOPTION";

/// The version of the protocol. Launcher and daemon may run different copies of this library.
const VERSION: &str = "1";

/// What a launcher hands over to its daemon.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Handover<P = PathBuf> {
    /// The value of the handle by which the others are told.
    pub(crate) boot: usize,
    /// The pidfile, absolute.
    pub(crate) path: P,
}

impl Handover<&Path> {
    /// Writes the variable's value.
    pub(crate) fn value(&self) -> OsString {
        let mut value = OsString::from(format!("{VERSION}:{}:", self.boot));
        value.push(self.path);
        value
    }
}

impl Handover {
    /// Parses the variable's value; `None` for anything that [`Handover::value`] does not write.
    pub(crate) fn parse(value: &OsStr) -> Option<Self> {
        let (boot, path) = value.to_str()?.strip_prefix(VERSION)?.strip_prefix(':')?.split_once(':')?;
        let number: usize = boot.parse().ok()?;
        let path = PathBuf::from(path);
        (number != 0 && number.to_string() == boot && path.is_absolute())
            .then_some(Self { boot: number, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_launcher_writes_its_daemon_reads_and_nothing_else_is_believed() {
        let path = PathBuf::from(r"C:\odd: name\\u{fc}.pid");
        let value = Handover { boot: 196, path: path.as_path() }.value();
        assert_eq!(Handover::parse(&value), Some(Handover { boot: 196, path }));
        for wrong in ["", "1:", "1:0:C:\\a", "1:07:C:\\a", "2:7:C:\\a", "1:7:a", "1:-7:C:\\a"] {
            assert_eq!(Handover::parse(OsStr::new(wrong)), None, "{wrong}");
        }
    }
}
