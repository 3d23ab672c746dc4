//! The process group of a launch: a daemon that is not ready, and what it has started.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::{Pid as NixPid, getpgid};

use crate::error::Pid;
use crate::handover::Outcome;
use crate::launcher_death::ABORT_GRACE;
use crate::sys;
use crate::threads;

/// The wait from SIGKILL to the end. Only a process in the kernel takes longer, for a disk or a network file system.
const KILL_PATIENCE: Duration = Duration::from_secs(1);
/// How long to wait after their end for init to collect them (until then `kill -0` finds them). Most inits collect at
/// once, some in containers every two seconds, and some never.
const INIT_PATIENCE: Duration = Duration::from_millis(2_500);
/// How long another owner may take to close the channel when the group is dropped.
const CHANNEL_PATIENCE: Duration = Duration::from_secs(5);
/// The stack of the thread that ends a group, in bytes.
const STACK: usize = 256 * 1_024;
const LONGEST_PAUSE: Duration = Duration::from_millis(16);

/// The daemon's process group, made by its launch.
///
/// A group is signalled by its number, which the kernel may give to another group. It does not as long as this value
/// lives, because the number is the PID of the group's leader, a child of the launcher that has ended and is not
/// collected. If the host program has collected it (`wait4` of any child, with `__WALL`), no signal is sent.
///
/// A drop releases the group if the daemon has said that it is ready, or has a socket. Otherwise a thread ends all
/// members, once the channel is closed; if no thread can be made, the drop itself kills them.
///
/// ```no_run
/// # fn example(plan: &daimon_core::Plan) -> daimon_core::Result<()> {
/// use std::time::Duration;
///
/// let launched = daimon_core::launch(plan, None)?;
/// let left = launched.group.end(Duration::from_secs(1));
/// assert!(left.is_empty(), "all have ended");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Group {
    /// `None` once the group has been released.
    leader: Option<Leader>,
    outcome: Arc<Outcome>,
    /// A start with a socket goes on when its launcher gives it up, because others find the daemon by the socket.
    is_nobodys: bool,
}

impl Group {
    pub(super) fn new(leader: Pid, outcome: Arc<Outcome>, is_nobodys: bool) -> Self {
        Self { leader: Some(Leader(leader)), outcome, is_nobodys }
    }

    /// Ends all members: SIGTERM and SIGCONT, SIGKILL after `grace`. Waits until the group is empty, some seconds
    /// longer at most, and gives the processes that could not be ended. Where `/proc` does not show the members, it
    /// waits a second at most between the signals.
    ///
    /// For a start that has failed: a daemon that says now that it is ready is ended all the same.
    pub fn end(mut self, grace: Duration) -> Vec<Pid> {
        self.leader.take().map(|leader| leader.end(grace)).unwrap_or_default()
    }

    /// Ends the group as a drop does, and waits for its end.
    pub(super) fn abort(mut self) {
        let is_nobodys = self.is_nobodys;
        if let Some(leader) = self.leader.take().filter(|_| !is_nobodys && is_given_up(&self.outcome)) {
            leader.end(ABORT_GRACE);
        }
    }

    /// Releases the group, once the daemon is ready.
    pub fn release(mut self) {
        self.leader = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(leader) = self.leader.take() else { return };
        if self.is_nobodys || self.outcome.was_ready() == Some(true) {
            return;
        }
        let given_up = GivenUp { leader: Some(leader), outcome: Arc::clone(&self.outcome) };
        // If no thread can be made, this drops `given_up`, which kills the group.
        let _ = threads::spawn("daimon-group", STACK, Box::new(move || given_up.end(ABORT_GRACE)));
    }
}

/// A group for a thread to end. A drop without a thread kills it at once, because a daemon that hangs does not see the
/// end of its channel, and would hold the pidfile for ever.
struct GivenUp {
    leader: Option<Leader>,
    outcome: Arc<Outcome>,
}

impl GivenUp {
    fn end(mut self, grace: Duration) {
        self.end_within(grace);
    }

    fn end_within(&mut self, grace: Duration) {
        if let Some(leader) = self.leader.take().filter(|_| is_given_up(&self.outcome)) {
            leader.end(grace);
        }
    }
}

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.end_within(Duration::ZERO);
    }
}

/// Whether the channel is closed without a word of readiness. Its other owner drops it at about the same time.
fn is_given_up(outcome: &Outcome) -> bool {
    let was_ready = || outcome.was_ready().is_some();
    within(CHANNEL_PATIENCE, was_ready) && outcome.was_ready() == Some(false)
}

/// The launch's first child: its PID is the group's number. Collected when it is dropped.
#[derive(Debug)]
struct Leader(Pid);

impl Leader {
    fn end(self, grace: Duration) -> Vec<Pid> {
        let members = self.members();
        if !self.is_empty() {
            self.ends_of_term(if members.is_some() { grace } else { grace.min(ABORT_GRACE) });
        }
        within(KILL_PATIENCE, || {
            // Send SIGKILL at each look, because a process that was just being made has missed the earlier one. Also if
            // no member is seen: a look may miss a process that forks and ends during the look; the signal does not.
            self.signal(libc::SIGKILL);
            self.members().is_none_or(|members| members.is_empty())
        });
        let left = self.members().unwrap_or_default();
        let ended: Vec<_> = members.into_iter().flatten().filter(|pid| !left.contains(pid)).collect();
        within(INIT_PATIENCE, || !ended.iter().any(|pid| self.has(*pid)));
        left
    }

    fn ends_of_term(&self, grace: Duration) {
        if grace.is_zero() {
            return;
        }
        self.signal(libc::SIGTERM);
        // A stopped process does not handle SIGTERM before it continues.
        self.signal(libc::SIGCONT);
        within(grace, || self.is_empty());
    }

    /// Whether two looks see no member, because one look may miss a member that still has time to end.
    fn is_empty(&self) -> bool {
        (0..2).all(|_| self.members().is_some_and(|members| members.is_empty()))
    }

    /// The members that have not ended; `None` where that cannot be seen.
    fn members(&self) -> Option<Vec<Pid>> {
        sys::group_members(self.0)
    }

    /// Whether a process is in the group; it may have ended.
    fn has(&self, pid: Pid) -> bool {
        getpgid(Some(NixPid::from_raw(pid))) == Ok(NixPid::from_raw(self.0))
    }

    fn signal(&self, signal: i32) {
        if sys::is_uncollected(self.0) {
            // It fails if the group is empty, or all members belong to another user; the next look shows which.
            let _ = sys::signal_group(self.0, signal);
        }
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        sys::reap(self.0);
    }
}

/// Whether the condition comes true within that time, by looks with growing pauses.
fn within(time: Duration, mut is_true: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + time;
    let mut pause = Duration::from_millis(1);
    loop {
        if is_true() {
            return true;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
