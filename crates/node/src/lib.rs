//! The Node-API binding of `daimon-core`: conversions, and threads for what may not sit on the event loop or on libuv's
//! pool. Errors are returned as data; the facade raises them.
#![warn(unused_crate_dependencies)]
#![allow(unreachable_pub, reason = "what is exported to JavaScript is public by napi's rules")]

// Windows has no keepers.
#[cfg(unix)]
mod body;
mod channel_listener;
mod client;
#[cfg(unix)]
mod control;
mod convert;
mod daemon;
#[cfg(unix)]
mod in_place;
mod kinds;
mod launches;
mod listener;
mod plan;
mod process;
mod rights;
mod stops;
mod supervisor;
mod waits;
#[cfg(unix)]
mod work;

use napi_derive::napi;

/// This process gets to a step at which a test may stop or kill it.
#[cfg(feature = "seams")]
#[napi]
pub fn seam(step: String) {
    daimon_core::reached(&step);
}

/// Kept in the binary as text, where a look at the file finds it: an optimiser writes a short one as numbers in code.
#[used]
static VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version of this binary, which must be the package's own.
#[napi]
pub fn version() -> &'static str {
    VERSION
}
