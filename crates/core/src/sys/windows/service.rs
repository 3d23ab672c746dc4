//! The service control manager: the dispatcher that brings its controls, and the reports to it.
#![expect(unsafe_code, reason = "std knows no services, and the system calls back")]

use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::sync::OnceLock;
use std::time::Duration;

use windows_sys::Win32::Foundation::{
    ERROR_CALL_NOT_IMPLEMENTED, ERROR_SERVICE_SPECIFIC_ERROR, NO_ERROR, WIN32_ERROR,
};
use windows_sys::Win32::System::Services::{
    RegisterServiceCtrlHandlerExW, SERVICE_ACCEPT_PARAMCHANGE, SERVICE_ACCEPT_PRESHUTDOWN,
    SERVICE_ACCEPT_SHUTDOWN, SERVICE_ACCEPT_STOP, SERVICE_CONTROL_INTERROGATE, SERVICE_CONTROL_PARAMCHANGE,
    SERVICE_CONTROL_PRESHUTDOWN, SERVICE_CONTROL_SHUTDOWN, SERVICE_CONTROL_STOP, SERVICE_RUNNING,
    SERVICE_START_PENDING, SERVICE_STATUS, SERVICE_STATUS_HANDLE, SERVICE_STOP_PENDING, SERVICE_STOPPED,
    SERVICE_TABLE_ENTRYW, SERVICE_WIN32_OWN_PROCESS, SetServiceStatus, StartServiceCtrlDispatcherW,
};
use windows_sys::core::PWSTR;

use super::Errno;

/// What the manager asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// To stop, by an administrator or because the machine shuts down.
    Stop,
    /// To read its configuration again.
    Reload,
}

/// Who hears of the manager, on threads of the system.
pub(crate) trait Serviced: Sync {
    /// This process is the service from now on.
    fn begun(&self, manager: Result<Manager, Errno>);
    fn asked(&self, control: Control);
}

/// Where a service is in its course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The count that grows while it goes on, and the time until it grows again or the start is over.
    Starting(u32, Duration),
    Running,
    /// As of a start.
    Stopping(u32, Duration),
    /// With this exit code.
    Stopped(u32),
}

/// Who takes the reports of this service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manager(SERVICE_STATUS_HANDLE);

// SAFETY: the handle is a number of the system's, which is valid for the whole life of the process, on every thread.
unsafe impl Send for Manager {}

static SERVICED: OnceLock<&'static dyn Serviced> = OnceLock::new();

/// Makes this process the service as which the manager has started it. Returns when the service has stopped, or at once
/// with ERROR_FAILED_SERVICE_CONTROLLER_CONNECT where the manager has not started this process. Once in a process.
pub(crate) fn dispatch(serviced: &'static dyn Serviced) -> Result<(), Errno> {
    let _ = SERVICED.set(serviced);
    // A service that has its process for itself has no other name here.
    let mut name = [0_u16];
    let table = [
        SERVICE_TABLE_ENTRYW { lpServiceName: name.as_mut_ptr(), lpServiceProc: Some(begin) },
        SERVICE_TABLE_ENTRYW { lpServiceName: null_mut(), lpServiceProc: None },
    ];
    // SAFETY: the table ends with an empty entry, and lives with its names through the call.
    if unsafe { StartServiceCtrlDispatcherW(table.as_ptr()) } == 0 { Err(Errno::last()) } else { Ok(()) }
}

/// Called by the system on a thread of its own, once.
///
/// # Safety
///
/// None for the caller: it is `unsafe` because the system's type for it is, and uses no pointer that it is given.
unsafe extern "system" fn begin(_count: u32, _arguments: *mut PWSTR) {
    let name = [0_u16];
    // SAFETY: the name ends with a zero and lives through the call; the handler is a function, and needs no context.
    let handle = unsafe { RegisterServiceCtrlHandlerExW(name.as_ptr(), Some(handle), null()) };
    let manager = if handle.is_null() { Err(Errno::last()) } else { Ok(Manager(handle)) };
    if let Some(serviced) = SERVICED.get() {
        serviced.begun(manager);
    }
}

/// Called by the system on the dispatcher's thread, for one control after the other.
///
/// # Safety
///
/// None for the caller: it is `unsafe` because the system's type for it is, and uses no pointer that it is given.
unsafe extern "system" fn handle(
    control: u32,
    _kind: u32,
    _data: *mut c_void,
    _context: *mut c_void,
) -> WIN32_ERROR {
    let control = match control {
        SERVICE_CONTROL_STOP | SERVICE_CONTROL_SHUTDOWN | SERVICE_CONTROL_PRESHUTDOWN => Control::Stop,
        SERVICE_CONTROL_PARAMCHANGE => Control::Reload,
        // The system answers it by the last report.
        SERVICE_CONTROL_INTERROGATE => return NO_ERROR,
        _ => return ERROR_CALL_NOT_IMPLEMENTED,
    };
    if let Some(serviced) = SERVICED.get() {
        serviced.asked(control);
    }
    NO_ERROR
}

impl Manager {
    /// Tells the manager where the service is. A stop can be asked for until it has begun, a reload of a service that
    /// runs.
    pub(crate) fn tell(self, progress: Progress) -> Result<(), Errno> {
        const STOP: u32 = SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_PRESHUTDOWN;
        let mut status = SERVICE_STATUS { dwServiceType: SERVICE_WIN32_OWN_PROCESS, ..Default::default() };
        (status.dwCurrentState, status.dwControlsAccepted) = match progress {
            Progress::Starting(..) => (SERVICE_START_PENDING, STOP),
            Progress::Running => (SERVICE_RUNNING, STOP | SERVICE_ACCEPT_PARAMCHANGE),
            Progress::Stopping(..) => (SERVICE_STOP_PENDING, 0),
            Progress::Stopped(_) => (SERVICE_STOPPED, 0),
        };
        if let Progress::Starting(count, time) | Progress::Stopping(count, time) = progress {
            status.dwCheckPoint = count;
            status.dwWaitHint = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        }
        if let Progress::Stopped(code @ 1..) = progress {
            // A code of the program's own, and none of the system's errors.
            status.dwWin32ExitCode = ERROR_SERVICE_SPECIFIC_ERROR;
            status.dwServiceSpecificExitCode = code;
        }
        // SAFETY: the handle is the manager's own, and the structure lives through the call, which only reads it.
        if unsafe { SetServiceStatus(self.0, &raw const status) } == 0 { Err(Errno::last()) } else { Ok(()) }
    }
}
