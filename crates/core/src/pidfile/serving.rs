//! Waiting for a start that is under way, whoever has begun it.

use std::time::{Duration, Instant};

use super::abort::{Abort, Over, unless_over};
use super::proof::BETWEEN_LOOKS;
use super::{PidFile, Status};
use crate::error::Result;

impl PidFile {
    /// The state once no start is under way; after `patience` the present one. `None` when aborted.
    ///
    /// Blocks: call it on a thread of its own.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use daimon_core::{Abort, PidFile, Status};
    ///
    /// let pidfile = PidFile::new(std::env::temp_dir().join("daimon-doc-no-such.pid"))?;
    /// let status = pidfile.serving_status(Duration::from_secs(1), &Abort::new())?;
    /// assert_eq!(status, Some(Status::Stopped { stale: false }));
    /// # Ok::<(), daimon_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`PidFile::status`].
    pub fn serving_status(&self, patience: Duration, abort: &Abort) -> Result<Option<Status>> {
        unless_over(self.wait_until_serving(patience, abort))
    }

    fn wait_until_serving(&self, patience: Duration, abort: &Abort) -> std::result::Result<Status, Over> {
        let begun = Instant::now();
        loop {
            let status = self.lasting_status()?;
            let is_starting = matches!(status, Status::Running { starting: true, .. });
            if !is_starting || begun.elapsed() >= patience {
                return Ok(status);
            }
            abort.pause(BETWEEN_LOOKS)?;
        }
    }
}
