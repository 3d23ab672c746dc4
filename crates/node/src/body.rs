//! The side of a keeper's body: sockets, and word to and from the keeper.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use daimon_core::{
    Channel, Descriptor, Frame, FrameKind, WatchId, declared_sockets, into_number, listen_at_path,
    own_daemon, resume_listener, socket_key, unwatch, watch_readable, with_descriptor,
};
use napi::bindgen_prelude::{Either, Function};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use crate::convert::NativeError;

/// A message, with a descriptor that the receiver closes, where it has one.
#[napi(object)]
pub struct NativeMessage {
    pub kind: NativeMessageKind,
    pub text: String,
    pub fd: Option<i32>,
}

fn message((frame, descriptor): (Frame, Option<OwnedFd>)) -> Option<NativeMessage> {
    let kind = NativeMessageKind::of(frame.kind)?;
    let text = String::from_utf8_lossy(&frame.body).into_owned();
    Some(NativeMessage { kind, text, fd: descriptor.and_then(into_number) })
}

/// Takes the sockets that this body can have, which its keeper has sent before it began; waits until all are there.
/// Once. Gives the descriptors of those that were declared, by their names; they stay open.
#[napi]
pub fn take_kept_sockets() -> HashMap<String, i32> {
    daimon_core::take_kept_sockets();
    declared_sockets().into_iter().collect()
}

/// The key of the declared socket with that descriptor; null for any other.
#[napi]
pub fn key_of_declared(fd: i32) -> Option<String> {
    daimon_core::key_of_declared(fd)
}

/// A duplicate of the socket with that key, which the caller closes; null when this body cannot have it.
#[napi]
pub fn kept_socket(key: String) -> Option<i32> {
    daimon_core::kept_socket(&key).and_then(into_number)
}

/// Forgets a socket that the program has closed.
#[napi]
pub fn give_up_socket(key: String) {
    daimon_core::give_up_socket(&key);
}

/// The watch of the channel to the keeper.
static KEEPER: Mutex<Option<WatchId>> = Mutex::new(None);

/// Has the callback called when the keeper has told something; once, and once more after each `receive_from_keeper`. It
/// does not keep the event loop alive. The error, if any, is returned.
#[napi]
pub fn hear_keeper(callback: Function<'_, (), ()>) -> napi::Result<Option<NativeError>> {
    let callback = callback.build_threadsafe_function().callee_handled::<false>().weak::<true>().build()?;
    let Some(daemon) = own_daemon() else { return Ok(None) };
    let call = move || {
        // It fails only when the environment is ending, and the process with it.
        callback.call((), ThreadsafeFunctionCallMode::NonBlocking);
    };
    let watch = daemon.keeper_source().and_then(|source| watch_readable(source, call));
    Ok(watch.map(|watch| *locked(&KEEPER) = Some(watch)).err().map(NativeError::from))
}

/// What the keeper has told since the last time.
#[napi]
pub fn receive_from_keeper() -> Vec<NativeMessage> {
    let Some(daemon) = own_daemon() else { return Vec::new() };
    let messages = daemon.receive().into_iter().filter_map(message).collect();
    resume(&KEEPER);
    messages
}

/// Tells the keeper; false where there is none, or it has gone.
#[napi]
pub fn tell_keeper(kind: NativeTold, text: String) -> bool {
    own_daemon().is_some_and(|daemon| daemon.tell_keeper(kind.into(), text.as_bytes(), None))
}

/// Rotates the log no more, and tells the keeper when no rotation is under way.
#[napi]
pub fn end_rotation() {
    daimon_core::end_rotation(|| {
        if let Some(daemon) = own_daemon() {
            daemon.tell_keeper(FrameKind::Rotate, &[], None);
        }
    });
}

/// Gives the keeper a duplicate of a listening socket, for those that follow this body; its key, or null for one that
/// others cannot have.
#[napi]
pub fn share_socket(fd: i32, flags: String) -> Option<String> {
    with_descriptor(Descriptor::from(fd), |fd| daimon_core::share_socket(fd, &flags)).flatten()
}

/// What a keeper knows the socket by that a program asks for; null for one that it cannot hold for others.
#[napi]
pub fn key_of_socket(host: String, port: u16, flags: String) -> Option<String> {
    socket_key(&host, port, &flags)
}

/// Closes a descriptor that this module has given.
#[napi]
pub fn close_descriptor(fd: i32) {
    daimon_core::close(fd);
}

/// Listens at a path; the descriptor, or the error number.
#[napi]
pub fn listen_at_socket_path(path: String, backlog: i32) -> Either<i32, NativeError> {
    match listen_at_path(Path::new(&path), backlog) {
        Ok(fd) => Either::A(into_number(fd).unwrap_or(-1)),
        Err(error) => Either::B(NativeError {
            errno: error.raw_os_error(),
            ..NativeError::new(daimon_core::ErrorKind::StartFailed, error.to_string())
        }),
    }
}

/// The way from a body that is replaced to the one that follows it, for connections.
#[napi]
pub struct Passage {
    channel: Mutex<Channel>,
    watch: Mutex<Option<WatchId>>,
}

#[napi]
impl Passage {
    /// By the descriptor that the keeper has sent, which is the passage's from now on; null when it is not open.
    #[napi]
    pub fn of(fd: i32) -> Option<Passage> {
        let taken = daimon_core::take(fd)?;
        Some(Passage { channel: Mutex::new(Channel::to_heir(taken)), watch: Mutex::new(None) })
    }

    /// Whether the other end can still take something.
    #[napi]
    pub fn is_open(&self) -> bool {
        locked(&self.channel).is_open()
    }

    /// Takes nothing more from it, which the other end hears.
    #[napi]
    pub fn refuse(&self) {
        locked(&self.channel).close();
    }

    /// Sends a connection, of the server with that key, if it can be sent at once.
    #[napi]
    pub fn send(&self, key: String, fd: i32) -> bool {
        let send =
            |fd: BorrowedFd<'_>| locked(&self.channel).offer(FrameKind::Socket, key.as_bytes(), Some(fd));
        with_descriptor(Descriptor::from(fd), send) == Some(true)
    }

    /// Has the callback called when a connection has come; once, and once more after each `receive`. It does not keep
    /// the event loop alive. The error, if any, is returned.
    #[napi]
    pub fn hear(&self, callback: Function<'_, (), ()>) -> napi::Result<Option<NativeError>> {
        let callback =
            callback.build_threadsafe_function().callee_handled::<false>().weak::<true>().build()?;
        let source = locked(&self.channel).as_fd().try_clone_to_owned()?;
        let call = move || {
            callback.call((), ThreadsafeFunctionCallMode::NonBlocking);
        };
        let watch = watch_readable(source, call);
        Ok(watch.map(|watch| *locked(&self.watch) = Some(watch)).err().map(NativeError::from))
    }

    /// The connections that have come; null when none can come any more.
    #[napi]
    pub fn receive(&self) -> Option<Vec<NativeMessage>> {
        let mut channel = locked(&self.channel);
        let (frames, how) = channel.receive();
        let mut messages = Vec::new();
        for frame in frames {
            let descriptor = channel.descriptor_of(&frame);
            messages.extend(message((frame, descriptor)));
        }
        if matches!(how, daimon_core::Reception::GoesOn) {
            resume(&self.watch);
            return Some(messages);
        }
        self.close();
        (!messages.is_empty()).then_some(messages)
    }

    /// Forgets it.
    #[napi]
    pub fn close(&self) {
        if let Some(watch) = locked(&self.watch).take() {
            unwatch(watch);
        }
    }
}

fn resume(watch: &Mutex<Option<WatchId>>) {
    if let Some(watch) = *locked(watch) {
        // Without memory for it nothing is heard any more; the keeper ends the body at its deadline.
        let _ = resume_listener(watch);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a keeper tells its body, and a body the one that follows it.
#[napi(string_enum = "lowercase")]
pub enum NativeMessageKind {
    /// A listening socket, or a connection, with its key.
    Socket,
    /// Another body serves by now: this one finishes its work, and hands over what is idle.
    Drain,
    /// This body follows another one.
    Heir,
    /// The keeper has dropped the socket of that key.
    Closed,
    /// The log has been opened again by another body.
    Reopen,
    /// This body rotates the log from now on.
    Rotate,
}

impl NativeMessageKind {
    /// `None` for a frame that is no such message.
    pub(crate) fn of(frame: FrameKind) -> Option<Self> {
        match frame {
            FrameKind::Socket => Some(Self::Socket),
            FrameKind::Drain => Some(Self::Drain),
            FrameKind::Heir => Some(Self::Heir),
            FrameKind::Closed => Some(Self::Closed),
            FrameKind::Reopen => Some(Self::Reopen),
            FrameKind::Rotate => Some(Self::Rotate),
            _ => None,
        }
    }
}

/// What a body tells its keeper.
#[napi(string_enum = "lowercase")]
pub enum NativeTold {
    /// It listens at the socket of that key.
    Taken,
    /// The program has closed the socket of that key.
    Closed,
    /// A signal for the daemon, by its number.
    Signal,
    /// The log has been opened again.
    Reopen,
}

impl From<NativeTold> for FrameKind {
    fn from(told: NativeTold) -> Self {
        match told {
            NativeTold::Taken => Self::Taken,
            NativeTold::Closed => Self::Closed,
            NativeTold::Signal => Self::Signal,
            NativeTold::Reopen => Self::Reopen,
        }
    }
}
