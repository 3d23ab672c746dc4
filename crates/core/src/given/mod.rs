//! What callers give: data alone, the same on every platform.

mod course;
mod descriptor;
mod identity;
mod limits;
mod log;
mod socket;
mod stdio;

pub use course::Course;
pub use descriptor::Descriptor;
pub use identity::{Account, Identity, Name};
pub use limits::{Limit, Limits};
pub use log::{Outputs, Owner, Rotation};
pub use socket::SocketPlan;
pub use stdio::Stdio;
