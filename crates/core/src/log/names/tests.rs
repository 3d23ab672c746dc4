use super::*;
use crate::property::for_all;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU32, Ordering};

struct Folder(PathBuf);

impl Folder {
    fn with(files: &[&str]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("daimon-rotate-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        for name in files {
            fs::write(path.join(name), name).unwrap();
        }
        Self(path)
    }

    fn names(&self) -> Names {
        Names::of(&self.0.join("a"))
    }

    /// Each file and what it holds.
    fn seen(&self) -> Vec<(String, String)> {
        let mut seen: Vec<_> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                let text = fs::read_to_string(entry.path()).unwrap_or_default();
                (entry.file_name().into_string().unwrap(), text)
            })
            .collect();
        seen.sort();
        seen
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn every_rotated_log_moves_up_by_one_and_the_last_goes() {
    let folder = Folder::with(&["a", "a.1", "a.2.gz", "a.3", "b"]);
    folder.names().shift(3).unwrap();
    let expected = [("a", "a"), ("a.2", "a.1"), ("a.3.gz", "a.2.gz"), ("b", "b")];
    assert_eq!(folder.seen(), pairs(&expected));
}

#[test]
fn what_a_larger_keep_has_left_goes() {
    let folder = Folder::with(&["a.1", "a.2", "a.3.gz", "a.4", "a.6"]);
    folder.names().shift(1).unwrap();
    // A file beyond a gap belongs to another program.
    assert_eq!(folder.seen(), pairs(&[("a.6", "a.6")]));
}

#[test]
fn where_one_is_missing_those_after_it_stay() {
    let folder = Folder::with(&["a.1", "a.3", "a.4"]);
    for _ in 0..3 {
        folder.names().shift(4).unwrap();
    }
    assert_eq!(folder.seen(), pairs(&[("a.2", "a.1"), ("a.3", "a.3"), ("a.4", "a.4")]));
}

#[test]
fn a_second_name_that_a_crash_has_left_is_forgotten() {
    let folder = Folder::with(&["a", "a.2"]);
    fs::hard_link(folder.0.join("a"), folder.0.join("a.1")).unwrap();
    folder.names().shift(3).unwrap();
    assert_eq!(folder.seen(), pairs(&[("a", "a"), ("a.2", "a.2")]));
}

#[test]
fn an_exchange_that_fails_leaves_the_log_in_place() {
    let folder = Folder::with(&["a"]);
    let names = folder.names();
    let next = make(&names.unfinished(".new"), None, &lstat(&names.log).unwrap()).unwrap();
    let neither = Outputs { stdout: false, stderr: false };
    names.exchange(&folder.0.join("missing"), &next, neither).unwrap_err();
    fs::remove_file(names.unfinished(".new")).unwrap();
    assert_eq!(folder.seen(), pairs(&[("a", "a")]));
}

#[test]
fn all_but_the_first_are_compressed_with_mode_and_time() {
    let folder = Folder::with(&["a", "a.1", "a.2", "a.3.gz"]);
    let before = fs::metadata(folder.0.join("a.2")).unwrap();
    folder.names().compress(3).unwrap();
    let names: Vec<_> = folder.seen().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a", "a.1", "a.2.gz", "a.3.gz"]);
    let packed = fs::File::open(folder.0.join("a.2.gz")).unwrap();
    let after = packed.metadata().unwrap();
    assert_eq!(after.modified().unwrap(), before.modified().unwrap());
    assert_eq!(after.permissions(), before.permissions());
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    assert_eq!(text, "a.2");
}

#[cfg(target_os = "linux")]
#[test]
fn one_that_is_still_written_to_is_not_compressed() {
    let folder = Folder::with(&["a.2"]);
    let writer = fs::OpenOptions::new().append(true).open(folder.0.join("a.2")).unwrap();
    folder.names().compress(2).unwrap();
    assert_eq!(folder.seen(), pairs(&[("a.2", "a.2")]));
    drop(writer);
    folder.names().compress(2).unwrap();
    assert_eq!(folder.seen().len(), 1);
    assert!(folder.0.join("a.2.gz").exists());
}

/// What `shift` makes of rotated logs, by number and form, with what each holds: the numbers up to the first gap move
/// up by one, and no further than to `keep`; from there on those without a gap go.
fn shifted(logs: &BTreeMap<(u32, &str), String>, keep: u32) -> BTreeMap<(u32, String), String> {
    let there = |number: u32| logs.keys().any(|(other, _)| *other == number);
    let gap = (1..=keep).find(|number| !there(*number)).unwrap_or(keep);
    let kept_beyond = (keep + 1..).find(|number| !there(*number)).unwrap_or(u32::MAX);
    let moved = |number: u32| match number {
        _ if number < gap => Some(number + 1),
        _ if number == gap && there(gap) => None,
        _ if number > keep && number < kept_beyond => None,
        _ => Some(number),
    };
    let all = logs.iter().filter_map(|((number, form), text)| {
        moved(*number).map(|number| ((number, (*form).to_owned()), text.clone()))
    });
    all.collect()
}

#[test]
fn a_shift_frees_the_first_number_and_loses_only_what_is_beyond_keep() {
    let logs = btree_set((1_u32..9, proptest::sample::select(FORMS.to_vec())), 0..9);
    for_all(96, (logs, 1_u32..7), |(logs, keep)| {
        let name = |number: u32, form: &str| format!("a.{number}{form}");
        let files: Vec<_> = logs.iter().map(|(number, form)| name(*number, form)).collect();
        let folder = Folder::with(&files.iter().map(String::as_str).collect::<Vec<_>>());
        let before = logs.iter().map(|(number, form)| ((*number, *form), name(*number, form))).collect();
        folder.names().shift(keep).unwrap();
        let mut expected: Vec<_> = shifted(&before, keep)
            .into_iter()
            .map(|((number, form), text)| (name(number, &form), text))
            .collect();
        expected.sort();
        assert_eq!(folder.seen(), expected, "keep {keep}");
        assert!(!folder.seen().iter().any(|(file, _)| file == "a.1" || file == "a.1.gz"));
    });
}

/// What a rotated log holds, in whichever form.
fn text_of(names: &Names, number: u32) -> Option<String> {
    let mut text = String::new();
    if let Ok(plain) = fs::read_to_string(names.rotated(number, "")) {
        return Some(plain);
    }
    let packed = fs::File::open(names.rotated(number, ".gz")).ok()?;
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    Some(text)
}

#[test]
fn after_any_rotations_the_files_hold_the_last_of_all_that_was_written() {
    // A text, and whether the log is rotated after it, and the rotated ones compressed.
    let steps = vec(("[a-c\\n]{0,20}", any::<bool>(), any::<bool>()), 0..12);
    for_all(48, (steps, 1_u32..5), |(steps, keep)| {
        let folder = Folder::with(&["a"]);
        let names = folder.names();
        let mut written = vec!["a".to_owned()];
        for (text, rotate, compress) in steps {
            let mut log = fs::OpenOptions::new().append(true).open(&names.log).unwrap();
            log.write_all(text.as_bytes()).unwrap();
            drop(log);
            written.last_mut().unwrap().push_str(&text);
            if rotate {
                let next = make(&names.unfinished(".new"), None, &lstat(&names.log).unwrap()).unwrap();
                names.shift(keep).unwrap();
                let neither = Outputs { stdout: false, stderr: false };
                names.exchange(&names.unfinished(".new"), &next, neither).unwrap();
                written.push(String::new());
            }
            if compress {
                names.compress(keep).unwrap();
            }
        }
        let rotated = (1..).map_while(|number| text_of(&names, number));
        let mut files: Vec<_> =
            [fs::read_to_string(&names.log).unwrap()].into_iter().chain(rotated).collect();
        files.reverse();
        let kept = written.len().saturating_sub(keep as usize + 1);
        assert_eq!(files, written[kept..], "keep {keep}");
    });
}
