//! The end of this process.
#![expect(unsafe_code, reason = "the C runtime calls back at exit")]

use std::ffi::c_int;

use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};

// SAFETY: the signature is that of the C runtime.
unsafe extern "C" {
    fn atexit(handler: extern "C" fn()) -> c_int;
}

/// Has the C runtime call the function when this library is unloaded, at the end of the process. False when it cannot.
pub(crate) fn at_exit(handler: extern "C" fn()) -> bool {
    // SAFETY: the function lives as long as this library, and the runtime calls it before the library goes.
    unsafe { atexit(handler) == 0 }
}

/// Ends this process at once: nothing of it runs any more. An orderly exit on another thread than the main one would
/// wait for locks of threads that it has ended before.
pub(crate) fn end_now(code: u32) {
    // SAFETY: the call takes nothing, and gives a value that stands for this process.
    let own = unsafe { GetCurrentProcess() };
    // SAFETY: the call takes that value and a number.
    unsafe { TerminateProcess(own, code) };
}
