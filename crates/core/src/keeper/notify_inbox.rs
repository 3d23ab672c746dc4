//! The socket at which a body says how it is getting on, by the protocol of sd_notify(3). Runs in the keeper.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::unistd::geteuid;

use crate::error::{Error, Result};
use crate::sys;

/// More is none of that protocol's messages.
const LONGEST: usize = 4_096;

/// A socket without a file, so that a body reaches it below another root folder, and with any user's rights.
#[derive(Debug)]
pub struct NotifyInbox {
    fd: OwnedFd,
    address: String,
    /// The body's user; `None`: the keeper's.
    user: Option<u32>,
}

impl NotifyInbox {
    /// A new one, for a body of that user; `None`: the keeper's own.
    ///
    /// # Errors
    ///
    /// The system's, when no descriptor is left; on systems that have no such sockets.
    pub fn new(user: Option<u32>) -> Result<Self> {
        let (fd, address) = sys::notify_socket().map_err(|(syscall, errno)| {
            Error::system("notify", syscall, errno, "NOTIFY_SOCKET cannot be made")
        })?;
        Ok(Self { fd, address, user })
    }

    /// What the variable `NOTIFY_SOCKET` says.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Takes a message that waits; `None` when none waits. One of another user, but for root's, is empty.
    pub fn receive(&self) -> Option<Vec<u8>> {
        let mut bytes = [0; LONGEST];
        let (length, user) = sys::receive_from_user(self.fd.as_fd(), &mut bytes).ok()?;
        let own = geteuid().as_raw();
        let is_trusted = user.is_some_and(|user| user == 0 || user == own || Some(user) == self.user);
        Some(bytes.get(..length).filter(|_| is_trusted).unwrap_or_default().to_vec())
    }
}

impl AsFd for NotifyInbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::ffi::OsStr;
    use std::time::Duration;

    use super::*;
    use crate::notify::Notifier;

    #[test]
    fn what_is_sent_to_the_address_is_received_message_by_message() {
        let socket = NotifyInbox::new(None).unwrap();
        let notifier = Notifier::connect(OsStr::new(socket.address())).unwrap();
        assert_eq!(socket.receive(), None);
        for message in ["STATUS=half way", "READY=1"] {
            notifier.send(message, Duration::ZERO).unwrap();
        }
        assert_eq!(socket.receive().as_deref(), Some(&b"STATUS=half way"[..]));
        assert_eq!(socket.receive().as_deref(), Some(&b"READY=1"[..]));
        assert_eq!(socket.receive(), None);
    }
}
