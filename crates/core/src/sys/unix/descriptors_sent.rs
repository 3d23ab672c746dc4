//! Descriptors that go by a socket, unix(7).

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::MsgFlags;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendFlags, recv, recvmsg,
    sendmsg,
};

use super::fd::errno;
use crate::sys::NO_SIGPIPE;

/// The most that come with one message; the kernel closes what finds no room.
const AT_ONCE: usize = 16;

/// Sends bytes, and descriptors with the first of them. Without SIGPIPE, where the call can be told so.
pub(crate) fn send_with(
    socket: BorrowedFd<'_>,
    parts: &[IoSlice<'_>],
    descriptors: &mut SendAncillaryBuffer<'_, '_, '_>,
    flags: MsgFlags,
) -> Result<usize, Errno> {
    // Both have the system's numbers.
    let flags = SendFlags::from_bits_retain((flags | NO_SIGPIPE).bits().cast_unsigned());
    sendmsg(socket, parts, descriptors, flags).map_err(errno)
}

/// Receives bytes; descriptors that come with them are closed by the kernel.
pub(crate) fn receive(socket: BorrowedFd<'_>, bytes: &mut [u8], flags: RecvFlags) -> Result<usize, Errno> {
    recv(socket, bytes, flags).map(|(_, length)| length).map_err(errno)
}

/// Receives bytes, and the descriptors that have come with them, close-on-exec.
pub(crate) fn receive_with(
    socket: BorrowedFd<'_>,
    bytes: &mut [u8],
    flags: RecvFlags,
) -> Result<(usize, Vec<OwnedFd>), Errno> {
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(AT_ONCE))];
    let mut sent = RecvAncillaryBuffer::new(&mut room);
    let mut parts = [IoSliceMut::new(bytes)];
    let message = recvmsg(socket, &mut parts, &mut sent, flags | CLOSE_ON_EXEC).map_err(errno)?;
    let mut came = Vec::new();
    for control in sent.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = control {
            came.extend(descriptors);
        }
    }
    #[cfg(target_os = "macos")]
    for fd in &came {
        crate::sys::set_close_on_exec(std::os::fd::AsRawFd::as_raw_fd(fd));
    }
    Ok((message.bytes, came))
}

#[cfg(target_os = "linux")]
const CLOSE_ON_EXEC: RecvFlags = RecvFlags::CMSG_CLOEXEC;
/// macOS has no such flag.
#[cfg(target_os = "macos")]
const CLOSE_ON_EXEC: RecvFlags = RecvFlags::empty();

#[cfg(test)]
mod tests {
    use std::os::fd::{AsFd, AsRawFd};

    use nix::sys::socket::{ControlMessage, sendmsg};

    use super::*;
    use crate::sys::channel_pair;

    #[test]
    fn those_of_a_message_that_brings_more_than_there_is_room_for_are_owned() {
        let (one, other) = channel_pair().unwrap();
        let sent = [one.as_raw_fd(); 3 * AT_ONCE];
        for (count, least) in [(1, 1), (AT_ONCE, AT_ONCE), (3 * AT_ONCE, AT_ONCE)] {
            let rights = ControlMessage::ScmRights(&sent[..count]);
            let parts = [IoSlice::new(b"x")];
            sendmsg::<()>(one.as_raw_fd(), &parts, &[rights], MsgFlags::empty(), None).unwrap();
            let mut bytes = [0; 8];
            let (length, came) = receive_with(other.as_fd(), &mut bytes, RecvFlags::empty()).unwrap();
            // The kernel may find some more room, by which it aligns.
            assert!(length == 1 && (least..=count.min(2 * AT_ONCE)).contains(&came.len()), "{}", came.len());
        }
    }
}
