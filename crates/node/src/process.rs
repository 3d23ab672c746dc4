//! A handle on a proven daemon.

use daimon_core::{ErrorKind, PidFile, Process, WatchId, watch_exit};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::convert::{NativeError, NativeExit};
use crate::kinds::NativeSignalled;

/// A process that no other can come to be mistaken for.
#[napi]
pub struct ProcessHandle {
    pid: i32,
    /// `None` once it has been released.
    process: Option<Process>,
}

impl ProcessHandle {
    pub(crate) fn new(process: Process) -> Self {
        Self { pid: process.pid(), process: Some(process) }
    }

    /// Calls back once, when it has ended.
    pub(crate) fn watch_exit(
        &self,
        callback: impl FnOnce() + Send + 'static,
    ) -> Result<WatchId, Box<NativeError>> {
        watch_exit(&self.process()?, callback).map_err(|error| Box::new(error.into()))
    }

    /// The process itself, for a thread.
    pub(crate) fn process(&self) -> Result<Process, Box<NativeError>> {
        self.process.clone().ok_or_else(|| Box::new(self.released()))
    }

    fn released(&self) -> NativeError {
        let message = format!("the handle on process {} has been released", self.pid);
        NativeError { pid: Some(self.pid), ..NativeError::new(ErrorKind::NotRunning, message) }
    }
}

#[napi]
impl ProcessHandle {
    #[napi(getter)]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    #[napi(getter)]
    pub fn alive(&self) -> bool {
        self.process.as_ref().is_some_and(Process::is_alive)
    }

    /// How it ended; null while it lives, and where the kernel does not tell.
    #[napi]
    pub fn exit_status(&self) -> Option<NativeExit> {
        self.process.as_ref().and_then(Process::exit_status).map(NativeExit::from)
    }

    /// Gives its descriptor back now, not when it is collected some day. Nothing can be asked of it any more.
    #[napi]
    pub fn release(&mut self) {
        self.process = None;
    }
}

/// The daemon that provably holds the pidfile, or the error.
#[napi]
pub fn holder(pid_file: String) -> Either<ProcessHandle, NativeError> {
    match PidFile::new(pid_file).and_then(|pid_file| pid_file.holder()) {
        Ok(holder) => Either::A(ProcessHandle::new(holder.into_process())),
        Err(error) => Either::B(error.into()),
    }
}

/// Sends a signal to the daemon that provably holds the pidfile, by one look. Leaves no handle to be collected.
#[napi]
pub fn signal_holder(pid_file: String, signal: i32) -> Either<NativeSignalled, NativeError> {
    match PidFile::new(pid_file).and_then(|pid_file| pid_file.signal_now(signal)) {
        Ok(true) => Either::A(NativeSignalled::Sent),
        Ok(false) => Either::A(NativeSignalled::Deaf),
        Err(error) => Either::B(error.into()),
    }
}

/// Why a start would not take the path, whichever process holds the file now; null when it would.
#[napi]
pub fn check_pid_file(pid_file: String) -> Option<NativeError> {
    PidFile::new(pid_file).and_then(|pid_file| pid_file.check()).err().map(NativeError::from)
}
