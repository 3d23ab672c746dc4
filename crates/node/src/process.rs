//! A handle on a proven daemon.

use daimon_core::{ErrorKind, PidFile, Process, WatchId, watch_exit};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::convert::{NativeError, NativeExit};

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
        let process = self.process.as_ref().ok_or_else(|| Box::new(self.released()))?;
        watch_exit(process, callback).map_err(|error| Box::new(error.into()))
    }

    fn told(&self, tell: impl FnOnce(&Process) -> daimon_core::Result<()>) -> Option<NativeError> {
        match &self.process {
            Some(process) => tell(process).err().map(NativeError::from),
            None => Some(self.released()),
        }
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

    /// Sends a signal; the error, if any, is returned.
    #[napi]
    pub fn signal(&self, signal: i32) -> Option<NativeError> {
        self.told(|process| process.signal(signal))
    }

    /// Sends a signal to its whole group, where that is its session's own.
    #[napi]
    pub fn signal_group(&self, signal: i32) -> Option<NativeError> {
        self.told(|process| process.signal_group(signal))
    }

    /// A signal, to it or to its whole group, then SIGCONT, so that a stopped process sees it.
    #[napi]
    pub fn signal_and_continue(&self, signal: i32, group: bool) -> Option<NativeError> {
        self.told(|process| process.signal_and_continue(signal, group))
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

/// What has become of a signal.
#[napi(object)]
pub struct NativeSignalled {
    /// False when the daemon has no handlers yet: nothing was sent.
    pub sent: bool,
}

/// Sends a signal to the daemon that provably holds the pidfile. Leaves no handle to be collected.
#[napi]
pub fn signal_holder(pid_file: String, signal: i32) -> Either<NativeSignalled, NativeError> {
    let holder = PidFile::new(pid_file).and_then(|pid_file| pid_file.holder());
    match holder.and_then(|holder| holder.signal(signal)) {
        Ok(sent) => Either::A(NativeSignalled { sent }),
        Err(error) => Either::B(error.into()),
    }
}

/// What would keep a start from the path, whoever holds the file now.
#[napi]
pub fn check_pid_file(pid_file: String) -> Option<NativeError> {
    PidFile::new(pid_file).and_then(|pid_file| pid_file.check()).err().map(NativeError::from)
}

/// The error for a pidfile that stays locked though its daemon has ended: it names who has it open.
#[napi]
pub fn lock_leaked(pid_file: String) -> NativeError {
    PidFile::new(pid_file).map_or_else(NativeError::from, |pid_file| pid_file.lock_leaked().into())
}
