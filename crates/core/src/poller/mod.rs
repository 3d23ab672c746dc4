//! Waits for many processes and channels by one thread, which begins with the first wait and ends with the last.

mod listening;
mod watches;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

pub use self::listening::{resume_listener, watch_listener, watch_readable};
use self::watches::{LOOK_AGAIN, OnChannel, OnExit, OnReadable, Watch, Watches};
use crate::error::{Error, ErrorKind, Pid, Result};
use crate::handover::{Channel, Frame, Reception};
use crate::mutex::lock;
use crate::process::Process;
use crate::sys::{self, Failure, Selector, Source, block_all};
use crate::threads;

const STACK: usize = 128 * 1_024;

/// An event of a channel.
#[derive(Debug)]
pub enum ChannelEvent {
    /// A message from the daemon.
    Frame(Frame),
    /// The daemon's end is closed. No event follows.
    Ended,
    /// The message is none that a daemon sends. The channel is closed, and no event follows.
    Broken(Error),
}

/// A wait that can be given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WatchId(u64);

struct Poller {
    selector: Selector,
    watches: Mutex<Watches>,
}

/// Numbers are never given twice, also not by a later poller: giving up a wait that is over must not give up another.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);

/// The present poller; `None` while nothing is waited for.
static POLLER: Mutex<Option<Arc<Poller>>> = Mutex::new(None);

/// Calls back, on the poller's thread, when the process has ended.
///
/// ```no_run
/// use daimon_core::{PidFile, unwatch, watch_exit};
///
/// let holder = PidFile::new("/run/daimon/web.pid")?.holder()?;
/// let watch = watch_exit(holder.process(), || println!("it has ended"))?;
/// unwatch(watch);
/// # Ok::<(), daimon_core::Error>(())
/// ```
///
/// # Errors
///
/// `Unverified` with the system's error, if no descriptor or thread is left, so that the end could not be seen.
pub fn watch_exit(process: &Process, callback: impl FnOnce() + Send + 'static) -> Result<WatchId> {
    add(New::Exit(process.clone(), Box::new(callback)))
        .map_err(|(syscall, errno)| unseen(process.pid()).because(syscall, errno))
}

fn unseen(pid: Pid) -> Error {
    const REASON: &str = "its end cannot be waited for";
    let message = format!("process {pid} may still be running: {REASON}");
    Error::new(ErrorKind::Unverified, message).with_pid(Some(pid)).for_reason(REASON)
}

/// Calls back, on the poller's thread, for everything that the channel brings. The channel is closed when it has ended
/// or the watch is given up.
///
/// ```no_run
/// use daimon_core::{ChannelEvent, FrameKind, Plan, launch, watch_channel};
///
/// # fn example(plan: &Plan) -> daimon_core::Result<()> {
/// watch_channel(launch(plan, None)?.channel, |event| match event {
///     ChannelEvent::Frame(frame) if frame.kind == FrameKind::Ready => println!("it serves"),
///     ChannelEvent::Frame(_) => (),
///     ChannelEvent::Ended | ChannelEvent::Broken(_) => println!("it has failed"),
/// })?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// `StartFailed` with the system's, as in [`watch_exit`]; the channel is closed then, too.
pub fn watch_channel(
    channel: Channel,
    callback: impl FnMut(ChannelEvent) + Send + 'static,
) -> Result<WatchId> {
    add(New::Channel(channel, Box::new(callback)))
        .map_err(|(syscall, errno)| Error::system("wait", syscall, errno, "the daemon cannot be heard"))
}

/// Gives a wait up. A callback that has begun runs to its end.
pub fn unwatch(id: WatchId) {
    // Dropped when the poller's lock is free again, because dropping a channel makes system calls.
    let mut removed = (None, None);
    if let Some(poller) = &*lock(&POLLER) {
        let mut watches = lock(&poller.watches);
        removed = watches.remove(id.0);
        // A watch that is being delivered is not in the map.
        watches.given_up |= watches.delivering == Some(id.0);
        if let Some(watch) = &removed.0 {
            poller.disarm(watch);
        }
        poller.selector.wake();
    }
    drop(removed);
}

/// A wait that begins.
enum New {
    Exit(Process, OnExit),
    Channel(Channel, OnChannel),
    Readable(Source, OnReadable),
}

fn add(new: New) -> std::result::Result<WatchId, Failure> {
    let mut present = lock(&POLLER);
    let poller = match &*present {
        Some(poller) => Arc::clone(poller),
        None => {
            let selector = Selector::new()?;
            let poller = Arc::new(Poller { selector, watches: Mutex::default() });
            let for_thread = Arc::clone(&poller);
            threads::spawn("daimon-poller", STACK, Box::new(move || for_thread.run()))
                .map_err(|error| ("clone", sys::errno_of(&error)))?;
            Arc::clone(present.insert(poller))
        }
    };
    // With POLLER locked throughout: the thread cannot end between the look and the insertion.
    poller.insert(new)
}

impl Poller {
    fn insert(&self, new: New) -> std::result::Result<WatchId, Failure> {
        let mut watches = lock(&self.watches);
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        let inserted = match new {
            New::Exit(process, callback) => self.insert_exit(&mut watches, number, process, callback),
            New::Channel(channel, callback) => {
                self.selector.add_readable(channel.source(), number).map(|()| {
                    watches.by_number.insert(number, Watch::Channel { channel, callback });
                })
            }
            New::Readable(source, callback) => {
                self.selector.add_readable(sys::borrow(&source), number).map(|()| {
                    watches.by_number.insert(number, Watch::Readable { source, callback });
                })
            }
        };
        // Wake the thread after a failure, too: if it was begun for this wait, it must see that no wait is left.
        self.selector.wake();
        inserted.map(|()| WatchId(number))
    }

    fn insert_exit(
        &self,
        watches: &mut Watches,
        number: u64,
        process: Process,
        callback: OnExit,
    ) -> std::result::Result<(), Failure> {
        let waiting = watches.by_number.iter_mut().find_map(|(watch, found)| match found {
            Watch::Exit { process: other, callbacks, .. } if other.shares_handle(&process) => {
                Some((*watch, callbacks))
            }
            _ => None,
        });
        if let Some((watch, callbacks)) = waiting {
            callbacks.push((number, callback));
            watches.exits.insert(number, watch);
            return Ok(());
        }
        let armed = self.selector.add_exit(process.handle(), process.pid(), number)?;
        watches.by_number.insert(number, Watch::Exit { process, armed, callbacks: vec![(number, callback)] });
        watches.exits.insert(number, number);
        Ok(())
    }

    fn disarm(&self, watch: &Watch) {
        match watch {
            Watch::Exit { process, .. } => self.selector.remove_exit(process.handle()),
            Watch::Channel { channel, .. } => self.selector.remove_readable(channel.source()),
            Watch::Readable { source, .. } => self.selector.remove_readable(sys::borrow(source)),
        }
    }

    fn run(&self) {
        block_all();
        let mut numbers = Vec::new();
        loop {
            let timeout = {
                let mut present = lock(&POLLER);
                let watches = lock(&self.watches);
                if watches.by_number.is_empty() {
                    *present = None;
                    return;
                }
                watches.look_again()
            };
            numbers.clear();
            if self.selector.wait(timeout, &mut numbers).is_err() {
                // EBADF or ENOMEM: only looks from time to time are left.
                thread::sleep(LOOK_AGAIN);
            }
            numbers.extend(lock(&self.watches).ended_unreported());
            for number in &numbers {
                self.deliver(*number);
            }
        }
    }

    /// Calls back without any lock held, so that callbacks may add and give up waits.
    fn deliver(&self, number: u64) {
        let taken = {
            let mut watches = lock(&self.watches);
            if let Some(Watch::Readable { source, callback }) = watches.by_number.get(&number) {
                // It stays, so that to resume it takes neither a descriptor nor a thread.
                self.selector.remove_readable(sys::borrow(source));
                let callback = Arc::clone(callback);
                drop(watches);
                return callback();
            }
            let taken = watches.take(number);
            // Under the lock: from now on another wait for the same process needs the descriptor for itself.
            if let Some(watch @ Watch::Exit { .. }) = &taken {
                self.disarm(watch);
            }
            taken
        };
        match taken {
            None | Some(Watch::Readable { .. }) => (),
            Some(Watch::Exit { process, callbacks, .. }) => {
                // Its descriptor is given back before the listeners hear of the end.
                drop(process);
                for (wait, callback) in callbacks {
                    // Another one may have given it up.
                    let is_waited_for = lock(&self.watches).exits.remove(&wait).is_some();
                    if is_waited_for {
                        callback();
                    }
                }
            }
            Some(Watch::Channel { channel, callback }) => self.receive(number, channel, callback),
        }
    }

    /// Calls back for what the channel has brought, and puts its watch back unless that was the last.
    fn receive(&self, number: u64, mut channel: Channel, mut callback: OnChannel) {
        let (frames, how) = channel.receive();
        for frame in frames {
            callback(ChannelEvent::Frame(frame));
        }
        let last = match how {
            Reception::GoesOn => None,
            Reception::Ended => Some(ChannelEvent::Ended),
            Reception::Broken(error) => Some(ChannelEvent::Broken(error)),
        };
        if let Some(last) = last {
            self.selector.remove_readable(channel.source());
            return callback(last);
        }
        let mut watches = lock(&self.watches);
        if watches.given_up {
            self.selector.remove_readable(channel.source());
        } else {
            self.selector.resume(channel.source(), number);
            watches.by_number.insert(number, Watch::Channel { channel, callback });
        }
    }
}
