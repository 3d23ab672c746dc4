//! The rooms of Windows: the same names as those of Unix, by other means. What Windows has not is refused by the
//! callers before, and is `Unsupported` here.

pub(crate) mod absent;
pub(crate) mod adopt;
mod bind;
pub(crate) mod foreground;
pub(crate) mod launch;
pub(crate) mod listener;
pub(crate) mod log;
pub(crate) mod own;
pub(crate) mod service;
pub(crate) mod socket;
mod tag;
