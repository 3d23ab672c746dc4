//! A listening socket that a keeper holds, so that it outlives the bodies that accept at it.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::socket::sockopt::AcceptConn;
use nix::sys::socket::{AddressFamily, SockaddrLike, SockaddrStorage, UnixAddr, getsockname, getsockopt};

use super::tcp::listen_tcp;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::given::{ListenAddress, ListenPlan, Owner, SocketPlan};
use crate::listener::BoundFile;
use crate::socket::{bind, listen_again};
use crate::sys;

/// A socket that listens, and what it is known by.
#[derive(Debug)]
pub struct KeptSocket {
    fd: OwnedFd,
    key: String,
    /// The file of a Unix socket.
    file: Option<BoundFile>,
}

impl KeptSocket {
    /// One that a body has opened, and what the body says of it ([`KeptSocket::described`]). `None` for what is no
    /// listening socket, or has no address that another program could ask for: the address is what the kernel tells,
    /// not what the body says.
    pub fn learned(fd: OwnedFd, said: &str) -> Option<Self> {
        let (flags, id) = sys::halves(said, b'\n').unwrap_or((said, ""));
        let key = key_of(fd.as_fd(), flags)?;
        let file =
            key.strip_prefix(UNIX).zip(id.parse().ok()).map(|(path, id)| BoundFile::new(path.as_ref(), id));
        Some(Self { fd, key, file })
    }

    /// One that this process, a body, has opened, with the flags that it was asked for ([`socket_key`]), and what the
    /// keeper is to be told of it: the flags and, of a Unix socket, which file is at its path.
    pub(super) fn described(fd: OwnedFd, flags: &str) -> Option<(Self, String)> {
        let key = key_of(fd.as_fd(), flags)?;
        let file = key.strip_prefix(UNIX).and_then(|path| BoundFile::at(path.as_ref()));
        let said = match file.as_ref().map(BoundFile::id) {
            Some(id) => format!("{flags}\n{id}"),
            None => flags.to_owned(),
        };
        Some((Self { fd, key, file }, said))
    }

    /// One that the plan declares, opened by another process.
    pub fn declared(fd: OwnedFd, plan: &ListenPlan) -> Option<Self> {
        let key = key_of_declared(fd.as_fd(), plan)?;
        let file = match &plan.address {
            ListenAddress::Tcp { .. } => None,
            ListenAddress::Path { path, .. } => BoundFile::at(path),
        };
        Some(Self { fd, key, file })
    }

    /// One that a supervisor has opened; one that does not listen is known by its name alone.
    pub fn given(fd: OwnedFd) -> Self {
        let key = key_of(fd.as_fd(), "").unwrap_or_default();
        Self { fd, key, file: None }
    }

    /// Opens one that the plan declares.
    ///
    /// # Errors
    ///
    /// `StartFailed` or `PermissionDenied` with step `listen`; `InvalidOption` for a path that no address can hold.
    pub(crate) fn open(plan: &ListenPlan, owner: Option<Owner>) -> Result<Self> {
        Self::of_plan(plan, |path| bind(path, owner, None).map(|bound| (bound.listener, bound.file)))
    }

    /// Opens one again that this process has closed.
    ///
    /// # Errors
    ///
    /// As [`KeptSocket::open`].
    pub fn open_again(plan: &ListenPlan, owner: Option<Owner>) -> Result<Self> {
        Self::of_plan(plan, |path| listen_again(path, owner))
    }

    fn of_plan(
        plan: &ListenPlan,
        listen: impl FnOnce(&SocketPlan) -> Result<(OwnedFd, BoundFile)>,
    ) -> Result<Self> {
        let (fd, file) = match &plan.address {
            ListenAddress::Tcp { host, port } => {
                let fd = listen_tcp(*host, *port, plan.backlog)
                    .map_err(|(syscall, errno)| refused(plan, syscall, errno))?;
                (fd, None)
            }
            ListenAddress::Path { path, mode } => {
                let socket = SocketPlan { path: path.clone(), mode: *mode, connect: false };
                let (fd, file) = listen(&socket).map_err(|error| not_had(plan, error))?;
                (fd, Some(file))
            }
        };
        let key = key_of_declared(fd.as_fd(), plan);
        let key = key.ok_or_else(|| {
            file.iter().for_each(BoundFile::remove);
            let message = format!("listen.{}: {plan}: a path must be UTF-8 without a line end", plan.name);
            Error::new(ErrorKind::StartFailed, message).during("listen").about(Subject::Listen)
        })?;
        Ok(Self { fd, key, file })
    }

    /// Gives what a body asks for it by.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Has accept(2) wait for a connection. For all who have the socket: the flag is the open file's.
    pub fn let_block(&self) {
        // A failure leaves it as it is.
        let _ = nix::fcntl::fcntl(self.fd.as_fd(), nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::empty()));
    }

    /// Removes the file of a Unix socket that this process has made, if it is still there.
    pub(crate) fn remove_file(&self) {
        if let Some(file) = &self.file {
            file.remove();
        }
    }

    /// Gives the file of a Unix socket.
    pub fn file(&self) -> Option<&BoundFile> {
        self.file.as_ref()
    }
}

impl From<KeptSocket> for OwnedFd {
    fn from(socket: KeptSocket) -> Self {
        socket.fd
    }
}

impl AsFd for KeptSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn refused(plan: &ListenPlan, syscall: &'static str, errno: Errno) -> Error {
    let place = plan.to_string();
    let name = &plan.name;
    let message = match errno {
        Errno::EADDRINUSE => {
            format!("listen.{name}: {place} is in use; end what listens there, or give another port")
        }
        Errno::EACCES | Errno::EPERM => {
            format!(
                "listen.{name}: {place} needs rights that this user does not have; give a port from 1024 on"
            )
        }
        Errno::EADDRNOTAVAIL => format!("listen.{name}: {place} is no address of this machine"),
        _ => format!("listen.{name}: {place} cannot be listened at"),
    };
    Error::system("listen", syscall, errno, message).about(Subject::Listen)
}

/// The error of a path, which names the option, as that of a port does; what is at the path already is a failed start.
fn not_had(plan: &ListenPlan, error: Error) -> Error {
    let ListenAddress::Path { path, .. } = &plan.address else { return error };
    let kind = match error.kind() {
        ErrorKind::PidFile(_) => ErrorKind::StartFailed,
        kind => kind,
    };
    let message = format!("listen.{}: {}", plan.name, error.message());
    Error::new(kind, message).during("listen").at(path).caused_by(&error).about(Subject::Listen)
}

/// The address in words.
impl std::fmt::Display for ListenPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.address {
            ListenAddress::Tcp { host: None, port } => write!(f, "port {port}"),
            ListenAddress::Tcp { host: Some(host), port } => SocketAddr::new(*host, *port).fmt(f),
            ListenAddress::Path { path, .. } => f.write_str(&path.to_string_lossy()),
        }
    }
}

/// A Unix socket may have been bound through an open folder, so that the kernel tells another path.
fn key_of_declared(fd: BorrowedFd<'_>, plan: &ListenPlan) -> Option<String> {
    match &plan.address {
        ListenAddress::Tcp { .. } => key_of(fd, ""),
        ListenAddress::Path { path, .. } => socket_path_key(path),
    }
}

/// The key of a listening socket, by the address that the kernel tells.
fn key_of(fd: BorrowedFd<'_>, flags: &str) -> Option<String> {
    if !getsockopt(&fd, AcceptConn).ok()? || !FLAGS.contains(&flags) {
        return None;
    }
    let address: SockaddrStorage = getsockname(fd.as_raw_fd()).ok()?;
    match address.family()? {
        AddressFamily::Unix => address.as_unix_addr()?.path().and_then(socket_path_key),
        AddressFamily::Inet | AddressFamily::Inet6 => {
            let (host, port): (IpAddr, u16) = match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
                (Some(v4), _) => (v4.ip().into(), v4.port()),
                (None, Some(v6)) if v6.scope_id() == 0 => (v6.ip().into(), v6.port()),
                _ => return None,
            };
            Some(tcp_key(host, port, flags))
        }
        _ => None,
    }
}

/// What the keys of Unix sockets begin with.
const UNIX: &str = "unix ";

fn socket_path_key(path: &Path) -> Option<String> {
    // A relative path means something else to each process. Lines separate the keys in what is sent.
    let text = path.to_str().filter(|text| path.is_absolute() && !text.contains('\n'))?;
    Some([UNIX, text].concat())
}

/// The flags that a program can ask for: none, IPv6 alone, other sockets at the same port, both.
const FLAGS: [&str; 4] = ["", "6", "r", "6r"];

fn tcp_key(host: IpAddr, port: u16, flags: &str) -> String {
    let mut key = format!("tcp {}", SocketAddr::new(host, port));
    if !flags.is_empty() {
        let _ = write!(key, " {flags}");
    }
    key
}

/// The key of the socket that a program asks for: a host as a number, a port, and flags (`6` for IPv6 alone, `r` for a
/// port that other sockets may have, too). `None` for what a keeper cannot hold for others: a name, a port that the
/// system chooses.
pub fn socket_key(host: &str, port: u16, flags: &str) -> Option<String> {
    let host: IpAddr = host.parse().ok()?;
    (port > 0 && FLAGS.contains(&flags)).then(|| tcp_key(host, port, flags))
}

/// Listens at a path, for a body whose runtime would unlink the path when it closes the socket, though others accept at
/// it. An absolute path of 107 bytes at most (macOS: 103).
///
/// # Errors
///
/// The system's.
pub fn listen_at_path(path: &Path, backlog: i32) -> std::io::Result<OwnedFd> {
    let listen = || {
        let fd = sys::stream_socket()?;
        nix::sys::socket::bind(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
        sys::listen_with(fd.as_fd(), backlog)?;
        Ok::<_, Errno>(fd)
    };
    listen().map_err(|errno| std::io::Error::from_raw_os_error(errno as i32))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::{TcpListener, TcpStream, UdpSocket};

    use nix::sys::socket::{SockFlag, SockType, SockaddrIn, bind as bind_to, socket};

    use super::*;

    #[test]
    fn what_a_body_sends_is_known_by_what_the_kernel_tells_of_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let key = format!("tcp {}", listener.local_addr().unwrap());
        for (said, expected) in [
            ("", Some(key.clone())),
            ("6", Some(format!("{key} 6"))),
            ("6r", Some(format!("{key} 6r"))),
            ("r\n1 2", Some(format!("{key} r"))),
            ("tcp 127.0.0.1:1", None),
            ("unix /a", None),
        ] {
            let fd = listener.try_clone().unwrap().into();
            let learned = KeptSocket::learned(fd, said);
            // A file is one of a path alone.
            assert!(learned.as_ref().is_none_or(|socket| socket.file().is_none()), "{said}");
            assert_eq!(learned.map(|socket| socket.key().to_owned()), expected, "{said}");
        }
    }

    #[test]
    fn what_does_not_listen_is_not_taken() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let bound = socket(AddressFamily::Inet, SockType::Stream, SockFlag::empty(), None).unwrap();
        bind_to(bound.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0)).unwrap();
        let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
        let file = File::open("/dev/null").unwrap();
        for fd in [client.into(), bound, datagrams.into(), file.into()] {
            assert!(KeptSocket::learned(fd, "").is_none());
        }
    }
}
