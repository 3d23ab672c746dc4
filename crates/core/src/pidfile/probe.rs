//! Looking at a pidfile without disturbing anyone, by its marks.

use std::fs::File;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::sys::stat::{FileStat, fstat};
use nix::unistd::getpid;

use super::PidFile;
use super::file::{Flock, Looking, is_distrusted, looking, read_text, trusted};
use super::open::Opened;
use super::status::{Held, Seen};
use crate::error::{Pid, Result};
use crate::own;
use crate::process::Process;
use crate::sys::{self, FileId, Hidden, NameTag, Phase};

/// A holder that a look has proven, and the look's open file.
pub(super) struct Proven {
    pub(super) pid: Pid,
    pub(super) phase: Phase,
    /// `None` for this process's own pidfile.
    file: Option<File>,
    /// Until the file is closed.
    _looking: Looking,
}

impl Proven {
    /// Tells the handle what it holds. Signals need to know nothing here.
    #[expect(clippy::unused_self, reason = "elsewhere signals go by the pidfile")]
    pub(super) fn tell(&self, _process: &Process) {}

    /// Whether it was launched.
    pub(super) fn is_detached(&self) -> bool {
        self.file.as_ref().is_some_and(|file| sys::is_detached(file.as_fd()))
    }
}

/// Why a holder that has the name tag is not proven.
pub(super) const FOREIGN: &str = "its holder is in another PID namespace";

/// The holder of an open, locked file, by the file's marks and text.
pub(super) enum Look {
    Running(Pid, Phase),
    /// The name tag belongs to a process of another PID namespace; the text may name one.
    Foreign(Option<Pid>),
    Unproven {
        pid: Option<Pid>,
        reason: &'static str,
        transient: bool,
    },
}

impl Look {
    /// No proof, which may come soon: a launch under way and a daemon that ends look like this for a moment.
    fn unproven(pid: Option<Pid>, reason: &'static str) -> Self {
        Self::Unproven { pid, reason, transient: true }
    }
}

/// Asks for proof, the kernel's word first.
pub(super) fn look_at(file: &File, stat: &FileStat) -> Look {
    let tag = sys::name_tag(file.as_fd());
    look_with_tag(file, stat, tag)
}

fn look_with_tag(file: &File, stat: &FileStat, first: Option<NameTag>) -> Look {
    let Ok(text) = read_text(file) else {
        return Look::unproven(None, "its text cannot be read");
    };
    if let (true, Some(NameTag { pid: pid @ 1.., phase })) = (is_distrusted(stat), first) {
        return Look::Running(pid, phase);
    }
    let Some(pid) = text.pid() else {
        return match first {
            Some(NameTag { pid: 0, .. }) => Look::Foreign(None),
            _ => Look::unproven(None, "it is locked, but names no process"),
        };
    };
    if pid == getpid().as_raw() {
        // Our own PID in a file that we do not hold is that of an earlier process with the same number.
        return Look::unproven(Some(pid), "it names this very process, which does not hold it");
    }
    let names_it = |tag: Option<NameTag>| tag.is_some_and(|tag| tag.pid == pid);
    // Ask again after the text, because a daemon puts its tag on before it writes: if the tag is not there now, it does
    // not come any more.
    let tag = if names_it(first) { first } else { sys::name_tag(file.as_fd()) };
    let by_lock = || !is_distrusted(stat) && sys::holds_lock(pid, FileId::of(stat));
    let proven = names_it(tag) || by_lock();
    let mistrust = if proven { mistrust(stat, pid) } else { None };
    match (tag, mistrust) {
        (_, None) if proven => Look::Running(pid, tag.map_or(Phase::Serving, |tag| tag.phase)),
        (Some(NameTag { pid: 0, .. }), _) => Look::Foreign(Some(pid)),
        (_, Some(mistrust)) => mistrust,
        (Some(_), _) => {
            // Seen from an outer namespace this lasts. Where the tag has just changed, so had the text.
            let reason = "it names another process than the one that holds it";
            Look::Unproven { pid: Some(pid), reason, transient: tag != first }
        }
        (None, _) if sys::user_ids(pid).is_none() => hidden(pid),
        (None, _) => Look::unproven(Some(pid), "it is locked, but not provably by the process it names"),
    }
}

/// The reason to distrust another user's file about this process: such a file can prove only that user's processes.
fn mistrust(stat: &FileStat, pid: Pid) -> Option<Look> {
    if trusted(stat.st_uid) {
        return None;
    }
    match sys::user_ids(pid) {
        Some(ids) if ids.iter().all(|id| *id == stat.st_uid) => None,
        Some(_) => Some(Look::unproven(Some(pid), "it belongs to another user than its holder")),
        None => Some(hidden(pid)),
    }
}

/// The look at a holder that the system hides. If the holder has ended, another look is worth while.
fn hidden(pid: Pid) -> Look {
    let reason = match sys::hidden_by() {
        Some(Hidden::ByOption) => {
            "its holder cannot be looked into from here: /proc is mounted with hidepid, \
             which hides other users' processes"
        }
        Some(Hidden::ByAbsence) => "its holder cannot be looked into from here: /proc is not mounted",
        None => "its holder cannot be looked into from here",
    };
    let exists = !matches!(kill(nix::unistd::Pid::from_raw(pid), None), Err(Errno::ESRCH));
    Look::Unproven { pid: Some(pid), reason, transient: !exists }
}

impl PidFile {
    /// The PID in the text, without any proof.
    pub(super) fn text_alone(&self) -> Option<Pid> {
        let _looking = looking();
        match self.open_to_read() {
            Ok(Opened::File(file, _)) => read_text(&file).ok()?.pid(),
            _ => None,
        }
    }

    pub(super) fn see(&self) -> Result<Seen> {
        let looking = looking();
        let (file, stat) = match self.open_to_read() {
            Ok(Opened::File(file, stat)) => (file, stat),
            Ok(Opened::Own(pid)) => {
                let phase = if own::is_starting() { Phase::Starting } else { Phase::Serving };
                return Ok(Seen::Running(Proven { pid, phase, file: None, _looking: looking }));
            }
            Ok(Opened::Missing) => return Ok(Seen::Stopped { stale: false }),
            Err(error) if error.errno().is_some() => return Ok(Seen::Unreadable(error)),
            Err(error) => return Err(error),
        };
        let tag = sys::name_tag(file.as_fd());
        if tag.is_none() {
            match self.flock(&file, Flock::Shared) {
                // Asked anew, because the last holder may have removed the file since it was opened.
                Ok(true) => return Ok(Seen::Stopped { stale: is_left(&file) }),
                Ok(false) => (),
                Err(error) => return Ok(Seen::Unreadable(error)),
            }
        }
        Ok(match look_with_tag(&file, &stat, tag) {
            Look::Running(pid, phase) => {
                Seen::Running(Proven { pid, phase, file: Some(file), _looking: looking })
            }
            Look::Foreign(pid) => Seen::Unverified(Held { pid, reason: FOREIGN.into(), transient: false }),
            Look::Unproven { pid, reason, transient } => {
                Seen::Unverified(Held { pid, reason: reason.into(), transient })
            }
        })
    }
}

/// Whether a file that no process holds has been left with text in it.
fn is_left(file: &File) -> bool {
    fstat(file).is_ok_and(|stat| stat.st_nlink > 0 && stat.st_size > 0)
}
