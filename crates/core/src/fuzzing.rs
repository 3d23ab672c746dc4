//! What holds for any bytes that the parsers are given, for the fuzzer (`fuzz/` in the repository) and for the test
//! that asks the same of the fuzzer's seeds. Each function panics if it does not hold. Not a part of what is shipped.

/// The text of a pidfile.
pub fn pidfile(bytes: &[u8]) {
    crate::pidfile::check_text(bytes);
}

/// Bytes on the channel between launcher and daemon.
pub fn frames(bytes: &[u8]) {
    crate::handover::check_frames(bytes);
}

/// Messages that are sent on the channel.
pub fn round_trip(bytes: &[u8]) {
    crate::handover::check_round_trip(bytes);
}

/// The environment variable by which a daemon knows that it is one.
pub fn variable(bytes: &[u8]) {
    crate::handover::check_variable(bytes);
}

/// The first line of a connection to a daemon.
pub fn hello(bytes: &[u8]) {
    crate::hello::check_hello(bytes);
}

/// The texts of `/proc`.
#[cfg(target_os = "linux")]
pub fn proc_texts(bytes: &[u8]) {
    crate::sys::check_proc_texts(bytes);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::path::Path;

    type Target = (&'static str, fn(&[u8]));

    const TARGETS: [Target; 6] = [
        ("frames", super::frames),
        ("hello", super::hello),
        ("pidfile", super::pidfile),
        ("proc_texts", super::proc_texts),
        ("round_trip", super::round_trip),
        ("variable", super::variable),
    ];

    #[test]
    fn what_the_fuzzer_asks_holds_for_its_seeds() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
        let mut names: Vec<_> = fs::read_dir(&corpus)
            .unwrap()
            .map(|folder| folder.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, TARGETS.map(|(name, _)| name));
        for (name, check) in TARGETS {
            let seeds = fs::read_dir(corpus.join(name)).unwrap();
            let count = seeds.map(|seed| check(&fs::read(seed.unwrap().path()).unwrap())).count();
            assert!(count >= 3, "{name}: {count} seeds");
        }
    }
}
