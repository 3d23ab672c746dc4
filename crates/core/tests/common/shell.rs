//! A shell that is taken for a daemon, and its stop.

use std::time::Duration;

use daimon_core::{Abort, Group, Launched, Process, StopOptions, Stopped};

use super::{Folder, until};

/// A time to wait in vain.
pub const SHORT: Duration = Duration::from_millis(100);

/// A shell in the place of a daemon, which does `script`. All that it has started ends with this.
pub struct Shell {
    pub process: Process,
    group: Option<Group>,
}

impl Shell {
    pub fn new(folder: &Folder, script: &str) -> Self {
        let mut plan = folder.plan(&[]);
        plan.program = "/bin/sh".into();
        plan.args = ["sh".into(), "-c".into(), script.into()].into();
        plan.folder = Some(folder.path.clone());
        let Launched { process, group, .. } = folder.launch(&plan).unwrap();
        let shell = Self { process: process.unwrap(), group: Some(group) };
        until("it has begun", || folder.file("begun").exists());
        shell
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.group.take().map(|group| group.end(Duration::ZERO));
    }
}

/// Stops the daemon of the folder.
pub fn stop(folder: &Folder, options: &StopOptions) -> daimon_core::Result<Option<Stopped>> {
    folder.pidfile().stop(options, &Abort::new())
}
