//! A daemon that nobody has launched: occupies the pidfile that it is given, and says `ready`,
//! and serves until SIGTERM. It
//! exits with 3 when somebody else holds that.
//!
//! Meanwhile a thread of its own looks at that very pidfile again and again, as other parts of a program may.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use daimon_core::{ErrorKind, LockOptions, Occupation, PidFile, Stdio, occupy};
use nix::sys::signal::{SigSet, Signal};

static OVER: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    // Blocked before any thread begins, so that the wait below gets it.
    let mut stop = SigSet::empty();
    stop.add(Signal::SIGTERM);
    let path = env::args_os().nth(1).map(PathBuf::from).unwrap_or_default();
    let (Ok(()), Ok(pidfile)) = (stop.thread_block(), PidFile::new(path)) else {
        return ExitCode::FAILURE;
    };
    let looked_at = pidfile.clone();
    let looks = thread::spawn(move || {
        while !OVER.load(Ordering::Relaxed) {
            let _ = looked_at.status();
        }
    });
    let stdout = match env::args_os().nth(2) {
        Some(path) => Stdio::File { path: path.into(), option: "log", mode: None },
        None => Stdio::Inherit,
    };
    let occupation = Occupation {
        pidfile,
        lock: LockOptions::default(),
        stdin: Stdio::Null,
        stderr: stdout.clone(),
        stdout,
        owner: None,
    };
    let occupied = occupy(&occupation);
    OVER.store(true, Ordering::Relaxed);
    let _ = looks.join();
    match occupied {
        Ok(daemon) => {
            daemon.ready();
            let _ = io::stdout().write_all(b"ready\n");
            let _ = stop.wait();
            ExitCode::SUCCESS
        }
        Err(error) if error.kind() == ErrorKind::AlreadyRunning => ExitCode::from(3),
        Err(_) => ExitCode::FAILURE,
    }
}
