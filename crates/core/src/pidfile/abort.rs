//! A token that ends a wait early from another thread, as an `AbortSignal` does in JavaScript.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::LONGEST_WAIT;
use crate::error::{Error, Result};
use crate::mutex::lock;
use crate::poller::{WatchId, unwatch, watch_exit};
use crate::process::Process;

/// Ends a stop, a signal's wait or a wait for a proven holder, from another thread. Clones are the same token.
///
/// [`Cancel`](crate::Cancel) is the token for the wait for the lock. The two differ: an `Abort` needs no descriptor, so
/// that making one cannot fail, and after [`Abort::abort`] has returned no signal is sent. A `Cancel` has a descriptor,
/// because the wait for the lock polls descriptors, and has no signal to hold back.
///
/// ```no_run
/// use daimon_core::{Abort, PidFile, StopOptions};
///
/// let abort = Abort::new();
/// let pidfile = PidFile::new("/run/daimon/web.pid")?;
/// std::thread::scope(|scope| {
///     scope.spawn(|| pidfile.stop(&StopOptions::default(), &abort));
///     abort.abort();
/// });
/// # Ok::<(), daimon_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Abort(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Held while a signal is sent: see [`Abort::abort`].
    aborted: Mutex<bool>,
    changed: Condvar,
}

impl Abort {
    /// A token that has not been used.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the present and every later wait. When this returns, no signal is sent any more.
    pub fn abort(&self) {
        *self.lock() = true;
        self.0.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        lock(&self.0.aborted)
    }

    /// Tells whether the token has been used.
    ///
    /// ```
    /// let abort = daimon_core::Abort::new();
    /// assert!(!abort.is_aborted());
    /// abort.clone().abort();
    /// assert!(abort.is_aborted());
    /// ```
    pub fn is_aborted(&self) -> bool {
        *self.lock()
    }

    /// Sends a signal, or does nothing when the token has been used. The lock keeps an abort from coming in between.
    pub(super) fn unless_aborted<T>(&self, send: impl FnOnce() -> T) -> std::result::Result<T, Over> {
        let aborted = self.lock();
        if *aborted { Err(Over::Aborted) } else { Ok(send()) }
    }

    /// Waits for that time.
    pub(super) fn pause(&self, time: Duration) -> std::result::Result<(), Over> {
        self.wait(time, || false).map(drop)
    }

    /// Whether `is_over` has become true within that time. The code that makes it true wakes this by [`Abort::wake`].
    fn wait(&self, time: Duration, is_over: impl Fn() -> bool) -> std::result::Result<bool, Over> {
        let until = Instant::now() + time.min(LONGEST_WAIT);
        let mut aborted = self.lock();
        loop {
            if is_over() {
                return Ok(true);
            }
            if *aborted {
                return Err(Over::Aborted);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            let woken = self.0.changed.wait_timeout(aborted, left);
            aborted = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Makes something true under the lock, so that no waiter misses it between its look and its sleep.
    fn wake(&self, make_true: impl FnOnce()) {
        let _aborted = self.lock();
        make_true();
        self.0.changed.notify_all();
    }
}

/// Why a wait has ended early.
pub(super) enum Over {
    Aborted,
    Failed(Error),
}

impl From<Error> for Over {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// `None` when the wait was aborted.
pub(super) fn unless_over<T>(result: std::result::Result<T, Over>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Over::Aborted) => Ok(None),
        Err(Over::Failed(error)) => Err(error),
    }
}

/// A watch on the end of a process. Dropping it gives it up.
pub(super) struct EndWatch<'a> {
    abort: &'a Abort,
    ended: Arc<AtomicBool>,
    id: WatchId,
}

impl<'a> EndWatch<'a> {
    /// # Errors
    ///
    /// As [`watch_exit`].
    pub(super) fn new(process: &Process, abort: &'a Abort) -> Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let (token, flag) = (abort.clone(), Arc::clone(&ended));
        let id = watch_exit(process, move || token.wake(|| flag.store(true, Ordering::Release)))?;
        Ok(Self { abort, ended, id })
    }

    /// Whether the process has ended within that time.
    pub(super) fn ends_within(&self, time: Duration) -> std::result::Result<bool, Over> {
        self.abort.wait(time, || self.ended.load(Ordering::Acquire))
    }
}

impl Drop for EndWatch<'_> {
    fn drop(&mut self) {
        unwatch(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn an_aborted_token_ends_the_present_wait_and_every_later_one() {
        let abort = Abort::new();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| matches!(abort.pause(LONG), Err(Over::Aborted)));
            abort.abort();
            assert!(waiting.join().unwrap());
        });
        assert!(matches!(abort.pause(LONG), Err(Over::Aborted)));
    }

    #[test]
    fn no_signal_is_sent_after_an_abort_has_returned() {
        let (abort, sent) = (Abort::new(), AtomicBool::new(false));
        // As slow as a signal may be.
        let send = || {
            thread::sleep(Duration::from_millis(20));
            sent.store(true, Ordering::SeqCst);
        };
        let end = Instant::now() + LONG;
        thread::scope(|scope| {
            scope.spawn(|| while abort.unless_aborted(send).is_ok() && Instant::now() < end {});
            while !sent.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            abort.abort();
            sent.store(false, Ordering::SeqCst);
        });
        assert!(!sent.load(Ordering::SeqCst));
    }

    #[test]
    fn the_longest_time_is_no_instant_out_of_range() {
        let abort = Abort::new();
        abort.abort();
        assert!(matches!(abort.pause(Duration::MAX), Err(Over::Aborted)));
    }
}
