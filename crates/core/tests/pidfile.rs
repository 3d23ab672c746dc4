//! The pidfile protocol against everything that may lie at its path.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::{Folder, until};
use daimon_core::{ErrorKind, LockOptions, PidFile, PidFileReason, Status, Subject};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

/// A stranger who must survive every test.
struct Canary(Child);

impl Canary {
    fn new() -> Self {
        Self(Command::new("sleep").arg("1000").spawn().unwrap())
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }

    fn assert_alive(&mut self) {
        assert_eq!(self.0.try_wait().unwrap(), None);
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Another program that holds the flock, as cron does, and nothing else of the protocol.
fn lock_as_a_stranger(path: &Path) -> Canary {
    let child = Command::new("flock")
        .arg("--no-fork")
        .arg(path)
        .args(["sleep", "1000"])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let file = fs::File::open(path).unwrap();
    until("the stranger holds the lock", || match fs4::FileExt::try_lock_shared(&file) {
        Ok(()) => {
            fs4::FileExt::unlock(&file).unwrap();
            false
        }
        Err(_) => true,
    });
    Canary(child)
}

fn refusal(path: &Path) -> PidFileReason {
    match PidFile::new(path).unwrap().lock(&LockOptions::default()).unwrap_err().kind() {
        ErrorKind::PidFile(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_without_a_living_daemons_word_is_taken_over() {
    let mut canary = Canary::new();
    let stranger = format!("{}\n", canary.pid());
    for text in ["", "4194303\n", stranger.as_str(), "123", " \n", "\0\0\0\0"] {
        let folder = Folder::new();
        fs::write(folder.file("d.pid"), text).unwrap();
        let _locked = folder
            .pidfile()
            .lock(&LockOptions::default())
            .unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(fs::read_to_string(folder.file("d.pid")).unwrap(), "", "{text:?}");
    }
    canary.assert_alive();
}

#[test]
fn anything_else_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    let million = "1".repeat(1_000_000);
    for text in ["-1", "{\"name\": \"x\"}", "12 # daemon", million.as_str()] {
        let path = folder.file("text");
        fs::write(&path, text).unwrap();
        assert_eq!(refusal(&path), PidFileReason::Garbage);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    symlink(folder.file("text"), folder.file("link")).unwrap();
    symlink(folder.file("nowhere"), folder.file("dangling")).unwrap();
    mkfifo(&folder.file("fifo"), Mode::S_IRWXU).unwrap();
    fs::create_dir(folder.file("folder")).unwrap();
    fs::write(folder.file("one"), "").unwrap();
    fs::hard_link(folder.file("one"), folder.file("two")).unwrap();
    fs::write(folder.file("open"), "").unwrap();
    fs::set_permissions(folder.file("open"), Permissions::from_mode(0o666)).unwrap();
    for (name, reason) in [
        ("link", PidFileReason::Symlink),
        ("dangling", PidFileReason::Symlink),
        ("fifo", PidFileReason::NotRegular),
        ("folder", PidFileReason::NotRegular),
        ("two", PidFileReason::HardLinked),
        ("open", PidFileReason::WorldWritable),
        ("missing/d.pid", PidFileReason::MissingDirectory),
        ("text/d.pid", PidFileReason::MissingDirectory),
    ] {
        assert_eq!(refusal(&folder.file(name)), reason, "{name}");
    }
    assert!(!folder.file("nowhere").exists());
    assert_eq!(refusal(Path::new("/dev/null")), PidFileReason::NotRegular);
}

#[test]
fn a_folder_that_everybody_can_write_to_is_unsafe_unless_sticky() {
    let folder = Folder::new();
    let lock = || folder.pidfile().lock(&LockOptions::default());
    fs::set_permissions(&folder.path, Permissions::from_mode(0o777)).unwrap();
    assert_eq!(lock().unwrap_err().kind(), ErrorKind::PidFile(PidFileReason::UnsafeDirectory));
    fs::set_permissions(&folder.path, Permissions::from_mode(0o1777)).unwrap();
    lock().unwrap();
}

#[test]
fn an_unlocked_file_names_nobody() {
    let mut canary = Canary::new();
    let stranger = format!("{}\n", canary.pid());
    for text in
        ["", "\n", "-1", "0\n", "1\n", "2147483648\n", "4294967297\n", "\0", "1\r\n", stranger.as_str()]
    {
        let folder = Folder::new();
        fs::write(folder.file("d.pid"), text).unwrap();
        assert_eq!(
            folder.pidfile().status().unwrap(),
            Status::Stopped { stale: !text.is_empty() },
            "{text:?}"
        );
        assert_eq!(folder.pidfile().holder().unwrap_err().kind(), ErrorKind::NotRunning, "{text:?}");
    }
    canary.assert_alive();
}

#[test]
fn a_lock_proves_nothing_about_the_process_that_the_text_names() {
    let mut canary = Canary::new();
    let stranger = format!("{}\n", canary.pid());
    for text in ["", "-1", "1\n", "1\r\n", stranger.as_str()] {
        let folder = Folder::new();
        fs::write(folder.file("d.pid"), text).unwrap();
        let _holder = lock_as_a_stranger(&folder.file("d.pid"));
        let status = folder.pidfile().status().unwrap();
        assert!(matches!(status, Status::Unverified(_)), "{text:?}: {status:?}");
        assert_eq!(folder.pidfile().holder().unwrap_err().kind(), ErrorKind::Unverified, "{text:?}");
    }
    canary.assert_alive();
}

#[test]
fn a_start_names_those_who_keep_an_unproven_lock() {
    let folder = Folder::new();
    fs::write(folder.file("d.pid"), "").unwrap();
    let holder = lock_as_a_stranger(&folder.file("d.pid"));
    let error = folder.pidfile().lock(&LockOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PidFile(PidFileReason::LockLeaked));
    assert!(error.message().contains(&holder.pid().to_string()), "{error}");
}

#[test]
fn looking_does_not_keep_a_start_away() {
    let folder = Folder::new();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let status = folder.pidfile().status().unwrap();
                assert!(!matches!(status, Status::Running { .. }), "{status:?}");
            }
        });
        for _ in 0..200 {
            folder.pidfile().lock(&LockOptions::default()).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn a_relative_path_is_an_invalid_option() {
    let error = PidFile::new("d.pid").unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::InvalidOption, Some(Subject::PidFile)));
}
