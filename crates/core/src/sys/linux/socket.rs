//! Addresses of Unix sockets.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;

/// An address without a file, unix(7); `None` on systems that have none.
pub(crate) fn abstract_address(name: &[u8]) -> Option<io::Result<SocketAddr>> {
    Some(SocketAddr::from_abstract_name(name))
}
