//! Output files, and their rotation.

use std::path::PathBuf;

/// The owner of a file.
///
/// ```
/// use daimon_core::Owner;
///
/// // A file that belongs to root, whichever user makes it, and to a group.
/// let owner = Owner { uid: Some(0), gid: 4 };
/// assert_ne!(owner, Owner { uid: None, gid: 4 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The user; `None`: the user that makes the file.
    pub uid: Option<u32>,
    /// The group.
    pub gid: u32,
}

/// The outputs that go to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// Descriptor 1.
    pub stdout: bool,
    /// Descriptor 2.
    pub stderr: bool,
}

/// When a log is rotated, and how many rotated logs are kept.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The log, absolute; the rotated ones are beside it.
    pub path: PathBuf,
    /// A log of this size in bytes, or more, is rotated.
    pub max_size: u64,
    /// How many rotated logs are kept.
    pub keep: u32,
    /// Whether they are compressed, but for the first.
    pub compress: bool,
    /// The permissions of a new log; `None`: those of the present log.
    pub mode: Option<u32>,
}
