//! The file of a socket.

use std::path::{Path, PathBuf};

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

    pub(crate) fn id(&self) -> FileId {
        self.id
    }

    /// Whether the path still stands for this very file.
    pub(crate) fn is_there(&self) -> bool {
        lstat(&self.path).is_ok_and(|stat| FileId::of(&stat) == self.id)
    }

    /// Removes it, if the path still stands for it. The caller holds the pidfile's lock, so that no start puts another
    /// socket there.
    pub(crate) fn remove(&self) {
        if self.is_there() || seam::breaks("no-inode") {
            // One that cannot be unlinked (privileges dropped, another root folder) is harmless: nobody listens.
            let _ = unlink(&self.path);
        }
    }
}
