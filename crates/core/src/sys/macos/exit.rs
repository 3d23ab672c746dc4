//! There is no at_quick_exit(3) before macOS 15, and Bun ends by exit(3) here.

/// Nothing to be done.
pub(crate) fn at_quick_end(_handler: extern "C" fn()) -> bool {
    true
}
