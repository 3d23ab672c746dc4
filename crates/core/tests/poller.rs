//! Many waits, one thread.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

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
