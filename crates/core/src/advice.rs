//! What errors advise where the systems differ.

/// Who may do what other users may not.
pub(crate) const SUPERUSER: &str = if cfg!(windows) { "an administrator" } else { "root" };

/// Why a process does not end though it is killed.
pub(crate) const OUTLIVES: &str = if cfg!(windows) {
    "probably because it waits for a driver, such as that of a disk or of a network drive"
} else {
    "probably because it waits in the kernel, for a disk or a network file system"
};

/// What is known of those who hold a lock that no daemon holds, where they cannot be seen.
pub(crate) const UNSEEN: &str = if cfg!(windows) {
    "is kept from daemons by another program, which has it open; the Resource Monitor tells which one"
} else {
    "is locked, but no process that has it open can be seen from here"
};
