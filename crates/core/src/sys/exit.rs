//! The very last thing that a process does.
#![expect(unsafe_code, reason = "atexit(3) has no safe face")]

/// Runs `handler` when the process exits by `exit(3)`: in Node after every JavaScript `exit` listener.
pub(crate) fn at_exit(handler: extern "C" fn()) -> bool {
    // SAFETY: `handler` is a plain function of this library, which stays mapped until the process ends: as an addon it
    // is linked with `-z nodelete`, by napi-build, and a Rust program has it in itself.
    unsafe { libc::atexit(handler) == 0 }
}
