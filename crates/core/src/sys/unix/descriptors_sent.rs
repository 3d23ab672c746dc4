//! Descriptors that come by a socket, unix(7).
#![expect(unsafe_code, reason = "the kernel gives their numbers alone")]

use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};

/// The most that come with one message; the kernel closes what finds no room.
const AT_ONCE: usize = 16;

/// Receives bytes, and the descriptors that have come with them, close-on-exec.
pub(crate) fn receive_with(
    socket: BorrowedFd<'_>,
    bytes: &mut [u8],
    flags: MsgFlags,
) -> Result<(usize, Vec<OwnedFd>), Errno> {
    let mut room = nix::cmsg_space!([i32; AT_ONCE]);
    let mut parts = [IoSliceMut::new(bytes)];
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut room), flags | CLOSE_ON_EXEC)?;
    let mut came = Vec::new();
    // An error: there was no room for all of it, and the kernel has closed the rest.
    for control in message.cmsgs().into_iter().flatten() {
        if let ControlMessageOwned::ScmRights(numbers) = control {
            // SAFETY: the kernel has just opened these for this process, and nobody else knows their numbers.
            came.extend(numbers.into_iter().map(|number| unsafe { OwnedFd::from_raw_fd(number) }));
        }
    }
    #[cfg(target_os = "macos")]
    for fd in &came {
        crate::sys::set_close_on_exec(fd.as_raw_fd());
    }
    Ok((message.bytes, came))
}

#[cfg(target_os = "linux")]
const CLOSE_ON_EXEC: MsgFlags = MsgFlags::MSG_CMSG_CLOEXEC;
/// macOS has no such flag.
#[cfg(target_os = "macos")]
const CLOSE_ON_EXEC: MsgFlags = MsgFlags::empty();
