//! The hello: the line that a daemon sends first on each connection, `daimon/1 PID[ VERSION]\n`.

use crate::error::Pid;

/// The longest hello, in bytes, with its newline.
pub(crate) const LONGEST_HELLO: usize = 96;

/// The longest version, in bytes.
const LONGEST_VERSION: usize = 64;

const PROTOCOL: &str = "daimon/1";

/// What a daemon says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) pid: Pid,
    pub(crate) version: Option<String>,
}

impl Hello {
    /// The line, with its newline.
    pub(crate) fn line(&self) -> String {
        match &self.version {
            Some(version) => format!("{PROTOCOL} {} {version}\n", self.pid),
            None => format!("{PROTOCOL} {}\n", self.pid),
        }
    }

    /// Reads a whole line without its newline; `None` for anything that [`Hello::line`] does not write.
    pub(crate) fn parse(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line).ok()?;
        let mut words = text.strip_prefix(PROTOCOL)?.strip_prefix(' ')?.splitn(2, ' ');
        let digits = words.next()?;
        let pid: Pid = digits.parse().ok().filter(|pid: &Pid| *pid > 0 && pid.to_string() == digits)?;
        let version = words.next().map(str::to_owned);
        let is_plain = version.as_deref().is_none_or(is_version);
        (is_plain && line.len() < LONGEST_HELLO).then_some(Self { pid, version })
    }
}

/// Whether a version can be told: 1 to 64 bytes of 0x21 to 0x7e.
fn is_version(version: &str) -> bool {
    (1..=LONGEST_VERSION).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What is read is what is written: for the property and the fuzzer.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn check_hello(bytes: &[u8]) {
    if let Some(hello) = Hello::parse(bytes) {
        assert_eq!(hello.line().as_bytes(), [bytes, b"\n"].concat());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::property::for_all;
    use proptest::prelude::*;

    #[test]
    fn what_a_daemon_says_its_clients_read() {
        for_all(256, (1..i32::MAX, proptest::option::of("[!-~]{1,64}")), |(pid, version)| {
            let hello = Hello { pid, version };
            let line = hello.line();
            assert!(line.len() <= LONGEST_HELLO, "{line}");
            assert_eq!(Hello::parse(line.trim_end_matches('\n').as_bytes()), Some(hello));
        });
    }

    #[test]
    fn only_what_a_daemon_says_is_read() {
        for_all(256, "(daimon/1 )?[ 0-9a-z+-]{0,20}", |line| check_hello(line.as_bytes()));
        for_all(256, proptest::collection::vec(any::<u8>(), 0..100), |line| check_hello(&line));
    }

    #[test]
    fn what_no_daemon_says_is_no_hello() {
        let long = format!("daimon/1 7 {}", "v".repeat(65));
        for line in [
            "",
            "daimon/1",
            "daimon/1 ",
            "daimon/1 0",
            "daimon/1 -7",
            "daimon/1 +7",
            "daimon/1 07",
            "daimon/2 7",
            "daimon/1 7 ",
            "daimon/1 7 a b",
            "daimon/1 7 \u{e9}",
            "daimon/1  7",
            "HTTP/1.1 200 OK",
            &long,
        ] {
            assert_eq!(Hello::parse(line.as_bytes()), None, "{line}");
        }
    }
}
