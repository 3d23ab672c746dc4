//! The daemon's side of its pipe: accepting, saying hello, and leaving.
//!
//! A pipe has an end for each client, which has to be there before the client. A thread of its own makes the ends and
//! keeps those whose clients have come, as the queue of a listening socket does; so a busy event loop turns no client
//! away.

use std::collections::VecDeque;
use std::os::windows::io::{AsHandle, BorrowedHandle};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::bind::{First, name_of};
use super::own::own_process;
use super::socket::Stream;
use crate::error::{Error, Pid, Result};
use crate::hello::Hello;
use crate::mutex::lock;
use crate::seam;
use crate::sys::{self, Event, Failure, Pipe, Progress, Source};

/// How many ends wait for clients, so that many can come at once.
const ENDS: usize = 16;
/// How many connections wait until the daemon accepts them.
const BACKLOG: usize = 4_096;
/// After a failure to make an end, or with a full queue.
const AFTER_FAILURE: Duration = Duration::from_millis(100);
/// The longest wait for a client.
const LONGEST: Duration = Duration::from_secs(3_600);
/// How long a hello may take, for which a new connection has room.
const AT_ONCE: Duration = Duration::from_millis(100);

const STACK: usize = 256 * 1_024;

/// As on other systems: the file of the daemon's socket. A pipe has none, and its name ends with it.
#[derive(Clone, Debug)]
pub struct BoundFile(());

impl BoundFile {
    pub(super) fn none() -> Self {
        Self(())
    }
}

/// A connection that was accepted, and the process that has made it.
#[derive(Debug)]
pub struct Visitor {
    /// The connection.
    pub fd: Stream,
    /// The PID.
    pub pid: Option<Pid>,
    /// As on other systems: the user when it connected. There are no such numbers here.
    pub uid: Option<u32>,
    /// As on other systems: the group when it connected.
    pub gid: Option<u32>,
}

/// The pipe of the daemon that this process is.
#[derive(Debug)]
pub struct Listener {
    name: String,
    /// Until it is served.
    first: Mutex<Option<First>>,
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The connections that wait to be accepted.
#[derive(Debug)]
struct Queue {
    connections: Mutex<VecDeque<Pipe>>,
    /// Set as long as one waits.
    waiting: Event,
    /// Set when the daemon takes no connection any more.
    stopped: Event,
}

impl Queue {
    fn push(&self, pipe: Pipe) {
        let mut connections = lock(&self.connections);
        connections.push_back(pipe);
        self.waiting.set();
    }

    fn pop(&self) -> Option<Pipe> {
        let mut connections = lock(&self.connections);
        let next = connections.pop_front();
        if connections.is_empty() {
            self.waiting.reset();
        }
        next
    }

    fn len(&self) -> usize {
        lock(&self.connections).len()
    }
}

impl Listener {
    /// The pipe of that path, of which this is the first end. Clients can come from now on; where they cannot,
    /// [`Listener::listen`] tells why.
    pub(super) fn new(path: &Path, first: First) -> Result<Self> {
        let failed = |errno| Error::system("socket", "CreateEventW", errno, "no socket can be made");
        let queue = Queue {
            connections: Mutex::default(),
            waiting: Event::new().map_err(failed)?,
            stopped: Event::new().map_err(failed)?,
        };
        let listener = Self {
            name: name_of(path)?,
            first: Mutex::new(Some(first)),
            queue: Arc::new(queue),
            thread: Mutex::default(),
        };
        let _ = listener.listen();
        Ok(listener)
    }

    /// Makes ends for clients, who learn the PID of this process from each; once.
    ///
    /// # Errors
    ///
    /// `StartFailed` with the system's; it may be tried again.
    pub fn listen(&self) -> Result<()> {
        let mut first = lock(&self.first);
        if first.is_none() {
            return Ok(());
        }
        let failed = |errno| {
            let message = format!("{}: the socket of this daemon cannot be listened at", self.name);
            Error::system("socket", "CreateNamedPipeW", errno, message)
        };
        let end = Pipe::serve(&self.name, false).map_err(failed)?;
        let mut ends = vec![end];
        match first.take() {
            Some(First::OfLauncher(pipe)) => self.queue.push(pipe),
            Some(First::Own(pipe)) => ends.push(pipe),
            // Whoever is there connects again.
            Some(First::Place(place)) => drop(place),
            None => (),
        }
        let (name, queue) = (self.name.clone(), Arc::clone(&self.queue));
        let builder = thread::Builder::new().name("daimon-listener".into()).stack_size(STACK);
        let thread = builder.spawn(move || await_clients(&name, ends, &queue)).map_err(|error| {
            Error::io("socket", "CreateThread", &error, "no thread for the socket could be made")
        })?;
        *lock(&self.thread) = Some(thread);
        Ok(())
    }

    /// Accepts a connection that waits, and says hello on it. `None` when none waits. A client that is gone by then is
    /// passed over.
    ///
    /// # Errors
    ///
    /// `StartFailed` with the system's.
    pub fn accept(&self, hello: bool, version: Option<&str>) -> Result<Option<Visitor>> {
        while let Some(pipe) = self.queue.pop() {
            let Some(pid) = pipe.client() else { continue };
            if hello && !says_hello(&pipe, version) {
                continue;
            }
            seam::at("socket.accepted");
            let fd = pipe.into_handle().map_err(|errno| {
                let message = "a connection to this daemon's socket cannot be accepted";
                Error::system("socket", "DuplicateHandle", errno, message)
            })?;
            return Ok(Some(Visitor { fd, pid: Some(pid), uid: None, gid: None }));
        }
        Ok(None)
    }

    /// Whether a connection waits to be accepted.
    pub fn has_waiting(&self) -> bool {
        self.queue.len() > 0
    }

    /// As on other systems: whether the path still stands for this socket. `None`, because nobody can remove a pipe.
    pub fn is_at_its_path(&self) -> Option<bool> {
        None
    }

    /// Gives the pipe up: nobody finds it any more, and whoever waits finds its connection ended without a hello.
    pub(super) fn leave(self) {
        self.queue.stopped.set();
        if let Some(thread) = lock(&self.thread).take() {
            // It cannot have panicked. Afterwards no end is left that could take a client.
            let _ = thread.join();
        }
        seam::at("socket.shut");
        while let Some(waiting) = self.queue.pop() {
            drop(waiting);
        }
    }

    /// What a selector waits for, for a connection to accept.
    pub(crate) fn source(&self) -> std::result::Result<Source, Failure> {
        self.queue.waiting.try_clone().map_err(|errno| ("DuplicateHandle", errno))
    }
}

/// Keeps ends for the clients to come, and puts those whose client has come into the queue, until it is stopped.
fn await_clients(name: &str, new: Vec<Pipe>, queue: &Queue) {
    let mut ends = Vec::with_capacity(ENDS);
    // The system cancels what a thread has begun when the thread ends: so each wait for a client begins here.
    ends.extend(new.into_iter().filter_map(awaiting));
    loop {
        let room = ENDS.min(BACKLOG.saturating_sub(queue.len()));
        while ends.len() < room {
            let Some(end) = Pipe::serve(name, false).ok().and_then(awaiting) else { break };
            ends.push(end);
        }
        let mut events: Vec<BorrowedHandle<'_>> = vec![queue.stopped.as_handle()];
        events.extend(ends.iter().map(Pipe::event));
        let time = if ends.len() < ENDS { AFTER_FAILURE } else { LONGEST };
        if sys::first_of(&events, time) == Some(0) {
            return;
        }
        for mut end in std::mem::take(&mut ends) {
            match end.progress(Duration::ZERO) {
                Progress::Pending => ends.push(end),
                Progress::Done(_) => queue.push(end),
                // Its client has come and gone.
                Progress::Ended => (),
            }
        }
    }
}

/// An end that waits for its client.
fn awaiting(mut end: Pipe) -> Option<Pipe> {
    end.accept().ok().map(|()| end)
}

/// False when the client has gone.
fn says_hello(pipe: &Pipe, version: Option<&str>) -> bool {
    let hello = Hello { pid: own_process(), version: version.map(str::to_owned) };
    pipe.write_all(hello.line().as_bytes(), AT_ONCE).is_ok()
}
