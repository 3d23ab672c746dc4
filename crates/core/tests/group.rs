//! What a daemon that is not ready has started, seen from outside.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::time::Duration;

use common::{Folder, ends, frames, until};
use daimon_core::{Launched, Plan, Status};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgid};

const GRACE: Duration = Duration::from_millis(300);

/// The letter of its state, proc_pid_stat(5).
fn state(pid: i32) -> Option<char> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    text.rsplit_once(") ")?.1.chars().next()
}

fn is_alive(pid: i32) -> bool {
    !matches!(state(pid), None | Some('Z' | 'X'))
}

/// A shell in the place of a daemon, which never says anything and writes the PIDs of what it starts.
fn shell(folder: &Folder, script: &str) -> Plan {
    let mut plan = folder.plan(&[]);
    plan.program = "/bin/sh".into();
    plan.args = ["sh".into(), "-c".into(), script.into()].into();
    plan.folder = Some(folder.path.clone());
    plan
}

/// The PIDs that it has written, when they are `count`.
fn family(folder: &Folder, count: usize) -> Vec<i32> {
    let read = || -> Vec<i32> {
        let text = fs::read_to_string(folder.file("family")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    };
    until("the family", || read().len() == count);
    read()
}

/// A child, a grandchild, a child that is stopped, one that ignores SIGTERM, and one that leaves the session.
const FAMILY: &str = "
    sleep 1000 & echo $! >> family
    sh -c 'sleep 1000 & echo $! >> family; wait' &
    sleep 1000 & echo $! >> family; kill -STOP $!
    sh -c 'trap \"\" TERM; echo $$ >> family; sleep 1000; sleep 1000' &
    setsid sh -c 'echo $$ > away; exec sleep 1000' &
";

fn away(folder: &Folder) -> i32 {
    let read = || fs::read_to_string(folder.file("away")).unwrap_or_default().trim().parse().ok();
    until("the one that leaves", || read().is_some());
    read().unwrap()
}

fn leader(launched: &Launched) -> i32 {
    getpgid(Some(Pid::from_raw(launched.pid))).unwrap().as_raw()
}

#[test]
fn the_end_of_a_group_takes_all_along_but_those_who_have_left_it() {
    for script in [format!("{FAMILY} wait; wait"), format!("{FAMILY} while :; do sleep 0.1; done")] {
        let folder = Folder::new();
        let launched = folder.launch(&shell(&folder, &script)).unwrap();
        let (pids, away) = (family(&folder, 4), away(&folder));
        assert!(pids.iter().all(|pid| is_alive(*pid)));
        assert_eq!(launched.group.end(GRACE), []);
        assert!(!pids.iter().any(|pid| is_alive(*pid)));
        assert!(!launched.process.unwrap().is_alive());
        assert!(is_alive(away));
        kill(Pid::from_raw(away), Signal::SIGKILL).unwrap();
    }
}

#[test]
fn a_group_is_ended_though_the_daemon_has_ended_before() {
    let folder = Folder::new();
    let launched = folder.launch(&shell(&folder, &format!("{FAMILY} while :; do sleep 0.1; done"))).unwrap();
    let (pids, away) = (family(&folder, 4), away(&folder));
    let process = launched.process.unwrap();
    process.signal(libc::SIGKILL).unwrap();
    assert!(ends(&process));
    assert_eq!(launched.group.end(GRACE), []);
    assert!(!pids.iter().any(|pid| is_alive(*pid)));
    kill(Pid::from_raw(away), Signal::SIGKILL).unwrap();
}

#[test]
fn one_that_is_stopped_is_asked_before_it_is_killed() {
    let folder = Folder::new();
    let child =
        "trap 'echo > asked; exit' TERM; echo $$ > family; kill -STOP $$; while :; do sleep 0.01; done";
    let launched = folder.launch(&shell(&folder, &format!("sh -c \"{}\" & wait", child.replace('$', "\\$"))));
    let [child] = family(&folder, 1)[..] else { panic!("one child") };
    until("it is stopped", || state(child) == Some('T'));
    assert_eq!(launched.unwrap().group.end(common::PATIENCE), []);
    assert!(!is_alive(child));
    assert!(folder.file("asked").exists());
}

#[test]
fn without_a_grace_nobody_is_asked() {
    let folder = Folder::new();
    let script = "trap 'echo > asked; exit' TERM; echo $$ > family; while :; do sleep 0.01; done";
    let launched = folder.launch(&shell(&folder, script)).unwrap();
    family(&folder, 1);
    assert_eq!(launched.group.end(Duration::ZERO), []);
    assert!(!folder.file("asked").exists());
}

#[test]
fn who_drops_a_launch_or_aborts_it_ends_the_group_also_when_the_daemon_has_ended() {
    for drops in [true, false] {
        let folder = Folder::new();
        let script = "sleep 1000 & echo $! >> family; sleep 1000 & echo $! >> family; wait";
        let launched = folder.launch(&shell(&folder, script)).unwrap();
        let pids = family(&folder, 2);
        let process = launched.process.clone().unwrap();
        process.signal(libc::SIGKILL).unwrap();
        assert!(ends(&process));
        if drops {
            drop(launched);
            until("the end of the group", || !pids.iter().any(|pid| is_alive(*pid)));
        } else {
            launched.abort();
            assert!(!pids.iter().any(|pid| is_alive(*pid)));
        }
    }
}

#[test]
fn a_daemon_that_has_said_that_it_is_ready_lives_on_though_nobody_has_read_it() {
    for drops in [true, false] {
        let folder = Folder::new();
        let launched = folder.launch(&folder.plan(&["serve"])).unwrap();
        let (pid, process) = (launched.pid, launched.process.clone().unwrap());
        until("it serves", || {
            folder.pidfile().status().ok() == Some(Status::Running { pid, starting: false, stopping: false })
                && common::status_field(pid, "Threads") == "1"
        });
        let number = leader(&launched);
        if drops {
            drop(launched)
        } else {
            launched.abort()
        }
        until("the leader is collected", || state(number).is_none());
        assert!(process.is_alive());
    }
}

#[test]
fn the_number_of_a_group_is_kept_until_it_is_let_go() {
    for ended in [false, true] {
        let folder = Folder::new();
        let launched = folder.launch(&folder.plan(&["serve"])).unwrap();
        let (number, process) = (leader(&launched), launched.process.unwrap());
        // Its descriptors are closed, which the launch waits for, a moment before it is a zombie.
        until("the leader has ended", || state(number) == Some('Z'));
        if ended {
            process.signal(libc::SIGKILL).unwrap();
            assert!(ends(&process));
            assert_eq!(state(number), Some('Z'));
            assert_eq!(launched.group.end(GRACE), []);
        } else {
            launched.group.release();
        }
        assert_eq!(state(number), None);
        // No child of this process is left, as a wait for this one shows.
        let flags = Some(nix::sys::wait::WaitPidFlag::__WALL);
        assert_eq!(nix::sys::wait::waitpid(Pid::from_raw(number), flags), Err(Errno::ECHILD));
        drop(launched.channel);
    }
}

#[test]
fn a_group_whose_leader_the_host_has_collected_is_not_signalled() {
    let folder = Folder::new();
    let launched = folder.launch(&shell(&folder, "sleep 1000 & echo $! > family; wait")).unwrap();
    let [child] = family(&folder, 1)[..] else { panic!("one child") };
    let flags = Some(nix::sys::wait::WaitPidFlag::__WALL);
    nix::sys::wait::waitpid(Pid::from_raw(leader(&launched)), flags).unwrap();
    let mut left = launched.group.end(Duration::from_millis(20));
    left.sort_unstable();
    assert_eq!(left, [launched.pid, child]);
    assert!(is_alive(child));
    kill(Pid::from_raw(child), Signal::SIGKILL).unwrap();
}

#[test]
fn the_group_of_a_daemon_that_is_not_ready_can_be_stopped_with_it() {
    let folder = Folder::new();
    let script = "sleep 1000 & echo $! > family; kill -STOP $!; while :; do sleep 0.1; done";
    let launched = folder.launch(&shell(&folder, script)).unwrap();
    let [child] = family(&folder, 1)[..] else { panic!("one child") };
    until("it is stopped", || state(child) == Some('T'));
    let process = launched.process.clone().unwrap();
    process.signal_and_continue(libc::SIGTERM, true).unwrap();
    until("the end of the stopped child", || !is_alive(child));
    assert!(ends(&process));
    drop(frames(launched.channel));
}
