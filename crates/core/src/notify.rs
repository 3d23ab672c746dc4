//! Word to a service manager, by the protocol of sd_notify(3): lines `NAME=value` in one datagram.

use std::ffi::OsStr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockType, UnixAddr, connect, send, socket};
use nix::time::{ClockId, clock_gettime};

use crate::error::{Error, Result, Subject};
use crate::sys::{self, Failure};

/// How often a full socket is looked at, in milliseconds.
const LOOK: u16 = 5;

/// The connection alone, whose failures are numbers: a keeper, which tells nobody of them, has no code for their text.
#[derive(Debug)]
pub struct NotifySocket {
    address: UnixAddr,
    fd: OwnedFd,
}

impl NotifySocket {
    /// Connects to an address; `None` for one of no known form.
    pub fn connect(address: &OsStr) -> Option<std::result::Result<Self, Failure>> {
        let address = match address.as_bytes() {
            path @ [b'/', ..] => UnixAddr::new(path),
            [b'@', name @ ..] if !name.is_empty() => sys::abstract_address(name)?,
            _ => return None,
        };
        Some(address.map_err(|errno| ("sockaddr", errno)).and_then(Self::open))
    }

    fn open(address: UnixAddr) -> std::result::Result<Self, Failure> {
        let fd = socket(AddressFamily::Unix, SockType::Datagram, sys::NEW_SOCKET, None)
            .map_err(|errno| ("socket", errno))?;
        sys::finish_socket(&fd).map_err(|errno| ("fcntl", errno))?;
        connect(fd.as_raw_fd(), &address).map_err(|errno| ("connect", errno))?;
        Ok(Self { address, fd })
    }

    /// Sends one message. If the reader does not keep up, this waits for room, but no longer than `patience`.
    ///
    /// # Errors
    ///
    /// The system's; EAGAIN when `patience` was over.
    pub fn send(&self, message: &[u8], patience: Duration) -> std::result::Result<(), Failure> {
        let begun = Instant::now();
        let mut is_reconnected = false;
        loop {
            match send(self.fd.as_raw_fd(), message, sys::NO_SIGPIPE | MsgFlags::MSG_DONTWAIT) {
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => (),
                Err(Errno::EAGAIN | Errno::ENOBUFS) if begun.elapsed() < patience => sys::pause(LOOK),
                // The manager has closed its socket; a new one has the same name.
                Err(Errno::ECONNREFUSED | Errno::ENOTCONN) if !is_reconnected => {
                    is_reconnected = true;
                    connect(self.fd.as_raw_fd(), &self.address).map_err(|errno| ("connect", errno))?;
                }
                Err(errno) => return Err(("send", errno)),
            }
        }
    }
}

/// A connection to the socket that `NOTIFY_SOCKET` names.
///
/// ```
/// use std::time::Duration;
/// use daimon_core::Notifier;
///
/// let path = std::env::temp_dir().join(format!("daimon-doc-{}.sock", std::process::id()));
/// let supervisor = std::os::unix::net::UnixDatagram::bind(&path)?;
/// let notifier = Notifier::connect(path.as_os_str())?;
/// notifier.send("READY=1", Duration::ZERO)?;
/// std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It is connected once, so that it outlives a change of root or user, and connected again when the manager has made
/// its socket anew.
#[derive(Debug)]
pub struct Notifier {
    /// As it was given, for errors.
    address: std::ffi::OsString,
    socket: NotifySocket,
}

impl Notifier {
    /// Connects to `address`: an absolute path, or `@name` for an abstract socket (Linux).
    ///
    /// # Errors
    ///
    /// `Unsupported` for any other address, `PermissionDenied` or `StartFailed` when no supervisor listens there.
    pub fn connect(address: &OsStr) -> Result<Self> {
        let socket = NotifySocket::connect(address).ok_or_else(|| unknown(address))?;
        let socket = socket.map_err(|failed| failure(address, failed))?;
        Ok(Self { address: address.to_owned(), socket })
    }

    /// Sends one message. If the reader does not keep up, this waits for room, but no longer than `patience`.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` or `StartFailed` with the system's error; EAGAIN when `patience` was over.
    pub fn send(&self, message: &str, patience: Duration) -> Result<()> {
        self.socket.send(message.as_bytes(), patience).map_err(|failed| failure(&self.address, failed))
    }
}

/// Gives the time of CLOCK_MONOTONIC, which a supervisor is told with `RELOADING=1`.
///
/// ```
/// assert!(daimon_core::monotonic() <= daimon_core::monotonic());
/// ```
pub fn monotonic() -> Duration {
    // Fails only for an unknown clock.
    clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from).unwrap_or_default()
}

fn unknown(address: &OsStr) -> Error {
    let message = format!(
        "NOTIFY_SOCKET={}: neither an absolute path nor, on Linux, an abstract socket; nobody is notified",
        address.display(),
    );
    Error::unsupported(Subject::NotifySocket, message)
}

fn failure(address: &OsStr, (syscall, errno): Failure) -> Error {
    let message = format!("the supervisor cannot be told at {}", address.display());
    Error::system("notify", syscall, errno, message)
}
