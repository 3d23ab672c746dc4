//! Mutexes whose data is consistent at every statement, so that a panic of another holder is no problem.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks it, poisoned or not.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
