//! The very last thing that a process does.
#![expect(unsafe_code, reason = "atexit(3) has no safe face")]

/// Runs `handler` when the process exits: by `exit(3)`, in Node after every JavaScript `exit` listener, or as quickly
/// as Bun does. False when one of them is not to be had.
pub(crate) fn at_exit(handler: extern "C" fn()) -> bool {
    // SAFETY: `handler` is a plain function of this library, which stays mapped until the process ends: as an addon it
    // is linked with `-z nodelete`, by napi-build, and a Rust program has it in itself.
    let by_exit = unsafe { libc::atexit(handler) == 0 };
    super::at_quick_end(handler) && by_exit
}
