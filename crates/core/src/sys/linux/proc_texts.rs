//! The texts of `/proc`, from bytes to values. They need not be UTF-8: a process may have any bytes in its name, and so
//! may the path of a mount.

use std::borrow::Cow;
use std::time::Duration;

use crate::sys::RawStats;
use crate::sys::decimal;

/// The fields after the command name in `/proc/PID/stat`, proc_pid_stat(5).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) state: State,
    /// From field 4 on. Negative ones (priorities) are not used, and 0 here.
    fields: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Alive,
    Ended,
}

/// How long a tick is, and how large a page.
#[derive(Clone, Copy)]
pub(super) struct Units {
    pub(super) ticks_in_a_second: u64,
    pub(super) page: u64,
}

/// The fields by their numbers in the manual page.
impl Stat {
    const FIRST: usize = 4;
    const UTIME: usize = 14;
    const STIME: usize = 15;
    const THREADS: usize = 20;
    const START_TIME: usize = 22;
    const RSS: usize = 24;
    const EXIT_CODE: usize = 52;

    /// The command name may contain any byte, even `)`.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let end_of_name = text.iter().rposition(|byte| *byte == b')')?;
        let mut fields = words(&text[end_of_name + 1..]);
        let is_zombie = matches!(fields.next()?, b"Z" | b"X");
        let fields = fields.map(|field| decimal(field).unwrap_or(0)).collect();
        let mut stat = Self { state: State::Alive, fields };
        // A process whose first thread has ended looks like a zombie, but has other threads, and all that they hold.
        if is_zombie && stat.field(Self::THREADS).is_none_or(|threads| threads <= 1) {
            stat.state = State::Ended;
        }
        Some(stat)
    }

    fn field(&self, number: usize) -> Option<u64> {
        self.fields.get(number - Self::FIRST).copied()
    }

    /// In ticks from boot on.
    pub(super) fn start_time(&self) -> Option<u64> {
        self.field(Self::START_TIME)
    }

    /// The wait status as waitpid(2) gives it, of a process that has ended.
    pub(super) fn exit_code(&self) -> Option<i32> {
        i32::try_from(self.field(Self::EXIT_CODE)?).ok()
    }

    /// At `now`, which is the time since boot.
    pub(super) fn counts(&self, now: Duration, units: Units) -> Option<RawStats> {
        let time = |ticks: u64| {
            let (seconds, rest) = (ticks / units.ticks_in_a_second, ticks % units.ticks_in_a_second);
            Duration::from_secs(seconds) + Duration::from_millis(rest * 1_000 / units.ticks_in_a_second)
        };
        Some(RawStats {
            uptime: now.saturating_sub(time(self.start_time()?)),
            memory: self.field(Self::RSS)?.saturating_mul(units.page),
            cpu: time(self.field(Self::UTIME)?.saturating_add(self.field(Self::STIME)?)),
        })
    }
}

/// Whether `/proc/PID/fdinfo/N` shows the exclusive flock on the file, proc_pid_fdinfo(5).
pub(super) fn shows_lock(info: &[u8]) -> bool {
    lossy(info)
        .lines()
        .any(|line| line.starts_with("lock:") && line.contains(" FLOCK ") && line.contains(" WRITE "))
}

/// Real, effective and saved user id in `/proc/PID/status`, proc_pid_status(5).
pub(super) fn user_ids_in(status: &[u8]) -> Option<[u32; 3]> {
    numbers_of(value_of(status, "Uid:")?).first_chunk().copied()
}

/// The numbers in a line of `/proc/PID/status`, sorted; empty without that line.
pub(super) fn numbers_in(status: &[u8], name: &str) -> Vec<u32> {
    let mut numbers = numbers_of(value_of(status, name).unwrap_or_default());
    numbers.sort_unstable();
    numbers
}

/// The numbers that a text has.
pub(super) fn numbers_of(text: &[u8]) -> Vec<u32> {
    words(text).filter_map(decimal).collect()
}

/// The effective capabilities in `/proc/PID/status`, capabilities(7).
pub(super) fn capabilities_in(status: &[u8]) -> Option<u64> {
    u64::from_str_radix(lossy(value_of(status, "CapEff:")?).trim(), 16).ok()
}

fn value_of<'a>(status: &'a [u8], name: &str) -> Option<&'a [u8]> {
    status.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name.as_bytes()))
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// Whether the visible mount on `/proc` has the option hidepid, proc(5): the last one in `/proc/PID/mountinfo`.
pub(super) fn hides_processes(mounts: &[u8]) -> bool {
    let mounts = lossy(mounts);
    let mount = mounts.lines().rfind(|line| line.split(' ').nth(4) == Some("/proc"));
    let options = mount.and_then(|line| line.rsplit(' ').next()).unwrap_or_default();
    options
        .split(',')
        .any(|option| option.strip_prefix("hidepid=").is_some_and(|value| !matches!(value, "0" | "off")))
}

fn lossy(text: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(text)
}

/// Holds for any bytes that `/proc` might have: the fuzzer and the property test ask it. The first byte says where the
/// others are cut in two.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn check_proc_texts(bytes: &[u8]) {
    let (cut, bytes) = bytes.split_first().map_or((0, bytes), |(cut, rest)| (usize::from(*cut), rest));
    let (name, rest) = bytes.split_at(cut.min(bytes.len()));

    // A process chooses its name, and with it nothing else.
    let stat = |name: &[u8]| Stat::parse(&[b"7 (", name, b") ", rest].concat());
    if !rest.contains(&b')') {
        assert_eq!(stat(name), stat(b"x"), "the name changes the fields");
    }
    if let Some(stat) = Stat::parse(bytes) {
        let now = Duration::from_secs(1);
        let counts = stat.counts(now, Units { ticks_in_a_second: 100, page: 4_096 });
        assert!(counts.is_none_or(|counts| counts.uptime <= now));
        assert!(stat.exit_code().is_none_or(|code| code >= 0));
    }

    // Later lines change nothing.
    for text in [bytes, rest] {
        let more = [text, b"\nUid:\t1\t2\t3\t4\nCapEff:\tff\nGroups:\t7\n"].concat();
        let has = |line: &str| value_of(text, line).is_some();
        if has("Uid:") {
            assert_eq!(user_ids_in(text), user_ids_in(&more));
        } else {
            assert_eq!(user_ids_in(&more), Some([1, 2, 3]));
        }
        assert_eq!(capabilities_in(&more), if has("CapEff:") { capabilities_in(text) } else { Some(0xff) });
        let groups = numbers_in(&more, "Groups:");
        assert!(groups.is_sorted());
        assert_eq!(groups, if has("Groups:") { numbers_in(text, "Groups:") } else { vec![7] });
    }

    // Locks may be listed in any order; the last mount is the one that counts.
    let lock = b"lock:\t1: FLOCK  ADVISORY  WRITE 7 00:2b:7 0 EOF\n";
    assert!(shows_lock(&[lock, bytes].concat()));
    assert!(shows_lock(&[bytes, b"\n", lock].concat()));
    let mounted = |more: &str| hides_processes(&[bytes, b"\n", more.as_bytes()].concat());
    assert!(mounted("2 1 0:2 / /proc rw - proc proc rw,hidepid=2\n"));
    assert!(!mounted("2 1 0:2 / /proc rw - proc proc rw\n"));
    assert_eq!(mounted("2 1 0:2 / /sys rw - sysfs sysfs rw,hidepid=2\n"), hides_processes(bytes));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::property::for_all;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn hidepid_is_seen_on_the_last_mount_of_proc() {
        let mount = |options: &str| format!("21 28 0:19 / /proc rw,nosuid shared:12 - proc proc {options}\n");
        let other = "22 28 0:20 / /sys rw - sysfs sysfs rw,hidepid=2\n";
        for (mounts, expected) in [
            (mount("rw"), false),
            (mount("rw,hidepid=2"), true),
            (mount("rw,hidepid=invisible,gid=3"), true),
            (mount("rw,hidepid=0"), false),
            (mount("rw") + &mount("rw,hidepid=1"), true),
            (mount("rw,hidepid=1") + &mount("rw"), false),
            (mount("rw") + other, false),
        ] {
            assert_eq!(hides_processes(mounts.as_bytes()), expected, "{mounts}");
        }
    }

    #[test]
    fn a_process_has_ended_when_all_its_threads_have() {
        for (state, threads, ended) in
            [("Z", "1", true), ("X", "0", true), ("Z", "2", false), ("S", "1", false), ("R", "9", false)]
        {
            let text =
                format!("7 (a) Z 1 9 (b) {state} 1 7 7 0 -1 4 0 0 0 0 1 2 0 0 20 0 {threads} 0 123 0 0");
            let stat = Stat::parse(text.as_bytes()).unwrap();
            assert_eq!(stat.state == State::Ended, ended, "{state} {threads}");
            assert_eq!(stat.start_time(), Some(123));
        }
    }

    #[test]
    fn a_mount_whose_path_is_no_utf_8_hides_nothing_of_the_others() {
        let mounts = b"30 28 0:9 / /mnt/\xff\xfe rw - tmpfs tmpfs rw\n\
            21 28 0:19 / /proc rw - proc proc rw,hidepid=2\n";
        assert!(hides_processes(mounts));
    }

    #[test]
    fn counts_beyond_all_measure_are_counts_all_the_same() {
        let most = u64::MAX;
        let text = format!("7 (x) R{}", format!(" {most}").repeat(49));
        let stat = Stat::parse(text.as_bytes()).unwrap();
        let units = Units { ticks_in_a_second: 100, page: 4_096 };
        let counts = stat.counts(Duration::from_secs(9), units).unwrap();
        assert_eq!((counts.uptime, counts.memory), (Duration::ZERO, most));
        assert_eq!(stat.exit_code(), None);
    }

    #[test]
    fn a_stat_is_read_whatever_the_process_is_called() {
        let parts = (vec(any::<u8>(), 0..20), "[RSDZTXI]", vec(any::<u32>(), 49));
        for_all(256, parts, |(name, state, fields)| {
            let numbers: Vec<_> = fields.iter().map(u32::to_string).collect();
            let text = [b"42 (", &name[..], format!(") {state} {}\n", numbers.join(" ")).as_bytes()].concat();
            let stat = Stat::parse(&text).unwrap();
            let has_ended = matches!(state.as_str(), "Z" | "X") && fields[20 - 4] <= 1;
            assert_eq!(stat.state == State::Ended, has_ended);
            // Field 4 is the first of them.
            assert_eq!(stat.start_time(), Some(u64::from(fields[22 - 4])));
            assert_eq!(stat.field(Stat::THREADS), Some(u64::from(fields[20 - 4])));
            assert_eq!(stat.exit_code(), i32::try_from(fields[52 - 4]).ok());
        });
    }

    #[test]
    fn whatever_proc_has_is_read_without_a_panic_and_by_its_lines() {
        let word = prop_oneof![
            "[ -~\n\t]{0,12}".prop_map(String::into_bytes),
            vec(any::<u8>(), 0..6),
            proptest::sample::select(vec![
                "Uid:\t",
                "CapEff:\t",
                "Groups:\t",
                "lock:\t",
                " FLOCK ",
                " WRITE ",
                " /proc ",
                ") ",
                "\n",
            ])
            .prop_map(|word| word.as_bytes().to_vec()),
        ];
        for_all(512, vec(word, 0..12), |words| check_proc_texts(&words.concat()));
    }
}
