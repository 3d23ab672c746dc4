//! quick_exit(3), by which Bun ends. Node.js and Deno end by exit(3).
#![allow(unsafe_code, reason = "the libc crate does not declare at_quick_exit(3)")]

use libc::c_int;

// SAFETY: the signature is that of glibc (since 2.10) and musl. The handler is a function of this library, which must
// still be mapped when the handler is called. It is: napi-build links the addon for glibc with `-z nodelete`, so that
// it is never unloaded; musl unloads nothing; a program contains the library.
unsafe extern "C" {
    safe fn at_quick_exit(handler: extern "C" fn()) -> c_int;
}

/// Runs `handler` when the process ends by quick_exit(3), which does not run the handlers of atexit(3).
pub(crate) fn at_quick_end(handler: extern "C" fn()) -> bool {
    at_quick_exit(handler) == 0
}
