//! Adoption: the first thing that the daemon does. It takes over lock and channel from its launcher.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Mutex;

use super::bind::First;
use super::log::Capture;
use super::own::{OwnDaemon, install, own_daemon, own_process};
use super::tag::Tag;
use crate::error::{Error, ErrorKind, Result};
use crate::handover::{ADOPTION_VARIABLE, Channel, Handover};
use crate::mutex::lock;
use crate::pidfile::pid_in;
use crate::seam;
use crate::shown::shown;
use crate::sys::inherited::{Gift, Kind};
use crate::sys::{self, Errno, FileId, Job, Pipe};

/// How much of a wrong value an error shows, in characters.
const SHOWN: usize = 256;

/// What the launcher tells by the small pipe: the values of the handles on lock and channel, and on the first end of
/// the daemon's pipe, whether the error output goes to a file that nobody keeps, and the value of the handle on the job
/// of a daemon that outlives its launcher.
pub(super) struct Boot {
    pub(super) lock: u64,
    pub(super) channel: u64,
    pub(super) is_captured: bool,
    /// 0 for none.
    pub(super) socket: u64,
    /// Whether the launcher's own client is at the other end.
    pub(super) has_client: bool,
    /// 0 for none.
    pub(super) job: u64,
}

impl Boot {
    const BYTES: usize = 48;

    pub(super) fn bytes(&self) -> Vec<u8> {
        let Self { lock, channel, is_captured, socket, has_client, job } = *self;
        let numbers = [lock, channel, is_captured.into(), socket, has_client.into(), job];
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    fn read(mut pipe: File) -> Option<Self> {
        let mut bytes = [0; Self::BYTES];
        pipe.read_exact(&mut bytes).ok()?;
        let mut numbers =
            bytes.chunks_exact(8).map(|part| u64::from_le_bytes(part.try_into().unwrap_or_default()));
        let mut next = || numbers.next();
        Some(Self {
            lock: next()?,
            channel: next()?,
            is_captured: next()? != 0,
            socket: next()?,
            has_client: next()? != 0,
            job: next()?,
        })
    }
}

/// Takes over what `value`, that of [`ADOPTION_VARIABLE`], names. Once in a process: later calls give the same daemon.
///
/// From here on the pidfile is removed when the process exits, and a launcher that dies before the daemon is ready
/// takes the daemon along.
///
/// # Errors
///
/// `StartFailed` with step `adopt` when the value is wrong or forged. Handles that a pipe of the right form has named
/// are closed then; nothing else has changed.
pub fn adopt(value: &OsStr) -> Result<&'static OwnDaemon> {
    // One adoption at a time: a second one would take over the same handles, and close them again.
    static ADOPTING: Mutex<()> = Mutex::new(());
    let _alone = lock(&ADOPTING);
    if let Some(daemon) = own_daemon() {
        return Ok(daemon);
    }
    seam::at("adopt.begun");
    let handover = Handover::parse(value).ok_or_else(|| Forgery::Form.of(value))?;
    let (daemon, file) = take_over(&handover).map_err(|forgery| forgery.of(value))?;
    seam::at("adopt.taken");
    let daemon = install(daemon, Tag::new(file)?)?.ok_or_else(|| Forgery::OtherDaemon.of(value))?;
    seam::at("adopt.installed");
    Ok(daemon)
}

/// Why the variable's value is not believed.
enum Forgery<'a> {
    Form,
    OtherDaemon,
    NotInherited,
    NotGiven,
    Path(&'a Path, Errno),
    OtherFile(&'a Path),
    OtherProcess(&'a Path),
    NoLock(&'a Path),
}

impl fmt::Display for Forgery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str("it is not of the form that daimon writes"),
            Self::OtherDaemon => f.write_str("this process is the daemon of another pidfile"),
            Self::NotInherited => f.write_str("it names a handle that is not open, or no pipe"),
            Self::NotGiven => f.write_str("the launcher has not given lock and channel"),
            Self::Path(path, errno) => write!(f, "{}: {errno}", path.display()),
            Self::OtherFile(path) => write!(f, "the lock is not on {}", path.display()),
            Self::NoLock(path) => write!(f, "{} is not locked by it", path.display()),
            Self::OtherProcess(path) => write!(f, "{} does not name this process", path.display()),
        }
    }
}

impl Forgery<'_> {
    fn of(self, value: &OsStr) -> Error {
        // Any process may have set the variable, to anything.
        let message =
            format!("{ADOPTION_VARIABLE}={}: {self}; unset it", shown(value.as_encoded_bytes(), SHOWN));
        Error::new(ErrorKind::StartFailed, message).during("adopt")
    }
}

/// Takes over lock and channel, if they are what the launcher has made for this process.
fn take_over(handover: &Handover) -> std::result::Result<(OwnDaemon, FileId), Forgery<'_>> {
    let path = &handover.path;
    let (boot, mut gift) = Gift::find(handover.boot, Boot::BYTES as u32).ok_or(Forgery::NotInherited)?;
    let Boot { lock, channel, is_captured, socket, has_client, job } =
        Boot::read(boot.into()).ok_or(Forgery::NotGiven)?;
    let mut given = |value, kind| usize::try_from(value).ok().and_then(|value| gift.take(value, kind));
    let lock: File = given(lock, Kind::File).ok_or(Forgery::NotGiven)?.into();
    let channel = given(channel, Kind::Pipe).ok_or(Forgery::NotGiven)?;
    let id = sys::file_info(&lock).map_err(|errno| Forgery::Path(path, errno))?.id;
    let named = sys::open_shared(path).and_then(|file| sys::file_info(&file));
    if named.map_err(|errno| Forgery::Path(path, errno))?.id != id {
        return Err(Forgery::OtherFile(path));
    }
    if pid_in(&lock) != Some(own_process()) {
        return Err(Forgery::OtherProcess(path));
    }
    if !sys::is_lock(&lock, path) {
        return Err(Forgery::NoLock(path));
    }
    let pipe = |handle| Pipe::given(handle).map_err(|errno| Forgery::Path(path, errno));
    let channel = pipe(channel)?;
    // The client's end of a pipe with a name, which another process serves.
    if channel.server().is_none_or(|server| server == own_process()) {
        return Err(Forgery::NotGiven);
    }
    let first = match socket {
        0 => None,
        _ => Some(pipe(given(socket, Kind::Pipe).ok_or(Forgery::NotGiven)?)?),
    };
    let first = first.map(if has_client { First::OfLauncher } else { First::Place });
    let job = match job {
        0 => None,
        _ => Some(given(job, Kind::Other).and_then(Job::given).ok_or(Forgery::NotGiven)?),
    };
    let payload = channel.try_clone().map_err(|errno| Forgery::Path(path, errno))?;
    let capture = if is_captured { Capture::of_stderr() } else { None };
    let [channel, payload] = [channel, payload].map(Channel::to_launcher);
    let daemon = OwnDaemon::launched(path, id, lock, channel, payload, capture);
    Ok((daemon.with_inherited(first).with_job(job), id))
}
