//! The daemon that this process is, and the removal of its pidfile at exit.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::bind::First;
use super::listener::Listener;
use super::log::Capture;
use super::service::end_by_signal;
use super::tag::Tag;
use crate::error::{Pid, Result};
use crate::given::BodyPlace;
use crate::handover::{Channel, FrameKind};
use crate::mutex::lock;
use crate::pidfile::remove_file;
use crate::seam;
use crate::signal::Signal;
use crate::sys::control::TERM;
use crate::sys::{self, FileId, Job, Phase, Source};
use crate::threads;

static DAEMON: OnceLock<OwnDaemon> = OnceLock::new();

type Callback = Box<dyn Fn(Signal) + Send>;

/// The daemon that this process is.
pub struct OwnDaemon {
    pid: Pid,
    path: PathBuf,
    id: FileId,
    lock: File,
    start: Mutex<Start>,
    /// The same channel, for the payload: a wait for that keeps nobody from telling the launcher anything.
    payload: Mutex<Option<Channel>>,
    phase: AtomicU8,
    /// The job that the launch has put this process into, once it is released, or from the beginning where the launcher
    /// has given it: its name lives as long as the handle.
    job: OnceLock<Job>,
    is_launched: bool,
    capture: Option<Capture>,
    /// Signals that have come by the name tag and that nobody has taken.
    waiting: Mutex<VecDeque<Signal>>,
    /// Who takes them. Locked while it is called, so that they come in their order.
    callback: Mutex<Option<Callback>>,
    /// Whether a stop has said that another version takes this daemon's place.
    displaced: AtomicBool,
    /// The pipe that the launch has made, until the daemon serves it.
    inherited: Mutex<Option<First>>,
    listener: Mutex<Option<Listener>>,
}

impl std::fmt::Debug for OwnDaemon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnDaemon").field("pid", &self.pid).field("path", &self.path).finish_non_exhaustive()
    }
}

/// How far the start has come, as the launcher knows.
enum Start {
    Starting(Channel),
    /// Not ready, and without a launcher that waits for it, see [`crate::become_daemon`].
    Alone,
    Over,
}

/// How far the daemon has come, as bits of its phase.
const LISTENING: u8 = 1;
const READY: u8 = 2;
const LEAVING: u8 = 4;

/// How often a daemon without a launcher looks whether its launcher waits.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
const STACK: usize = 64 * 1_024;

/// Gives the daemon that this process is; `None` in any other process.
pub fn own_daemon() -> Option<&'static OwnDaemon> {
    DAEMON.get()
}

/// Has the callback called for each signal from now on, on a thread of the daemon's own; false where this process is no
/// daemon. Until then SIGTERM ends the process, and other signals wait.
pub fn take_signals(callback: impl Fn(Signal) + Send + 'static) -> bool {
    let Some(daemon) = DAEMON.get() else { return false };
    *lock(&daemon.callback) = Some(Box::new(callback));
    daemon.deliver();
    true
}

/// Makes this process the daemon for good: from here on its name tag is served, and its pidfile is removed when it
/// exits. `None` when the process is a daemon already; the pidfile of `daemon` is removed then.
///
/// # Errors
///
/// Those of the name tag; the pidfile is left.
pub(super) fn install(daemon: OwnDaemon, tag: Tag) -> Result<Option<&'static OwnDaemon>> {
    if let Err(daemon) = DAEMON.set(daemon) {
        remove_file(&daemon.lock);
        return Ok(None);
    }
    let Some(daemon) = DAEMON.get() else { return Ok(None) };
    sys::at_exit(remove_at_exit);
    tag.serve(daemon).inspect_err(|_| remove_file(&daemon.lock))?;
    Ok(Some(daemon))
}

/// Gives our PID, when this process is the daemon of that path, or of the file that the path stands for.
pub(crate) fn own_pid(path: &Path, id: Option<FileId>) -> Option<Pid> {
    let daemon = DAEMON.get()?;
    (daemon.path == path || Some(daemon.id) == id).then_some(daemon.pid)
}

/// Whether this process is a daemon that is not ready yet.
pub(crate) fn is_starting() -> bool {
    DAEMON.get().is_some_and(|daemon| daemon.phase.load(Ordering::Acquire) & READY == 0)
}

/// Removes the pidfile of the daemon that this process is, because it ends now.
pub(super) fn remove_own() {
    if let Some(daemon) = DAEMON.get() {
        remove_file(&daemon.lock);
    }
}

/// Runs when the process exits, in every runtime.
extern "C" fn remove_at_exit() {
    seam::at("exit.begun");
    remove_own();
    seam::at("exit.removed");
}

impl OwnDaemon {
    /// This process, as the daemon that a launcher waits for at the other end of the channel.
    pub(super) fn launched(
        path: &Path,
        id: FileId,
        lock: File,
        channel: Channel,
        payload: Channel,
        capture: Option<Capture>,
    ) -> Self {
        let payload = Mutex::new(Some(payload));
        Self { is_launched: true, payload, capture, ..Self::new(path, id, lock, Start::Starting(channel)) }
    }

    /// This process, as the holder of a pidfile that it has locked itself.
    pub(super) fn alone(path: &Path, id: FileId, lock: File) -> Self {
        Self::new(path, id, lock, Start::Alone)
    }

    fn new(path: &Path, id: FileId, lock: File, start: Start) -> Self {
        Self {
            pid: own_process(),
            path: path.to_path_buf(),
            id,
            lock,
            start: Mutex::new(start),
            payload: Mutex::default(),
            phase: AtomicU8::new(0),
            job: OnceLock::new(),
            is_launched: false,
            capture: None,
            waiting: Mutex::default(),
            callback: Mutex::default(),
            displaced: AtomicBool::new(false),
            inherited: Mutex::default(),
            listener: Mutex::default(),
        }
    }

    /// With the pipe that the launch has made.
    pub(super) fn with_inherited(self, first: Option<First>) -> Self {
        Self { inherited: Mutex::new(first), ..self }
    }

    /// With the job that the launcher has given, because nothing else keeps its name.
    pub(super) fn with_job(self, job: Option<Job>) -> Self {
        Self { job: job.map_or_else(OnceLock::new, OnceLock::from), ..self }
    }

    /// With a pipe that this process serves.
    pub(super) fn with_listener(self, listener: Option<Listener>) -> Self {
        Self { listener: Mutex::new(listener), ..self }
    }

    /// Gives which body of a keeper this process is: none, because there are no keepers.
    pub fn place(&self) -> Option<BodyPlace> {
        None
    }

    /// Gives the daemon's PID, which is this process's.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Gives the path of the pidfile that it holds.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            bits if bits & (READY | LEAVING) == READY | LEAVING => Phase::Leaving,
            bits if bits & READY != 0 => Phase::Serving,
            LISTENING => Phase::Starting,
            _ => Phase::Deaf,
        }
    }

    /// The file of its error output, which is to be cut from time to time.
    pub(super) fn capture(&self) -> Option<&Capture> {
        self.capture.as_ref()
    }

    /// The signals that come are those of a stop for another version.
    pub(super) fn displace(&self) {
        self.displaced.store(true, Ordering::Release);
    }

    /// A signal has come by the name tag.
    pub(super) fn hear(&self, signal: i32) {
        // Nobody handles it yet, and it ends the daemon, as everywhere. The pidfile is removed on the way.
        if signal == TERM && lock(&self.callback).is_none() {
            end_by_signal();
        }
        lock(&self.waiting).push_back(signal.into());
        self.deliver();
    }

    /// Gives the signals that wait to who takes them, if anybody does.
    fn deliver(&self) {
        let callback = lock(&self.callback);
        let Some(callback) = &*callback else { return };
        let next = || lock(&self.waiting).pop_front();
        while let Some(signal) = next() {
            callback(signal);
        }
    }

    /// Whether the process that stops this daemon has another version take its place.
    pub fn is_displaced(&self) -> bool {
        self.displaced.load(Ordering::Acquire)
    }

    /// Receives what the launcher gives the daemon, as one body. Waits until all of it has arrived; `None` when the
    /// launcher has gone, the daemon is ready, or this has been called before.
    pub fn receive_payload(&self) -> Option<Vec<u8>> {
        let mut channel = lock(&self.payload).take()?;
        let frame = channel.wait_for_frame()?;
        seam::at("adopt.received");
        (frame.kind == FrameKind::Payload).then_some(frame.body)
    }

    /// Says that handlers for signals are in place. Until then other processes hold back every signal that would end
    /// the daemon.
    pub fn listening(&self) {
        self.phase.fetch_or(LISTENING, Ordering::AcqRel);
        seam::at("ready.listening");
    }

    /// Tells the launcher that the daemon serves, and closes the channel. Once; later calls do nothing.
    ///
    /// When the launcher has gone before, its job ends this process.
    pub fn ready(&self) {
        let mut start = lock(&self.start);
        if matches!(*start, Start::Over) {
            return;
        }
        seam::at("ready.begun");
        // First, so that a launcher that dies after the word leaves the daemon alive.
        self.release_job();
        // The mark comes before the word: a launcher that hears that the daemon is ready may look at once.
        self.phase.fetch_or(LISTENING | READY, Ordering::AcqRel);
        seam::at("ready.marked");
        if let Start::Starting(channel) = &*start {
            // If the launcher has gone, the job was not released in time, or nobody needs the word.
            let _ = channel.send(FrameKind::Ready, &[]);
            seam::at("ready.sent");
        }
        *start = Start::Over;
        *lock(&self.payload) = None;
    }

    /// Tells the launcher something while it waits; false when no launcher waits any more.
    pub fn tell(&self, kind: FrameKind, body: &[u8]) -> bool {
        let start = lock(&self.start);
        let Start::Starting(channel) = &*start else { return false };
        channel.send(kind, body).is_ok()
    }

    /// The launcher's abort or death no longer ends the daemon before it is ready: others find it by its socket. After
    /// that time it ends itself, if nobody waits for it.
    pub fn outlive_launcher(&'static self, patience: Duration) {
        self.release_job();
        let Some(until) = Instant::now().checked_add(patience) else { return };
        let work = Box::new(move || {
            thread::sleep(until.saturating_duration_since(Instant::now()));
            while !self.is_over_or_alone() {
                thread::sleep(BETWEEN_LOOKS);
            }
        });
        // Ignore a failure: without the thread a daemon that is never ready stays until it is stopped.
        let _ = threads::spawn("daimon-launcher", STACK, work);
    }

    /// Whether the start is over. Where nobody waits for it, this ends the daemon and what it has started.
    fn is_over_or_alone(&self) -> bool {
        let start = lock(&self.start);
        let Start::Starting(channel) = &*start else { return true };
        if channel.is_open() {
            return false;
        }
        remove_file(&self.lock);
        if let Some(job) = self.job.get() {
            job.terminate();
        }
        sys::end_now(sys::TERMINATED);
        true
    }

    fn release_job(&self) {
        if let Some(job) = self.job.get() {
            job.release();
        // Where it cannot be opened, the launcher has gone, and this process is about to end.
        } else if self.is_launched
            && let Some(job) = Job::of_this_process(self.id, self.pid)
        {
            job.release();
            let _ = self.job.set(job);
        }
    }

    /// Makes the pipe that the launch has made for `path` the listener, which clients find from now on. Gives whether
    /// there is one to serve.
    ///
    /// # Errors
    ///
    /// As [`Listener::listen`]; the pipe is given up, and the daemon cannot be found.
    pub fn take_listener(&self, path: &Path) -> Result<bool> {
        let mut listener = lock(&self.listener);
        if let Some(first) = lock(&self.inherited).take() {
            *listener = Some(Listener::new(path, first)?);
        }
        Ok(listener.is_some())
    }

    /// There are no sockets of a supervisor.
    pub fn listen_at(&self, _socket: Source) {}

    /// Does something with the listener; `None` when there is none, or none any more.
    pub fn map_listener<T>(&self, work: impl FnOnce(&Listener) -> T) -> Option<T> {
        lock(&self.listener).as_ref().map(work)
    }

    /// Gives the socket up: nobody finds it any more, nobody can join, and whoever waits finds its connection ended
    /// without a hello. Once.
    pub fn leave(&self) {
        self.phase.fetch_or(LEAVING, Ordering::AcqRel);
        seam::at("leave.marked");
        let listener = lock(&self.listener).take();
        if let Some(listener) = listener {
            listener.leave();
        }
    }
}

/// The PID of this process.
pub(super) fn own_process() -> Pid {
    std::process::id().cast_signed()
}
