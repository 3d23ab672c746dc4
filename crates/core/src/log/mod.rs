//! Output files: opened for append, reopened, rotated, and read back when a start failed.

mod archive;
mod capture;
mod names;
mod open;
mod place;
mod reopen;
mod rotate;
mod tail;
mod watch;

pub(crate) use capture::{Capture, OFTEN, keep_null, silence_stderr};
pub(crate) use open::{open_input, open_null, open_output};
pub(crate) use reopen::insist;
pub use reopen::reopen;
pub use rotate::{check_rotation, end_rotation, start_rotation};
pub use tail::LogTail;
