//! The start of a daemon whose launcher has gone: others find it by its socket, so it goes on for its time.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::{OwnDaemon, Start};

/// How long a daemon with a socket may take to read what its launcher has told it before it went.
const UNREAD: Duration = Duration::from_secs(10);

impl OwnDaemon {
    /// The launcher's abort or death no longer ends the daemon before it is ready: others find it by its socket. After
    /// that time it ends itself.
    pub fn outlive_launcher(&self, patience: Duration) {
        // Once: later calls change nothing.
        let _ = self.deadline.set(Instant::now() + patience);
        // After a look of the thread that waits for it, or before.
        drop(self.start());
        self.started.notify_all();
    }

    /// Waits until the start is over, or its time is; gives whether it is over. At once where the launcher's death ends
    /// the daemon.
    pub(crate) fn is_over_in_time(&self) -> bool {
        if self.is_on_demand {
            // The launcher may have gone after its word, which is still to be read.
            self.wait_while(UNREAD, |start| !start.is_over() && self.deadline.get().is_none());
        }
        let left = self.deadline.get().map(|deadline| deadline.saturating_duration_since(Instant::now()));
        !self.wait_while(left.unwrap_or_default(), |start| !start.is_over())
    }

    /// Waits while that is so, and no longer than `time`; gives whether it is so still.
    fn wait_while(&self, time: Duration, condition: impl Fn(&Start) -> bool) -> bool {
        let waited = self.started.wait_timeout_while(self.start(), time, |start| condition(start));
        let (start, _) = waited.unwrap_or_else(PoisonError::into_inner);
        condition(&start)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::thread;

    use nix::sys::stat::fstat;

    use super::*;
    use crate::handover::Channel;
    use crate::sys::{self, FileId};

    fn starting(is_on_demand: bool) -> OwnDaemon {
        let file = File::open("/dev/null").unwrap();
        let id = FileId::of(&fstat(&file).unwrap());
        let (daemon, _launcher) = sys::channel_pair().unwrap();
        let daemon = OwnDaemon::launched("/none".as_ref(), id, file, Channel::to_launcher(daemon), false);
        OwnDaemon { is_on_demand, ..daemon }
    }

    #[test]
    fn a_daemon_with_a_socket_reads_what_to_do_when_its_launcher_has_gone() {
        let daemon = starting(true);
        thread::scope(|scope| {
            scope.spawn(|| {
                // No time that the test relies on: without it the wait may begin after the word has been read.
                thread::sleep(Duration::from_millis(50));
                daemon.outlive_launcher(Duration::from_secs(3_600));
                daemon.ready();
            });
            assert!(daemon.is_over_in_time());
        });
    }

    #[test]
    fn its_own_time_ends_and_without_a_socket_it_has_none() {
        let daemon = starting(true);
        daemon.outlive_launcher(Duration::ZERO);
        assert!(!daemon.is_over_in_time());
        assert!(!starting(false).is_over_in_time());
    }
}
