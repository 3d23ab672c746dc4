//! The socket of a daemon on demand, which Windows does not have yet.

use crate::error::{Error, Pid, Result, Subject};
use crate::plan::ClientPlan;
use crate::sys::{Failure, Source};

/// A connection.
pub(crate) type Stream = Source;

/// The file of a socket.
#[derive(Clone, Debug)]
pub struct BoundFile {
    never: Never,
}

/// A listening socket.
#[derive(Debug)]
pub struct Listener {
    never: Never,
}

#[derive(Clone, Debug)]
enum Never {}

/// A connection that was accepted, and the process that has made it.
#[derive(Debug)]
pub struct Visitor {
    /// The connection.
    pub fd: Stream,
    /// The PID.
    pub pid: Option<Pid>,
    /// The user when it connected.
    pub uid: u32,
    /// The group when it connected.
    pub gid: u32,
}

/// The result of one attempt.
#[derive(Debug)]
pub enum Attempt {
    /// The daemon has accepted the connection.
    Connected(Connection),
    /// Nobody listens at the path.
    Nobody,
    /// The connection ended before a hello: it was never accepted.
    Ended,
    /// No hello came in time.
    Silent,
}

/// A connection that a daemon has accepted.
#[derive(Debug)]
pub struct Connection {
    /// The connection.
    pub fd: Stream,
    /// The daemon's PID.
    pub pid: Pid,
    /// The daemon's version, as it says.
    pub version: Option<String>,
}

/// One try to connect.
#[derive(Debug)]
pub enum Dialled {
    /// Connected; whether the daemon accepts it is not known yet.
    Waiting(Stream),
    /// Nobody listens at the path.
    Nobody,
    /// The queue is full.
    Full,
}

impl Listener {
    /// # Errors
    ///
    /// None: there is no such socket.
    pub fn listen(&self) -> Result<()> {
        match self.never {}
    }

    /// # Errors
    ///
    /// None: there is no such socket.
    pub fn accept(&self, _hello: bool, _version: Option<&str>) -> Result<Option<Visitor>> {
        match self.never {}
    }

    /// Whether a connection waits to be accepted.
    pub fn has_waiting(&self) -> bool {
        match self.never {}
    }

    /// Whether the path still stands for the daemon's socket.
    pub fn is_at_its_path(&self) -> Option<bool> {
        match self.never {}
    }

    pub(crate) fn source(&self) -> std::result::Result<Source, Failure> {
        match self.never {}
    }
}

impl BoundFile {
    /// As on other systems: removes the file.
    pub fn remove(&self) {
        match self.never {}
    }
}

/// # Errors
///
/// `Unsupported`.
pub fn dial(_plan: &ClientPlan) -> Result<Dialled> {
    Err(absent())
}

/// # Errors
///
/// `Unsupported`.
pub fn attempt(_plan: &ClientPlan) -> Result<Attempt> {
    Err(absent())
}

/// # Errors
///
/// `Unsupported`.
pub fn greet(_plan: &ClientPlan, _stream: Stream) -> Result<Attempt> {
    Err(absent())
}

fn absent() -> Error {
    Error::unsupported(Subject::Socket, "daemons on demand are not there on Windows yet")
}
