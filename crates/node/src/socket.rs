//! The socket of a daemon: what the daemon does with it, and connections to it.

use std::os::fd::{IntoRawFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use daimon_core::{
    Attempt, Cancel, ClientPlan, Connection, Dialled, Error, PidFile, Result, Visitor, attempt, dial,
    duplicate_socket, greet, own_daemon, resume_listener, watch_listener,
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
    fd: Option<OwnedFd>,
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

    /// Its descriptor, which the caller closes from now on; once.
    #[napi]
    pub fn take(&mut self) -> Option<i32> {
        self.fd.take().map(IntoRawFd::into_raw_fd)
    }

    /// Closes it, unless it has been taken.
    #[napi]
    pub fn release(&mut self) {
        self.fd = None;
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
        self.connect(plan, |plan| dial(plan).map(Some))
    }

    /// Waits for the hello on the connection that the launch has made. Event as of `attempt`.
    #[napi]
    pub fn greet(&self, plan: NativeClientPlan, launched: &mut LaunchedDaemon) -> u32 {
        let client = launched.client.take().map(Dialled::Waiting);
        self.connect(plan, move |_| Ok(client))
    }

    /// `None` is a connection that has ended.
    fn connect(
        &self,
        plan: NativeClientPlan,
        dial: impl FnOnce(&ClientPlan) -> Result<Option<Dialled>>,
    ) -> u32 {
        let wait = self.next();
        let dialled = Cancel::new().and_then(|cancel| {
            self.shared.state().launches.insert(wait, cancel.clone());
            let plan = plan.into_plan(cancel)?;
            dial(&plan).map(|dialled| (plan, dialled))
        });
        match dialled {
            Ok((plan, Some(Dialled::Waiting(fd)))) => self.await_hello(wait, move || greet(&plan, fd)),
            Ok((plan, Some(Dialled::Full))) => self.await_hello(wait, move || attempt(&plan)),
            Ok((_, Some(Dialled::Nobody))) => self.shared.emit(attempted(wait, Attempt::Nobody)),
            Ok((_, None)) => self.shared.emit(attempted(wait, Attempt::Ended)),
            Err(error) => self.shared.emit(NativeEvent::failed(wait, error)),
        }
        wait
    }

    fn await_hello(&self, wait: u32, work: impl FnOnce() -> Result<Attempt> + Send + 'static) {
        let shared = Arc::clone(&self.shared);
        self.spawn(wait, move || {
            shared.emit(match work() {
                Ok(attempt) => attempted(wait, attempt),
                Err(error) => NativeEvent::failed(wait, error),
            });
        });
    }

    /// Event `done` when a connection waits at the daemon's socket; once, and once more after each `listen_again`. What
    /// keeps that from being seen is told at once.
    #[napi]
    pub fn listener(&self) -> Either<u32, NativeError> {
        let wait = self.next();
        let shared = Arc::clone(&self.shared);
        let callback = move || shared.emit(NativeEvent::new(wait, NativeEventKind::Done));
        let watch =
            own_daemon().and_then(|daemon| daemon.with_its_listener(|it| watch_listener(it, callback)));
        match watch.transpose() {
            Ok(watch) => {
                self.shared.state().watches.extend(watch.map(|watch| (wait, watch)));
                Either::A(wait)
            }
            Err(error) => Either::B(error.into()),
        }
    }

    /// The error, if any, is returned; it may be tried again.
    #[napi]
    pub fn listen_again(&self, wait: u32) -> Option<NativeError> {
        let watch = self.shared.state().watches.get(&wait).copied()?;
        resume_listener(watch).err().map(NativeError::from)
    }
}

fn attempted(wait: u32, result: Attempt) -> NativeEvent {
    let (attempt, connection) = match result {
        Attempt::Connected(Connection { fd, pid, version }) => {
            (NativeAttempt::Connected, Some(NativeConnection { fd: Some(fd), pid, version }))
        }
        Attempt::Nobody => (NativeAttempt::Nobody, None),
        Attempt::Ended => (NativeAttempt::Ended, None),
        Attempt::Silent => (NativeAttempt::Silent, None),
    };
    NativeEvent { attempt: Some(attempt), connection, ..NativeEvent::new(wait, NativeEventKind::Done) }
}

/// A connection that was accepted: its descriptor, which the caller closes, and who has made it.
#[napi(object)]
pub struct NativeVisitor {
    pub fd: i32,
    pub pid: Option<i32>,
    pub uid: u32,
    pub gid: u32,
}

/// Makes the socket that this daemon has inherited, and whose path is `path`, its own. Whether it has one to serve.
#[napi]
pub fn take_listener(path: String) -> bool {
    own_daemon().is_some_and(|daemon| daemon.take_listener(Path::new(&path)))
}

/// Makes a socket of the supervisor the daemon's; false when it is none.
#[napi]
pub fn listen_at(fd: i32) -> bool {
    let (Some(daemon), Some(socket)) = (own_daemon(), duplicate_socket(fd)) else { return false };
    daemon.listen_at(socket);
    true
}

/// Listens at the daemon's socket, so that clients see this process; the error, if any, is returned.
#[napi]
pub fn listen() -> Option<NativeError> {
    let listened: Option<std::result::Result<(), Error>> =
        own_daemon()?.with_its_listener(daimon_core::Listener::listen);
    listened?.err().map(NativeError::from)
}

/// Accepts a connection that waits, and says hello; null when none waits. The error, if any, is returned.
#[napi]
pub fn accept(hello: bool, version: Option<String>) -> Option<Either<NativeVisitor, NativeError>> {
    let accepted = own_daemon()?
        .with_its_listener(|listener| listener.accept(hello, version.as_deref()))?
        .transpose()?;
    Some(match accepted {
        Ok(Visitor { fd, pid, uid, gid }) => Either::A(NativeVisitor { fd: fd.into_raw_fd(), pid, uid, gid }),
        Err(error) => Either::B(error.into()),
    })
}

/// Whether a connection waits to be accepted.
#[napi]
pub fn has_waiting() -> bool {
    own_daemon().and_then(|daemon| daemon.with_its_listener(daimon_core::Listener::has_waiting)) == Some(true)
}

/// Whether the path still stands for the daemon's socket.
#[napi]
pub fn is_at_its_path() -> bool {
    own_daemon().and_then(|daemon| daemon.with_its_listener(daimon_core::Listener::is_at_its_path))
        == Some(true)
}

/// Whether the process that stops this daemon has another version take its place.
#[napi]
pub fn is_displaced() -> bool {
    own_daemon().is_some_and(daimon_core::OwnDaemon::is_displaced)
}

/// Gives the daemon's socket up: nobody finds it, nobody can join, and who waits is told by the end of the connection.
#[napi]
pub fn leave() {
    if let Some(daemon) = own_daemon() {
        daemon.leave();
    }
}

/// The launcher's death no longer ends this daemon before it is ready; after so many milliseconds it ends itself.
#[napi]
pub fn outlive_launcher(patience: f64) {
    if let Some(daemon) = own_daemon() {
        daemon.outlive_launcher(duration(patience));
    }
}
