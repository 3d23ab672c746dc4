//! The priority of a process: a class for a range of nice values, as Node.js's `os.setPriority` has it.
#![expect(unsafe_code, reason = "std does not set it")]

use std::os::windows::io::{AsHandle, AsRawHandle};

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::Threading::{
    ABOVE_NORMAL_PRIORITY_CLASS, BELOW_NORMAL_PRIORITY_CLASS, GetCurrentProcess, HIGH_PRIORITY_CLASS,
    IDLE_PRIORITY_CLASS, NORMAL_PRIORITY_CLASS, PROCESS_CREATION_FLAGS, REALTIME_PRIORITY_CLASS,
    SetPriorityClass,
};

use super::{Errno, ProcessHandle};

/// The class of a nice value, libuv's `uv_os_setpriority`.
fn class_of(nice: i32) -> PROCESS_CREATION_FLAGS {
    match nice {
        ..-14 => REALTIME_PRIORITY_CLASS,
        -14..-7 => HIGH_PRIORITY_CLASS,
        -7..0 => ABOVE_NORMAL_PRIORITY_CLASS,
        0..10 => NORMAL_PRIORITY_CLASS,
        10..19 => BELOW_NORMAL_PRIORITY_CLASS,
        19.. => IDLE_PRIORITY_CLASS,
    }
}

/// Sets this process's own.
pub(crate) fn set_own_priority(nice: i32) -> Result<(), Errno> {
    // SAFETY: the call takes nothing, and gives a value that stands for this process.
    set(unsafe { GetCurrentProcess() }, nice)
}

/// Sets that of a process that this one has made.
pub(crate) fn set_priority(process: &ProcessHandle, nice: i32) -> Result<(), Errno> {
    set(process.as_handle().as_raw_handle(), nice)
}

fn set(process: HANDLE, nice: i32) -> Result<(), Errno> {
    // SAFETY: the callers' handles are open, or stand for this process; the call touches no memory.
    let done = unsafe { SetPriorityClass(process, class_of(nice)) };
    if done == 0 { Err(Errno::last()) } else { Ok(()) }
}
