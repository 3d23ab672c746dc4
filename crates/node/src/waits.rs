//! Waits of one JavaScript environment. Nothing here waits on the event loop or on libuv's pool. The ends of processes,
//! the channels of launches and the talks with a keeper share the core's poller. Each sequence of steps has a thread of
//! its own while it lasts, which this binding makes: a launch, a stop or another wait for a daemon that runs, a hello,
//! the beginning of a talk with a keeper, the end of a group, the removal of a leftover, the foreground.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use daimon_core::{Abort, Cancel, ErrorKind, PidFile, Ticket, WatchId, become_daemon, unwatch};
use napi::Result;
use napi::bindgen_prelude::{Buffer, Either, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use crate::client::{NativeAttempt, NativeConnection};
use crate::convert::{NativeError, NativeStatus, NativeStopped};
use crate::kinds::NativeEventKind;
use crate::launches::{LaunchedDaemon, launch_and_listen};
use crate::plan::{NativeForegroundPlan, NativePlan};
use crate::process::ProcessHandle;

/// Something that was waited for.
#[napi(object, object_from_js = false)]
pub struct NativeEvent {
    pub wait: u32,
    pub kind: NativeEventKind,
    pub text: Option<String>,
    pub error: Option<NativeError>,
    /// The processes that could not be ended.
    pub left: Option<Vec<i32>>,
    /// The daemon that was proven.
    pub holder: Option<ProcessHandle>,
    pub status: Option<NativeStatus>,
    pub stopped: Option<NativeStopped>,
    /// How an attempt to connect has ended.
    pub attempt: Option<NativeAttempt>,
    /// The connection, where it is `connected`.
    pub connection: Option<NativeConnection>,
}

impl NativeEvent {
    pub(crate) fn new(wait: u32, kind: NativeEventKind) -> Self {
        Self {
            wait,
            kind,
            text: None,
            error: None,
            left: None,
            holder: None,
            status: None,
            stopped: None,
            attempt: None,
            connection: None,
        }
    }

    pub(crate) fn failed(wait: u32, error: impl Into<NativeError>) -> Self {
        Self { error: Some(error.into()), ..Self::new(wait, NativeEventKind::Failed) }
    }
}

type Callback = ThreadsafeFunction<NativeEvent, (), NativeEvent, napi::Status, false>;

#[derive(Default)]
pub(crate) struct State {
    callback: Option<Arc<Callback>>,
    last: u32,
    pub(crate) watches: HashMap<u32, WatchId>,
    /// The tokens that end a wait for the lock or for a hello early. A launch has its own until its channel is watched.
    pub(crate) cancels: HashMap<u32, Cancel>,
    pub(crate) launched: HashMap<u32, LaunchedDaemon>,
    /// The tokens that end a stop, a wait for a proof or a talk with a keeper early.
    pub(crate) aborts: HashMap<u32, Abort>,
}

#[derive(Default)]
pub(crate) struct Shared(Mutex<State>);

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn emit(&self, event: NativeEvent) {
        self.emit_with(event, None);
    }

    /// The one event of a wait that finds nothing.
    pub(crate) fn emit_end(&self, wait: u32, end: daimon_core::Result<()>) {
        self.emit(match end {
            Ok(()) => NativeEvent::new(wait, NativeEventKind::Done),
            Err(error) => NativeEvent::failed(wait, error),
        });
    }

    /// `ticket` is given back once the event has been heard.
    pub(crate) fn emit_with(&self, event: NativeEvent, ticket: Option<Ticket>) {
        let callback = self.state().callback.clone();
        if let Some(callback) = callback {
            let mode = ThreadsafeFunctionCallMode::NonBlocking;
            // Fails only when the environment is ending, and has no listener any more.
            match ticket {
                None => callback.call(event, mode),
                Some(ticket) => callback.call_with_return_value(event, mode, move |result, _| {
                    drop(ticket);
                    // An error is one that the listener has thrown.
                    result
                }),
            };
        }
    }

    fn close(&self) {
        let state = std::mem::take(&mut *self.state());
        for cancel in state.cancels.values() {
            cancel.cancel();
        }
        for abort in state.aborts.values() {
            abort.abort();
        }
        for watch in state.watches.values() {
            unwatch(*watch);
        }
    }
}

/// All waits of one environment, as long as it has any: the object keeps the event loop alive until it is closed.
#[napi]
pub struct Waits {
    pub(crate) shared: Arc<Shared>,
}

impl Drop for Waits {
    /// Also when a worker ends with waits pending: a half-started daemon then loses its channel and ends itself.
    fn drop(&mut self) {
        self.shared.close();
    }
}

#[napi]
impl Waits {
    #[napi(constructor)]
    pub fn new(callback: Function<'_, NativeEvent, ()>) -> Result<Self> {
        let callback = callback.build_threadsafe_function().callee_handled::<false>().build()?;
        let shared = Arc::<Shared>::default();
        shared.state().callback = Some(Arc::new(callback));
        Ok(Self { shared })
    }

    pub(crate) fn next(&self) -> u32 {
        let mut state = self.shared.state();
        state.last += 1;
        state.last
    }

    /// The token that ends a wait early, by `cancel_lock` or when it is given up.
    pub(crate) fn cancellable(&self, wait: u32) -> daimon_core::Result<Cancel> {
        let cancel = Cancel::new()?;
        self.shared.state().cancels.insert(wait, cancel.clone());
        Ok(cancel)
    }

    /// The token by which a wait is aborted when it is given up.
    pub(crate) fn abortable(&self, wait: u32) -> Abort {
        let abort = Abort::new();
        self.shared.state().aborts.insert(wait, abort.clone());
        abort
    }

    /// Launches, then hears the daemon's channel. First event: `launched` or `failed`.
    #[napi]
    pub fn launch(&self, plan: NativePlan, payload: Buffer) -> u32 {
        let wait = self.next();
        let plan = self.cancellable(wait).and_then(|cancel| plan.into_plan(cancel));
        let (shared, payload) = (Arc::clone(&self.shared), payload.to_vec());
        match plan {
            Ok(plan) => {
                self.spawn(wait, Box::new(move || launch_and_listen(&shared, wait, &plan, &payload)));
            }
            Err(error) => self.shared.emit(NativeEvent::failed(wait, error)),
        }
        wait
    }

    /// Ends the wait for the lock early, of a launch or of `become_daemon`: that then reports `failed`, unless it has
    /// succeeded before.
    #[napi]
    pub fn cancel_lock(&self, wait: u32) {
        if let Some(cancel) = self.shared.state().cancels.get(&wait) {
            cancel.cancel();
        }
    }

    /// The launched daemon, after the event `launched`; once.
    #[napi]
    pub fn take_launched(&self, wait: u32) -> Option<LaunchedDaemon> {
        self.shared.state().launched.remove(&wait)
    }

    /// Event `done` when the process has ended. What keeps that from being seen is told at once.
    #[napi]
    pub fn exit(&self, process: &ProcessHandle) -> Either<u32, NativeError> {
        let wait = self.next();
        let shared = Arc::clone(&self.shared);
        match process.watch_exit(move || shared.emit(NativeEvent::new(wait, NativeEventKind::Done))) {
            Ok(watch) => {
                self.shared.state().watches.insert(wait, watch);
                Either::A(wait)
            }
            Err(error) => Either::B(*error),
        }
    }

    /// Ends the process group that is left of a launch, from SIGTERM to SIGKILL in `grace` milliseconds. Event
    /// `done`, or `failed`: where there is no thread, it is killed in this call.
    #[napi]
    pub fn end_group(&self, launched: &mut LaunchedDaemon, grace: u32) -> u32 {
        let wait = self.next();
        let (shared, group) = (Arc::clone(&self.shared), launched.group.take());
        let work = move || {
            let left = group.map(|group| group.end(Duration::from_millis(grace.into())));
            shared.emit(NativeEvent { left, ..NativeEvent::new(wait, NativeEventKind::Done) });
        };
        self.spawn(wait, Box::new(work));
        wait
    }

    /// Removes the pidfile of a launched daemon that has ended, and the file of its socket, under the lock. Event
    /// `done`, or `failed`.
    #[napi]
    pub fn remove_leftover(&self, pid_file: String, launched: &LaunchedDaemon) -> u32 {
        let wait = self.next();
        let (shared, socket) = (Arc::clone(&self.shared), launched.socket.clone());
        let work = move || {
            let removed =
                PidFile::new(pid_file).and_then(|pid_file| pid_file.remove_leftover(socket.as_ref()));
            shared.emit_end(wait, removed);
        };
        self.spawn(wait, Box::new(work));
        wait
    }

    /// Makes this process the daemon of a pidfile. Event `done`, or `failed`; `cancel_lock` ends its wait for the
    /// lock.
    #[napi]
    pub fn become_daemon(&self, plan: NativeForegroundPlan) -> u32 {
        let wait = self.next();
        let plan = self.cancellable(wait).and_then(|cancel| plan.into_plan(cancel));
        let shared = Arc::clone(&self.shared);
        let work = move || shared.emit_end(wait, plan.and_then(|plan| become_daemon(&plan).map(drop)));
        self.spawn(wait, Box::new(work));
        wait
    }

    /// Gives a wait up. A daemon that is not ready loses its channel by it, and ends itself; a stop sends no signal any
    /// more; a keeper loses the client, and gives up the upgrade that this has asked for.
    #[napi]
    pub fn give_up(&self, wait: u32) {
        let mut state = self.shared.state();
        let (watch, cancel) = (state.watches.remove(&wait), state.cancels.remove(&wait));
        let abort = state.aborts.remove(&wait);
        state.launched.remove(&wait);
        drop(state);
        if let Some(abort) = abort {
            abort.abort();
        }
        if let Some(cancel) = cancel {
            cancel.cancel();
        }
        if let Some(watch) = watch {
            unwatch(watch);
        }
    }

    /// Gives all waits up and lets the event loop end.
    #[napi]
    pub fn close(&self) {
        self.shared.close();
    }

    /// Does the work on a thread of its own, or fails the wait.
    pub(crate) fn spawn(&self, wait: u32, work: Box<dyn FnOnce() + Send>) {
        self.spawn_or(wait, "daimon-launch", work, |error| NativeError {
            step: Some("thread".into()),
            ..NativeError::new(ErrorKind::StartFailed, format!("no thread could be started: {error}"))
        });
    }

    /// Does the work on a thread of its own. Where there is none, the wait fails with what `refuse` says. The work is
    /// boxed, so that std's start of threads is in memory once, and not once for each work.
    pub(crate) fn spawn_or(
        &self,
        wait: u32,
        name: &str,
        work: Box<dyn FnOnce() + Send>,
        refuse: fn(&io::Error) -> NativeError,
    ) {
        let thread = thread::Builder::new().name(name.into());
        if let Err(error) = thread.spawn(work) {
            let errno = error.raw_os_error();
            // Where std has refused by itself, no system call has failed.
            let syscall = errno.map(|_| "clone".into());
            self.shared.emit(NativeEvent::failed(wait, NativeError { errno, syscall, ..refuse(&error) }));
        }
    }
}
