//! The daemon's stderr while it is captured, in memory: only its end is ever read, and only that is kept.

use std::os::fd::{AsFd, OwnedFd};
use std::thread;
use std::time::Duration;

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::stat::fstat;

use crate::sys;

/// What is kept, in bytes: more than an error of a start shows.
const KEPT: i64 = 65_536;
/// How much may come to it before it is freed.
const SLACK: i64 = 1_048_576;

/// How often it is looked at: before ready, and once there are only children left that write to it.
pub(super) const OFTEN: Duration = Duration::from_millis(20);
const SELDOM: Duration = Duration::from_secs(5);

/// A descriptor on the file that stderr goes to until the daemon is ready.
pub(super) struct Capture {
    file: OwnedFd,
    freed: i64,
}

impl Capture {
    /// The present stderr; `None` when there is no descriptor left.
    pub(super) fn of_stderr() -> Option<Self> {
        let number = fcntl(std::io::stderr(), FcntlArg::F_DUPFD_CLOEXEC(0)).ok()?;
        Some(Self { file: sys::own(number), freed: 0 })
    }

    /// Gives the memory of what nobody will read back. Whether there was anything.
    pub(super) fn trim(&mut self) -> bool {
        let size = fstat(&self.file).map_or(0, |stat| stat.st_size);
        let end = size - KEPT;
        if end - self.freed < SLACK {
            return false;
        }
        // Where it cannot be done it is tried again with the next megabyte.
        let _ = sys::free_range(self.file.as_fd(), self.freed, end - self.freed);
        self.freed = end;
        true
    }

    /// A child that was made before ready has this file for its stderr as long as it lives.
    pub(super) fn outlive_the_start(mut self) {
        let mut pause = OFTEN;
        while sys::has_children() {
            thread::sleep(pause);
            pause = if self.trim() { OFTEN } else { (pause * 2).min(SELDOM) };
        }
    }
}
