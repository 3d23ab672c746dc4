//! A handler that runs when this process exits.
#![expect(unsafe_code, reason = "atexit(3) has no safe face")]

/// Runs `handler` when the process exits: by exit(3), in Node.js after every JavaScript `exit` listener, or by
/// quick_exit(3), as Bun does. False if one of the two cannot be had.
pub(crate) fn at_exit(handler: extern "C" fn()) -> bool {
    // SAFETY: atexit(3) keeps a pointer to a function of this library, which must still be mapped when it is called.
    // It is, even if the library is an addon that could be unloaded: glibc and macOS run a library's handlers before
    // they unload it, and then forget them; musl unloads nothing.
    let by_exit = unsafe { libc::atexit(handler) == 0 };
    crate::sys::at_quick_end(handler) && by_exit
}

/// Sends this process a signal, with the system's own disposition. Returns where that does not end it.
pub(crate) fn end_by(signal: i32) {
    crate::sys::reset_dispositions();
    let _ = crate::sys::unblock_signals();
    let _ = super::signal_process(crate::sys::own_pid(), signal);
}
