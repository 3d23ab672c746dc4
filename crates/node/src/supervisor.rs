//! The messages to a supervisor, and the sockets that it gives; the service that this process is on Windows.

use std::ffi::OsStr;
use std::time::Duration;

use daimon_core::{Notifier as CoreNotifier, Service};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::convert::NativeError;
use crate::kinds::NativeCourse;

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

/// Whether the service control manager of Windows has made this process.
#[napi]
pub fn is_service() -> bool {
    Service::is_this_process()
}

/// Begins to be the service, if this process is one; does not wait for the manager.
#[napi]
pub fn begin_service() -> bool {
    Service::begin().is_some()
}

/// Whether the manager has taken this process for its service. Blocks until it has answered, which it does at once; for
/// 5 seconds at most where it does not.
#[napi]
pub fn is_service_joined() -> bool {
    Service::begin().is_some_and(Service::is_joined)
}

/// Tells the manager where the service is; a start or a stop goes on within `time` milliseconds.
#[napi]
pub fn report_service(course: NativeCourse, time: u32) {
    if let Some(service) = Service::begin() {
        service.report(course.within(Duration::from_millis(time.into())));
    }
}

/// Tells the manager that the service has stopped with this exit code; the process must end now. Blocks as
/// [`is_service_joined`] where the manager has not answered yet.
#[napi]
pub fn end_service(code: i32) {
    if let Some(service) = Service::begin() {
        service.end(code);
    }
}
