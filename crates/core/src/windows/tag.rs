//! The name tag of the daemon that this process is: a pipe that is named after its pidfile, served by a thread of its
//! own, so that a busy event loop neither hides the daemon nor keeps signals away. See `sys::control` for what is said.

use std::os::windows::io::BorrowedHandle;
use std::thread;
use std::time::{Duration, Instant};

use super::own::OwnDaemon;
use crate::error::{Error, Result};
use crate::sys::control::{byte_of, is_known, pipe_of, signal_of};
use crate::sys::{self, FileId, Pipe, Progress};
use crate::threads;

/// How many clients are served at once.
const CLIENTS: usize = 16;
/// How long a client may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest wait, so that no client that hangs is forgotten.
const LONGEST: Duration = Duration::from_secs(3_600);

/// How long to wait after a failure of the system's, which has no memory, before the next try.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

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
    /// Whether it could not begin to wait for a client, which is to be tried again.
    has_failed: bool,
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
                Ok(Client { pipe, until: None, has_failed: false })
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
        let work = Box::new(move || {
            loop {
                self.serve_next(daemon);
            }
        });
        threads::spawn("daimon-tag", STACK, work).map(drop).map_err(|error| {
            Error::io("tag", "CreateThread", &error, "no thread for the name tag could be made")
        })
    }

    fn serve_next(&mut self, daemon: &OwnDaemon) {
        let events: Vec<BorrowedHandle<'_>> = self.clients.iter().map(|client| client.pipe.event()).collect();
        let soonest = self.clients.iter().filter_map(|client| client.until).min();
        let longest = if self.clients.iter().any(|client| client.has_failed) {
            AFTER_FAILURE
        } else if daemon.capture().is_some() {
            BETWEEN_TRIMS
        } else {
            LONGEST
        };
        let time = soonest.map_or(longest, |until| until.saturating_duration_since(Instant::now()));
        // Whichever it is: all are looked at, so that none waits for those before it.
        if sys::wait_for_any(&events, time.min(longest)).is_err() {
            thread::sleep(AFTER_FAILURE);
        }
        if let Some(capture) = daemon.capture() {
            capture.trim();
        }
        let now = Instant::now();
        for client in &mut self.clients {
            let is_due = client.has_failed || client.until.is_some_and(|until| now >= until);
            if !client.go_on(daemon) && is_due {
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
                Some(byte) => self.hear(*byte, daemon),
                None => false,
            },
        };
        if !went_on {
            self.next();
        }
        true
    }

    /// Hears a message, and answers it; false for what is none.
    fn hear(&mut self, message: u8, daemon: &OwnDaemon) -> bool {
        let (signal, displaced) = signal_of(message);
        if !is_known(signal) {
            return false;
        }
        if displaced {
            daemon.displace();
        }
        daemon.hear(signal);
        // The client has its full time for the answer: without one it sends the signal again.
        self.until = Some(Instant::now() + PATIENCE);
        self.say(&[message])
    }

    /// Says something, and waits for the client to ask or to go.
    fn say(&mut self, bytes: &[u8]) -> bool {
        self.pipe.write_all(bytes, PATIENCE).is_ok() && self.pipe.begin_read().is_ok()
    }

    /// Lets the client go, and waits for the next one.
    fn next(&mut self) {
        self.until = None;
        self.pipe.disconnect();
        // It fails for lack of memory. The other ends go on meanwhile.
        self.has_failed = self.pipe.accept().is_err();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    fn tag_and_daemon() -> (FileId, Tag, OwnDaemon) {
        let id = FileId::random();
        let path = std::path::Path::new("d.pid");
        (id, Tag::new(id).unwrap(), OwnDaemon::alone(path, id, sys::capture_file().unwrap()))
    }

    #[test]
    fn a_number_that_is_no_signal_is_not_answered() {
        for (message, answer) in [(1, Progress::Done(vec![1])), (77, Progress::Ended)] {
            let (id, mut tag, daemon) = tag_and_daemon();
            let mut peer = Pipe::connect(&pipe_of(id), LONG).unwrap();
            tag.serve_next(&daemon);
            peer.begin_read_of(1).unwrap();
            assert!(matches!(peer.progress(LONG), Progress::Done(_)));
            peer.begin_read().unwrap();
            peer.write_all(&[message], LONG).unwrap();
            tag.serve_next(&daemon);
            assert_eq!(peer.progress(LONG), answer);
        }
    }

    #[test]
    fn an_end_that_could_not_wait_for_a_client_tries_again() {
        let (id, mut tag, daemon) = tag_and_daemon();
        for client in &mut tag.clients {
            client.pipe.disconnect();
            // Nothing goes on, and no event is set, as after a failure to wait.
            assert!(client.pipe.begin_read().is_err());
            client.has_failed = true;
        }
        tag.serve_next(&daemon);
        assert!(tag.clients.iter().all(|client| !client.has_failed));
        Pipe::connect(&pipe_of(id), LONG).unwrap();
    }
}
