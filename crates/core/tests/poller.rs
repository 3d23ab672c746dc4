//! Many waits, one thread.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use common::{Folder, PATIENCE, ends, pollers, until};
use daimon_core::{ChannelEvent, FrameKind, WatchId, unwatch, watch_channel, watch_exit};

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
    // The thread gives itself its name, once it runs.
    until("the poller begins", || pollers() == 1);
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

#[test]
fn a_thousand_looks_and_waits_on_a_process_cost_one_descriptor() {
    let folder = Folder::new();
    let process = folder.serve();
    let first = folder.pidfile().holder().unwrap();
    let watch = watch_exit(first.process(), || ()).unwrap();
    let descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = descriptors();
    let holders: Vec<_> = (0..1_000).map(|_| folder.pidfile().holder().unwrap()).collect();
    let (sender, receiver) = channel();
    let waits = holders.iter().map(|holder| {
        let sender = sender.clone();
        watch_exit(holder.process(), move || sender.send(()).unwrap()).unwrap()
    });
    let waits: Vec<_> = waits.collect();
    // Other tests of this process have some at the same time.
    assert!(descriptors() < before + 100, "{} {before}", descriptors());
    unwatch(watch);
    // A wait that is given up twice takes no other along, though the watch has its number.
    unwatch(watch);
    for wait in &waits[..999] {
        unwatch(*wait);
    }
    unwatch(watch);
    process.signal(libc::SIGTERM).unwrap();
    receiver.recv_timeout(PATIENCE).unwrap();
    drop(sender);
    assert!(receiver.recv_timeout(PATIENCE).is_err());
}

#[test]
fn a_process_is_known_by_a_handle_of_its_own_after_another_with_its_pidfile() {
    let folder = Folder::new();
    let first = folder.serve();
    let held = folder.pidfile().holder().unwrap();
    first.signal(libc::SIGKILL).unwrap();
    assert!(ends(&first));
    let second = folder.serve();
    assert!(!held.process().is_alive());
    assert_eq!(folder.pidfile().holder().unwrap().process().pid(), second.pid());
    assert!(folder.pidfile().holder().unwrap().process().is_alive());
}

#[test]
fn a_channel_that_is_given_up_in_its_own_callback_is_closed() {
    let folder = Folder::new();
    let plan = folder.plan(&["stuck"]);
    let launched = folder.launch(&plan).unwrap();
    let process = launched.process.unwrap();
    let own: Arc<Mutex<Option<WatchId>>> = Arc::default();
    let known = Arc::clone(&own);
    let mut present = own.lock().unwrap();
    let watch = watch_channel(launched.channel, move |event| {
        if let (ChannelEvent::Frame(frame), Some(watch)) = (event, *known.lock().unwrap()) {
            assert_eq!(frame.kind, FrameKind::Status);
            unwatch(watch);
        }
    });
    *present = Some(watch.unwrap());
    drop(present);
    // Its launcher has lost interest, so that it ends itself.
    assert!(ends(&process));
    until("the poller ends", || pollers() == 0);
}
