//! The end of a daemon's output, for the error of a start that failed.

use std::fs::File;
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, open};
use nix::sys::stat::{Mode, fstat};
use nix::sys::uio::pread;

use crate::sys::FileId;
use crate::trusted_path::SAFE_OPEN;

/// How much is read back at most, in bytes: the daemon decides how much there is.
const LONGEST: usize = 1_048_576;

/// The output of a daemon since it was launched.
///
/// ```no_run
/// # fn example(plan: &daimon_core::Plan) -> daimon_core::Result<()> {
/// let launched = daimon_core::launch(plan, None)?;
/// let text = launched.log.map_or_else(Vec::new, |log| log.read(4_096));
/// println!("{}", String::from_utf8_lossy(&text));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub enum LogTail {
    /// Its stderr goes to a file without a name.
    Captured(File),
    /// It appends to a log.
    File(Appended),
}

/// A log, as it was before the launch.
#[derive(Debug)]
pub struct Appended {
    path: PathBuf,
    id: FileId,
    /// The offset where this launch's output begins.
    from: u64,
}

impl LogTail {
    /// The tail of an open file of that path, from its present end on.
    pub(crate) fn of(path: &Path, file: impl std::os::fd::AsFd) -> Option<Self> {
        let stat = fstat(file).ok()?;
        let from = u64::try_from(stat.st_size).unwrap_or(0);
        Some(Self::File(Appended { path: path.to_path_buf(), id: FileId::of(&stat), from }))
    }

    /// Reads the last `limit` bytes of it, 1 MiB at most; empty when it cannot be read.
    pub fn read(&self, limit: usize) -> Vec<u8> {
        let limit = limit.min(LONGEST);
        match self {
            Self::Captured(file) => read_tail(file, 0, limit),
            Self::File(appended) => appended.read(limit),
        }
    }
}

impl Appended {
    /// A log that has been rotated since goes on in its successor.
    fn read(&self, limit: usize) -> Vec<u8> {
        let mut first = self.path.clone().into_os_string();
        first.push(".1");
        let mut bytes = Vec::new();
        for path in [&self.path, Path::new(&first)] {
            let Some(file) = open_file(path) else { break };
            let found = fstat(&file).is_ok_and(|stat| FileId::of(&stat) == self.id);
            let from = if found { self.from } else { 0 };
            let mut before = read_tail(&file, from, limit.saturating_sub(bytes.len()));
            before.append(&mut bytes);
            bytes = before;
            if found {
                break;
            }
        }
        bytes
    }
}

fn open_file(path: &Path) -> Option<File> {
    open(path, OFlag::O_RDONLY | SAFE_OPEN, Mode::empty()).ok().map(File::from)
}

fn read_tail(file: &File, from: u64, limit: usize) -> Vec<u8> {
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let start = length.saturating_sub(limit as u64).max(from);
    let mut bytes = vec![0; usize::try_from(length.saturating_sub(start)).unwrap_or(0)];
    let count = pread(file, &mut bytes, i64::try_from(start).unwrap_or(i64::MAX)).unwrap_or(0);
    bytes.truncate(count);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::property::for_all;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::io::Write;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn the_tail_is_the_end_of_what_was_written_since_the_launch_even_across_a_rotation() {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let bytes = || vec(any::<u8>(), 0..40);
        let rotation = proptest::option::of(bytes());
        for_all(128, (bytes(), bytes(), rotation, 0_usize..100), |(before, after, rotated, limit)| {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("daimon-tails-{}-{number}", std::process::id()));
            let first = path.with_extension("1");
            std::fs::write(&path, &before).unwrap();
            let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
            let tail = LogTail::of(&path, &file).unwrap();
            file.write_all(&after).unwrap();
            let mut since = after;
            if let Some(more) = rotated {
                std::fs::rename(&path, &first).unwrap();
                std::fs::write(&path, &more).unwrap();
                since.extend(more);
            }
            let read = tail.read(limit);
            std::fs::remove_file(path).unwrap();
            let _ = std::fs::remove_file(first);
            assert_eq!(read, since[since.len().saturating_sub(limit)..]);
        });
    }

    #[test]
    fn the_tail_begins_where_the_launch_did_and_goes_on_after_a_rotation() {
        let path = std::env::temp_dir().join(format!("daimon-tail-{}", std::process::id()));
        let first = path.with_file_name(format!("daimon-tail-{}.1", std::process::id()));
        std::fs::write(&path, "before\n").unwrap();
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        let tail = LogTail::of(&path, &file).unwrap();
        file.write_all(b"after\n").unwrap();
        assert_eq!(tail.read(100), b"after\n");
        assert_eq!(tail.read(3), b"er\n");
        std::fs::rename(&path, &first).unwrap();
        std::fs::write(&path, "rotated\n").unwrap();
        assert_eq!(tail.read(100), b"after\nrotated\n");
        assert_eq!(tail.read(10), b"r\nrotated\n");
        std::fs::remove_file(path).unwrap();
        std::fs::remove_file(first).unwrap();
    }

    #[test]
    fn no_more_is_read_than_an_error_can_show() {
        let file = crate::sys::capture_file().unwrap();
        file.set_len(1 << 40).unwrap();
        assert_eq!(LogTail::Captured(file).read(usize::MAX).len(), LONGEST);
    }

    #[test]
    fn what_was_captured_can_be_read_from_the_start() {
        let mut file = crate::sys::capture_file().unwrap();
        file.write_all(b"SyntaxError").unwrap();
        assert_eq!(LogTail::Captured(file).read(100), b"SyntaxError");
    }
}
