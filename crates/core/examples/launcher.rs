//! Launches a program as the daemon of a pidfile, prints the PID, and never lets go of the start: `PIDFILE PROGRAM
//! [ARGS]`. The tests kill it.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use daimon_core::{Limits, LockOptions, PidFile, Plan, Stdio, launch};

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    let (Some(path), Some(program)) = (args.next().map(PathBuf::from), args.next().map(PathBuf::from)) else {
        return ExitCode::FAILURE;
    };
    let Ok(pidfile) = PidFile::new(path) else { return ExitCode::FAILURE };
    let plan = Plan {
        pidfile,
        lock: LockOptions::default(),
        args: std::iter::once(program.clone().into()).chain(args).collect(),
        program,
        env: env::vars_os().collect(),
        folder: None,
        umask: 0o022,
        limits: Limits::default(),
        keep_fds: Vec::new(),
        stdin: Stdio::Null,
        stdout: Stdio::Null,
        stderr: Stdio::Null,
        owner: None,
        socket: None,
        keeper: None,
    };
    match launch(&plan, None) {
        Ok(launched) => {
            let _ = writeln!(io::stdout(), "{}", launched.pid);
            loop {
                thread::park();
            }
        }
        Err(_) => ExitCode::FAILURE,
    }
}
