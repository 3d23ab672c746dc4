//! The name tag of the daemon that this process is: a pipe that is named after its pidfile, served by a thread of its
//! own, so that a busy event loop neither hides the daemon nor keeps signals away. See `sys::control` for what is said.

use std::os::windows::io::BorrowedHandle;
use std::thread;
use std::time::{Duration, Instant};

use super::own::OwnDaemon;
use crate::error::{Error, Result};
use crate::sys::control::{byte_of, pipe_of, signal_of};
use crate::sys::{self, FileId, Pipe, Progress};

/// How many clients are served at once.
const CLIENTS: usize = 16;
/// How long a client may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest wait, so that no client that hangs is forgotten.
const LONGEST: Duration = Duration::from_secs(3_600);

/// How often the file of an error output is looked at that nobody reads.
const BETWEEN_TRIMS: Duration = Duration::from_secs(60);

const STACK: usize = 256 * 1_024;

/// A tag that is served once [`Tag::serve`] is called. From its making on, nobody else can serve that name.
pub(super) struct Tag {
    clients: Vec<Client>,
}

/// One end of the pipe, for one client after the other.
struct Client {
    pipe: Pipe,
    /// Until when its present client may take; `None` while it waits for one.
    until: Option<Instant>,
}

impl Tag {
    /// # Errors
    ///
    /// `StartFailed` or `PermissionDenied` with the system's, as where somebody serves that name already.
    pub(super) fn new(file: FileId) -> Result<Self> {
        let name = pipe_of(file);
        let clients = (0..CLIENTS)
            .map(|at| {
                let mut pipe = Pipe::serve(&name, at == 0)?;
                pipe.accept()?;
                Ok(Client { pipe, until: None })
            })
            .collect::<std::result::Result<_, _>>()
            .map_err(|errno| {
                let message = format!("{name}: the name tag cannot be served");
                Error::system("tag", "CreateNamedPipeW", errno, message)
            })?;
        Ok(Self { clients })
    }

    /// Serves it on a thread of its own, as long as the process lives.
    ///
    /// # Errors
    ///
    /// `StartFailed` with the system's, when there is no thread left.
    pub(super) fn serve(mut self, daemon: &'static OwnDaemon) -> Result<()> {
        let builder = thread::Builder::new().name("daimon-tag".into()).stack_size(STACK);
        let work = move || loop {
            self.serve_next(daemon);
        };
        builder.spawn(work).map(drop).map_err(|error| {
            Error::io("tag", "CreateThread", &error, "no thread for the name tag could be made")
        })
    }

    fn serve_next(&mut self, daemon: &OwnDaemon) {
        let events: Vec<BorrowedHandle<'_>> = self.clients.iter().map(|client| client.pipe.event()).collect();
        let soonest = self.clients.iter().filter_map(|client| client.until).min();
        let longest = if daemon.capture().is_some() { BETWEEN_TRIMS } else { LONGEST };
        let time = soonest.map_or(longest, |until| until.saturating_duration_since(Instant::now()));
        // Whichever it is: all are looked at, so that none waits for those before it.
        let _ = sys::first_of(&events, time.min(longest));
        if let Some(capture) = daemon.capture() {
            capture.trim();
        }
        let now = Instant::now();
        for client in &mut self.clients {
            if !client.go_on(daemon) && client.until.is_some_and(|until| now >= until) {
                client.next();
            }
        }
    }
}

impl Client {
    /// Whether anything has happened.
    fn go_on(&mut self, daemon: &OwnDaemon) -> bool {
        let went_on = match (self.pipe.progress(Duration::ZERO), self.until) {
            (Progress::Pending, _) => return false,
            (Progress::Ended, _) => false,
            (Progress::Done(_), None) => {
                self.until = Some(Instant::now() + PATIENCE);
                self.say(&[byte_of(daemon.phase())])
            }
            (Progress::Done(bytes), Some(_)) => match bytes.first() {
                Some(byte) => {
                    let (signal, displaced) = signal_of(*byte);
                    if displaced {
                        daemon.displace();
                    }
                    daemon.hear(signal);
                    self.say(&[*byte])
                }
                None => false,
            },
        };
        if !went_on {
            self.next();
        }
        true
    }

    /// Says something, and waits for the client to ask or to go.
    fn say(&mut self, bytes: &[u8]) -> bool {
        self.pipe.write_all(bytes, PATIENCE).is_ok() && self.pipe.begin_read().is_ok()
    }

    /// Lets the client go, and waits for the next one.
    fn next(&mut self) {
        self.until = None;
        self.pipe.disconnect();
        // It fails for lack of memory. The other ends go on.
        let _ = self.pipe.accept();
    }
}
