//! System calls by the processor's own instruction.
#![expect(unsafe_code, reason = "no other way leaves libc's errno alone")]

use std::arch::asm;
use std::ffi::c_long;

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("the system call instruction of this processor is not known here");

/// Makes a system call, and gives its result or its error number.
///
/// Unlike syscall(3) it does not write the error number to libc's `errno`, because a child in the launcher's memory
/// shares `errno` with the launcher's thread, which may run on. Async-signal-safe: it is one instruction.
///
/// # Safety
///
/// The caller must make sure that this call with these arguments breaks no memory or I/O safety.
pub(super) unsafe fn call(number: c_long, args: [usize; 4]) -> Result<usize, i32> {
    let [first, second, third, fourth] = args;
    let result: isize;
    // SAFETY: the caller vouches for the call. The kernel changes the result's register, and on x86-64 rcx and r11.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") first, in("rsi") second, in("rdx") third, in("r10") fourth,
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    // SAFETY: as above; the kernel changes x0 alone.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") first as isize => result,
            in("x1") second, in("x2") third, in("x3") fourth,
            options(nostack),
        );
    }
    // A result from -4095 to -1 is an error number, syscalls(2).
    if (-4_095..0).contains(&result) { Err(-result as i32) } else { Ok(result as usize) }
}
