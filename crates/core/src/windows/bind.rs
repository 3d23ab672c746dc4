//! Making the daemon's pipe, under the pidfile's lock. Runs in the launcher, and in a process that becomes the daemon
//! itself.
//!
//! A pipe has an instance for each client. The first instance is the place of its name: as long as it is open, nobody
//! else can make a pipe of that name his own. The launcher makes it and hands it on, and the daemon makes all others.

use std::path::Path;
use std::time::{Duration, Instant};

use super::own::own_process;
use super::socket::Stream;
use crate::error::{Error, ErrorKind, Pid, PidFileReason, Result, Subject};
use crate::given::SocketPlan;
use crate::pidfile::{Backoff, Cancel, wait};
use crate::seam;
use crate::sys::{self, Errno, LONGEST_NAME, Pipe};

/// How long to wait for a name that is still taken: a daemon that has just ended, and its clients, give it up a moment
/// later.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often a client that comes before the launcher's own may take its place.
const ROUNDS: usize = 64;

/// The first instance of a daemon's pipe.
#[derive(Debug)]
pub(super) enum First {
    /// The launcher's own client is at its other end.
    OfLauncher(Pipe),
    /// The launcher has made it. Clients take the launcher for its server, so that the daemon serves nobody by it.
    Place(Pipe),
    /// The daemon has made it.
    Own(Pipe),
}

impl First {
    pub(super) fn pipe(&self) -> &Pipe {
        let (Self::OfLauncher(pipe) | Self::Place(pipe) | Self::Own(pipe)) = self;
        pipe
    }
}

/// The pipe, and the launcher's own connection to it.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) first: First,
    pub(super) client: Option<Stream>,
}

/// Makes the pipe for a daemon that this process launches. The caller holds the pidfile's lock.
///
/// # Errors
///
/// `PidFile` with `InUse` where somebody serves that name; `InvalidOption` for a name that is too long; `StartFailed`
/// or `PermissionDenied` with the system's; `StartFailed` with step `lock` when cancelled.
pub(super) fn bind(plan: &SocketPlan, cancel: Option<&Cancel>) -> Result<Bound> {
    let mut place = take_name(plan, cancel)?;
    seam::at("socket.bound");
    if !plan.connect {
        return Ok(Bound { first: First::Place(place), client: None });
    }
    let name = name_of(&plan.path)?;
    let system = |syscall| move |errno| failed(plan, syscall, errno);
    for _ in 0..ROUNDS {
        // Gives an error when cancelled.
        wait(cancel, None, Duration::ZERO)?;
        place.accept().map_err(system("ConnectNamedPipe"))?;
        let client = match Pipe::connect(&name, Duration::ZERO) {
            Ok(client) => Some(client),
            Err(Errno::PIPE_BUSY) => None,
            Err(errno) => return Err(failed(plan, "CreateFileW", errno)),
        };
        if let Some(server) = client.as_ref().and_then(Pipe::server)
            && server != own_process()
        {
            return Err(in_use(plan, Some(server)));
        }
        place.progress(PATIENCE);
        if let Some(client) = client
            && place.client() == Some(own_process())
        {
            let client = client.into_handle().map_err(system("DuplicateHandle"))?;
            return Ok(Bound { first: First::OfLauncher(place), client: Some(client) });
        }
        // Another client was faster. It is told by the end of its connection, once there is another instance.
        let next = Pipe::serve(&name, false).map_err(system("CreateNamedPipeW"))?;
        place = next;
    }
    Err(in_use(plan, None))
}

/// Makes the pipe for the daemon that this process becomes.
///
/// # Errors
///
/// As [`bind`].
pub(super) fn bind_own(plan: &SocketPlan, cancel: Option<&Cancel>) -> Result<First> {
    take_name(plan, cancel).map(First::Own)
}

/// Makes the first instance. Who listens there is asked first, because a connection names the process.
fn take_name(plan: &SocketPlan, cancel: Option<&Cancel>) -> Result<Pipe> {
    let name = name_of(&plan.path)?;
    let until = Instant::now() + PATIENCE;
    let mut backoff = Backoff::new();
    loop {
        let is_late = Instant::now() >= until;
        let served = match Pipe::connect(&name, Duration::ZERO) {
            Ok(client) => Served::By(client.server()),
            Err(errno) if errno.is_missing() => Served::ByNobody,
            Err(Errno::PIPE_BUSY) => Served::Unanswered,
            Err(_) => Served::By(None),
        };
        let made = match served {
            Served::ByNobody => Some(Pipe::serve(&name, true)),
            // Clients of a daemon that has ended keep its name, at which nobody waits for others.
            Served::Unanswered if is_late => Some(Pipe::serve(&name, false)),
            Served::By(pid) if is_late => return Err(in_use(plan, pid)),
            Served::By(_) | Served::Unanswered => None,
        };
        match made {
            Some(Ok(pipe)) if served == Served::ByNobody => return Ok(pipe),
            Some(Ok(pipe)) if pipe.is_of_trusted() => return alone_at(plan, &name, pipe, cancel),
            Some(Ok(_)) => return Err(in_use(plan, None)),
            // Another process was faster, or lets nobody in.
            Some(Err(Errno::ACCESS_DENIED | Errno::PIPE_BUSY)) if is_late => return Err(in_use(plan, None)),
            Some(Err(Errno::ACCESS_DENIED | Errno::PIPE_BUSY)) | None => (),
            Some(Err(errno)) => return Err(failed(plan, "CreateNamedPipeW", errno)),
        }
        wait(cancel, None, backoff.next())?;
    }
}

/// Gives the instance back once nobody else has served its name for a while: the name was taken, which a process that
/// lives and is busy looks like, too.
fn alone_at(plan: &SocketPlan, name: &str, mut place: Pipe, cancel: Option<&Cancel>) -> Result<Pipe> {
    let until = Instant::now() + PATIENCE;
    let mut backoff = Backoff::new();
    // The client of this process keeps the instance taken: whoever is connected to then, serves another one.
    let mut clients = Vec::new();
    while Instant::now() < until {
        match Pipe::connect(name, Duration::ZERO) {
            Ok(client) => match client.server() {
                Some(server) if server != own_process() => return Err(in_use(plan, Some(server))),
                _ => clients.push(client),
            },
            Err(Errno::PIPE_BUSY) => (),
            Err(errno) => return Err(failed(plan, "CreateFileW", errno)),
        }
        wait(cancel, None, backoff.next())?;
    }
    drop(clients);
    place.disconnect();
    Ok(place)
}

/// Who serves a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Served {
    /// This process, as far as it can be told.
    By(Option<Pid>),
    ByNobody,
    /// All instances are taken: those of a process that is busy, or what the clients of one that has ended keep.
    Unanswered,
}

/// The name, as the system takes it.
///
/// # Errors
///
/// `InvalidOption` for one that is too long.
pub(super) fn name_of(path: &Path) -> Result<String> {
    let name = path.to_string_lossy().into_owned();
    if name.encode_utf16().count() <= LONGEST_NAME {
        return Ok(name);
    }
    let message = format!(
        "{}: is too long for a socket on this system, which takes {LONGEST_NAME} characters; choose a shorter path",
        path.display()
    );
    Err(Error::invalid(Subject::Socket, message).at(path))
}

fn in_use(plan: &SocketPlan, pid: Option<Pid>) -> Error {
    let who = match pid {
        Some(pid) => format!("process {pid} listens there"),
        None => "another process listens there".into(),
    };
    let path = plan.path.display();
    let message = format!(
        "{path}: is in use, though by no daemon of this pidfile: {who}; end it, or choose another path"
    );
    Error::new(ErrorKind::PidFile(PidFileReason::InUse), message).at(&plan.path).with_pid(pid)
}

fn failed(plan: &SocketPlan, syscall: &'static str, errno: sys::Errno) -> Error {
    let path = plan.path.display();
    Error::system("socket", syscall, errno, format!("{path}: no socket can be made")).at(&plan.path)
}
