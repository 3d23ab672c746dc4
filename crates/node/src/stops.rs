//! The waits for a daemon that runs: for its proof, for its handlers, for its end. Each has a thread of its own, which
//! this binding makes, and one event. `give_up` aborts each of them, so that no signal is sent from then on. Only
//! `status`, which sends none and is short, goes on to its end; nobody hears it.

use std::sync::Arc;

use daimon_core::{
    Abort, Error, ErrorKind, PidFile, Process, Result, StopOptions, Stopped, end_process, stop_daemon,
};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::convert::{NativeError, NativeStatus};
use crate::kinds::NativeEventKind;
use crate::plan::duration;
use crate::process::ProcessHandle;
use crate::waits::{NativeEvent, Waits};

/// How a daemon is stopped. The time is in milliseconds.
#[napi(object)]
pub struct NativeStopOptions {
    pub signal: i32,
    pub timeout: f64,
    pub kill: bool,
    pub group: bool,
    pub displace: bool,
}

impl NativeStopOptions {
    fn to_options(&self) -> StopOptions {
        let &Self { signal, timeout, kill, group, displace } = self;
        StopOptions { signal: signal.into(), timeout: duration(timeout), kill, group, displace }
    }

    /// The event of a stop.
    fn outcome(&self, stopped: Result<Option<Stopped>>, done: NativeEvent) -> Outcome {
        let stopped = stopped.map_err(|error| self.error(error))?;
        Ok(stopped.map(|stopped| NativeEvent { stopped: Some(stopped.into()), ..done }))
    }

    fn error(&self, error: Error) -> Box<NativeError> {
        let timeout = (error.kind() == ErrorKind::StopTimeout).then_some(self.timeout);
        Box::new(NativeError { timeout, ..error.into() })
    }
}

/// The event of a wait that is over; `None` where it has been aborted.
type Outcome = std::result::Result<Option<NativeEvent>, Box<NativeError>>;

/// What a wait does. It gets the event `done`, and gives it with what it has found. Boxed, as the work of
/// [`Waits::spawn`].
type Work = Box<dyn FnOnce(&Abort, NativeEvent) -> Outcome + Send>;

#[napi]
impl Waits {
    /// Waits for the daemon that holds the pidfile to be proven. Event `done` with `holder`, or `failed`.
    #[napi]
    pub fn holder(&self, pid_file: String) -> u32 {
        self.begin(Box::new(move |abort, done| {
            let holder = PidFile::new(pid_file)?.proven_holder(abort)?;
            let handle = holder.map(|holder| ProcessHandle::new(holder.into_process()));
            Ok(handle.map(|handle| NativeEvent { holder: Some(handle), ..done }))
        }))
    }

    /// Looks at a pidfile until its state is no longer about to change. Event `done` with `status`, or `failed`.
    #[napi]
    pub fn status(&self, pid_file: String) -> u32 {
        self.begin(Box::new(move |_, done| {
            let pid_file = PidFile::new(pid_file)?;
            let status = NativeStatus::from(pid_file.lasting_status()?).of_kept(&pid_file);
            Ok(Some(NativeEvent { status: Some(status), ..done }))
        }))
    }

    /// Looks at a pidfile until no start is under way, for `patience` milliseconds at most. Event `done` with `status`,
    /// or `failed`.
    #[napi]
    pub fn serving(&self, pid_file: String, patience: f64) -> u32 {
        self.begin(Box::new(move |abort, done| {
            let status = PidFile::new(pid_file)?.serving_status(duration(patience), abort)?;
            Ok(status.map(|status| NativeEvent { status: Some(status.into()), ..done }))
        }))
    }

    /// Sends a signal to the daemon that holds the pidfile; one that has no handlers yet is given `patience`
    /// milliseconds. Event `done`, or `failed`.
    #[napi]
    pub fn signal(&self, pid_file: String, signal: i32, patience: f64) -> u32 {
        self.begin(Box::new(move |abort, done| {
            let sent = PidFile::new(pid_file)?.signal(signal, duration(patience), abort)?;
            Ok(sent.map(|()| done))
        }))
    }

    /// Stops the daemon that holds the pidfile, once it is proven. Event `done` with `stopped`, or `failed`.
    #[napi]
    pub fn stop(&self, pid_file: String, options: NativeStopOptions) -> u32 {
        let how = options.to_options();
        self.begin(Box::new(move |abort, done| {
            let stopped =
                PidFile::new(pid_file).and_then(|pid_file| stop_daemon(&pid_file, None, &how, abort));
            options.outcome(stopped, done)
        }))
    }

    /// Stops the daemon that has been proven to hold the pidfile. Events as of `stop`; a handle that has been released
    /// is told at once.
    #[napi]
    pub fn stop_holder(
        &self,
        pid_file: String,
        holder: &ProcessHandle,
        options: NativeStopOptions,
    ) -> Either<u32, NativeError> {
        let process: Process = match holder.process() {
            Ok(process) => process,
            Err(error) => return Either::B(*error),
        };
        let how = options.to_options();
        Either::A(self.begin(Box::new(move |abort, done| {
            let stopped = PidFile::new(pid_file)
                .and_then(|pid_file| stop_daemon(&pid_file, Some(&process), &how, abort));
            options.outcome(stopped, done)
        })))
    }

    /// Ends a process, as a stop does. Event `done`, or `failed`; a handle that has been released is told at once.
    #[napi]
    pub fn end_process(
        &self,
        process: &ProcessHandle,
        options: NativeStopOptions,
    ) -> Either<u32, NativeError> {
        let process: Process = match process.process() {
            Ok(process) => process,
            Err(error) => return Either::B(*error),
        };
        let how = options.to_options();
        Either::A(self.begin(Box::new(move |abort, done| {
            let ended = end_process(&process, &how, abort).map_err(|error| options.error(error))?;
            Ok(ended.map(|_| done))
        })))
    }

    /// Does the work on a thread. Aborted work has no event.
    fn begin(&self, work: Work) -> u32 {
        let wait = self.next();
        let (abort, shared) = (self.abortable(wait), Arc::clone(&self.shared));
        let work = Box::new(move || match work(&abort, NativeEvent::new(wait, NativeEventKind::Done)) {
            Ok(Some(event)) => shared.emit(event),
            Ok(None) => (),
            Err(error) => shared.emit(NativeEvent::failed(wait, *error)),
        });
        self.spawn_or(wait, "daimon-stop", work, |error| NativeError {
            unproven: Some("there is no thread to wait on".into()),
            ..NativeError::new(
                ErrorKind::Unverified,
                format!("no thread could be started to wait on: {error}; no signal was sent"),
            )
        });
        wait
    }
}
