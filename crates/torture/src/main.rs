//! Gives the PID of a pidfile's holder to a stranger, between a look and the signal, thousands of times, and sees
//! whether the stranger gets a signal. It runs as root in a PID namespace of its own, whose next PID root may choose
//! (`/proc/sys/kernel/ns_last_pid`).
//!
//! `daimon-torture PIDFILE ROUNDS FORCED` prints `{"rounds":…,"forced":{…},"missed":…,"hits":…}`. In the first
//! `FORCED` rounds the PID changes hands at the steps of the core that lie between look and signal, in the others
//! before the look. Missed: no stranger has got the PID, because another process was faster or the step was not met.
//! Hits: strangers that got a signal.
#![expect(clippy::print_stdout, reason = "its report")]

use std::env;
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio as Pipe};
use std::sync::{Mutex, PoisonError};
use std::thread;

use daimon_core::{
    Abort, ForegroundPlan, LockOptions, PidFile, Signal, Stdio, StopOptions, become_daemon, on_step,
};
use nix::sys::signal::SigSet;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The steps between the first look and the signal.
const STEPS: [&str; 4] = ["holder.looked", "holder.opened", "holder.proven", "process.signalling"];

const LAST_PID: &str = "/proc/sys/kernel/ns_last_pid";

/// The holder, and who comes to have its PID.
#[derive(Default)]
struct Round {
    /// The step at which the PID changes hands.
    step: Option<&'static str>,
    holder: Option<Child>,
    stranger: Option<Child>,
}

static ROUND: Mutex<Round> = Mutex::new(Round { step: None, holder: None, stranger: None });

fn main() -> Outcome<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["hold", path] => hold(Path::new(path)),
        ["stand-by"] => stand_by(),
        [path, rounds, forced] => torture(path.into(), rounds.parse()?, forced.parse()?),
        _ => Err("usage: daimon-torture PIDFILE ROUNDS FORCED".into()),
    }
}

/// The holder of the pidfile, until it is killed.
fn hold(path: &Path) -> Outcome<()> {
    let daemon = become_daemon(&ForegroundPlan {
        pidfile: PidFile::new(path)?,
        lock: LockOptions::default(),
        stdin: Stdio::Inherit,
        stdout: Stdio::Inherit,
        stderr: Stdio::Inherit,
        owner: None,
        socket: None,
    })?;
    daemon.listening();
    daemon.ready();
    wait_for_the_end()
}

/// A stranger, who blocks all signals, so that those that it gets can be seen.
fn stand_by() -> Outcome<()> {
    SigSet::all().thread_block()?;
    wait_for_the_end()
}

fn wait_for_the_end() -> Outcome<()> {
    println!("here");
    loop {
        thread::park();
    }
}

/// Starts this program again, and waits until it is where it is to be.
fn start(args: &[&str]) -> Outcome<Child> {
    let mut child = Command::new(env::current_exe()?).args(args).stdout(Pipe::piped()).spawn()?;
    let mut line = String::new();
    if let Some(output) = &mut child.stdout {
        BufReader::new(output).read_line(&mut line)?;
    }
    if line == "here\n" { Ok(child) } else { Err(format!("{args:?} has not begun").into()) }
}

/// The holder ends, and a stranger gets its PID.
fn exchange(round: &mut Round) -> Outcome<()> {
    let Some(mut holder) = round.holder.take() else { return Ok(()) };
    let pid = holder.id();
    holder.kill()?;
    holder.wait()?;
    fs::write(LAST_PID, (pid - 1).to_string())?;
    round.stranger = Some(start(&["stand-by"])?);
    Ok(())
}

/// Called by the core at each of its steps.
fn on_each_step(step: &str) {
    let mut round = ROUND.lock().unwrap_or_else(PoisonError::into_inner);
    if round.step == Some(step) {
        round.step = None;
        // A failure shows as a round without a stranger.
        let _ = exchange(&mut round);
    }
}

/// The signals that wait for a process, proc_pid_status(5).
fn pending(pid: u32) -> Outcome<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let masks = status
        .lines()
        .filter_map(|line| line.strip_prefix("SigPnd:").or_else(|| line.strip_prefix("ShdPnd:")));
    let mut count = 0;
    for mask in masks {
        count += u64::from_str_radix(mask.trim(), 16)?.count_ones();
    }
    Ok(count)
}

fn torture(path: PathBuf, rounds: usize, forced: usize) -> Outcome<()> {
    let pidfile = PidFile::new(path.clone())?;
    let holder_args = ["hold", path.to_str().ok_or("a path that is no text")?];
    let (mut by_step, mut missed, mut hits) = ([0; STEPS.len()], 0, 0);
    on_step(on_each_step);
    for number in 0..rounds {
        let holder = start(&holder_args)?;
        let pid = holder.id();
        {
            let mut round = ROUND.lock().unwrap_or_else(PoisonError::into_inner);
            *round = Round { holder: Some(holder), ..Round::default() };
            if number < forced {
                round.step = Some(STEPS[number % STEPS.len()]);
            } else {
                exchange(&mut round)?;
            }
        }
        // Not one of these may reach the stranger. What they give does not matter.
        let _ = match number % 3 {
            0 => pidfile.signal_now(Signal::HUP).map(drop),
            1 => pidfile.stop(&StopOptions::default(), &Abort::new()).map(drop),
            _ => pidfile.holder().and_then(|holder| holder.signal(Signal::TERM)).map(drop),
        };
        let mut round = ROUND.lock().unwrap_or_else(PoisonError::into_inner);
        match round.stranger.take() {
            Some(mut stranger) if stranger.id() == pid => {
                if stranger.try_wait()?.is_some() || pending(pid)? > 0 {
                    hits += 1;
                }
                if number < forced {
                    by_step[number % STEPS.len()] += 1;
                }
                stranger.kill()?;
                stranger.wait()?;
            }
            other => {
                missed += 1;
                for mut child in other.into_iter().chain(round.holder.take()) {
                    child.kill()?;
                    child.wait()?;
                }
            }
        }
    }
    let steps: Vec<_> =
        STEPS.iter().zip(by_step).map(|(step, count)| format!("\"{step}\":{count}")).collect();
    let forced = steps.join(",");
    println!("{{\"rounds\":{rounds},\"forced\":{{{forced}}},\"missed\":{missed},\"hits\":{hits}}}");
    Ok(())
}
