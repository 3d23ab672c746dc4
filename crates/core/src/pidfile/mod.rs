//! The pidfile: its flock says *whether* a daemon runs, its one line `PID\n` says *which*.
//!
//! Three marks on one file. The **flock** is held by the daemon or by a launch. The **text** is for people and
//! tools. On Linux the **name tag**, a POSIX write lock that the daemon takes itself before it executes, makes
//! the kernel name the holder; its length says how far the holder has come.
//!
//! Everything rests on two rules: no process writes or unlinks without the exclusive flock, except that stale text may
//! be cleared under the shared one; and no process is signalled without proof that it is the holder.
//!
//! # Not guaranteed
//!
//! Exclusion needs a file system on which flock(2) works for all that share the file: most network file systems
//! emulate or lack it. A pidfile that is deleted under a running daemon no longer excludes a second one.

mod abort;
mod backoff;
#[cfg(unix)]
mod displace;
#[cfg(unix)]
mod file;
mod flaw;
#[cfg(unix)]
mod folder;
mod holder;
mod lock;
#[cfg(unix)]
mod locked;
#[cfg(unix)]
mod open;
#[cfg(unix)]
mod probe;
mod proof;
#[cfg(unix)]
mod remove;
#[cfg(unix)]
mod round;
mod serving;
mod status;
mod stop;
mod text;
#[cfg(unix)]
mod wait;

// The same names, by other means.
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows::{locked, probe, wait};
#[cfg(windows)]
pub(crate) use windows::{locked::remove as remove_file, probe::pid_in, wait::wait};

pub use abort::Abort;
pub(crate) use backoff::Backoff;
#[cfg(unix)]
pub(crate) use file::nobody_looks;
#[cfg(unix)]
pub(crate) use folder::Folder;
pub use holder::Holder;
pub use lock::LockOptions;
pub use locked::Locked;
pub use status::{Held, Status};
#[cfg(unix)]
pub(crate) use stop::Kind as StopKind;
pub use stop::{StopOptions, Stopped, end_process};
#[cfg(all(unix, any(test, feature = "fuzzing")))]
pub(crate) use text::check_text;
pub use wait::Cancel;
#[cfg(unix)]
pub(crate) use wait::wait_for;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::flaw::Flaw;
use crate::error::{Error, Result, Subject};
use crate::sys::Errno;

/// A pidfile by its path.
///
/// The path is absolute and names a file; nothing else is known about it before a verb looks.
///
/// ```
/// use daimon_core::{PidFile, Status};
///
/// let pidfile = PidFile::new("/run/no-such-daemon.pid")?;
/// assert_eq!(pidfile.status()?, Status::Stopped { stale: false });
/// # Ok::<(), daimon_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PidFile {
    path: PathBuf,
    folder: PathBuf,
    #[cfg_attr(windows, expect(dead_code, reason = "files are found by their whole path there"))]
    name: OsString,
}

impl PidFile {
    /// Names the pidfile at `path`.
    ///
    /// # Errors
    ///
    /// `InvalidOption` when the path is relative or does not end in a file name.
    pub fn new(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let (Some(folder), Some(name), true) = (path.parent(), path.file_name(), path.is_absolute()) else {
            let message =
                format!("{}: a pidfile's path must be absolute and end in a file name", path.display());
            return Err(Error::invalid(Subject::PidFile, message).at(&path));
        };
        Ok(Self { folder: folder.to_path_buf(), name: name.to_os_string(), path })
    }

    /// Gives the absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn refuse(&self, flaw: Flaw<'_>) -> Error {
        flaw.of(&self.path)
    }

    fn system(&self, syscall: &'static str, errno: Errno, message: &str) -> Error {
        Error::system("lock", syscall, errno, format!("{}: {message}", self.path.display())).at(&self.path)
    }
}

/// Longer than any wait, and short enough that no instant is out of range.
const LONGEST_WAIT: Duration = Duration::from_secs(1 << 32);
