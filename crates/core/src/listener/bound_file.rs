//! The file of a socket.

use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::stat::lstat;
use nix::unistd::unlink;

use crate::seam;
use crate::sys::FileId;

/// The file of a socket: its path, and which file it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundFile {
    path: PathBuf,
    id: FileId,
}

impl BoundFile {
    pub(crate) fn new(path: &Path, id: FileId) -> Self {
        Self { path: path.to_path_buf(), id }
    }

    /// The file that is at the path now; `None` when there is none.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        lstat(path).ok().map(|stat| Self::new(path, FileId::of(&stat)))
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn id(&self) -> FileId {
        self.id
    }

    /// Whether the path still stands for this very file, as far as this process can see.
    pub(crate) fn is_there(&self) -> bool {
        self.looked_at() == Some(true)
    }

    /// The same; `None` when this process may not look, as one that has given up its rights.
    pub(crate) fn looked_at(&self) -> Option<bool> {
        match lstat(self.path()) {
            Ok(stat) => Some(FileId::of(&stat) == self.id),
            Err(Errno::ENOENT | Errno::ENOTDIR) => Some(false),
            Err(_) => None,
        }
    }

    /// Removes it, if the path still stands for it. The caller holds the pidfile's lock, so that no start puts another
    /// socket there.
    pub fn remove(&self) {
        if self.is_there() || seam::breaks("no-inode") {
            // One that cannot be unlinked (privileges dropped, another root folder) is harmless: nobody listens.
            let _ = unlink(self.path());
        }
    }
}
