//! Waits of one JavaScript environment. Nothing here waits on the event loop or on libuv's pool: launches have a thread
//! each for their half millisecond, all other waits share the core's poller.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use daimon_core::{
    Backlog, Cancel, Channel, ChannelEvent, ErrorKind, FrameKind, Group, Launched, LogTail, PidFile, Plan,
    Process, Ticket, WatchId, launch, occupy, unwatch, watch_channel,
};
use napi::Result;
use napi::bindgen_prelude::{Buffer, Either, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use crate::convert::NativeError;
use crate::plan::{NativeOccupation, NativePlan};
use crate::process::ProcessHandle;

/// Something that was waited for. `kind` is `launched`, `failed`, `ready`, `status`, `error`, `exit`, `ended` (the
/// channel), `gone` (the process), `emptied` (the group), `removed` or `occupied`.
#[napi(object)]
pub struct NativeEvent {
    pub wait: u32,
    pub kind: String,
    pub text: Option<String>,
    pub error: Option<NativeError>,
    /// Who could not be ended.
    pub left: Option<Vec<i32>>,
}

type Callback = ThreadsafeFunction<NativeEvent, (), NativeEvent, napi::Status, false>;

/// A launched daemon: everything of it but the channel, whose frames arrive as events.
#[napi]
pub struct LaunchedDaemon {
    pid: i32,
    process: Option<Process>,
    log: Option<LogTail>,
    /// Dropped before the daemon's word of readiness it ends what is in there, on a thread of its own.
    group: Option<Group>,
}

#[napi]
impl LaunchedDaemon {
    #[napi(getter)]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// A handle on it; null when it had ended, or no descriptor was left, before one could be had.
    #[napi]
    pub fn process(&self) -> Option<ProcessHandle> {
        self.process.clone().map(ProcessHandle::new)
    }

    /// Gives its descriptors back now, not when it is collected some day, and lets go of a daemon that is ready.
    #[napi]
    pub fn release(&mut self) {
        (self.process, self.log) = (None, None);
        if let Some(group) = self.group.take() {
            group.release();
        }
    }

    /// The last `limit` bytes that it has written; null where its output cannot be read back.
    #[napi]
    pub fn log(&self, limit: u32) -> Option<Buffer> {
        self.log.as_ref().map(|log| log.read(limit as usize).into())
    }
}

#[derive(Default)]
struct State {
    callback: Option<Arc<Callback>>,
    last: u32,
    watches: HashMap<u32, WatchId>,
    launches: HashMap<u32, Cancel>,
    launched: HashMap<u32, LaunchedDaemon>,
}

#[derive(Default)]
struct Shared(Mutex<State>);

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn emit(&self, wait: u32, kind: &str, text: Option<String>, error: Option<NativeError>) {
        self.emit_event(NativeEvent { wait, kind: kind.into(), text, error, left: None }, None);
    }

    /// `ticket` is given back once the event has been heard.
    fn emit_event(&self, event: NativeEvent, ticket: Option<Ticket>) {
        let callback = self.state().callback.clone();
        if let Some(callback) = callback {
            let mode = ThreadsafeFunctionCallMode::NonBlocking;
            // Fails only when the environment is ending: nobody listens any more.
            match ticket {
                None => callback.call(event, mode),
                Some(ticket) => callback.call_with_return_value(event, mode, move |result, _| {
                    drop(ticket);
                    // What the listener has thrown.
                    result
                }),
            };
        }
    }

    /// Keeps what was launched until it is taken; gives its channel. `None` when the wait has been given up
    /// meanwhile: the start then is, too.
    fn keep(&self, wait: u32, launched: Launched) -> Option<Channel> {
        let mut state = self.state();
        if !state.launches.contains_key(&wait) {
            drop(state);
            launched.abort();
            return None;
        }
        let Launched { pid, process, channel, log, group } = launched;
        state.launched.insert(wait, LaunchedDaemon { pid, process, log, group: Some(group) });
        Some(channel)
    }

    fn close(&self) {
        let state = std::mem::take(&mut *self.state());
        for cancel in state.launches.values() {
            cancel.cancel();
        }
        for watch in state.watches.values() {
            unwatch(*watch);
        }
    }
}

/// All waits of one environment, as long as it has any: the object keeps the event loop alive until it is closed.
#[napi]
pub struct Waits {
    shared: Arc<Shared>,
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

    fn next(&self) -> u32 {
        let mut state = self.shared.state();
        state.last += 1;
        state.last
    }

    /// Launches, then hears the daemon's channel. First event: `launched` or `failed`.
    #[napi]
    pub fn launch(&self, plan: NativePlan, payload: Buffer) -> u32 {
        let wait = self.next();
        let plan = Cancel::new().and_then(|cancel| {
            self.shared.state().launches.insert(wait, cancel.clone());
            plan.into_plan(cancel)
        });
        let (shared, payload) = (Arc::clone(&self.shared), payload.to_vec());
        match plan {
            Ok(plan) => self.spawn(wait, move || launch_and_listen(&shared, wait, &plan, &payload)),
            Err(error) => self.shared.emit(wait, "failed", None, Some(error.into())),
        }
        wait
    }

    /// Ends a launch's wait for the lock early: it then reports `failed`, or `launched` when that came first.
    #[napi]
    pub fn abort_launch(&self, wait: u32) {
        if let Some(cancel) = self.shared.state().launches.get(&wait) {
            cancel.cancel();
        }
    }

    /// What was launched, once, after the event `launched`.
    #[napi]
    pub fn take_launched(&self, wait: u32) -> Option<LaunchedDaemon> {
        self.shared.state().launched.remove(&wait)
    }

    /// Event `gone` when the process has ended. What keeps that from being seen is told at once.
    #[napi]
    pub fn exit(&self, process: &ProcessHandle) -> Either<u32, NativeError> {
        let wait = self.next();
        let shared = Arc::clone(&self.shared);
        match process.watch_exit(move || shared.emit(wait, "gone", None, None)) {
            Ok(watch) => {
                self.shared.state().watches.insert(wait, watch);
                Either::A(wait)
            }
            Err(error) => Either::B(*error),
        }
    }

    /// Ends what is left of a launch: its process group, from SIGTERM to SIGKILL in `grace` milliseconds. Event
    /// `emptied`, or `failed`: it is done on another thread then, or by the daemon itself.
    #[napi]
    pub fn end_group(&self, launched: &mut LaunchedDaemon, grace: u32) -> u32 {
        let wait = self.next();
        let (shared, group) = (Arc::clone(&self.shared), launched.group.take());
        self.spawn(wait, move || {
            let left = group.map(|group| group.end(Duration::from_millis(grace.into())));
            shared.emit_event(
                NativeEvent { wait, kind: "emptied".into(), text: None, error: None, left },
                None,
            );
        });
        wait
    }

    /// Removes, by the protocol, what a daemon that is gone left. Event `removed`, or `failed`.
    #[napi]
    pub fn remove_leftover(&self, pid_file: String) -> u32 {
        let wait = self.next();
        let shared = Arc::clone(&self.shared);
        self.spawn(wait, move || {
            match PidFile::new(pid_file).and_then(|pid_file| pid_file.remove_leftover()) {
                Ok(()) => shared.emit(wait, "removed", None, None),
                Err(error) => shared.emit(wait, "failed", None, Some(error.into())),
            }
        });
        wait
    }

    /// Makes this process the daemon of a pidfile. Event `occupied`, or `failed`; `abort_launch` ends its wait for the
    /// lock.
    #[napi]
    pub fn occupy(&self, occupation: NativeOccupation) -> u32 {
        let wait = self.next();
        let occupation = Cancel::new().and_then(|cancel| {
            self.shared.state().launches.insert(wait, cancel.clone());
            occupation.into_occupation(cancel)
        });
        let shared = Arc::clone(&self.shared);
        self.spawn(wait, move || match occupation.and_then(|occupation| occupy(&occupation)) {
            Ok(_) => shared.emit(wait, "occupied", None, None),
            Err(error) => shared.emit(wait, "failed", None, Some(error.into())),
        });
        wait
    }

    /// Gives a wait up; a daemon that is not ready loses its channel by it, and ends itself.
    #[napi]
    pub fn cancel(&self, wait: u32) {
        let mut state = self.shared.state();
        let (watch, launch) = (state.watches.remove(&wait), state.launches.remove(&wait));
        state.launched.remove(&wait);
        drop(state);
        if let Some(cancel) = launch {
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

    fn spawn(&self, wait: u32, work: impl FnOnce() + Send + 'static) {
        let thread = thread::Builder::new().name("daimon-launch".into());
        if let Err(error) = thread.spawn(work) {
            let error = NativeError {
                step: Some("thread".into()),
                errno: error.raw_os_error(),
                syscall: Some("clone".into()),
                ..NativeError::new(ErrorKind::StartFailed, format!("no thread could be started: {error}"))
            };
            self.shared.emit(wait, "failed", None, Some(error));
        }
    }
}

fn launch_and_listen(shared: &Arc<Shared>, wait: u32, plan: &Plan, payload: &[u8]) {
    let launched = match launch(plan) {
        Ok(launched) => launched,
        Err(error) => return shared.emit(wait, "failed", None, Some(error.into())),
    };
    // Without it the daemon would wait for what it is given for ever.
    let sender = match launched.channel.sender() {
        Ok(sender) => sender,
        Err(error) => {
            launched.abort();
            return shared.emit(wait, "failed", None, Some(error.into()));
        }
    };
    let Some(channel) = shared.keep(wait, launched) else { return };
    shared.emit(wait, "launched", None, None);
    let mut listener =
        Listener { shared: Arc::clone(shared), wait, backlog: Backlog::default(), said: Vec::new() };
    match watch_channel(channel, move |event| listener.hear(event)) {
        Ok(watch) => remember(shared, wait, watch),
        Err(error) => return shared.emit(wait, "failed", None, Some(error.into())),
    }
    // Fails when the daemon has died, which its channel tells as well.
    let _ = sender.send(FrameKind::Payload, payload);
}

/// A wait that was given up between launch and watch has no entry any more.
fn remember(shared: &Shared, wait: u32, watch: WatchId) {
    let mut state = shared.state();
    if state.launches.remove(&wait).is_some() {
        state.watches.insert(wait, watch);
    } else {
        drop(state);
        unwatch(watch);
    }
}

/// Hears a daemon's channel, and passes on what can be meant: a program in the daemon that writes to its descriptor
/// fills neither the memory nor the event loop of the launcher.
struct Listener {
    shared: Arc<Shared>,
    wait: u32,
    backlog: Backlog,
    /// What is said once.
    said: Vec<FrameKind>,
}

impl Listener {
    fn hear(&mut self, event: ChannelEvent) {
        let frame = match event {
            ChannelEvent::Frame(frame) => frame,
            ChannelEvent::Ended => return self.shared.emit(self.wait, "ended", None, None),
            ChannelEvent::Broken(error) => {
                return self.shared.emit(self.wait, "failed", None, Some(error.into()));
            }
        };
        let kind = match frame.kind {
            FrameKind::Ready => "ready",
            FrameKind::Status => "status",
            FrameKind::Error => "error",
            FrameKind::Exit => "exit",
            FrameKind::Payload => return,
        };
        let ticket = if matches!(frame.kind, FrameKind::Ready | FrameKind::Exit) {
            if self.said.contains(&frame.kind) {
                return;
            }
            self.said.push(frame.kind);
            None
        } else {
            // Progress, or an error that the next one replaces, of which nobody has heard the last yet.
            let Some(ticket) = self.backlog.admit() else { return };
            Some(ticket)
        };
        let text = String::from_utf8_lossy(&frame.body).into_owned();
        let event =
            NativeEvent { wait: self.wait, kind: kind.into(), text: Some(text), error: None, left: None };
        self.shared.emit_event(event, ticket);
    }
}
