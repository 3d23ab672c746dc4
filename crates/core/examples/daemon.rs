//! A daemon without Node: adopts itself, says that it is ready, and serves until SIGTERM.
//!
//! The tests start it in other ways, too: `stuck` says so and is never ready, `deaf` never adopts itself, `busy` serves
//! and does not end by SIGTERM, `family` has a child and `alone` a file for itself (Windows), `engine PATH` accepts
//! connections once the file `accept` is beside the pidfile, `exit N` ends at once, `obey N` when it has been given
//! something.

use std::env;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use daimon_core::{ADOPTION_VARIABLE, FrameKind, Listener, OwnDaemon, adopt};

/// SIGTERM, waited for.
#[cfg(unix)]
mod stop {
    use nix::sys::signal::{SigSet, Signal};

    pub(crate) struct Stop(SigSet);

    impl Stop {
        /// Blocks it: before any thread begins, so that the wait gets it.
        pub(crate) fn new() -> Option<Self> {
            let mut stop = SigSet::empty();
            stop.add(Signal::SIGTERM);
            stop.thread_block().ok().map(|()| Self(stop))
        }

        /// It handles the signal from now on.
        pub(crate) fn listen(&self) {}

        pub(crate) fn wait(&self) {
            let _ = self.0.wait();
        }
    }
}

#[cfg(windows)]
mod stop {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use daimon_core::{Signal, take_signals};

    pub(crate) struct Stop(Sender<()>, Receiver<()>);

    impl Stop {
        pub(crate) fn new() -> Option<Self> {
            let (sender, receiver) = channel();
            Some(Self(sender, receiver))
        }

        pub(crate) fn listen(&self) {
            let sender = self.0.clone();
            take_signals(move |signal| {
                if signal == Signal::TERM {
                    let _ = sender.send(());
                }
            });
        }

        pub(crate) fn wait(&self) {
            let _ = self.1.recv();
        }
    }
}

/// Accepts whoever comes, and keeps the connections. Until it may, the file `waiting` says that somebody waits.
fn accept_all(daemon: &OwnDaemon) {
    let gate = daemon.path().with_file_name("accept");
    while !gate.exists() {
        if daemon.map_listener(Listener::has_waiting) == Some(true) {
            let _ = std::fs::write(daemon.path().with_file_name("waiting"), "");
        }
        thread::sleep(Duration::from_millis(2));
    }
    let mut visitors = Vec::new();
    while let Some(accepted) = daemon.map_listener(|listener| listener.accept(true, Some("1"))) {
        match accepted {
            Ok(Some(visitor)) => visitors.push(visitor),
            _ => thread::sleep(Duration::from_millis(2)),
        }
    }
}

fn main() -> ExitCode {
    let way = env::args().nth(1).unwrap_or_default();
    if way == "deaf" {
        loop {
            thread::park();
        }
    }
    let Some(stop) = stop::Stop::new() else { return ExitCode::FAILURE };
    let Some(daemon) = env::var_os(ADOPTION_VARIABLE).and_then(|value| adopt(&value).ok()) else {
        return ExitCode::FAILURE;
    };
    let code = ExitCode::from(env::args().nth(2).and_then(|code| code.parse().ok()).unwrap_or(0));
    match way.as_str() {
        "stuck" => {
            stop.listen();
            daemon.tell(FrameKind::Status, b"stuck");
            loop {
                thread::park();
            }
        }
        // It has started another process, whose PID is in the file `child` beside the pidfile.
        #[cfg(windows)]
        "family" => {
            stop.listen();
            daemon.listening();
            let child =
                env::current_exe().and_then(|own| std::process::Command::new(own).arg("deaf").spawn());
            let Ok(child) = child else { return ExitCode::FAILURE };
            let _ = std::fs::write(daemon.path().with_file_name("child"), child.id().to_string());
            daemon.tell(FrameKind::Status, b"has a child");
            daemon.ready();
            stop.wait();
            ExitCode::SUCCESS
        }
        // For its whole life it has a file that nobody else can open; a refusal is in the file `overlap`.
        #[cfg(windows)]
        "alone" => {
            use std::os::windows::fs::OpenOptionsExt;
            stop.listen();
            daemon.listening();
            let oracle = daemon.path().with_file_name("oracle");
            let mine = std::fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .share_mode(0)
                .open(oracle);
            if let Err(error) = &mine {
                let _ = std::fs::write(daemon.path().with_file_name("overlap"), error.to_string());
            }
            daemon.ready();
            stop.wait();
            ExitCode::SUCCESS
        }
        // Once it has left, the file `left` is there, and it stays as long as there is the file `stay`; at its end the
        // file `displaced` says that another version takes its place.
        "engine" => {
            stop.listen();
            daemon.listening();
            let path = env::args().nth(2).unwrap_or_default();
            if !daemon.take_listener(path.as_ref()).is_ok_and(|taken| taken) {
                return ExitCode::FAILURE;
            }
            daemon.ready();
            thread::spawn(|| accept_all(daemon));
            stop.wait();
            daemon.leave();
            let _ = std::fs::write(daemon.path().with_file_name("left"), "");
            while daemon.path().with_file_name("stay").exists() {
                thread::sleep(Duration::from_millis(2));
            }
            if daemon.is_displaced() {
                let _ = std::fs::write(daemon.path().with_file_name("displaced"), "");
            }
            ExitCode::SUCCESS
        }
        // It listens, and hears nothing.
        "busy" => {
            stop.listen();
            daemon.listening();
            daemon.ready();
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
            stop.listen();
            daemon.listening();
            daemon.ready();
            stop.wait();
            ExitCode::SUCCESS
        }
    }
}
