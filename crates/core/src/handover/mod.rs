//! The messages between launcher and daemon: an environment variable at exec, then frames on the channel. The code that
//! writes a message is beside the code that parses it.

mod backlog;
mod channel;
mod decoder;
mod encoder;
mod frame;
#[cfg(any(test, feature = "fuzzing"))]
mod invariants;
mod sender;
mod variable;

pub use backlog::{Backlog, Ticket};
pub(crate) use channel::Outcome;
pub use channel::{Channel, Reception};
pub(crate) use encoder::send_frame;
pub use frame::{Frame, FrameKind};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use invariants::{check_frames, check_round_trip, check_variable};
pub use sender::{Sender, Unsent};
pub use variable::ADOPTION_VARIABLE;
pub(crate) use variable::{Handover, OWN_FDS};
