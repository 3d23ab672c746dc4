//! Threads of the library's own. Runs in both processes, and in a keeper's bodies.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Does the work on a thread with that name, which debuggers show, and a stack of so many bytes. The work is boxed:
/// each type of work would bring its own copy of std's start of threads, which every daemon has in memory.
///
/// # Errors
///
/// The system's, when there is no thread or no memory left.
pub(crate) fn spawn(
    name: &str,
    stack_size: usize,
    work: Box<dyn FnOnce() + Send>,
) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.into()).stack_size(stack_size).spawn(work)
}
