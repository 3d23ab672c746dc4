//! The messages between launcher and daemon: an environment variable at exec, then frames on the channel. The code that
//! writes a message is beside the code that parses it.

mod backlog;
#[cfg(unix)]
mod channel;
mod decoder;
#[cfg(unix)]
mod encoder;
mod frame;
mod header;
#[cfg(unix)]
mod in_place;
#[cfg(all(unix, any(test, feature = "fuzzing")))]
mod invariants;
mod outcome;
#[cfg(unix)]
mod sender;
#[cfg(unix)]
mod variable;

// The same names, by other means.
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows::{channel, sender, variable};

pub use backlog::{Backlog, Ticket};
pub use channel::Channel;
#[cfg(unix)]
pub(crate) use encoder::send_frame;
pub use frame::{Frame, FrameKind};
#[cfg(unix)]
pub(crate) use header::NotSent;
#[cfg(unix)]
pub(crate) use in_place::HandoverInPlace;
#[cfg(all(unix, any(test, feature = "fuzzing")))]
pub(crate) use invariants::{check_frames, check_round_trip, check_variable};
pub(crate) use outcome::Outcome;
pub use outcome::Reception;
pub use sender::{Sender, Unsent};
pub use variable::ADOPTION_VARIABLE;
pub(crate) use variable::Handover;
#[cfg(unix)]
pub(crate) use variable::OWN_FDS;
