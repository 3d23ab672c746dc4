//! Word to a service manager, by the protocol of sd_notify(3): lines `NAME=value` in one datagram.

use std::ffi::OsStr;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::time::{ClockId, clock_gettime};

use crate::error::{Error, Result, Subject};
use crate::sys;

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
    address: SocketAddr,
    socket: UnixDatagram,
}

impl Notifier {
    /// Connects to `address`: an absolute path, or `@name` for an abstract socket (Linux).
    ///
    /// # Errors
    ///
    /// `Unsupported` for any other address, `PermissionDenied` or `StartFailed` when no supervisor listens there.
    pub fn connect(address: &OsStr) -> Result<Self> {
        let failed = |syscall, error: &io::Error| failure(address, syscall, error);
        let parsed = parse(address)?.map_err(|error| failed("sockaddr", &error))?;
        let socket = UnixDatagram::unbound().map_err(|error| failed("socket", &error))?;
        socket.set_nonblocking(true).map_err(|error| failed("fcntl", &error))?;
        socket.connect_addr(&parsed).map_err(|error| failed("connect", &error))?;
        Ok(Self { address: parsed, socket })
    }

    /// Sends one message. If the reader does not keep up, this waits for room, but no longer than `patience`.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` or `StartFailed` with the system's error; EAGAIN when `patience` was over.
    pub fn send(&self, message: &str, patience: Duration) -> Result<()> {
        let until = Instant::now() + patience;
        let mut reconnected = false;
        loop {
            let Err(error) = self.socket.send(message.as_bytes()) else { return Ok(()) };
            let left = until.saturating_duration_since(Instant::now());
            match error.kind() {
                io::ErrorKind::Interrupted => (),
                io::ErrorKind::WouldBlock if !left.is_zero() => self.wait_for_room(left),
                // The manager has closed its socket; a new one has the same name.
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotConnected if !reconnected => {
                    reconnected = true;
                    self.socket
                        .connect_addr(&self.address)
                        .map_err(|error| self.failed("connect", &error))?;
                }
                _ => return Err(self.failed("send", &error)),
            }
        }
    }

    fn wait_for_room(&self, time: Duration) {
        let millis = u16::try_from(time.as_millis() + 1).unwrap_or(u16::MAX);
        let mut fds = [PollFd::new(self.socket.as_fd(), PollFlags::POLLOUT)];
        // The next attempt to send tells what has come of it.
        let _ = poll(&mut fds, PollTimeout::from(millis));
    }

    fn failed(&self, syscall: &'static str, error: &io::Error) -> Error {
        let name = self.address.as_pathname().map(|path| path.as_os_str().to_owned());
        failure(name.as_deref().unwrap_or(OsStr::new("its abstract socket")), syscall, error)
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

/// Outer error: not an address. Inner error: the system rejects the address.
fn parse(address: &OsStr) -> Result<io::Result<SocketAddr>> {
    match address.as_bytes() {
        [b'/', ..] => Ok(SocketAddr::from_pathname(address)),
        [b'@', name @ ..] if !name.is_empty() => sys::abstract_address(name).ok_or_else(|| unknown(address)),
        _ => Err(unknown(address)),
    }
}

fn unknown(address: &OsStr) -> Error {
    let message = format!(
        "NOTIFY_SOCKET={}: neither an absolute path nor, on Linux, an abstract socket; nobody is notified",
        address.display(),
    );
    Error::unsupported(Subject::NotifySocket, message)
}

fn failure(address: &OsStr, syscall: &'static str, error: &io::Error) -> Error {
    Error::io("notify", syscall, error, format!("the supervisor cannot be told at {}", address.display()))
}
