//! A daemon without Node: adopts itself, says that it is ready, and serves until SIGTERM.
//!
//! The tests start it in other ways, too: `stuck` says so and is never ready, `deaf` never adopts itself, `exit N` ends
//! at once, `obey N` when it has been given something.

use std::env;
use std::process::ExitCode;
use std::thread;

use daimon_core::{ADOPTION_VARIABLE, FrameKind, adopt};
use nix::sys::signal::{SigSet, Signal};

fn main() -> ExitCode {
    let way = env::args().nth(1).unwrap_or_default();
    if way == "deaf" {
        loop {
            thread::park();
        }
    }
    // Blocked before any thread begins, so that the wait below gets it.
    let mut stop = SigSet::empty();
    stop.add(Signal::SIGTERM);
    if stop.thread_block().is_err() {
        return ExitCode::FAILURE;
    }
    let Some(daemon) = env::var_os(ADOPTION_VARIABLE).and_then(|value| adopt(&value).ok()) else {
        return ExitCode::FAILURE;
    };
    let code = ExitCode::from(env::args().nth(2).and_then(|code| code.parse().ok()).unwrap_or(0));
    match way.as_str() {
        "stuck" => {
            daemon.tell(FrameKind::Status, b"stuck");
            loop {
                thread::park();
            }
        }
        "exit" => code,
        "obey" => {
            daemon.receive_payload();
            code
        }
        _ => {
            daemon.ready();
            let _ = stop.wait();
            ExitCode::SUCCESS
        }
    }
}
