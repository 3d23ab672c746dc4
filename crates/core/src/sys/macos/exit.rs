//! No handler for quick_exit(3): macOS has no at_quick_exit(3) before 15, and Bun ends by exit(3) there.

/// Does nothing, successfully: the handler of atexit(3) runs.
pub(crate) fn at_quick_end(_handler: extern "C" fn()) -> bool {
    true
}
