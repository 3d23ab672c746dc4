//! The steps between clone and exec, and how a failed one is told: by its tag and the error number, over a pipe.

use crate::sys;

/// A step that can fail in a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Step {
    Session = b's',
    Clone = b'f',
    Folder = b'd',
    Limits = b'l',
    Nice = b'i',
    NoNewPrivileges = b'v',
    KeptDescriptors = b'k',
    Stdio = b'0',
    Descriptors = b'n',
    CloseOthers = b'x',
    WritePid = b'p',
    SignalMask = b'm',
    Exec = b'e',
    /// The keeper has ended before its body could be tied to it.
    Keeper = b'K',
    Root = b'r',
    /// Without an error number: root's rights could be had again.
    Identity = b'u',
}

impl Step {
    const ALL: [Self; 16] = [
        Self::Session,
        Self::Clone,
        Self::Folder,
        Self::Limits,
        Self::Nice,
        Self::NoNewPrivileges,
        Self::KeptDescriptors,
        Self::Stdio,
        Self::Descriptors,
        Self::CloseOthers,
        Self::WritePid,
        Self::SignalMask,
        Self::Exec,
        Self::Keeper,
        Self::Root,
        Self::Identity,
    ];

    /// Its name in errors, and the system call that it makes.
    pub(super) fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Session => ("setsid", "setsid"),
            Self::Clone => ("clone", sys::CLONE),
            Self::Folder => ("chdir", "chdir"),
            Self::Limits => ("limits", sys::SET_LIMIT),
            Self::Nice => ("nice", "setpriority"),
            Self::NoNewPrivileges => ("no-new-privileges", "prctl"),
            Self::KeptDescriptors => ("keep-fds", sys::DUPLICATE),
            Self::Stdio => ("stdio", sys::DUPLICATE),
            Self::Descriptors => ("descriptors", sys::DUPLICATE),
            Self::CloseOthers => ("descriptors", "close_range"),
            Self::WritePid => ("write-pidfile", "pwrite"),
            Self::SignalMask => ("exec", "sigprocmask"),
            Self::Exec => ("exec", "execve"),
            Self::Keeper => ("keeper", "getppid"),
            Self::Root => ("chroot", "chroot"),
            Self::Identity => ("privileges", "setresuid"),
        }
    }

    /// The bytes of a report: the tag and the error number, 0 where the system gave none. Async-signal-safe.
    pub(super) fn report(self, errno: i32) -> [u8; REPORT_BYTES] {
        let [a, b, c, d] = errno.to_ne_bytes();
        [self as u8, a, b, c, d]
    }
}

/// A failed step as the launcher reads it from the error pipe.
pub(super) struct Report {
    /// `None` for a tag that no step has.
    pub(super) step: Option<Step>,
    pub(super) errno: i32,
}

pub(super) const REPORT_BYTES: usize = 5;

impl Report {
    pub(super) fn decode(bytes: [u8; REPORT_BYTES]) -> Self {
        let [tag, errno @ ..] = bytes;
        let step = Step::ALL.into_iter().find(|step| *step as u8 == tag);
        Self { step, errno: i32::from_ne_bytes(errno) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_launcher_tells_a_failed_step_as_the_child_has_written_it() {
        for (step, expected) in [
            (Step::Session, ("setsid", "setsid")),
            (Step::Clone, ("clone", sys::CLONE)),
            (Step::Folder, ("chdir", "chdir")),
            (Step::Limits, ("limits", sys::SET_LIMIT)),
            (Step::Nice, ("nice", "setpriority")),
            (Step::NoNewPrivileges, ("no-new-privileges", "prctl")),
            (Step::KeptDescriptors, ("keep-fds", sys::DUPLICATE)),
            (Step::Stdio, ("stdio", sys::DUPLICATE)),
            (Step::Descriptors, ("descriptors", sys::DUPLICATE)),
            (Step::CloseOthers, ("descriptors", "close_range")),
            (Step::WritePid, ("write-pidfile", "pwrite")),
            (Step::SignalMask, ("exec", "sigprocmask")),
            (Step::Exec, ("exec", "execve")),
            (Step::Keeper, ("keeper", "getppid")),
            (Step::Root, ("chroot", "chroot")),
            (Step::Identity, ("privileges", "setresuid")),
        ] {
            let report = Report::decode(step.report(libc::EIO));
            assert_eq!(report.step.map(Step::names), Some(expected), "{step:?}");
            assert_eq!(report.errno, libc::EIO);
        }
    }
}
