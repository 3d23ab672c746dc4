//! Adoption: the first thing that the daemon does after exec. It takes over lock and channel from its environment.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Mutex;

use crate::error::{Error, ErrorKind, Result, text_of};
use crate::handover::{ADOPTION_VARIABLE, Channel, Handover, HandoverInPlace};
use crate::keeper::{ControlSocket, InheritedSocket, KeeperOrder, OrderInPlace};
use crate::launcher_death::{end_latecomers, watch_keeper, watch_launcher};
use crate::mutex::lock;
use crate::own::{self, OwnDaemon, own_daemon, read_all};
use crate::seam;
use crate::shown::shown;
use crate::sys::{self, Inherited, InheritedInPlace, NotInherited};
use crate::threads;

/// How much of a wrong value an error shows, in characters.
const SHOWN: usize = 256;

const WATCHER_STACK: usize = 64 * 1_024;

/// Takes over what `value`, that of [`ADOPTION_VARIABLE`], names. Once in a process: later calls give the same daemon.
///
/// ```no_run
/// use daimon_core::{ADOPTION_VARIABLE, adopt};
///
/// if let Some(value) = std::env::var_os(ADOPTION_VARIABLE) {
///     adopt(&value)?.ready();
/// }
/// # Ok::<(), daimon_core::Error>(())
/// ```
///
/// From here on the pidfile is removed when the process exits, and a launcher that dies before the daemon is ready
/// takes the daemon along.
///
/// # Errors
///
/// `StartFailed` with step `adopt` when the value is wrong or forged; nothing has changed then.
pub fn adopt(value: &OsStr) -> Result<&'static OwnDaemon> {
    // One adoption at a time: a second one would take over the same descriptors, and close them again.
    static ADOPTING: Mutex<()> = Mutex::new(());
    let _alone = lock(&ADOPTING);
    if let Some(daemon) = own_daemon() {
        return Ok(daemon);
    }
    seam::at("adopt.begun");
    let handover = Handover::parse(value).ok_or_else(|| Forgery::Form.of(value))?;
    let role = if handover.body.is_some() { Role::Body } else { Role::Daemon };
    let (daemon, watched) = take_over(&handover, role).map_err(|forgery| forgery.of(value))?;
    seam::at("adopt.taken");
    // Before the pidfile's removal is registered: of two handlers, exit runs the later one first.
    sys::at_exit(end_latecomers);
    let daemon = own::install(daemon).ok_or_else(|| Forgery::OtherDaemon.of(value))?;
    seam::at("adopt.installed");
    daemon.follow_keeper();
    let watcher = Box::new(move || match daemon.place() {
        None => watch_launcher(daemon, watched),
        Some(_) => watch_keeper(daemon, watched),
    });
    // Ignore a failure: without the thread only the launcher's death before ready goes unnoticed.
    let _ = threads::spawn("daimon-launcher", WATCHER_STACK, watcher);
    seam::at("adopt.watched");
    if seam::breaks("ready-early") {
        daemon.ready();
    }
    Ok(daemon)
}

/// Takes over what the variable's value names, as [`adopt`] does, but without a thread: the keeper watches the channel
/// itself, by the descriptor that is given.
///
/// # Errors
///
/// As [`adopt`].
pub fn adopt_as_keeper(value: &OsStr) -> Result<(&'static OwnDaemon, OwnedFd)> {
    let handover = Handover::parse(value).ok_or_else(|| Forgery::Form.of(value))?;
    if handover.body.is_some() {
        return Err(Forgery::Form.of(value));
    }
    let (daemon, watched) = take_over(&handover, Role::Keeper).map_err(|forgery| forgery.of(value))?;
    // It will keep what its bodies are told: environments and arguments, which are often secret.
    sys::hide_memory();
    let daemon = own::install(daemon).ok_or_else(|| Forgery::OtherDaemon.of(value))?;
    seam::at("keeper.adopted");
    Ok((daemon, watched))
}

/// What a keeper has that a process has executed in its own place.
#[derive(Debug)]
pub struct KeeperInPlace {
    /// The daemon that it is.
    pub daemon: &'static OwnDaemon,
    /// What it is to do.
    pub order: Box<KeeperOrder>,
    /// The socket at which it is controlled.
    pub control: ControlSocket,
    /// Sockets that are there already.
    pub sockets: Vec<InheritedSocket>,
    /// The address at which its supervisor wants to hear from it.
    pub supervisor: Option<OsString>,
}

/// Takes over what the variable's value names, where this process has executed the keeper in its own place
/// ([`crate::execute_keeper`]); `None` for the value of a launch.
///
/// # Errors
///
/// As [`adopt`]; `StartFailed` with step `adopt` also when the order cannot be read, as one of another version.
pub fn adopt_in_place(value: &OsStr) -> Option<Result<KeeperInPlace>> {
    let handover = HandoverInPlace::parse(value)?;
    Some(take_place(value, &handover))
}

fn take_place(
    value: &OsStr,
    HandoverInPlace { lock, order, path }: &HandoverInPlace,
) -> Result<KeeperInPlace> {
    let forged = |problem| Forgery::NotInherited(*lock, path, problem).of(value);
    let InheritedInPlace { lock, id, order } = sys::take_in_place(*lock, *order, path).map_err(forged)?;
    sys::hide_memory();
    // Linux before 5.11 takes it off at exec, from a process with threads.
    let _ = sys::put_attached_name_tag(lock.as_raw_fd());
    // A process may execute with ignored signals; all wait until this one takes them.
    sys::reset_dispositions();
    let daemon = own::install(OwnDaemon::alone(path, id, lock.into()))
        .ok_or_else(|| Forgery::OtherDaemon.of(value))?;
    let read = || {
        let OrderInPlace { control, sockets, places, supervisor, order } =
            OrderInPlace::decode(&read_all(order)?)?;
        sys::give_places(&places).ok()?;
        let (fd, told) = control;
        let control = ControlSocket::of(path, take_marked(fd)?, &told)?;
        Some((control, sockets, supervisor, KeeperOrder::decode(&order)?))
    };
    let (control, sockets, supervisor, order) = read().ok_or_else(|| {
        let message = "the order cannot be followed; daimon may have been replaced by another release";
        Error::new(ErrorKind::StartFailed, message).during("adopt")
    })?;
    // Node.js has made pipes non-blocking, and takes that back only when it exits.
    (0..3).for_each(sys::let_block);
    sys::set_umask(order.body.umask);
    let sockets = sockets.into_iter().filter_map(|InheritedSocket { name, fd, is_given }| {
        Some(InheritedSocket { name, fd: take_marked(fd)?, is_given })
    });
    Ok(KeeperInPlace { daemon, control, sockets: sockets.collect(), order, supervisor })
}

/// Takes the descriptor of that number, and marks it close-on-exec.
fn take_marked(number: RawFd) -> Option<OwnedFd> {
    sys::set_close_on_exec(number);
    sys::take(number)
}

/// What a process is that a launch has executed.
#[derive(Clone, Copy)]
enum Role {
    Daemon,
    Keeper,
    Body,
}

/// Why the variable's value is not believed.
enum Forgery<'a> {
    Form,
    OtherDaemon,
    /// The number of the lock, and the pidfile.
    NotInherited(RawFd, &'a Path, NotInherited),
}

impl fmt::Display for Forgery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lock, path, problem) = match self {
            Self::Form => return f.write_str("it is not of the form that daimon writes"),
            Self::OtherDaemon => return f.write_str("this process is the daemon of another pidfile"),
            Self::NotInherited(lock, path, problem) => (lock, path, problem),
        };
        let path = path.to_string_lossy();
        match problem {
            NotInherited::NotOpen => f.write_str("it names descriptors that are not open"),
            NotInherited::Unexaminable(fd, errno) => {
                write!(f, "descriptor {fd} cannot be examined: {}", text_of(*errno))
            }
            NotInherited::Path(errno) => write!(f, "{path}: {}", text_of(*errno)),
            NotInherited::OtherFile => write!(f, "descriptor {lock} is not on {path}"),
            NotInherited::OtherProcess => write!(f, "{path} does not name this process"),
            NotInherited::NoSocket(number) => write!(f, "descriptor {number} is no socket"),
            NotInherited::NoDescriptorLeft(errno) => {
                write!(f, "no descriptor is left: {}", text_of(*errno))
            }
            NotInherited::CloseOnExec(errno) => write!(f, "fcntl: {}", text_of(*errno)),
        }
    }
}

impl Forgery<'_> {
    fn of(self, value: &OsStr) -> Error {
        // Any process may have set the variable, to anything.
        let message = format!("{ADOPTION_VARIABLE}={}: {self}; unset it", shown(value.as_bytes(), SHOWN));
        Error::new(ErrorKind::StartFailed, message).during("adopt")
    }
}

/// Takes over lock and channel, if they are what the launcher has made for this process. The second descriptor on the
/// channel is for the thread that watches the launcher.
fn take_over<'a>(
    handover: &'a Handover,
    role: Role,
) -> std::result::Result<(OwnDaemon, OwnedFd), Forgery<'a>> {
    let path = &handover.path;
    let socket_fd = handover.socket.map(|(number, _)| number);
    let Inherited { lock, id, channel, second_channel, socket } =
        sys::take_inherited(handover.lock, handover.channel, socket_fd, handover.holder(), path)
            .map_err(|problem| Forgery::NotInherited(handover.lock, path, problem))?;
    let channel = match role {
        Role::Daemon => Channel::to_launcher(channel),
        Role::Body => Channel::to_keeper(channel),
        Role::Keeper => Channel::of_keeper(channel),
    };
    let lock = match role {
        Role::Body if seam::breaks("body-lock") => File::open("/dev/null").map_or(lock, OwnedFd::from),
        _ => lock,
    };
    let socket = socket.zip(handover.socket.map(|(_, id)| id));
    let daemon = OwnDaemon::launched(path, id, lock.into(), channel, handover.is_captured);
    Ok((daemon.with_inherited(socket).in_place(handover.body), second_channel))
}
