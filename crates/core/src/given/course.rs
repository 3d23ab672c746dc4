//! The course of a service, as its manager is told.

use std::time::Duration;

/// Where a service is in its course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// It starts, and is not ready yet. Each report of it tells that the start goes on; the next one, or the end of the
    /// start, comes within that time.
    Starting(Duration),
    /// It is ready.
    Running,
    /// It stops; as of a start.
    Stopping(Duration),
}
