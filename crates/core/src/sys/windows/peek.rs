//! A look at what waits in a pipe.
#![expect(unsafe_code, reason = "std has no named pipes")]

use std::os::windows::io::{AsRawHandle, BorrowedHandle};
use std::ptr::null_mut;

use windows_sys::Win32::System::Pipes::PeekNamedPipe;

/// How far a look goes.
const CHUNK: usize = 512;

/// The number of bytes that can be read at once of the line that waits: up to its end, or what has come of it. 0 where
/// nothing waits, and where the pipe is closed, which a read tells.
pub(crate) fn line_length(pipe: BorrowedHandle<'_>) -> usize {
    let mut bytes = [0_u8; CHUNK];
    let mut count = 0;
    let (raw, buffer) = (pipe.as_raw_handle(), bytes.as_mut_ptr().cast());
    // SAFETY: the handle is open; the system writes as many bytes as are told to the buffer, and one number.
    let done = unsafe { PeekNamedPipe(raw, buffer, CHUNK as u32, &raw mut count, null_mut(), null_mut()) };
    if done == 0 {
        return 0;
    }
    let waiting = &bytes[..(count as usize).min(CHUNK)];
    waiting.iter().position(|byte| *byte == b'\n').map_or(waiting.len(), |at| at + 1)
}
