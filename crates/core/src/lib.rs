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

mod adopt;
mod descriptor;
mod error;
mod foreground;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod handover;
mod identity;
mod launch;
mod launcher_death;
mod limits;
mod listener;
mod log;
mod mutex;
mod notify;
mod own;
mod pidfile;
mod plan;
mod poller;
mod process;
#[cfg(test)]
mod property;
mod seam;
mod shown;
mod signal;

mod socket;
mod sys;
mod trusted_path;

/// Tells whether this is the process's main thread.
///
/// ```
/// assert!(!std::thread::spawn(daimon_core::is_main_thread).join().unwrap());
/// ```
pub fn is_main_thread() -> bool {
    sys::is_main_thread()
}

pub use adopt::adopt;
pub use descriptor::{Descriptor, duplicate_socket, is_open, let_inherit, take_socket};
pub use error::{Error, ErrorKind, Pid, PidFileReason, Result, Subject};
pub use foreground::become_daemon;
pub use handover::{
    ADOPTION_VARIABLE, Backlog, Channel, Frame, FrameKind, Reception, Sender, Ticket, Unsent,
};
pub use identity::{check_chroot, enter_root};
pub use launch::{Group, Launched, launch};
pub use limits::{check_oom_score_adj, set_oom_score_adj, set_soft_nofile};
pub use listener::{BoundFile, Listener, Visitor};
pub use log::{LogTail, check_rotation, reopen, start_rotation};
pub use notify::{Notifier, monotonic};
pub use own::{OwnDaemon, own_daemon};
pub use pidfile::{
    Abort, Cancel, Held, Holder, LockOptions, Locked, PidFile, Status, StopOptions, Stopped, end_process,
};
pub use plan::{
    Account, ClientPlan, ForegroundPlan, Identity, Limit, Limits, Name, Outputs, Owner, Plan, Rotation, SocketPlan,
    Stdio,
};
pub use poller::{
    ChannelEvent, WatchId, resume_listener, unwatch, watch_channel, watch_exit, watch_listener,
};
pub use process::{ExitStatus, Process, Stats, stats};
#[cfg(feature = "seams")]
pub use seam::{on_step, reached};
pub use signal::Signal;
pub use socket::{Attempt, Connection, Dialled, attempt, dial, greet};
