//! The keeper: the process that a pidfile names, and that keeps a daemon's program running as its child, the body.
//!
//! It is executed instead of the program, by a launch whose plan has a keeper, and is told what to do by the channel.
//! It has one thread, and does not wake up while nothing happens.

mod bodies;
mod clients;
mod ends;
mod keeper;
mod report;
mod respawn;
mod running;
mod say;
mod signals;
mod sockets;
mod upgrade;

use std::os::fd::OwnedFd;
use std::process::{ExitCode, exit};

use daimon_core::{ADOPTION_VARIABLE, ExitStatus, FrameKind, KeeperOrder, OwnDaemon, adopt_as_keeper};

use crate::keeper::Keeper;
use crate::say::say;

/// The exit code of a keeper that was not executed by a launch, or cannot do its work.
const FAILED: u8 = 1;

fn main() -> ExitCode {
    let Some(value) = std::env::var_os(ADOPTION_VARIABLE) else {
        say(
            "daimon: this program keeps daemons running. It is begun by daimon itself, with respawn and its like.",
        );
        return ExitCode::from(FAILED);
    };
    let (daemon, launcher) = match adopt_as_keeper(&value) {
        Ok(adopted) => adopted,
        Err(error) => {
            say(&format!("daimon: {error}"));
            return ExitCode::from(FAILED);
        }
    };
    let Some((order, sockets)) = receive_order(daemon) else {
        say("daimon: the launcher did not tell this keeper what to do, or is of another version");
        exit(FAILED.into());
    };
    let keeper = Keeper::new(daemon, &order, sockets, launcher);
    match keeper.and_then(|mut keeper| keeper.run()) {
        Ok(ExitStatus::Code(code)) => exit(code),
        Ok(ExitStatus::Signal(signal)) => daemon.end_by(signal),
        Err(error) => {
            say(&format!("daimon: the keeper cannot go on: {error}"));
            exit(FAILED.into())
        }
    }
}

/// The order, and the sockets that it declares; `None` when the launcher has gone, or speaks another version.
fn receive_order(daemon: &OwnDaemon) -> Option<(KeeperOrder, Vec<OwnedFd>)> {
    let mut sockets = Vec::new();
    loop {
        let (frame, descriptor) = daemon.wait_for_frame()?;
        match frame.kind {
            FrameKind::Socket => sockets.extend(descriptor),
            FrameKind::Payload => return Some((KeeperOrder::decode(&frame.body)?, sockets)),
            _ => return None,
        }
    }
}
