//! The steps between clone and exec, and how a failed one is told: by its tag and the error number, over a pipe.

/// Steps that can fail in a child; the number travels over the error pipe.
const STEPS: [(u8, &str, &str); 12] = [
    (b's', "setsid", "setsid"),
    (b'f', "clone", "clone"),
    (b'd', "chdir", "chdir"),
    (b'l', "limits", "setrlimit"),
    (b'i', "nice", "setpriority"),
    (b'v', "no-new-privileges", "prctl"),
    (b'k', "keep-fds", "dup2"),
    (b'0', "stdio", "dup2"),
    (b'n', "descriptors", "dup2"),
    (b'x', "descriptors", "close_range"),
    (b'p', "write-pidfile", "pwrite"),
    (b'e', "exec", "execve"),
];

/// A failed step as the launcher reads it from the error pipe.
pub(super) struct Report {
    pub(super) step: &'static str,
    pub(super) syscall: &'static str,
    pub(super) errno: i32,
}

pub(super) const REPORT_BYTES: usize = 5;

impl Report {
    pub(super) fn decode(bytes: [u8; REPORT_BYTES]) -> Self {
        let [tag, errno @ ..] = bytes;
        let unknown = (tag, "launch", "unknown");
        let (_, step, syscall) = STEPS.into_iter().find(|(known, ..)| *known == tag).unwrap_or(unknown);
        Self { step, syscall, errno: i32::from_ne_bytes(errno) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_named_by_the_launcher() {
        for (tag, step, syscall) in STEPS {
            let [a, b, c, d] = libc::EIO.to_ne_bytes();
            let report = Report::decode([tag, a, b, c, d]);
            assert_eq!((report.step, report.syscall, report.errno), (step, syscall, libc::EIO));
        }
    }
}
