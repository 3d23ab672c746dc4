//! The early end of a wait for the lock.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
use crate::process::Process;

/// How often the end of a holder is looked for.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Ends a wait from another thread: for the lock (of a lock, a launch or a start in the foreground), or a client's for
/// the hello.
///
/// ```
/// use daimon_core::{Cancel, LockOptions};
///
/// let cancel = Cancel::new()?;
/// let options = LockOptions { cancel: Some(cancel.clone()), ..LockOptions::default() };
/// cancel.cancel();
/// # Ok::<(), daimon_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cancel(Arc<(Mutex<bool>, Condvar)>);

impl Cancel {
    /// Makes a token that has not been used.
    ///
    /// # Errors
    ///
    /// None here; the system's on others.
    pub fn new() -> Result<Self> {
        Ok(Self(Arc::default()))
    }

    /// Ends the present wait and every later one.
    pub fn cancel(&self) {
        let (cancelled, changed) = &*self.0;
        *cancelled.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }

    /// Whether it was cancelled within that time.
    fn within(&self, time: Duration) -> bool {
        let (cancelled, changed) = &*self.0;
        let cancelled = cancelled.lock().unwrap_or_else(PoisonError::into_inner);
        *changed
            .wait_timeout_while(cancelled, time, |cancelled| !*cancelled)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }
}

/// Waits for the end of a process, the cancel token or the time.
pub(crate) fn wait(cancel: Option<&Cancel>, process: Option<&Process>, time: Duration) -> Result<()> {
    let until = Instant::now() + time;
    loop {
        let left = until.saturating_duration_since(Instant::now()).min(BETWEEN_LOOKS);
        match cancel {
            Some(cancel) if cancel.within(left) => {
                let message = "the start was aborted while it waited for the lock";
                return Err(Error::new(ErrorKind::StartFailed, message).during("lock"));
            }
            Some(_) => (),
            None => std::thread::sleep(left),
        }
        // Without a handle on the holder nothing wakes us: look again soon.
        if process.is_none_or(|process| !process.is_alive()) || Instant::now() >= until {
            return Ok(());
        }
    }
}
