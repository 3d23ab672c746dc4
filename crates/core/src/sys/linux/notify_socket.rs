//! The socket of a service manager, as sd_notify(3) wants it.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::sockopt::PassCred;
use nix::sys::socket::{AddressFamily, SockType, UnixAddr, bind, getsockname, setsockopt, socket};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use super::file::NEW_SOCKET;
use crate::sys::Failure;
use crate::sys::unix::fd::errno;

/// A datagram socket that the kernel has named, unix(7), and its name as `NOTIFY_SOCKET` has it, with `@` for the first
/// byte.
pub(crate) fn notify_socket() -> Result<(OwnedFd, String), Failure> {
    let fd = socket(AddressFamily::Unix, SockType::Datagram, NEW_SOCKET, None)
        .map_err(|errno| ("socket", errno))?;
    setsockopt(&fd, PassCred, &true).map_err(|errno| ("setsockopt", errno))?;
    bind(fd.as_raw_fd(), &UnixAddr::new_unnamed()).map_err(|errno| ("bind", errno))?;
    let address: UnixAddr = getsockname(fd.as_raw_fd()).map_err(|errno| ("getsockname", errno))?;
    let name = address.as_abstract().ok_or(("getsockname", Errno::EADDRNOTAVAIL))?;
    let name = ["@", &String::from_utf8_lossy(name)].concat();
    Ok((fd, name))
}

/// Receives a datagram, and the user of its sender. The kernel closes descriptors that come with it.
pub(crate) fn receive_from_user(fd: BorrowedFd<'_>, bytes: &mut [u8]) -> Result<(usize, Option<u32>), Errno> {
    // Room for this alone.
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
    let mut sent = RecvAncillaryBuffer::new(&mut room);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let message = recvmsg(fd, &mut [IoSliceMut::new(bytes)], &mut sent, flags).map_err(errno)?;
    let user = sent.drain().find_map(|control| match control {
        RecvAncillaryMessage::ScmCredentials(sender) => Some(sender.uid.as_raw()),
        _ => None,
    });
    Ok((message.bytes, user))
}
