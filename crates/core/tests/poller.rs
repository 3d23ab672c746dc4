//! Many waits, one thread.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::sync::mpsc::channel;

use common::{Folder, PATIENCE, until};
use daimon_core::{unwatch, watch_exit};

fn pollers() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let name =
        |task: &std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    tasks.filter(|task| name(task).trim() == "daimon-poller").count()
}

#[test]
fn a_thousand_waits_cost_one_thread_which_ends_with_the_last() {
    let folder = Folder::new();
    let process = folder.serve();
    let (sender, receiver) = channel();
    let watches: Vec<_> = (0..1_000)
        .map(|_| {
            let sender = sender.clone();
            watch_exit(&process, move || sender.send(()).unwrap()).unwrap()
        })
        .collect();
    assert_eq!(pollers(), 1);
    for watch in &watches[..500] {
        unwatch(*watch);
    }
    assert!(receiver.try_recv().is_err());
    process.signal(libc::SIGTERM).unwrap();
    for _ in 0..500 {
        receiver.recv_timeout(PATIENCE).unwrap();
    }
    drop(sender);
    until("the poller ends", || pollers() == 0);
    assert!(receiver.try_recv().is_err());
}
