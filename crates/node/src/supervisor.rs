//! The messages to a supervisor, and the sockets that it gives.

use std::ffi::OsStr;
use std::time::Duration;

use daimon_core::Notifier as CoreNotifier;
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::convert::NativeError;

/// A connection to the supervisor's socket.
#[napi]
pub struct Notifier {
    notifier: CoreNotifier,
}

#[napi]
impl Notifier {
    /// Sends one message; a full socket is waited for, up to `patience` milliseconds. The error, if any, is returned.
    #[napi]
    pub fn send(&self, message: String, patience: u32) -> Option<NativeError> {
        let patience = Duration::from_millis(patience.into());
        self.notifier.send(&message, patience).err().map(NativeError::from)
    }
}

/// Connects to the socket that `NOTIFY_SOCKET` names, or gives the error.
#[napi]
pub fn connect_notifier(address: String) -> Either<Notifier, NativeError> {
    match CoreNotifier::connect(OsStr::new(&address)) {
        Ok(notifier) => Either::A(Notifier { notifier }),
        Err(error) => Either::B(error.into()),
    }
}

/// CLOCK_MONOTONIC in microseconds.
#[napi]
pub fn monotonic_microseconds() -> f64 {
    daimon_core::monotonic().as_micros() as f64
}

/// Marks a socket that came with exec close-on-exec; false if no socket of that number is open.
#[napi]
pub fn take_socket(fd: i32) -> bool {
    daimon_core::take_socket(fd)
}
