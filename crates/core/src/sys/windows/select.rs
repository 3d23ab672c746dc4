//! Waits for many handles at once: the system's pool of waiting threads, and one queue.
#![expect(unsafe_code, reason = "std cannot wait for handles")]

use std::collections::{HashMap, VecDeque};
use std::ffi::c_void;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr::null_mut;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Threading::{
    INFINITE, RegisterWaitForSingleObject, UnregisterWaitEx, WT_EXECUTEINWAITTHREAD, WT_EXECUTEONLYONCE,
};

use super::{Errno, ProcessHandle};
use crate::sys::{Failure, Pid};

/// What a selector waits for: an event, or a process.
pub(crate) type Source = OwnedHandle;
/// The same, borrowed.
pub(crate) type SourceRef<'a> = BorrowedHandle<'a>;

/// What the source lends to a selector.
pub(crate) fn borrow(source: &Source) -> SourceRef<'_> {
    source.as_handle()
}

/// How the poller notices the end of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Armed {
    /// The selector reports it.
    Selected,
    /// As on other systems, where a process may have to be looked at from time to time.
    #[expect(dead_code, reason = "every process can be waited for")]
    ByLooking,
    /// As on other systems, where a process that has ended cannot be waited for.
    #[expect(dead_code, reason = "every process can be waited for")]
    Ended,
}

/// The numbers that have been reported, and whether somebody has woken the waiter.
#[derive(Debug, Default)]
struct Queue {
    reported: Mutex<(VecDeque<u64>, bool)>,
    changed: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, (VecDeque<u64>, bool)> {
        self.reported.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the system's thread needs to report a number.
struct Report {
    queue: Arc<Queue>,
    number: u64,
}

/// A wait of the system's pool, for a handle that it must not outlive.
#[derive(Debug)]
struct Registered {
    wait: HANDLE,
    report: *mut Report,
}

// SAFETY: both pointers may be used on any thread: the first names a wait of the system, and the second is only freed,
// once the system no longer uses it.
unsafe impl Send for Registered {}

impl Drop for Registered {
    fn drop(&mut self) {
        // SAFETY: the wait was registered and is unregistered once, here. With this second argument the call returns
        // when no callback of it runs any more; no callback drops one, so that none waits for itself.
        unsafe { UnregisterWaitEx(self.wait, INVALID_HANDLE_VALUE) };
        // SAFETY: it came from `Box::into_raw`, and no callback has it any more.
        drop(unsafe { Box::from_raw(self.report) });
    }
}

/// A set of handles, each with the number that its events carry. Each event is reported once.
#[derive(Debug, Default)]
pub(crate) struct Selector {
    queue: Arc<Queue>,
    /// By the value of the handle.
    registered: Mutex<HashMap<usize, Registered>>,
}

/// Called on a thread of the system's pool.
///
/// # Safety
///
/// The context is a [`Report`] that lives as long as the wait is registered.
unsafe extern "system" fn report(context: *mut c_void, _timed_out: bool) {
    // SAFETY: the context is the report that was registered with this wait, which lives until the wait is unregistered
    // and no callback runs.
    let Report { queue, number } = unsafe { &*context.cast::<Report>() };
    queue.lock().0.push_back(*number);
    queue.changed.notify_all();
}

impl Selector {
    #[expect(clippy::unnecessary_wraps, reason = "other systems may have nothing left for it")]
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self::default())
    }

    /// Reports `number` when the event is set.
    pub(crate) fn add_readable(&self, source: SourceRef<'_>, number: u64) -> Result<(), Failure> {
        let value = source.as_raw_handle() as usize;
        let report_to = Box::into_raw(Box::new(Report { queue: Arc::clone(&self.queue), number }));
        let mut wait = null_mut();
        // SAFETY: the handle is open, and the caller removes it from this set before closing it; the context lives
        // until the wait is unregistered, by the drop of `Registered`.
        let done = unsafe {
            RegisterWaitForSingleObject(
                &raw mut wait,
                source.as_raw_handle(),
                Some(report),
                report_to.cast(),
                INFINITE,
                WT_EXECUTEINWAITTHREAD | WT_EXECUTEONLYONCE,
            )
        };
        if done == 0 {
            let errno = Errno::last();
            // SAFETY: it came from `Box::into_raw` above, and nothing has been registered that could use it.
            drop(unsafe { Box::from_raw(report_to) });
            return Err(("RegisterWaitForSingleObject", errno));
        }
        let before = self.waits().insert(value, Registered { wait, report: report_to });
        // Without the lock, because it waits for a callback.
        drop(before);
        Ok(())
    }

    fn waits(&self) -> MutexGuard<'_, HashMap<usize, Registered>> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports `number` when the process has ended.
    pub(crate) fn add_exit(&self, process: &ProcessHandle, _pid: Pid, number: u64) -> Result<Armed, Failure> {
        self.add_readable(process.as_handle(), number).map(|()| Armed::Selected)
    }

    pub(crate) fn remove_readable(&self, source: SourceRef<'_>) {
        let removed = self.waits().remove(&(source.as_raw_handle() as usize));
        drop(removed);
    }

    pub(crate) fn remove_exit(&self, process: &ProcessHandle) {
        self.remove_readable(process.as_handle());
    }

    /// Reports an event again, once it has been served.
    pub(crate) fn resume(&self, source: SourceRef<'_>, number: u64) {
        // Ignore a failure: the system has no memory left for a wait, and the end of the process tells, too.
        let _ = self.add_readable(source, number);
    }

    /// Makes [`Selector::wait`] return.
    pub(crate) fn wake(&self) {
        self.queue.lock().1 = true;
        self.queue.changed.notify_all();
    }

    /// Waits for events and pushes their numbers. Also returns after `timeout`, and when woken.
    #[expect(clippy::unnecessary_wraps, reason = "other systems may refuse to wait")]
    pub(crate) fn wait(&self, timeout: Option<Duration>, numbers: &mut Vec<u64>) -> Result<(), Errno> {
        let nothing = |state: &mut (VecDeque<u64>, bool)| state.0.is_empty() && !state.1;
        let queue = self.queue.lock();
        let mut state = match timeout {
            Some(time) => {
                let waited = self.queue.changed.wait_timeout_while(queue, time, nothing);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.queue.changed.wait_while(queue, nothing).unwrap_or_else(PoisonError::into_inner),
        };
        state.1 = false;
        numbers.extend(state.0.drain(..));
        Ok(())
    }
}
