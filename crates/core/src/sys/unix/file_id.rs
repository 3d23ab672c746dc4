//! The identity of a file.

use std::fmt;
use std::str::FromStr;

use nix::sys::stat::FileStat;

use crate::sys::{decimal, halves};

/// Device and inode: two descriptors with the same pair are on the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
}

impl FileId {
    // `st_dev` is signed and narrower on macOS.
    #[expect(clippy::unnecessary_cast, reason = "the fields' types differ by platform")]
    pub(crate) fn of(stat: &FileStat) -> Self {
        Self { dev: stat.st_dev as u64, ino: stat.st_ino as u64 }
    }
}

/// The two numbers, as another process reads them.
impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.dev, self.ino)
    }
}

impl FromStr for FileId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (dev, ino) = halves(text, b' ').ok_or(())?;
        let number = |text: &str| decimal(text.as_bytes()).ok_or(());
        Ok(Self { dev: number(dev)?, ino: number(ino)? })
    }
}
