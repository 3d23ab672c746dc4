//! The daemon's side of its pipe: accepting, saying hello, and leaving.
//!
//! A pipe has an instance for each client, which has to be there before the client. A thread makes the instances, and
//! keeps those whose clients have come, as the queue of a listening socket does; so a busy event loop turns no client
//! away.

use std::collections::VecDeque;
use std::os::windows::io::{AsHandle, BorrowedHandle};
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::bind::{First, name_of};
use super::own::own_process;
use super::socket::Stream;
use crate::error::{Error, ErrorKind, Pid, Result};
use crate::hello::Hello;
use crate::mutex::lock;
use crate::seam;
use crate::sys::{self, Event, Failure, Pipe, Progress, Source};
use crate::threads;

/// How many instances wait for clients, so that many can come at once.
const INSTANCES: usize = 16;
/// How many connections wait until the daemon accepts them.
const BACKLOG: usize = 4_096;
/// The pause after a failure to make an instance, and the wait while the queue has no room for more.
const AFTER_FAILURE: Duration = Duration::from_millis(100);
/// The longest wait for a client.
const LONGEST: Duration = Duration::from_secs(3_600);
/// The longest time to write a hello. A new connection has room for one, so that the write does not wait.
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
pub struct Visitor<T = Stream> {
    /// The connection.
    pub fd: T,
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

    /// As the first that is accepted next.
    fn put_back(&self, pipe: Pipe) {
        let mut connections = lock(&self.connections);
        connections.push_front(pipe);
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

    /// Waits until a client has come to one of the instances, at most that time. True once the daemon takes no
    /// connection any more.
    fn is_stopped_within(&self, instances: &[Pipe], time: Duration) -> bool {
        let mut events: Vec<BorrowedHandle<'_>> = vec![self.stopped.as_handle()];
        events.extend(instances.iter().map(Pipe::event));
        if sys::wait_for_any(&events, time).is_err() {
            // Without this the thread would spin as long as the system refuses to wait.
            thread::sleep(AFTER_FAILURE);
        }
        self.stopped.is_set()
    }
}

impl Listener {
    /// The pipe of that path, of which this is the first instance. Clients can come from now on.
    ///
    /// # Errors
    ///
    /// As [`Listener::listen`]; `InvalidOption` for a path that is too long.
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
        listener.listen()?;
        Ok(listener)
    }

    /// Makes instances for clients, who learn the PID of this process from each; once.
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
        let mut instances = vec![Pipe::serve(&self.name, false).map_err(failed)?];
        let (name, queue) = (self.name.clone(), Arc::clone(&self.queue));
        // The thread gets its instances once it is there: where it cannot be made, the first one is kept for a retry.
        let (give, given) = mpsc::channel();
        let work = Box::new(move || {
            if let Ok(instances) = given.recv() {
                await_clients(&name, instances, &queue);
            }
        });
        let thread = threads::spawn("daimon-listener", STACK, work).map_err(|error| {
            Error::io("socket", "CreateThread", &error, "no thread for the socket could be made")
        })?;
        match first.take() {
            Some(First::OfLauncher(pipe)) => self.queue.push(pipe),
            Some(First::Own(pipe)) => instances.push(pipe),
            // Whoever is there connects again.
            Some(First::Place(place)) => drop(place),
            None => (),
        }
        // The thread waits for them, so that it takes them.
        let _ = give.send(instances);
        *lock(&self.thread) = Some(thread);
        Ok(())
    }

    /// Accepts a connection that waits, and says hello on it. `None` when none waits. A client that is gone by then is
    /// passed over.
    ///
    /// # Errors
    ///
    /// `StartFailed` with the system's: the connection waits on.
    pub fn accept(&self, hello: bool, version: Option<&str>) -> Result<Option<Visitor>> {
        self.accept_as(hello, version, Ok)
    }

    /// As [`Listener::accept`], with the connection as a descriptor of the program's C library, which closes it.
    ///
    /// # Errors
    ///
    /// As [`Listener::accept`]; `StartFailed` also where the library has no descriptor left, or the program no libuv.
    pub fn accept_number(&self, hello: bool, version: Option<&str>) -> Result<Option<Visitor<i32>>> {
        self.accept_as(hello, version, |stream| sys::into_descriptor(stream).ok_or_else(no_descriptor))
    }

    fn accept_as<T>(
        &self,
        hello: bool,
        version: Option<&str>,
        take: impl FnOnce(Stream) -> Result<T>,
    ) -> Result<Option<Visitor<T>>> {
        let (pipe, pid) = loop {
            let Some(pipe) = self.queue.pop() else { return Ok(None) };
            if let Some(pid) = pipe.client().filter(|_| pipe.is_open()) {
                break (pipe, pid);
            }
        };
        // Before the hello, which says that the daemon has this connection.
        let handle = pipe.try_clone().and_then(Pipe::into_handle);
        let taken = handle.map_err(|errno| {
            let message = "a connection to this daemon's socket cannot be accepted, and waits on";
            Error::system("socket", "DuplicateHandle", errno, message)
        });
        match taken.and_then(take) {
            Ok(fd) => {
                if hello {
                    say_hello(&pipe, version);
                }
                seam::at("socket.accepted");
                Ok(Some(Visitor { fd, pid: Some(pid), uid: None, gid: None }))
            }
            Err(error) => {
                self.queue.put_back(pipe);
                Err(error)
            }
        }
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
            // It cannot have panicked. Afterwards no instance is left that could take a client.
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

/// Keeps instances for the clients to come, and puts those whose client has come into the queue, until it is stopped.
fn await_clients(name: &str, new: Vec<Pipe>, queue: &Queue) {
    let mut instances = Vec::with_capacity(INSTANCES);
    // The system cancels what a thread has begun when the thread ends: so each wait for a client begins here.
    instances.extend(new.into_iter().filter_map(awaiting));
    loop {
        let room = INSTANCES.min(BACKLOG.saturating_sub(queue.len()));
        while instances.len() < room {
            let Some(instance) = Pipe::serve(name, false).ok().and_then(awaiting) else { break };
            instances.push(instance);
        }
        let time = if instances.len() < INSTANCES { AFTER_FAILURE } else { LONGEST };
        if queue.is_stopped_within(&instances, time) {
            return;
        }
        for mut instance in std::mem::take(&mut instances) {
            match instance.progress(Duration::ZERO) {
                Progress::Pending => instances.push(instance),
                Progress::Done(_) => queue.push(instance),
                // Its client has come and gone.
                Progress::Ended => (),
            }
        }
    }
}

/// An instance that waits for its client.
fn awaiting(mut instance: Pipe) -> Option<Pipe> {
    instance.accept().ok().map(|()| instance)
}

/// A client that has gone needs no hello: whoever has the connection then sees its end.
fn say_hello(pipe: &Pipe, version: Option<&str>) {
    let hello = Hello { pid: own_process(), version: version.map(str::to_owned) };
    let _ = pipe.write_all(hello.line().as_bytes(), AT_ONCE);
}

fn no_descriptor() -> Error {
    let message = "a connection to this daemon's socket cannot be accepted, and waits on: this process has no \
                   descriptor left for it";
    Error::new(ErrorKind::StartFailed, message).during("socket")
}
