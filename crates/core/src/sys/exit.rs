//! The very last thing that a process does.
#![allow(unsafe_code, reason = "atexit(3) has no safe face")]

/// Runs `handler` when the process exits by `exit(3)`: in Node after every JavaScript `exit` listener.
pub(crate) fn at_exit(handler: extern "C" fn()) -> bool {
    // SAFETY: `handler` is a plain function of this library, which Node never unloads: it keeps addons mapped until
    // the process ends.
    unsafe { libc::atexit(handler) == 0 }
}
