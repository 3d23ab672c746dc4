//! One process, by a handle that a recycled PID cannot take over.

use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, SystemTime};

use crate::advice::SUPERUSER;
use crate::error::{Error, ErrorKind, Pid, Result, Subject};
use crate::mutex::lock;
use crate::seam;
use crate::signal::Signal;
use crate::sys::{self, RawExit, Unreached};

/// A process that was alive when the handle was opened.
///
/// ```no_run
/// use daimon_core::{PidFile, Signal};
///
/// let holder = PidFile::new("/run/daimon/web.pid")?.holder()?;
/// holder.process().signal_and_continue(Signal::TERM, false)?;
/// # Ok::<(), daimon_core::Error>(())
/// ```
///
/// # Platform notes
///
/// A pidfd on Linux. Where pidfds are missing (ENOSYS) or forbidden (EPERM from a seccomp filter), and on macOS, the
/// start time takes its place: it is compared before every signal, which leaves the window of two system calls.
#[derive(Clone, Debug)]
pub struct Process {
    pid: Pid,
    /// Clones share it: they need no descriptor of their own.
    handle: Arc<sys::ProcessHandle>,
    /// Whether it was launched, so that its session is its own.
    detached: bool,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(Signal),
}

/// The system's figures of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// When it started, by the clock of now; exact to 10 ms.
    pub started_at: SystemTime,
    /// For how long it has run, suspended time included.
    pub uptime: Duration,
    /// Resident memory in bytes.
    pub memory: u64,
    /// CPU time of all its threads, user and system.
    pub cpu: Duration,
}

impl From<RawExit> for ExitStatus {
    fn from(exit: RawExit) -> Self {
        match exit {
            RawExit::Code(code) => Self::Code(code),
            RawExit::Signal(signal) => Self::Signal(signal.into()),
        }
    }
}

impl Process {
    /// A handle on `pid`. The caller must prove afterwards that it is the intended process.
    pub(crate) fn open(pid: Pid) -> std::result::Result<Self, Unreached> {
        Ok(Self { pid, handle: handle_on(pid)?, detached: false })
    }

    /// One that this process has made.
    #[cfg_attr(
        unix,
        expect(dead_code, reason = "a launch has no handle on the daemon, whose parent makes it")
    )]
    pub(crate) fn made(pid: Pid, handle: sys::ProcessHandle) -> Self {
        Self { pid, handle: Arc::new(handle), detached: true }
    }

    /// The same, known to have been launched.
    pub(crate) fn launched(self) -> Self {
        Self { detached: true, ..self }
    }

    /// Gives its PID.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Tells whether it has not ended. A zombie has ended.
    pub fn is_alive(&self) -> bool {
        self.handle.is_alive(self.pid)
    }

    /// Sends a signal to this very process.
    ///
    /// # Errors
    ///
    /// `NotRunning` when it has ended, `PermissionDenied` when it is another user's, `InvalidOption` for a number
    /// that is no signal, `Unverified` when the system has no room for one more real-time signal.
    pub fn signal(&self, signal: impl Into<Signal>) -> Result<()> {
        let signal = signal.into();
        seam::at("process.signalling");
        if seam::breaks("kill-by-pid") {
            let sent = sys::signal_process(self.pid, signal.number());
            return sent.map_err(|unreached| self.not_signalled(signal, unreached));
        }
        self.handle
            .signal(self.pid, signal.number())
            .map_err(|unreached| self.not_signalled(signal, unreached))
    }

    /// Does what may take its time before a signal, until `is_over` says that nobody wants to send it any more: on
    /// Windows the process has to take a connection. Nothing is sent by this.
    pub(crate) fn prepare_signal(&self, signal: Signal, is_over: &dyn Fn() -> bool) {
        self.handle.prepare(self.pid, signal.number(), is_over);
    }

    fn not_signalled(&self, signal: Signal, unreached: Unreached) -> Error {
        let pid = self.pid;
        let error = match unreached {
            unreached if unreached.has_ended() => {
                Error::new(ErrorKind::NotRunning, format!("process {pid} has ended"))
            }
            Unreached::System(_, errno) if sys::is_denial(errno) => {
                let message =
                    format!("process {pid} may not be signalled by this user; ask its owner or {SUPERUSER}");
                Error::new(ErrorKind::PermissionDenied, message)
            }
            Unreached::System(_, errno) if sys::is_no_signal(errno) => {
                Error::invalid(Subject::Signal, format!("{signal} cannot be sent to process {pid}"))
            }
            // EAGAIN: a real-time signal, and RLIMIT_SIGPENDING.
            _ => {
                const REASON: &str = "the system refuses to send the signal";
                let message = format!("{signal} cannot be sent to process {pid}: {REASON}");
                Error::new(ErrorKind::Unverified, message).for_reason(REASON)
            }
        };
        error.unreached(unreached).with_pid(Some(pid))
    }

    /// Sends a signal to the process's whole group, if its launch has made the group; otherwise to the process only.
    ///
    /// The signal cannot reach another group: no other group gets the number while the group, or its session, has
    /// members that are not collected, and this process is seen alive in both just before the signal. (All members
    /// would have to end in between, and all other numbers to be used first.) After the end of this process nothing
    /// proves which launch has made the group, so no group is signalled.
    ///
    /// # Errors
    ///
    /// As [`Process::signal`].
    pub fn signal_group(&self, signal: impl Into<Signal>) -> Result<()> {
        let signal = signal.into();
        match sys::launched_group(self.pid).filter(|_| self.detached) {
            Some(group) if self.is_alive() => {
                // It fails if no member may be signalled; the error of the plain signal says more about that.
                sys::signal_group(group, signal.number()).or_else(|_| self.signal(signal))
            }
            _ => self.signal(signal),
        }
    }

    /// Asks the process to end: sends the signal, then SIGCONT, because a stopped process handles no signal before it
    /// continues. With `group` it asks the whole group, see [`Process::signal_group`], and continues the others first,
    /// because this process may end by the signal, and with it the proof of which launch has made the group.
    ///
    /// # Errors
    ///
    /// As [`Process::signal`].
    pub fn signal_and_continue(&self, signal: impl Into<Signal>, group: bool) -> Result<()> {
        let signal = signal.into();
        if group {
            self.signal_group(Signal::CONT)?;
            self.signal_group(signal)?;
        } else {
            self.signal(signal)?;
        }
        // It may have ended by the first signal already.
        let _ = self.signal(Signal::CONT);
        Ok(())
    }

    /// Prepares for [`Process::end_rest_of_group`].
    pub(crate) fn hold_group(&self) {
        self.handle.hold_group(self.pid);
    }

    /// Ends what is left of its launch's group once it has ended, where the members could not be asked to end: on
    /// Windows, where no other process hears of a signal.
    pub(crate) fn end_rest_of_group(&self) {
        self.handle.end_group();
    }

    /// Tells how it ended, where the kernel does (Linux: of a zombie, and since 6.15 of any process); `None` while it
    /// lives or when that is unknown.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.handle.exit(self.pid).map(ExitStatus::from)
    }

    pub(crate) fn handle(&self) -> &sys::ProcessHandle {
        &self.handle
    }

    pub(crate) fn shares_handle(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.handle, &other.handle)
    }
}

/// The handles that somebody has, so that a thousand looks at a process, each kept for a wait, cost one descriptor.
static HANDLES: Mutex<Vec<(Pid, Weak<sys::ProcessHandle>)>> = Mutex::new(Vec::new());

/// How many there are at least before those that nobody has any more are forgotten.
const FEW: usize = 64;

fn handle_on(pid: Pid) -> std::result::Result<Arc<sys::ProcessHandle>, Unreached> {
    let mut handles = lock(&HANDLES);
    // No other process has the PID as long as this one lives.
    let place = handles.iter().position(|(known, _)| *known == pid);
    let known = place.and_then(|at| handles.get(at)?.1.upgrade());
    if let Some(handle) = known.filter(|handle| handle.is_alive(pid)) {
        return Ok(handle);
    }
    let handle = Arc::new(sys::ProcessHandle::open(pid)?);
    if let Some(at) = place {
        handles.swap_remove(at);
    }
    if handles.len() >= FEW && handles.len().is_power_of_two() {
        handles.retain(|(_, handle)| handle.strong_count() > 0);
    }
    handles.push((pid, Arc::downgrade(&handle)));
    Ok(handle)
}

/// Gives what the system shows of process `pid`; `None` when it hides that or there is no such process.
///
/// ```
/// # fn main() {
/// let pid = std::os::unix::process::parent_id() as i32;
/// assert!(daimon_core::stats(pid).is_some_and(|stats| stats.memory > 0));
/// # }
/// ```
pub fn stats(pid: Pid) -> Option<Stats> {
    let raw = sys::raw_stats(pid)?;
    Some(Stats {
        started_at: SystemTime::now().checked_sub(raw.uptime)?,
        uptime: raw.uptime,
        memory: raw.memory,
        cpu: raw.cpu,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_zombie_has_ended_and_tells_how() {
        let (shell, flag) = if cfg!(windows) { ("cmd", "/c") } else { ("sh", "-c") };
        let mut child = Command::new(shell).args([flag, "exit 7"]).spawn().unwrap();
        let process = Process::open(child.id() as Pid).unwrap();
        while process.is_alive() {
            std::thread::sleep(Duration::from_millis(1));
        }
        // Asked of the zombie, of which every kernel tells its parent's user. macOS tells parents alone.
        let told = if cfg!(target_os = "macos") { None } else { Some(ExitStatus::Code(7)) };
        assert_eq!(process.exit_status(), told);
        child.wait().unwrap();
        assert_eq!(process.signal(15).unwrap_err().kind(), ErrorKind::NotRunning);
    }

    #[test]
    fn stats_of_this_process_are_plausible() {
        let stats = stats(std::process::id() as Pid).unwrap();
        assert!(stats.memory > 100_000);
        assert!(stats.uptime < Duration::from_secs(3_600));
        assert!(stats.started_at <= SystemTime::now());
    }
}
