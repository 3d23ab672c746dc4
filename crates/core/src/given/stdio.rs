//! The files of the standard descriptors.

use std::path::PathBuf;

use crate::error::Subject;

/// The file of a standard descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stdio {
    /// The null device.
    Null,
    /// The launcher's own.
    Inherit,
    /// A file; output is appended to it.
    File {
        /// Absolute.
        path: PathBuf,
        /// The subject of the error if the file cannot be opened.
        subject: Subject,
        /// The permissions of a file that is made; `None`: 0640.
        mode: Option<u32>,
    },
}
