//! Connections to a daemon's socket.

use std::sync::Arc;

use daimon_core::{
    Attempt, Cancel, ClientPlan, Connection, Dialled, ErrorKind, PidFile, Result, Stream, attempt, dial,
    greet, into_number,
};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::convert::NativeError;
use crate::kinds::NativeEventKind;
use crate::launches::LaunchedDaemon;
use crate::plan::duration;
use crate::rights::to_name;
use crate::waits::{NativeEvent, Waits};

/// How an attempt to connect has ended.
#[napi(string_enum = "lowercase")]
pub enum NativeAttempt {
    Connected,
    /// Nobody listens.
    Nobody,
    /// The connection ended before a hello.
    Ended,
    /// No hello came in time.
    Silent,
}

/// A connection that a daemon has accepted, and what the daemon says of itself.
#[napi]
pub struct NativeConnection {
    stream: Option<Stream>,
    pid: i32,
    version: Option<String>,
}

#[napi]
impl NativeConnection {
    #[napi(getter)]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    #[napi(getter)]
    pub fn version(&self) -> Option<String> {
        self.version.clone()
    }

    /// Its descriptor, which the caller closes from now on, or the error; once.
    #[napi]
    pub fn take(&mut self) -> Either<i32, NativeError> {
        self.stream.take().and_then(into_number).map_or_else(|| Either::B(no_descriptor()), Either::A)
    }

    /// Closes it, unless it has been taken.
    #[napi]
    pub fn release(&mut self) {
        self.stream = None;
    }
}

/// How to connect. The time is in milliseconds.
#[napi(object)]
pub struct NativeClientPlan {
    pub path: String,
    pub pid_file: String,
    /// A user whose daemon is accepted, besides root and the present user: a name or an id.
    pub user: Option<Either<String, u32>>,
    pub hello: bool,
    pub patience: f64,
}

impl NativeClientPlan {
    fn into_plan(self, cancel: Cancel) -> Result<ClientPlan> {
        Ok(ClientPlan {
            path: self.path.into(),
            pidfile: PidFile::new(self.pid_file)?,
            user: self.user.map(|user| to_name(user).user_id()).transpose()?,
            hello: self.hello,
            patience: duration(self.patience),
            cancel: Some(cancel),
        })
    }
}

#[napi]
impl Waits {
    /// Connects, and waits for the hello. Event `done` with `attempt`, or `failed`.
    #[napi]
    pub fn attempt(&self, plan: NativeClientPlan) -> u32 {
        // Before there is a thread, so that the daemon can say hello while that is made.
        self.connect(plan, &mut |plan| dial(plan).map(Some))
    }

    /// Waits for the hello on the connection that the launch has made. Event as of `attempt`.
    #[napi]
    pub fn greet(&self, plan: NativeClientPlan, launched: &mut LaunchedDaemon) -> u32 {
        self.connect(plan, &mut |_| Ok(launched.client.take().map(Dialled::Waiting)))
    }

    /// Connects by `dial`, and waits for the hello. Where `dial` gives `None`, the connection has ended.
    fn connect(
        &self,
        plan: NativeClientPlan,
        dial: &mut dyn FnMut(&ClientPlan) -> Result<Option<Dialled>>,
    ) -> u32 {
        let wait = self.next();
        let dialled = self.cancellable(wait).and_then(|cancel| {
            let plan = plan.into_plan(cancel)?;
            dial(&plan).map(|dialled| (plan, dialled))
        });
        match dialled {
            Ok((plan, Some(Dialled::Waiting(fd)))) => {
                self.await_hello(wait, Box::new(move || greet(&plan, fd)));
            }
            Ok((plan, Some(Dialled::Full))) => self.await_hello(wait, Box::new(move || attempt(&plan))),
            Ok((_, Some(Dialled::Nobody))) => self.shared.emit(attempted(wait, Attempt::Nobody)),
            Ok((_, None)) => self.shared.emit(attempted(wait, Attempt::Ended)),
            Err(error) => self.shared.emit(NativeEvent::failed(wait, error)),
        }
        wait
    }

    fn await_hello(&self, wait: u32, hello: Box<dyn FnOnce() -> Result<Attempt> + Send>) {
        let shared = Arc::clone(&self.shared);
        let work = move || {
            shared.emit(match hello() {
                Ok(attempt) => attempted(wait, attempt),
                Err(error) => NativeEvent::failed(wait, error),
            });
        };
        self.spawn(wait, Box::new(work));
    }
}

fn attempted(wait: u32, result: Attempt) -> NativeEvent {
    let (attempt, connection) = match result {
        Attempt::Connected(Connection { fd, pid, version }) => {
            (NativeAttempt::Connected, Some(NativeConnection { stream: Some(fd), pid, version }))
        }
        Attempt::Nobody => (NativeAttempt::Nobody, None),
        Attempt::Ended => (NativeAttempt::Ended, None),
        Attempt::Silent => (NativeAttempt::Silent, None),
    };
    NativeEvent { attempt: Some(attempt), connection, ..NativeEvent::new(wait, NativeEventKind::Done) }
}

/// The program's C library has no descriptor left for a connection.
fn no_descriptor() -> NativeError {
    let message =
        "this process has no descriptor left for the connection; close some of its files or connections";
    let error = NativeError::new(ErrorKind::StartFailed, message.to_owned());
    NativeError { step: Some("connect".to_owned()), ..error }
}
