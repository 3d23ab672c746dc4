//! Finds out whether somebody accepts connections at an address, without ever waiting. Runs in the keeper.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::sockopt::SocketError;
use nix::sys::socket::{AddressFamily, SockType, SockaddrStorage, UnixAddr, connect, getsockopt, socket};

use crate::error::{Error, ErrorKind, Result};
use crate::given::Readiness;
use crate::sys;

/// Tries connections, and closes each at once.
#[derive(Debug)]
pub struct Probe {
    address: Address,
    /// Connections that are being made.
    under_way: Vec<OwnedFd>,
}

#[derive(Debug)]
enum Address {
    Tcp { host: Option<IpAddr>, port: u16 },
    Path(PathBuf),
}

impl Probe {
    /// `None` for a program that is known to be ready by something else.
    pub fn of(ready: &Readiness) -> Option<Self> {
        let address = match ready {
            Readiness::Port { host, port } => Address::Tcp { host: *host, port: *port },
            Readiness::Path(path) => Address::Path(path.clone()),
            Readiness::Running | Readiness::Notify => return None,
        };
        Some(Self { address, under_way: Vec::new() })
    }

    /// Whether a connection has been made. One that takes its time, as to another machine, is looked at by the next
    /// call.
    pub fn is_accepted(&mut self) -> bool {
        let mut under_way = std::mem::take(&mut self.under_way);
        if under_way.is_empty() {
            under_way = self.begin();
        }
        for fd in under_way {
            match state(&fd) {
                Some(Ok(())) => return true,
                Some(Err(_)) => (),
                None => self.under_way.push(fd),
            }
        }
        false
    }

    /// Refuses an address at which somebody accepts already: the program's readiness could not be told from that.
    ///
    /// # Errors
    ///
    /// `StartFailed` with step `ready`.
    pub fn refuse_taken(&mut self) -> Result<()> {
        if !self.is_accepted() {
            return Ok(());
        }
        let message = format!("{self}: somebody accepts connections there before the program does");
        Err(Error::new(ErrorKind::StartFailed, message).during("ready"))
    }

    fn begin(&self) -> Vec<OwnedFd> {
        match &self.address {
            Address::Path(path) => begin_at_path(path).into_iter().collect(),
            Address::Tcp { host, port } => {
                let either = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
                let hosts = host.as_ref().map_or(&either[..], std::slice::from_ref);
                hosts.iter().filter_map(|host| begin_at(*host, *port)).collect()
            }
        }
    }
}

/// The address in words.
impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Address::Tcp { host: None, port } => write!(f, "port {port}"),
            Address::Tcp { host: Some(host), port } => SocketAddr::new(*host, *port).fmt(f),
            Address::Path(path) => f.write_str(&path.to_string_lossy()),
        }
    }
}

/// Whether the connection is made, or refused; `None`: neither yet.
fn state(fd: &OwnedFd) -> Option<nix::Result<()>> {
    let mut looked_at = [PollFd::new(fd.as_fd(), PollFlags::POLLOUT)];
    if poll(&mut looked_at, PollTimeout::ZERO) == Ok(0) {
        return None;
    }
    Some(match getsockopt(fd, SocketError) {
        // Within the range of the system's own ports a connection may have met itself: nobody accepts there.
        Ok(0) if is_own_peer(fd) => Err(Errno::ECONNREFUSED),
        Ok(0) => Ok(()),
        Ok(errno) => Err(Errno::from_raw(errno)),
        Err(errno) => Err(errno),
    })
}

fn is_own_peer(fd: &OwnedFd) -> bool {
    let (Ok(own), Ok(peer)) = (rustix::net::getsockname(fd), rustix::net::getpeername(fd)) else {
        return false;
    };
    own.address_family() != rustix::net::AddressFamily::UNIX && peer == Some(own)
}

fn begin_at(host: IpAddr, port: u16) -> Option<OwnedFd> {
    let family = if host.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let fd = socket(family, SockType::Stream, sys::NEW_SOCKET, None).ok()?;
    sys::finish_socket(&fd).ok()?;
    begun(connect(fd.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(host, port))), fd)
}

fn begin_at_path(path: &Path) -> Option<OwnedFd> {
    let fd = sys::stream_socket().ok()?;
    begun(sys::connect_to(&fd, &UnixAddr::new(path.as_os_str().as_bytes()).ok()?), fd)
}

/// A full queue (EAGAIN of a Unix socket) is no connection.
fn begun(result: nix::Result<()>, fd: OwnedFd) -> Option<OwnedFd> {
    matches!(result, Ok(()) | Err(Errno::EINPROGRESS)).then_some(fd)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    use nix::sys::socket::{SockaddrIn, getsockname};

    use super::*;

    #[test]
    fn a_port_is_accepted_at_when_somebody_listens_there() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in [None, Some(Ipv4Addr::LOCALHOST.into())] {
            let mut probe = Probe::of(&Readiness::Port { host, port }).unwrap();
            assert!((0..100).any(|_| probe.is_accepted()), "{probe}");
        }
        drop(listener);
        let mut probe = Probe::of(&Readiness::Port { host: None, port }).unwrap();
        assert!(!(0..100).any(|_| probe.is_accepted()), "{probe}");
    }

    #[test]
    fn a_connection_that_meets_itself_is_none() {
        let socket = || socket(AddressFamily::Inet, SockType::Stream, sys::NEW_SOCKET, None).unwrap();
        let bound = socket();
        nix::sys::socket::bind(bound.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0)).unwrap();
        let own: SockaddrIn = getsockname(bound.as_raw_fd()).unwrap();
        let _ = connect(bound.as_raw_fd(), &own);
        while state(&bound).is_none() {}
        assert_eq!(state(&bound), Some(Err(Errno::ECONNREFUSED)));
        assert_eq!(getsockopt(&bound, SocketError), Ok(0));
    }

    #[test]
    fn a_path_is_accepted_at_when_somebody_listens_there() {
        let path = std::env::temp_dir().join(format!("daimon-probe-{}.sock", std::process::id()));
        let mut probe = Probe::of(&Readiness::Path(path.clone())).unwrap();
        assert!(!probe.is_accepted());
        let listener = UnixListener::bind(&path).unwrap();
        assert!(probe.is_accepted());
        drop(listener);
        assert!(!probe.is_accepted());
        std::fs::remove_file(&path).unwrap();
        assert!(Probe::of(&Readiness::Running).is_none());
    }
}
