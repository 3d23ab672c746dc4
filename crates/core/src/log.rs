//! Output files: opened for append, reopened, and read back when a start failed.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::sys::stat::{Mode, SFlag, fstat};
use nix::sys::uio::pread;
use nix::unistd::{dup2_stderr, dup2_stdout};

use crate::error::{Error, Result};

/// Never follow a link, wait for a FIFO's reader, gain a terminal or leak into a child.
const FLAGS: OFlag =
    OFlag::O_CLOEXEC.union(OFlag::O_NOFOLLOW).union(OFlag::O_NONBLOCK).union(OFlag::O_NOCTTY);

/// What a new log may be used for by others: read by the group.
const MODE: Mode = Mode::S_IRUSR.union(Mode::S_IWUSR).union(Mode::S_IRGRP);

/// The null device, for reading and writing.
pub(crate) fn open_null() -> Result<OwnedFd> {
    let path = Path::new("/dev/null");
    open(path, OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOCTTY, Mode::empty())
        .map_err(|errno| Error::system("stdio", "open", errno, "/dev/null: cannot be opened").at(path))
}

/// Opens (or makes) a file to append to, for the option of that name.
pub(crate) fn open_output(path: &Path, option: &'static str) -> Result<OwnedFd> {
    open_checked(path, OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT | FLAGS, option)
}

/// Opens a file to read from.
pub(crate) fn open_input(path: &Path, option: &'static str) -> Result<OwnedFd> {
    open_checked(path, OFlag::O_RDONLY | FLAGS, option)
}

fn open_checked(path: &Path, flags: OFlag, option: &'static str) -> Result<OwnedFd> {
    let refuse = |syscall, errno, message: &str| {
        let message = format!("option {option}: {} {message}", path.display());
        Error::system("stdio", syscall, errno, message).at(path).for_option(option)
    };
    let fd = open(path, flags, MODE).map_err(|errno| {
        let message = match errno {
            Errno::ENOENT | Errno::ENOTDIR => "does not exist, or its folder does not; create it first",
            Errno::ELOOP => "is a symbolic link; give the path of the file itself",
            Errno::ENXIO => "is a FIFO or a socket; give the path of a regular file",
            Errno::EISDIR => "is a folder; give the path of a file",
            _ => "cannot be opened",
        };
        refuse("open", errno, message)
    })?;
    let stat = fstat(&fd).map_err(|errno| refuse("fstat", errno, "cannot be examined"))?;
    let kind = SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits());
    if kind != SFlag::S_IFREG && kind != SFlag::S_IFCHR {
        return Err(refuse("open", Errno::EINVAL, "is neither a regular file nor a character device"));
    }
    // Non-blocking was for the open alone; the daemon's writes shall wait for a slow terminal.
    let status = fcntl(&fd, FcntlArg::F_GETFL).map_or(OFlag::empty(), OFlag::from_bits_retain);
    fcntl(&fd, FcntlArg::F_SETFL(status - OFlag::O_NONBLOCK))
        .map_err(|errno| refuse("fcntl", errno, "cannot be made blocking"))?;
    Ok(fd)
}

/// Which of the two outputs a file takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// Descriptor 1.
    pub stdout: bool,
    /// Descriptor 2.
    pub stderr: bool,
}

/// Opens `path` again and puts it in place of this process's outputs, in one step each: a line written meanwhile is in
/// exactly one of the two files.
///
/// Outputs that are no regular files are left alone: libuv keeps pipes and terminals in its epoll set.
///
/// # Errors
///
/// `InvalidOption` when the file cannot be opened; the present one then stays in place.
pub fn reopen(path: &Path, outputs: Outputs) -> Result<()> {
    let file = open_output(path, "log")?;
    let failed =
        |errno| Error::system("reopen", "dup2", errno, format!("{}: cannot be put in place", path.display()));
    if outputs.stdout && is_regular(std::io::stdout().as_fd()) {
        dup2_stdout(&file).map_err(failed)?;
    }
    if outputs.stderr && is_regular(std::io::stderr().as_fd()) {
        dup2_stderr(&file).map_err(failed)?;
    }
    Ok(())
}

fn is_regular(fd: impl AsFd) -> bool {
    fstat(fd).is_ok_and(|stat| stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits())
}

/// The null device, for a process that will not find it any more.
static NULL: Mutex<Option<OwnedFd>> = Mutex::new(None);

/// Opens the null device for [`silence_stderr`].
pub(crate) fn keep_null() {
    *NULL.lock().unwrap_or_else(PoisonError::into_inner) = open_null().ok();
}

/// Ends the capture of stderr: from now on it goes to the null device.
pub(crate) fn silence_stderr() {
    let kept = NULL.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(null) = kept.or_else(|| open_null().ok()) {
        // Fails only when descriptor 2 is being changed at this moment by somebody else.
        let _ = dup2_stderr(&null);
    }
}

/// What the daemon has written since it was launched.
#[derive(Debug)]
pub enum LogTail {
    /// Its stderr goes to a file without a name.
    Captured(File),
    /// It appends to a log, which had this length before.
    File {
        /// The log.
        path: PathBuf,
        /// The offset where this launch's output begins.
        from: u64,
    },
}

impl LogTail {
    /// The last `limit` bytes of it; empty when it cannot be read.
    pub fn read(&self, limit: usize) -> Vec<u8> {
        match self {
            Self::Captured(file) => read_tail(file, 0, limit),
            Self::File { path, from } => open(path, OFlag::O_RDONLY | FLAGS, Mode::empty())
                .map(|fd| read_tail(&File::from(fd), *from, limit))
                .unwrap_or_default(),
        }
    }
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
    use std::io::Write;

    #[test]
    fn the_tail_begins_where_the_launch_did() {
        let path = std::env::temp_dir().join(format!("daimon-tail-{}", std::process::id()));
        std::fs::write(&path, "before\nafter\n").unwrap();
        let tail = LogTail::File { path: path.clone(), from: 7 };
        assert_eq!(tail.read(100), b"after\n");
        assert_eq!(tail.read(3), b"er\n");
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn what_was_captured_can_be_read_from_the_start() {
        let mut file = crate::sys::capture_file().unwrap();
        file.write_all(b"SyntaxError").unwrap();
        assert_eq!(LogTail::Captured(file).read(100), b"SyntaxError");
    }
}
