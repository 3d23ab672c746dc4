//! Listening sockets of TCP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::sockopt::{Ipv6V6Only, ReuseAddr};
use nix::sys::socket::{AddressFamily, SockType, SockaddrStorage, bind, setsockopt, socket};

use crate::listener::BACKLOG;
use crate::sys::{self, Failure};

/// Listens at that port of the host; without a host at `::`, or where there is no IPv6 at `0.0.0.0`.
pub(super) fn listen_tcp(host: Option<IpAddr>, port: u16, backlog: Option<i32>) -> Result<OwnedFd, Failure> {
    let listen = |host| listen_at(SocketAddr::new(host, port), backlog.unwrap_or(BACKLOG));
    match host {
        Some(host) => listen(host),
        None => match listen(Ipv6Addr::UNSPECIFIED.into()) {
            Err((_, Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL)) => listen(Ipv4Addr::UNSPECIFIED.into()),
            listened => listened,
        },
    }
}

fn listen_at(address: SocketAddr, backlog: i32) -> Result<OwnedFd, Failure> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let fd = socket(family, SockType::Stream, sys::NEW_SOCKET, None).map_err(|errno| ("socket", errno))?;
    sys::finish_socket(&fd).map_err(|errno| ("fcntl", errno))?;
    setsockopt(&fd, ReuseAddr, &true).map_err(|errno| ("setsockopt", errno))?;
    if address.is_ipv6() {
        setsockopt(&fd, Ipv6V6Only, &false).map_err(|errno| ("setsockopt", errno))?;
    }
    bind(fd.as_raw_fd(), &SockaddrStorage::from(address)).map_err(|errno| ("bind", errno))?;
    sys::listen_with(fd.as_fd(), backlog).map_err(|errno| ("listen", errno))?;
    Ok(fd)
}
