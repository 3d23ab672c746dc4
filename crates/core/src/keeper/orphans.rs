//! Children that a process has not made itself: those of the program that it had before, and those that have lost their
//! parent.

use crate::error::Pid;
use crate::sys;

/// Collects the children that have ended, up to the first of which `is_own` says that its end is told otherwise.
pub fn collect_children(is_own: impl Fn(Pid) -> bool) {
    while let Some(pid) = sys::ended_child().filter(|pid| !is_own(*pid)) {
        sys::reap(pid);
    }
}
