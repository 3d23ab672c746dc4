//! Turns a program into a well-behaved Unix daemon.
//!
//! A **launcher** [`launch`]es a program as a **daemon**: detached for good, holding its pidfile's lock, which makes it
//! the only one. The daemon [`adopt`]s itself first thing and says when it is ready. Later, other processes ask for its
//! [`PidFile::status`], and, with proof of its identity, send it signals ([`PidFile::signal`]) or [`PidFile::stop`] it.
//!
//! A process that is not to be detached becomes the daemon itself ([`become_daemon`]), and tells its supervisor with a
//! [`Notifier`].
//!
//! The crate needs no Node.js; `daimon-node` makes it an addon. Two things are as they are because of Node.js:
//! [`set_soft_nofile`] undoes what Node.js does to a limit at its boot, and lock and channel have low numbers in the
//! daemon, which Node.js marks close-on-exec.
//!
//! ```no_run
//! use daimon_core::{PidFile, Signal, Status};
//!
//! let pidfile = PidFile::new("/run/daimon/web.pid")?;
//! if let Status::Running { pid, .. } = pidfile.status()? {
//!     println!("stopping {pid}");
//!     pidfile.holder()?.signal(Signal::TERM)?;
//! }
//! # Ok::<(), daimon_core::Error>(())
//! ```
//!
//! # Not guaranteed
//!
//! - Exclusion across machines: flock(2) on network file systems is emulated or missing.
//! - A removed pidfile after SIGKILL or a crash: an unlocked file is left, which the next start takes over.
//! - Sight into other PID namespaces: their daemons are `Unverified`, and never signalled.
#![deny(unsafe_code)]
#![warn(unused_crate_dependencies)]

// The rooms of every platform.
mod advice;
mod astray;
mod error;
mod folders;
mod given;
mod handover;
mod hello;
mod mutex;
mod pidfile;
mod plan;
mod poller;
mod process;
#[cfg(test)]
mod property;
mod seam;
mod shown;
mod signal;
mod sys;
mod threads;

// Those of Unix.
#[cfg(unix)]
mod adopt;
#[cfg(unix)]
mod descriptor;
#[cfg(unix)]
mod foreground;
#[cfg(all(unix, any(test, feature = "fuzzing")))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(unix)]
mod identity;
#[cfg(unix)]
mod keeper;
#[cfg(unix)]
mod launch;
#[cfg(unix)]
mod launcher_death;
#[cfg(unix)]
mod limits;
#[cfg(unix)]
mod listener;
#[cfg(unix)]
mod log;
#[cfg(unix)]
mod notify;
#[cfg(unix)]
mod own;
#[cfg(unix)]
mod service;
#[cfg(unix)]
mod socket;
#[cfg(unix)]
mod trusted_path;

// Those of Windows, with the same names.
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows::{
    absent as descriptor, absent as identity, absent as keeper, absent as limits, absent as notify, adopt,
    foreground, launch, listener, log, own, service, socket,
};

/// Tells whether this is the process's main thread.
///
/// ```
/// assert!(!std::thread::spawn(daimon_core::is_main_thread).join().unwrap());
/// ```
pub fn is_main_thread() -> bool {
    sys::is_main_thread()
}

pub use adopt::adopt;
#[cfg(unix)]
pub use adopt::{KeeperInPlace, adopt_as_keeper, adopt_in_place};
#[cfg(unix)]
pub use descriptor::{close, take, with_descriptor};
pub use descriptor::{duplicate_socket, into_number, is_open, let_inherit, take_socket};
pub use error::{Error, ErrorKind, Pid, PidFileReason, Result, Subject};
pub use folders::{is_administrator, local_folder, make_machine_folder};
pub use foreground::become_daemon;
pub use given::{
    Account, BodyPlace, Course, Descriptor, Executable, Identity, KeeperPlan, Limit, Limits, ListenAddress,
    ListenPlan, Name, Outputs, Owner, Readiness, Respawn, RespawnWhen, Rotation, SocketPlan, Stdio,
};
pub use handover::{
    ADOPTION_VARIABLE, Backlog, Channel, Frame, FrameKind, Reception, Sender, Ticket, Unsent,
};
pub use identity::{check_chroot, enter_root};
pub use keeper::stop_daemon;
#[cfg(unix)]
pub use keeper::{
    Accepted, BodyPlan, Control, ControlSocket, Events, Happened, InheritedSocket, KeeperOrder, KeptSocket,
    NotifyInbox, OutputFile, Probe, channel_pair, collect_children, control, declared_sockets,
    give_up_socket, kept_socket, key_of_declared, listen_at_path, open_outputs, share_socket, socket_key,
    take_kept_sockets, whole_millis,
};
#[cfg(unix)]
pub use launch::{Bodies, Body, BodyPayload, Supervision, execute_keeper};
pub use launch::{Group, Launched, launch};
pub use limits::{check_oom_score_adj, set_oom_score_adj, set_soft_nofile};
pub use listener::{BoundFile, Listener, Visitor};
#[cfg(unix)]
pub use log::end_rotation;
pub use log::{LogTail, check_rotation, reopen, start_rotation};
#[cfg(unix)]
pub use notify::NotifySocket;
pub use notify::{Notifier, monotonic};
pub use own::{OwnDaemon, own_daemon, take_signals};
pub use pidfile::{
    Abort, Cancel, Held, Holder, LockOptions, Locked, PidFile, Status, StopOptions, Stopped, end_process,
};
pub use plan::{ClientPlan, ForegroundPlan, Plan};
pub use poller::{
    ChannelEvent, WatchId, resume_listener, unwatch, watch_channel, watch_exit, watch_listener,
    watch_readable,
};
pub use process::{ExitStatus, Process, Stats, stats};
#[cfg(feature = "seams")]
pub use seam::{breaks, on_step, reached};
pub use service::Service;
pub use signal::Signal;
pub use socket::{Attempt, Connection, Dialled, attempt, dial, greet};
#[cfg(unix)]
pub use sys::decimal;

/// A connection that this crate gives away.
#[cfg(unix)]
pub type Stream = std::os::fd::OwnedFd;
/// A connection that this crate gives away.
#[cfg(windows)]
pub type Stream = std::os::windows::io::OwnedHandle;
