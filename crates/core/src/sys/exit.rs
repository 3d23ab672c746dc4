//! The very last thing that a process does.
#![expect(unsafe_code, reason = "atexit(3) has no safe face")]

/// Runs `handler` when the process exits: by `exit(3)`, in Node after every JavaScript `exit` listener, or as quickly
/// as Bun does. False when one of the two cannot be had.
pub(crate) fn at_exit(handler: extern "C" fn()) -> bool {
    // SAFETY: atexit(3) keeps a pointer to a function of this library, which must still be mapped when it is called.
    // It is, also where the library is an addon that could be unloaded: glibc and macOS run a library's handlers before
    // they unload it, and forget them; musl unloads nothing.
    let by_exit = unsafe { libc::atexit(handler) == 0 };
    super::at_quick_end(handler) && by_exit
}
