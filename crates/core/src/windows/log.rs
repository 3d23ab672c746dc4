//! Output files: read back when a start failed. A log is not rotated or reopened here: a running process cannot be
//! given another output without the risk of a lost line.

use std::fs::File;
use std::os::windows::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result, Subject};
use crate::given::{Outputs, Rotation};
use crate::sys;

/// How much is read back at most, in bytes: the daemon decides how much there is.
const LONGEST: usize = 1_048_576;

/// The output of a daemon since it was launched.
#[derive(Debug)]
pub enum LogTail {
    /// Its error output goes to a file that nobody keeps.
    Captured(File),
    /// It appends to a log.
    File(Appended),
}

/// A log, as it was before the launch.
#[derive(Debug)]
pub struct Appended {
    path: PathBuf,
    /// The offset where this launch's output begins.
    from: u64,
}

impl LogTail {
    /// The tail of the log at that path, from its present end on.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let from = sys::open_shared(path).ok()?.metadata().ok()?.len();
        Some(Self::File(Appended { path: path.to_path_buf(), from }))
    }

    /// Reads the last `limit` bytes of it, 1 MiB at most; empty when it cannot be read.
    pub fn read(&self, limit: usize) -> Vec<u8> {
        let limit = limit.min(LONGEST);
        match self {
            Self::Captured(file) => read_tail(file, 0, limit),
            Self::File(Appended { path, from }) => {
                sys::open_shared(path).map(|file| read_tail(&file, *from, limit)).unwrap_or_default()
            }
        }
    }
}

/// The file to which the error output of this daemon goes although nobody reads it any more: a process cannot be given
/// another output here.
#[derive(Debug)]
pub(super) struct Capture(File);

impl Capture {
    /// That of this process; `None` where it cannot be opened once more.
    pub(super) fn of_stderr() -> Option<Self> {
        sys::captured_stderr().map(Self)
    }

    /// Cuts it when it has grown. What is appended later begins at its new end.
    pub(super) fn trim(&self) {
        if self.0.metadata().is_ok_and(|file| file.len() > LONGEST as u64) {
            // A failure is tried again.
            let _ = self.0.set_len(0);
        }
    }
}

fn read_tail(file: &File, from: u64, limit: usize) -> Vec<u8> {
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let start = length.saturating_sub(limit as u64).max(from);
    let mut bytes = vec![0; usize::try_from(length.saturating_sub(start)).unwrap_or(0)];
    let count = file.seek_read(&mut bytes, start).unwrap_or(0);
    bytes.truncate(count);
    bytes
}

/// # Errors
///
/// `Unsupported`.
pub fn reopen(_path: &Path, _outputs: Outputs, _mode: Option<u32>) -> Result<()> {
    Err(Error::unsupported(Subject::Log, "a log cannot be opened again on Windows; restart the daemon"))
}

/// # Errors
///
/// `Unsupported`.
pub fn check_rotation(_path: &Path) -> Result<()> {
    Err(Error::unsupported(Subject::LogRotation, "logs are not rotated on Windows; leave it out"))
}

/// # Errors
///
/// `Unsupported`.
pub fn start_rotation(rotation: Rotation, _rotated: impl Fn() + Send + 'static) -> Result<()> {
    check_rotation(&rotation.path)
}
