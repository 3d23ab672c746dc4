//! The client's side of a daemon's pipe: connecting, until the daemon has accepted.

use std::time::{Duration, Instant};

use super::bind::name_of;
use super::own::own_process;
use crate::error::{Error, ErrorKind, Pid, Result};
use crate::hello::{Hello, LONGEST_HELLO};
use crate::pidfile::{Backoff, Status, wait};
use crate::plan::ClientPlan;
use crate::seam;
use crate::sys::{self, Errno, Pipe, Progress, Source, is_denial};

/// A connection.
pub(crate) type Stream = Source;

/// How long a hello may take before the client looks who serves the pipe, and how long between two looks.
const UNWATCHED: Duration = Duration::from_millis(50);
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
/// How soon an abort is noticed.
const BETWEEN_ABORTS: Duration = Duration::from_millis(20);

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
    /// The connection; what came after the hello is still to be read.
    pub fd: Stream,
    /// The daemon's PID.
    pub pid: Pid,
    /// The daemon's version, as it says.
    pub version: Option<String>,
}

/// One try to connect, which never waits.
#[derive(Debug)]
pub enum Dialled {
    /// Connected; whether the daemon accepts it is not known yet.
    Waiting(Stream),
    /// Nobody listens at the path.
    Nobody,
    /// The daemon has no instance left for this client: [`attempt`] waits for one.
    Full,
}

/// What has come of a wait for the hello.
enum Read {
    Hello(Hello),
    Ended,
    Silent,
}

/// Tries to connect, once.
///
/// # Errors
///
/// `InvalidOption` for a name that is too long; `PermissionDenied` or `StartFailed` with the system's.
pub fn dial(plan: &ClientPlan) -> Result<Dialled> {
    let name = name_of(&plan.path)?;
    match Pipe::connect(&name, Duration::ZERO).and_then(Pipe::into_handle) {
        Ok(handle) => Ok(Dialled::Waiting(handle)),
        Err(Errno::PIPE_BUSY) => Ok(Dialled::Full),
        Err(errno) if errno.is_missing() => Ok(Dialled::Nobody),
        Err(errno) => Err(plan.failed("CreateFileW", errno)),
    }
}

/// Connects, and waits for the hello.
///
/// Blocks: call it on a thread of its own.
///
/// # Errors
///
/// As [`dial`] and [`greet`].
pub fn attempt(plan: &ClientPlan) -> Result<Attempt> {
    let until = Instant::now() + plan.patience;
    let mut backoff = Backoff::new();
    let mut look = Instant::now() + UNWATCHED;
    loop {
        match dial(plan)? {
            Dialled::Waiting(handle) => return plan.greet(handle, until),
            Dialled::Nobody => return Ok(Attempt::Nobody),
            Dialled::Full if Instant::now() < until => wait(plan.cancel.as_ref(), None, backoff.next())?,
            Dialled::Full => return Ok(Attempt::Silent),
        }
        if Instant::now() >= look {
            // Connections that are open keep the name of a daemon that is leaving, or has ended.
            let status = plan.pidfile.status()?;
            if matches!(status, Status::Stopped { .. } | Status::Running { stopping: true, .. }) {
                return Ok(Attempt::Nobody);
            }
            look = Instant::now() + BETWEEN_LOOKS;
        }
    }
}

/// Waits for the hello on a connection that a launch has made ([`crate::SocketPlan::connect`]).
///
/// # Errors
///
/// `Unverified` when the process that serves the pipe is not the proven holder of the pidfile, or says no hello;
/// `StartFailed` with step `lock` when cancelled.
pub fn greet(plan: &ClientPlan, stream: Stream) -> Result<Attempt> {
    plan.greet(stream, Instant::now() + plan.patience)
}

impl ClientPlan {
    fn greet(&self, stream: Stream, until: Instant) -> Result<Attempt> {
        seam::at("client.connected");
        let mut pipe = Pipe::given(stream).map_err(|errno| self.failed("CreateEventW", errno))?;
        // Each instance names who has made it. The one of a launcher's own client was made by the launcher itself.
        let Some(server) = pipe.server() else { return Ok(Attempt::Ended) };
        if !self.hello {
            return self.without_hello(pipe, server);
        }
        let hello = match self.read_hello(&mut pipe, server, until)? {
            Read::Hello(hello) => hello,
            Read::Ended => return Ok(Attempt::Ended),
            Read::Silent => return Ok(Attempt::Silent),
        };
        seam::at("client.greeted");
        if server != hello.pid && server != own_process() && !seam::breaks("server") {
            return Err(self.stranger(server));
        }
        match self.pidfile.status()? {
            Status::Running { pid, .. } if pid == hello.pid => (),
            // Another daemon holds the pidfile by now, or none. Or it is the daemon of another pidfile.
            _ => return Ok(Attempt::Ended),
        }
        self.connected(pipe, hello.pid, hello.version)
    }

    fn without_hello(&self, pipe: Pipe, server: Pid) -> Result<Attempt> {
        match self.pidfile.status()? {
            Status::Running { pid, .. } if server == pid || server == own_process() => {
                self.connected(pipe, pid, None)
            }
            Status::Running { starting: false, .. } => Err(self.stranger(server)),
            _ => Ok(Attempt::Ended),
        }
    }

    fn connected(&self, pipe: Pipe, pid: Pid, version: Option<String>) -> Result<Attempt> {
        let fd = pipe.into_handle().map_err(|errno| self.failed("DuplicateHandle", errno))?;
        Ok(Attempt::Connected(Connection { fd, pid, version }))
    }

    /// Waits for the line until that time, and takes nothing of what follows it.
    fn read_hello(&self, pipe: &mut Pipe, server: Pid, until: Instant) -> Result<Read> {
        let mut line = Vec::with_capacity(LONGEST_HELLO);
        let mut look = Instant::now() + UNWATCHED;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            // No more than the line, because the pipe takes nothing back.
            let rest = LONGEST_HELLO - line.len();
            if pipe.begin_read_of(sys::line_length(pipe.handle()).clamp(1, rest)).is_err() {
                return Ok(Read::Ended);
            }
            match pipe.progress(left.min(BETWEEN_ABORTS)) {
                Progress::Ended => return Ok(Read::Ended),
                Progress::Done(bytes) if bytes.ends_with(b"\n") => {
                    line.extend(&bytes[..bytes.len() - 1]);
                    let hello = Hello::parse(&line).ok_or_else(|| self.no_hello(&line))?;
                    return Ok(Read::Hello(hello));
                }
                Progress::Done(bytes) => {
                    line.extend(bytes);
                    if line.len() >= LONGEST_HELLO {
                        return Err(self.no_hello(&line));
                    }
                }
                Progress::Pending => {
                    // Gives an error when aborted.
                    wait(self.cancel.as_ref(), None, Duration::ZERO)?;
                    if Instant::now() >= until {
                        return Ok(Read::Silent);
                    }
                    if Instant::now() >= look {
                        self.check_server(server)?;
                        look = Instant::now() + BETWEEN_LOOKS;
                    }
                }
            }
        }
    }

    /// Refuses a pipe that another process than the pidfile's proven holder serves.
    fn check_server(&self, server: Pid) -> Result<()> {
        match self.pidfile.status()? {
            // A launcher serves until its daemon does.
            Status::Running { pid, starting: false, stopping: false }
                if pid != server && server != own_process() =>
            {
                Err(self.stranger(server))
            }
            _ => Ok(()),
        }
    }

    fn stranger(&self, server: Pid) -> Error {
        let reason = format!("process {server} listens there, which is not the daemon of this pidfile");
        let message = format!("{reason}; nothing was sent");
        Error::unverified(&self.path, Some(server), &reason, message)
    }

    fn no_hello(&self, line: &[u8]) -> Error {
        let shown = crate::shown::shown(line, LONGEST_HELLO);
        let path = self.path.display();
        let message = format!("{path}: what listens there is no daemon of daimon: it says {shown:?}");
        Error::new(ErrorKind::Unverified, message).at(&self.path).for_reason("hello")
    }

    fn failed(&self, syscall: &'static str, errno: Errno) -> Error {
        let path = self.path.display();
        let message = if is_denial(errno) {
            format!("{path}: this user may not connect; the daemon's user, the system and administrators may")
        } else {
            format!("{path}: cannot be connected to")
        };
        Error::system("connect", syscall, errno, message).at(&self.path)
    }
}
