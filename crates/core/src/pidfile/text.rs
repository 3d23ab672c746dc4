//! The pidfile's one line.

use crate::error::Pid;

/// The largest PID that Linux can give, PID_MAX_LIMIT of `include/linux/threads.h`; macOS stops at 99,999. Windows has
/// no limit but that of the number.
const PID_MAX: Pid = if cfg!(target_os = "linux") {
    4_194_304
} else if cfg!(target_os = "macos") {
    99_999
} else {
    Pid::MAX
};

/// More than any text that may be cleared; one byte over the limit tells the rest apart.
pub(crate) const READ_LIMIT: usize = CLEARABLE_LIMIT + 1;

/// Up to this length, digits, white space and NULs count as the text of a daemon, torn, or of another tool.
const CLEARABLE_LIMIT: usize = 32;

/// The contents of a pidfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Empty,
    /// Exactly `PID\n`.
    Pid(Pid),
    /// No PID to believe, and nothing worth keeping.
    Clearable,
    /// Another program's data.
    Garbage,
}

impl Text {
    /// Reads the first [`READ_LIMIT`] bytes of a file.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        if let Some(pid) = strict_pid(bytes) {
            return Self::Pid(pid);
        }
        let harmless = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_whitespace() || *byte == 0;
        if bytes.len() <= CLEARABLE_LIMIT && bytes.iter().all(harmless) {
            Self::Clearable
        } else {
            Self::Garbage
        }
    }

    pub(crate) fn pid(self) -> Option<Pid> {
        match self {
            Self::Pid(pid) => Some(pid),
            _ => None,
        }
    }
}

/// The whole text must be `[1-9][0-9]{0,9}\n`: a torn read, without its newline, never passes.
fn strict_pid(bytes: &[u8]) -> Option<Pid> {
    let digits = bytes.strip_suffix(b"\n")?;
    if digits.len() > 10
        || !matches!(digits.first(), Some(b'1'..=b'9'))
        || !digits.iter().all(u8::is_ascii_digit)
    {
        return None;
    }
    let pid = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (1..=PID_MAX).contains(&pid).then_some(pid)
}

/// Holds for any bytes that a pidfile might have: the fuzzer and the property test ask it.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn check_text(bytes: &[u8]) {
    let text = Text::parse(bytes);
    // A PID is what writes exactly these bytes, and nothing else is one.
    let number = std::str::from_utf8(bytes).ok().and_then(|text| text.trim().parse::<Pid>().ok());
    let written = number.filter(|pid| (1..=PID_MAX).contains(pid) && format!("{pid}\n").as_bytes() == bytes);
    assert_eq!(text.pid(), written);
    assert_eq!(text == Text::Empty, bytes.is_empty());
    // What may be cleared has no byte that says anything.
    let says = |byte: &u8| !matches!(byte, b'0'..=b'9' | b' ' | b'\t' | b'\n' | b'\r' | 0x0c | 0);
    assert_eq!(text == Text::Garbage, bytes.len() > CLEARABLE_LIMIT || bytes.iter().any(says));
    // The reader stops there.
    assert_eq!(Text::parse(&bytes[..bytes.len().min(READ_LIMIT)]), text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::property::for_all;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn only_a_whole_line_is_a_pid() {
        assert_eq!(Text::parse(b"1\n"), Text::Pid(1));
        assert_eq!(Text::parse(b"4321\n"), Text::Pid(4321));
        assert_eq!(Text::parse(format!("{PID_MAX}\n").as_bytes()), Text::Pid(PID_MAX));
        let refused: [&[u8]; 13] = [
            b"4321",
            b"0\n",
            b"-1\n",
            b"+1\n",
            b"01\n",
            b" 1\n",
            b"1 \n",
            b"1\r\n",
            b"1\n\n",
            b"\n",
            b"1\0\n",
            b"2147483648\n",
            b"4294967297\n",
        ];
        for text in refused {
            assert_eq!(Text::parse(text).pid(), None, "{text:?}");
        }
    }

    #[test]
    fn only_short_digits_blanks_and_nuls_may_be_cleared() {
        for text in [&b"12"[..], b" \n\t", b"\0\0\0\0", b"1\r\n", b"99999999999999999999999999999999"] {
            assert_eq!(Text::parse(text), Text::Clearable, "{text:?}");
        }
        for text in [&b"-1"[..], b"{\"name\":1}", b"12 # daemon", &[b'1'; 33]] {
            assert_eq!(Text::parse(text), Text::Garbage, "{text:?}");
        }
        assert_eq!(Text::parse(b""), Text::Empty);
    }

    #[test]
    fn of_all_bytes_a_pid_is_what_writes_them_and_nothing_that_says_something_is_cleared() {
        let near = "[+-]?[0-9]{0,12}[ \n\r\t\0]{0,2}".prop_map(String::into_bytes);
        let pid = any::<Pid>().prop_map(|pid| format!("{pid}\n").into_bytes());
        let low = (0..PID_MAX.saturating_mul(2)).prop_map(|pid| format!("{pid}\n").into_bytes());
        let blank = vec(proptest::sample::select(b"0123456789 \n\t\r\x0b\x0c\0x".to_vec()), 0..40);
        let any = vec(any::<u8>(), 0..40);
        for_all(2_048, prop_oneof![near, pid, low, blank, any], |bytes| check_text(&bytes));
    }
}
