//! The end of this process.
#![expect(unsafe_code, reason = "the C runtime calls back at exit")]

use std::ffi::c_int;

use windows_sys::Win32::System::Threading::ExitProcess;

unsafe extern "C" {
    fn atexit(handler: extern "C" fn()) -> c_int;
}

/// Has the C runtime call the function when this library is unloaded, at the end of the process. False when it cannot.
pub(crate) fn at_exit(handler: extern "C" fn()) -> bool {
    // SAFETY: the function lives as long as this library, and the runtime calls it before the library goes.
    unsafe { atexit(handler) == 0 }
}

/// Ends this process at once, with all its threads.
pub(crate) fn exit_now(code: u32) -> ! {
    // SAFETY: the call takes a number, and does not return.
    unsafe { ExitProcess(code) }
}
