//! What a keeper is made of, beside its bodies' launch: waiting, sockets, outputs, and the connections by which others
//! control it. Runs in the keeper; [`control`] in those others; what is about sockets of a body in that body.

use std::os::fd::OwnedFd;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::sys;

mod body_sockets;
mod codec;
mod control;
mod events;
mod in_place;
mod kept_socket;
mod notify_inbox;
mod order;
mod orphans;
mod outputs;
mod probe;
mod stop;
mod tcp;

/// A time in milliseconds, `u64::MAX` for a longer one. Without the numbers of 128 bits of `Duration::as_millis`, whose
/// code a keeper would have for nothing else.
pub fn whole_millis(time: Duration) -> u64 {
    time.as_secs().saturating_mul(1_000).saturating_add(time.subsec_millis().into())
}

/// Makes two connected sockets.
///
/// # Errors
///
/// The system's, when no descriptor is left.
pub fn channel_pair() -> Result<(OwnedFd, OwnedFd)> {
    sys::channel_pair()
        .map_err(|errno| Error::system("channel", "socketpair", errno, "no descriptor could be made"))
}

pub use body_sockets::{
    declared_sockets, give_up_socket, kept_socket, key_of_declared, share_socket, take_kept_sockets,
};
pub(crate) use control::remove_left_control;
pub use control::{Accepted, Control, ControlSocket, control};
pub use events::{Events, Happened};
pub use in_place::InheritedSocket;
pub(crate) use in_place::OrderInPlace;
pub use kept_socket::{KeptSocket, listen_at_path, socket_key};
pub use notify_inbox::NotifyInbox;
pub use order::{BodyPlan, KeeperOrder, OutputFile};
pub use orphans::collect_children;
pub use outputs::open_outputs;
pub use probe::Probe;
pub use stop::stop_daemon;
