//! The pidfile on Windows: the open file is the lock, by what others may open at the same time.
//!
//! The holder has the file open for writing, and lets nobody else do so. Like an flock, the lock belongs to the open
//! file, not to a process: it goes where handles of it go, and dies with the last. Opening and locking are one step.

pub(crate) mod locked;
pub(crate) mod probe;
mod remove;
mod round;
pub(crate) mod wait;
