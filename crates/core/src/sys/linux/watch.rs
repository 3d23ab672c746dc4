//! Watches files for changes: inotify(7).

use std::os::fd::AsFd;
use std::path::Path;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use nix::sys::statfs::statfs;

/// The pause after a failed wait, so that a failure that repeats does not make a busy loop.
const PATIENCE: Duration = Duration::from_millis(20);

/// Tells of changes to files. Each watch tells once, so that it does not slow down a program that writes without a
/// pause, and needs no queue.
#[derive(Debug)]
pub(crate) struct FileWatch {
    inotify: Inotify,
    armed: Vec<WatchDescriptor>,
}

impl FileWatch {
    /// EMFILE if the user has no instance left (`fs.inotify.max_user_instances`), ENOSYS or EPERM if a filter forbids
    /// the call.
    pub(crate) fn new() -> Result<Self, Errno> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        Ok(Self { inotify, armed: Vec::new() })
    }

    /// Removes all watches, and the events that they have told.
    pub(crate) fn disarm(&mut self) {
        for watch in self.armed.drain(..) {
            // EINVAL: the watch has told already, so the kernel has removed it.
            let _ = self.inotify.rm_watch(watch);
        }
        while self.inotify.read_events().is_ok() {}
    }

    /// Tells when the file is written to, or its name changes. The file must be readable; ENOSPC if the user has no
    /// watch left (`fs.inotify.max_user_watches`).
    pub(crate) fn add_file(&mut self, path: &Path) -> Result<(), Errno> {
        // IN_ATTRIB tells of an unlink, which changes the number of links.
        let what = AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_MOVE_SELF | AddWatchFlags::IN_ATTRIB;
        self.add(path, what | AddWatchFlags::IN_DONT_FOLLOW)
    }

    /// Tells when a file is made in the folder, or gets a name there.
    pub(crate) fn add_folder(&mut self, path: &Path) -> Result<(), Errno> {
        let what = AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO;
        self.add(path, what | AddWatchFlags::IN_ONLYDIR)
    }

    fn add(&mut self, path: &Path, what: AddWatchFlags) -> Result<(), Errno> {
        self.armed.push(self.inotify.add_watch(path, what | AddWatchFlags::IN_ONESHOT)?);
        Ok(())
    }

    /// Waits until a watch tells of a change, for `timeout` at most.
    pub(crate) fn wait(&self, timeout: Option<Duration>) {
        let timeout = timeout
            .map_or(PollTimeout::NONE, |timeout| PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX));
        let mut fds = [PollFd::new(self.inotify.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, timeout).is_err() {
            thread::sleep(PATIENCE);
        }
    }
}

/// Whether other machines may write to the file. The kernel does not tell of their writes.
pub(crate) fn is_shared_by_machines(path: &Path) -> bool {
    statfs(path).is_ok_and(|system| super::file::name_of(system.filesystem_type()).is_some())
}
