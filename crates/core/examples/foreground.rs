//! A daemon in the foreground: becomes the daemon of the pidfile in its first argument, prints `ready`, and serves
//! until SIGTERM. SIGUSR1 ends it by quick_exit(3). It exits with 3 when another process holds the pidfile.
//!
//! A second thread looks at the pidfile in a loop until the daemon has begun, as other parts of a program may.
//!
//! On Windows it serves until SIGTERM alone, and its output stays where it is.

use std::process::ExitCode;

fn main() -> ExitCode {
    platform::main()
}

#[cfg(windows)]
mod platform {
    use std::env;
    use std::io::{self, Write};
    use std::path::PathBuf;
    use std::process::ExitCode;
    use std::sync::mpsc::channel;

    use daimon_core::{ErrorKind, ForegroundPlan, LockOptions, PidFile, Stdio, become_daemon, take_signals};

    pub(crate) fn main() -> ExitCode {
        let path = env::args_os().nth(1).map(PathBuf::from).unwrap_or_default();
        let Ok(pidfile) = PidFile::new(path) else { return ExitCode::FAILURE };
        let plan = ForegroundPlan {
            pidfile,
            lock: LockOptions::default(),
            stdin: Stdio::Inherit,
            stdout: Stdio::Inherit,
            stderr: Stdio::Inherit,
            owner: None,
            socket: None,
        };
        match become_daemon(&plan) {
            Ok(daemon) => {
                let (sender, receiver) = channel();
                take_signals(move |signal| {
                    let _ = sender.send(signal);
                });
                daemon.listening();
                daemon.ready();
                let _ = io::stdout().write_all(b"ready\n");
                let _ = receiver.recv();
                ExitCode::SUCCESS
            }
            Err(error) if error.kind() == ErrorKind::AlreadyRunning => ExitCode::from(3),
            Err(_) => ExitCode::FAILURE,
        }
    }
}

#[cfg(unix)]
mod platform {
    use std::env;
    use std::io::{self, Write};
    use std::path::PathBuf;
    use std::process::ExitCode;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use daimon_core::{ErrorKind, ForegroundPlan, LockOptions, PidFile, Stdio, Subject, become_daemon};
    use nix::sys::signal::{SigSet, Signal};

    #[cfg(not(target_os = "linux"))]
    use std::process::exit as quick_exit;

    // SAFETY: the signature is that of glibc and musl; it ends the process, from any thread.
    #[cfg(target_os = "linux")]
    unsafe extern "C" {
        safe fn quick_exit(code: i32) -> !;
    }

    static OVER: AtomicBool = AtomicBool::new(false);

    pub(crate) fn main() -> ExitCode {
        // Block the signals before any thread begins, so that the wait below gets them.
        let mut stop = SigSet::empty();
        stop.add(Signal::SIGTERM);
        stop.add(Signal::SIGUSR1);
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
            Some(path) => Stdio::File { path: path.into(), subject: Subject::Log, mode: None },
            None => Stdio::Inherit,
        };
        let plan = ForegroundPlan {
            pidfile,
            lock: LockOptions::default(),
            stdin: Stdio::Null,
            stderr: stdout.clone(),
            stdout,
            owner: None,
            socket: None,
        };
        let became = become_daemon(&plan);
        OVER.store(true, Ordering::Relaxed);
        let _ = looks.join();
        match became {
            Ok(daemon) => {
                daemon.ready();
                let _ = io::stdout().write_all(b"ready\n");
                if stop.wait() == Ok(Signal::SIGUSR1) {
                    quick_exit(0)
                }
                ExitCode::SUCCESS
            }
            Err(error) if error.kind() == ErrorKind::AlreadyRunning => ExitCode::from(3),
            Err(_) => ExitCode::FAILURE,
        }
    }
}
