//! Watches files for changes: kqueue's EVFILT_VNODE, kqueue(2).

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};
use nix::sys::stat::Mode;
use nix::sys::statfs::statfs;

/// The pause after a failed wait, so that a failure that repeats does not make a busy loop.
const PATIENCE: Duration = Duration::from_millis(20);

/// Tells of changes to files. Each watch tells once, so that it does not slow down a program that writes without a
/// pause, and needs no queue.
pub(crate) struct FileWatch {
    queue: Kqueue,
    /// Closing a descriptor removes its watch.
    armed: Vec<OwnedFd>,
}

impl FileWatch {
    pub(crate) fn new() -> Result<Self, Errno> {
        Ok(Self { queue: Kqueue::new()?, armed: Vec::new() })
    }

    /// Removes all watches, and the events that they have told.
    pub(crate) fn disarm(&mut self) {
        self.armed.clear();
    }

    /// Tells when the file is written to, or its name changes.
    pub(crate) fn add_file(&mut self, path: &Path) -> Result<(), Errno> {
        let name = FilterFlag::NOTE_RENAME | FilterFlag::NOTE_DELETE | FilterFlag::NOTE_ATTRIB;
        self.add(path, OFlag::O_NOFOLLOW, FilterFlag::NOTE_WRITE | FilterFlag::NOTE_EXTEND | name)
    }

    /// Tells when a file is made in the folder, or gets a name there.
    pub(crate) fn add_folder(&mut self, path: &Path) -> Result<(), Errno> {
        self.add(path, OFlag::O_DIRECTORY, FilterFlag::NOTE_WRITE)
    }

    fn add(&mut self, path: &Path, flags: OFlag, what: FilterFlag) -> Result<(), Errno> {
        // O_EVTONLY opens for events only, so that the volume can still be unmounted.
        let flags = flags | OFlag::O_CLOEXEC | OFlag::from_bits_retain(libc::O_EVTONLY);
        let file = open(path, flags, Mode::empty())?;
        self.change(&file, what)?;
        self.armed.push(file);
        Ok(())
    }

    fn change(&self, file: &OwnedFd, what: FilterFlag) -> Result<(), Errno> {
        let ident = file.as_raw_fd() as usize;
        let flags = EvFlags::EV_ADD | EvFlags::EV_ONESHOT;
        let change = KEvent::new(ident, EventFilter::EVFILT_VNODE, flags, what, 0, 0);
        self.queue.kevent(&[change], &mut [], None).map(drop)
    }

    /// Waits until a watch tells of a change, for `timeout` at most.
    pub(crate) fn wait(&self, timeout: Option<Duration>) {
        let timeout = timeout.map(|timeout| libc::timespec {
            tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        let none = KEvent::new(0, EventFilter::EVFILT_USER, EvFlags::empty(), FilterFlag::empty(), 0, 0);
        if self.queue.kevent(&[], &mut [none], timeout).is_err() {
            thread::sleep(PATIENCE);
        }
    }
}

/// Whether other machines may write to the file. The kernel does not tell of their writes.
pub(crate) fn is_shared_by_machines(path: &Path) -> bool {
    statfs(path)
        .is_ok_and(|system| ["nfs", "smbfs", "afpfs", "webdav"].contains(&system.filesystem_type_name()))
}
