//! What is wrong with a file to which a link of another user leads.

/// What is wrong with a path that leads through a user's link to what is not that user's.
pub(crate) const LED_ASTRAY: &str =
    "is reached by a symbolic link of another user than its owner; give the path without links";

/// What is wrong with a file that a user may have linked into a folder of their own.
pub(crate) const LINKED_ASTRAY: &str =
    "has a second hard link, which another user than its owner may have made; give the path of the first";
