//! The messages between launcher and daemon: an environment variable at exec, then frames on the channel. The code that
//! writes a message is beside the code that parses it.

mod backlog;
mod channel;
mod decoder;
mod encoder;
mod frame;
mod variable;

pub use backlog::{Backlog, Ticket};
pub(crate) use channel::Outcome;
pub use channel::{Channel, Reception, Sender};
pub(crate) use encoder::send_frame;
pub use frame::{Frame, FrameKind};
pub use variable::ADOPTION_VARIABLE;
pub(crate) use variable::{Handover, OWN_FDS};
