//! The launcher's death before ready ends the daemon, and what it has started.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid as NixPid, getpgid, getpid, getsid};

use crate::error::Pid;
use crate::log::{Capture, OFTEN};
use crate::own::{OwnDaemon, own_daemon};
use crate::process::Process;
use crate::seam;
use crate::sys;
use crate::sys::block_all;
use crate::threads;

/// From SIGTERM to SIGKILL, for a daemon that is not ready and that nobody waits for any more.
pub(crate) const ABORT_GRACE: Duration = Duration::from_secs(1);

const OUTLIVER_STACK: usize = 64 * 1_024;

/// Whether this process was alone in its group when its launcher died, so that no other process ends the group after
/// it.
static ALONE: AtomicBool = AtomicBool::new(false);

/// Watches for the launcher's death before ready, and keeps a captured stderr short. It has a thread of its own, which
/// a blocked event loop cannot hold up.
pub(crate) fn watch_launcher(daemon: &OwnDaemon, channel: OwnedFd) {
    block_all();
    let mut capture = if daemon.is_captured() { Capture::of_stderr() } else { None };
    wait_for_hangup(&channel, capture.as_mut());
    drop(channel);
    if !daemon.is_over_in_time() {
        end_all(daemon.pid());
    }
    if let Some(capture) = capture {
        capture.outlive_the_start();
    }
}

/// Watches for the keeper's death, which ends this process at once, and keeps a captured stderr short until the body is
/// ready. On Linux the kernel itself ends a body with its keeper, but for a moment after a change of user.
pub(crate) fn watch_keeper(daemon: &OwnDaemon, channel: OwnedFd) {
    block_all();
    if let Some(mut capture) = daemon.is_captured().then(Capture::of_stderr).flatten() {
        while daemon.is_starting() && !is_hung_up(&channel, Some(OFTEN)) {
            capture.trim();
        }
        let outliver = Box::new(move || {
            block_all();
            capture.outlive_the_start();
        });
        // Ignore a failure: what children that are older than ready write to memory stays there.
        let _ = threads::spawn("daimon-stderr", OUTLIVER_STACK, outliver);
    }
    while !is_hung_up(&channel, None) {}
    if seam::breaks("follow-keeper") {
        return;
    }
    let _ = kill(getpid(), Signal::SIGKILL);
}

/// Ends this process and the others of its launch's group.
fn end_all(us: Pid) {
    let group = launch_group(us);
    // A process outside the group goes on, in case another member ignores the SIGTERM that ends this process. It is not
    // made if there are no other members, so that no process is left when this process ends.
    if !group.is_some_and(|group| end_with_others(group, us)) {
        ALONE.store(true, Ordering::SeqCst);
        signal_all(us, group, Signal::SIGTERM);
    }
    thread::sleep(ABORT_GRACE);
    signal_all(us, group, Signal::SIGKILL);
}

/// At exit: ends the processes that this one has made since it was found alone, by code that SIGTERM had to wait for.
pub(crate) extern "C" fn end_latecomers() {
    let us = getpid().as_raw();
    // A fork of this process that calls exit(3) is not the daemon.
    let is_daemon = own_daemon().is_some_and(|daemon| daemon.pid() == us);
    if !is_daemon || !ALONE.load(Ordering::SeqCst) {
        return;
    }
    let Some(group) = launch_group(us) else { return };
    let others: Vec<_> =
        sys::group_members(group).unwrap_or_default().into_iter().filter(|pid| *pid != us).collect();
    if others.is_empty() {
        return;
    }
    block_all();
    end_from_outside(group, Some(others));
}

/// The group that the launch has made, by its session's number, which is given to no other process while this one is a
/// member. `None` when this process has left that session since.
fn launch_group(us: Pid) -> Option<Pid> {
    let (group, session) = (getpgid(None).ok()?, getsid(None).ok()?);
    (group == session && session.as_raw() != us).then_some(session.as_raw())
}

/// Ends the group from outside; false when this process is its only member, or no process can be made.
fn end_with_others(group: Pid, us: Pid) -> bool {
    let is_alone =
        |members: &Option<Vec<Pid>>| members.as_ref().is_some_and(|pids| pids.iter().all(|pid| *pid == us));
    let mut members = sys::group_members(group);
    // Look twice: one look may miss a process that forks and ends during the look.
    for _ in 0..2 {
        if is_alone(&members) {
            members = sys::group_members(group);
        }
    }
    if is_alone(&members) {
        return false;
    }
    end_from_outside(group, members)
}

/// Ends the group from outside; false when no process can be made for it.
fn end_from_outside(group: Pid, members: Option<Vec<Pid>>) -> bool {
    let handles = members.and_then(handles_on);
    let fds: Option<Vec<_>> = handles
        .as_ref()
        .and_then(|handles| handles.iter().map(|process| process.handle().pollable()).collect());
    sys::end_group_from_outside(group, fds.as_deref()).is_ok()
}

/// Gives handles on the processes that have not ended meanwhile; `None` when one cannot be had.
fn handles_on(pids: Vec<Pid>) -> Option<Vec<Process>> {
    let opened = pids.into_iter().map(Process::open);
    opened
        .filter(|opened| !opened.as_ref().is_err_and(|error| error.has_ended()))
        .collect::<Result<_, _>>()
        .ok()
}

/// Signals to ourselves cannot fail.
fn signal_all(us: Pid, group: Option<Pid>, signal: Signal) {
    match group {
        Some(group) => drop(sys::signal_group(group, signal as i32)),
        None => drop(kill(NixPid::from_raw(us), signal)),
    }
}

fn wait_for_hangup(channel: &OwnedFd, mut capture: Option<&mut Capture>) {
    let patience = capture.as_ref().map(|_| OFTEN);
    while !is_hung_up(channel, patience) {
        if let Some(capture) = &mut capture {
            capture.trim();
        }
    }
}

/// Whether the other end is closed, after that time at most; false, too, when a signal has come.
fn is_hung_up(channel: &OwnedFd, patience: Option<Duration>) -> bool {
    let timeout =
        patience.map_or(PollTimeout::NONE, |time| PollTimeout::try_from(time).unwrap_or(PollTimeout::ZERO));
    // No event is asked for: a hang-up is reported all the same, poll(2).
    let mut fds = [PollFd::new(channel.as_fd(), PollFlags::empty())];
    !matches!(poll(&mut fds, timeout), Err(Errno::EINTR) | Ok(0))
}
