//! quick_exit(3), by which Bun ends. Node.js and Deno end by exit(3).
#![allow(unsafe_code, reason = "the libc crate does not declare at_quick_exit(3)")]

use libc::c_int;

// SAFETY: the signature is that of glibc (since 2.10) and musl. What it is given is a function of this library, which
// stays mapped until the process ends (see `at_exit`), and it calls that once, on the thread that ends the process.
unsafe extern "C" {
    safe fn at_quick_exit(handler: extern "C" fn()) -> c_int;
}

/// Runs `handler` when the process ends by quick_exit(3), which runs no handlers of atexit(3).
pub(crate) fn at_quick_end(handler: extern "C" fn()) -> bool {
    at_quick_exit(handler) == 0
}
