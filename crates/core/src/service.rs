//! The service control manager, which Unix does not have: its supervisors are told by `notify`.

use crate::given::Course;

/// The service that this process is.
#[derive(Debug)]
pub enum Service {}

impl Service {
    /// Tells whether the service control manager has made this process.
    ///
    /// ```
    /// assert!(!daimon_core::Service::is_this_process());
    /// ```
    pub fn is_this_process() -> bool {
        false
    }

    /// Begins to be the service, if this process is one: never here.
    pub fn begin() -> Option<&'static Self> {
        None
    }

    /// Tells whether the manager has taken this process for its service.
    pub fn is_joined(&self) -> bool {
        match *self {}
    }

    /// Tells the manager where the service is.
    pub fn report(&self, _course: Course) {
        match *self {}
    }

    /// Tells the manager that the service has stopped, with this exit code.
    pub fn end(&self, _code: i32) {
        match *self {}
    }
}
