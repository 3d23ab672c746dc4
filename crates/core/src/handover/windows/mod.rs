//! The messages between launcher and daemon on Windows: an environment variable at creation, two handles by a small
//! pipe that the daemon inherits, then frames on the channel.

pub(crate) mod channel;
pub(crate) mod sender;
pub(crate) mod variable;
