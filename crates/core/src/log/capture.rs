//! The daemon's stderr while it is captured, in memory: only its end is ever read, and only that is kept.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use nix::sys::stat::fstat;
use nix::unistd::dup2_stderr;

use super::open::open_null;
use super::reopen::insist;
use crate::mutex::lock;
use crate::sys;
use crate::sys::stderr;

/// How much is kept, in bytes: more than an error of a start shows.
const KEPT: i64 = 65_536;
/// How much may be written on top of that before memory is given back.
const SLACK: i64 = 1_048_576;

/// How often the file is looked at: before ready, and when only children write to it any more.
pub(crate) const OFTEN: Duration = Duration::from_millis(20);
const SELDOM: Duration = Duration::from_secs(5);

/// A descriptor on the file that stderr goes to until the daemon is ready.
pub(crate) struct Capture {
    file: OwnedFd,
    freed: i64,
}

impl Capture {
    /// The present stderr; `None` when there is no descriptor left.
    pub(crate) fn of_stderr() -> Option<Self> {
        let file = stderr().as_fd().try_clone_to_owned().ok()?;
        Some(Self { file, freed: 0 })
    }

    /// Gives back the memory of all but the end, which alone will be read. True when there was some to give.
    pub(crate) fn trim(&mut self) -> bool {
        let size = fstat(&self.file).map_or(0, |stat| stat.st_size);
        let end = size - KEPT;
        if end - self.freed < SLACK {
            return false;
        }
        // A failure is tried again with the next megabyte.
        let _ = sys::free_range(self.file.as_fd(), self.freed, end - self.freed);
        self.freed = end;
        true
    }

    /// Goes on trimming after ready: a child that was made before has this file for its stderr as long as it lives.
    pub(crate) fn outlive_the_start(mut self) {
        let mut pause = OFTEN;
        while sys::has_children() {
            thread::sleep(pause);
            pause = if self.trim() { OFTEN } else { (pause * 2).min(SELDOM) };
        }
    }
}

/// The null device, for a process that cannot open it any more.
static NULL: Mutex<Option<OwnedFd>> = Mutex::new(None);

/// Opens the null device for [`silence_stderr`].
pub(crate) fn keep_null() {
    *lock(&NULL) = open_null().ok();
}

/// Ends the capture of stderr: from now on it goes to the null device.
pub(crate) fn silence_stderr() {
    let kept = lock(&NULL).take();
    if let Some(null) = kept.or_else(|| open_null().ok()) {
        // Both numbers are good, and nothing else can be wrong.
        let _ = insist(|| dup2_stderr(&null));
    }
}
