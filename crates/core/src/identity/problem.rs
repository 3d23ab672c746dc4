//! Why rights cannot be taken, or given up.

use std::fmt;

use nix::errno::Errno;
use nix::unistd::geteuid;

use crate::error::{Error, Subject};
use crate::given::Name;

/// Why rights cannot be taken, or given up.
pub(super) enum Problem<'a> {
    /// The system's lists cannot be read: by this call, with this error.
    Unlisted {
        what: &'static str,
        subject: Subject,
        syscall: &'static str,
        errno: Errno,
    },
    NoSuchUser(&'a Name),
    NoSuchGroup(&'a Name),
    GroupUnknown(u32),
    /// The present user may not.
    MayNotBecome {
        subject: Subject,
        kind: &'static str,
        name: &'a Name,
    },
    MayNotChangeRoot,
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = geteuid();
        match self {
            Self::Unlisted { what, .. } => write!(f, "{what}"),
            Self::NoSuchUser(name) => write!(f, "there is no user {name}"),
            Self::NoSuchGroup(name) => write!(f, "there is no group {name}"),
            Self::GroupUnknown(uid) => {
                write!(f, "{uid} is no known user, so its group is not known; give group")
            }
            Self::MayNotBecome { kind, name, .. } => {
                write!(f, "user {us} may not become {kind} {name}; start it as root")
            }
            Self::MayNotChangeRoot => {
                write!(f, "user {us} may not change the root folder; start it as root")
            }
        }
    }
}

impl From<Problem<'_>> for Error {
    fn from(problem: Problem<'_>) -> Self {
        match problem {
            Problem::Unlisted { subject, syscall, errno, .. } => {
                Self::invalid(subject, problem).because(syscall, errno)
            }
            Problem::NoSuchUser(_) | Problem::GroupUnknown(_) => Self::invalid(Subject::User, problem),
            Problem::NoSuchGroup(_) => Self::invalid(Subject::Group, problem),
            Problem::MayNotBecome { subject, .. } => Self::invalid(subject, problem),
            Problem::MayNotChangeRoot => Self::invalid(Subject::Root, problem),
        }
    }
}
