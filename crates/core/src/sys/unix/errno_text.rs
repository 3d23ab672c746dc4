//! The system's words for its errors.
#![expect(unsafe_code, reason = "strerror_r(3) has no safe face")]

use std::ffi::{CStr, c_int};

use nix::errno::Errno;

/// More than any of them has.
const LONGEST: usize = 256;

/// What the error number means, and the number: `Permission denied (13)`. A keeper has libc's texts anyway, and no room
/// for another library's names.
pub(crate) fn errno_text(errno: Errno) -> String {
    let number = errno as c_int;
    let mut text = [0_u8; LONGEST];
    // SAFETY: it writes a string of at most that length, with its end, into an array that is this function's own.
    unsafe { libc::strerror_r(number, text.as_mut_ptr().cast(), text.len()) };
    let text = CStr::from_bytes_until_nul(&text).unwrap_or_default().to_string_lossy();
    format!("{text} ({number})")
}
