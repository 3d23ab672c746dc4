//! Signal masks, which keep a signal from arriving at the wrong moment.

use nix::sys::signal::{SigSet, SigmaskHow};

/// Blocks every signal in this thread until dropped.
///
/// By `pthread_sigmask`, which leaves alone the two signals that glibc needs for `setuid` (32 and 33): a thread that
/// blocked them would make `process.setuid` hang for ever.
pub(crate) struct AllBlocked {
    before: Option<SigSet>,
}

impl AllBlocked {
    pub(crate) fn new() -> Self {
        // pthread_sigmask fails only for a wrong `how`; without the block the launch is still correct.
        Self { before: SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK).ok() }
    }
}

impl Drop for AllBlocked {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            // Cannot fail, see `new`.
            let _ = before.thread_set_mask();
        }
    }
}

/// Keeps all signals away from this thread for good: a helper thread must not run the program's handlers.
pub(crate) fn block_all() {
    let _ = SigSet::all().thread_set_mask();
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::Signal;

    #[test]
    fn blocks_while_it_lives_and_restores_afterwards() {
        let blocked = || SigSet::thread_get_mask().unwrap().contains(Signal::SIGTERM);
        assert!(!blocked());
        let guard = AllBlocked::new();
        assert!(blocked());
        drop(guard);
        assert!(!blocked());
    }
}
