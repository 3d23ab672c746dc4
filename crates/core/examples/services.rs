//! Asks the service control manager of Windows, for tests: what sc.exe does, and more than wine's sc.exe can do.
//!
//! - `create NAME COMMAND`, `delete NAME`, `start NAME`
//! - `control NAME NUMBER`: sends a control, such as 1 to stop the service
//! - `query NAME`: prints the last report of the service as JSON
//!
//! It exits with 0, or prints the system's error and exits with 1.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match platform::run(&args) {
        Ok(text) => {
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = std::io::stderr().write_all(error.to_string().as_bytes());
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(windows))]
mod platform {
    use std::io::{Error, ErrorKind, Result};

    pub(crate) fn run(_args: &[&str]) -> Result<String> {
        Err(Error::new(ErrorKind::Unsupported, "only Windows has a service control manager"))
    }
}

#[cfg(windows)]
#[expect(unsafe_code, reason = "std knows no services")]
mod platform {
    use std::io::{Error, ErrorKind, Result};
    use std::ptr::{null, null_mut};

    use windows_sys::Win32::System::Services::{
        CloseServiceHandle, ControlService, CreateServiceW, DeleteService, OpenSCManagerW, OpenServiceW,
        QueryServiceStatusEx, SC_HANDLE, SC_MANAGER_ALL_ACCESS, SC_STATUS_PROCESS_INFO, SERVICE_ALL_ACCESS,
        SERVICE_DEMAND_START, SERVICE_ERROR_IGNORE, SERVICE_STATUS, SERVICE_STATUS_PROCESS,
        SERVICE_WIN32_OWN_PROCESS, StartServiceW,
    };

    /// A handle of the manager or a service.
    struct Handle(SC_HANDLE);

    impl Handle {
        fn of(handle: SC_HANDLE) -> Result<Self> {
            if handle.is_null() { Err(Error::last_os_error()) } else { Ok(Self(handle)) }
        }
    }

    impl Drop for Handle {
        fn drop(&mut self) {
            // SAFETY: the handle is open, and this value's alone.
            unsafe { CloseServiceHandle(self.0) };
        }
    }

    fn wide(text: &str) -> Vec<u16> {
        text.encode_utf16().chain([0]).collect()
    }

    fn check(done: i32) -> Result<String> {
        if done == 0 { Err(Error::last_os_error()) } else { Ok(String::new()) }
    }

    pub(crate) fn run(args: &[&str]) -> Result<String> {
        // SAFETY: the call takes nulls and a number.
        let manager = Handle::of(unsafe { OpenSCManagerW(null(), null(), SC_MANAGER_ALL_ACCESS) })?;
        match args {
            ["create", name, command] => create(&manager, name, command),
            // SAFETY: the handle is open for the whole call.
            ["delete", name] => check(unsafe { DeleteService(open(&manager, name)?.0) }),
            // SAFETY: the handle is open for the whole call, and there are no arguments.
            ["start", name] => check(unsafe { StartServiceW(open(&manager, name)?.0, 0, null()) }),
            ["control", name, number] => {
                let number = number.parse().map_err(|_| Error::from(ErrorKind::InvalidInput))?;
                let mut status = SERVICE_STATUS::default();
                // SAFETY: the handle is open for the whole call, and the system writes one structure to the pointer.
                check(unsafe { ControlService(open(&manager, name)?.0, number, &raw mut status) })
            }
            ["query", name] => query(&open(&manager, name)?),
            _ => Err(Error::from(ErrorKind::InvalidInput)),
        }
    }

    fn open(manager: &Handle, name: &str) -> Result<Handle> {
        let name = wide(name);
        // SAFETY: the handle is open, and the name ends with a zero and lives through the call.
        Handle::of(unsafe { OpenServiceW(manager.0, name.as_ptr(), SERVICE_ALL_ACCESS) })
    }

    fn create(manager: &Handle, name: &str, command: &str) -> Result<String> {
        let (name, command) = (wide(name), wide(command));
        // SAFETY: the handle is open, and the texts end with a zero and live through the call; the rest are numbers and
        // nulls.
        let made = unsafe {
            CreateServiceW(
                manager.0,
                name.as_ptr(),
                name.as_ptr(),
                SERVICE_ALL_ACCESS,
                SERVICE_WIN32_OWN_PROCESS,
                SERVICE_DEMAND_START,
                SERVICE_ERROR_IGNORE,
                command.as_ptr(),
                null(),
                null_mut(),
                null(),
                null(),
                null(),
            )
        };
        Handle::of(made).map(|_| String::new())
    }

    fn query(service: &Handle) -> Result<String> {
        let mut status = SERVICE_STATUS_PROCESS::default();
        let size = size_of_val(&status) as u32;
        let mut needed = 0;
        let memory = (&raw mut status).cast();
        // SAFETY: the handle is open, and the system writes at most the size of the structure to the pointer.
        let done =
            unsafe { QueryServiceStatusEx(service.0, SC_STATUS_PROCESS_INFO, memory, size, &raw mut needed) };
        check(done)?;
        Ok(format!(
            r#"{{"state":{},"accepts":{},"code":{},"ownCode":{},"count":{},"hint":{},"pid":{}}}"#,
            status.dwCurrentState,
            status.dwControlsAccepted,
            status.dwWin32ExitCode,
            status.dwServiceSpecificExitCode,
            status.dwCheckPoint,
            status.dwWaitHint,
            status.dwProcessId,
        ))
    }
}
