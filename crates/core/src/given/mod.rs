//! What callers give: data alone, the same on every platform.

mod course;
mod descriptor;
mod executable;
mod identity;
mod keeper;
mod limits;
mod listen;
mod log;
mod socket;
mod stdio;

pub use course::Course;
pub use descriptor::Descriptor;
pub use executable::{Executable, Readiness};
pub use identity::{Account, Identity, Name};
pub use keeper::{BodyPlace, KeeperPlan, Respawn, RespawnWhen};
pub use limits::{Limit, Limits};
pub use listen::{ListenAddress, ListenPlan};
pub use log::{Outputs, Owner, Rotation};
pub use socket::SocketPlan;
pub use stdio::Stdio;
