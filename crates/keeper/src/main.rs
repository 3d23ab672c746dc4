//! The keeper: the process that a pidfile names, and that keeps a daemon's program running as its child, the body.
//!
//! It is executed instead of the program, by a launch whose plan has a keeper, and is told what to do by the channel.
//! It has one thread, and does not wake up while nothing happens.

#![cfg_attr(not(test), no_main)]
#![deny(unsafe_code)]

mod bodies;
mod clients;
mod ends;
mod executable;
mod keeper;
mod listening;
mod report;
mod respawn;
mod respawns;
mod running;
mod say;
mod seam;
mod signals;
mod sockets;
mod supervisor;
mod upgrade;

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use daimon_core::{
    ADOPTION_VARIABLE, ControlSocket, Error, ExitStatus, FrameKind, InheritedSocket, KeeperInPlace,
    KeeperOrder, OwnDaemon, adopt_as_keeper, adopt_in_place,
};

use crate::keeper::Keeper;
use crate::report::error_json;
use crate::say::say;
use crate::sockets::Sockets;
use crate::supervisor::Supervisor;

/// The exit code of a keeper that was not executed by a launch, or cannot do its work.
const FAILED: i32 = 1;
/// How long a keeper that fails at once lives on.
const UNTIL_FOUND: Duration = Duration::from_millis(500);

/// Without std's start, which would bring buffers for an output that nobody writes to.
// SAFETY: libc calls it, once, and no other function of this program has the name.
#[cfg_attr(not(test), expect(unsafe_code, reason = "the name is the linker's"), unsafe(no_mangle))]
extern "C" fn main() -> i32 {
    let Some(value) = std::env::var_os(ADOPTION_VARIABLE) else {
        say(
            "daimon: this program keeps daemons running. It is begun by daimon itself, with respawn and its like.",
        );
        return FAILED;
    };
    match adopted(&value) {
        Ok(start) => run(start),
        Err(error) => {
            say(&["daimon: ", &error].concat());
            FAILED
        }
    }
}

/// What this process is to keep, in the words of its launcher or of the program that it had before.
struct Start {
    daemon: &'static OwnDaemon,
    order: Box<KeeperOrder>,
    control: ControlSocket,
    sockets: Sockets,
    launcher: Option<OwnedFd>,
    supervisor: Supervisor,
}

fn adopted(value: &OsStr) -> std::result::Result<Start, String> {
    if let Some(adopted) = adopt_in_place(value) {
        let KeeperInPlace { daemon, order, control, sockets, supervisor } =
            adopted.map_err(|error| error.to_string())?;
        let sockets = Sockets::new(sockets, &order.keeper.listen);
        let supervisor = Supervisor::at(supervisor.as_deref());
        return Ok(Start { daemon, order, control, sockets, launcher: None, supervisor });
    }
    let (daemon, launcher) = adopt_as_keeper(value).map_err(|error| error.to_string())?;
    let (order, control, sockets) = receive_order(daemon)
        .ok_or("the launcher did not tell this keeper what to do, or is of another version")?;
    let plan = &order.keeper.listen;
    let named = sockets.into_iter().zip(plan).map(|(fd, plan)| {
        let name = plan.name.clone();
        InheritedSocket { name, fd, is_given: false }
    });
    let sockets = Sockets::new(named.collect(), plan);
    Ok(Start { daemon, order, control, sockets, launcher: Some(launcher), supervisor: Supervisor::default() })
}

/// Runs the daemon to its end, which is this process's.
fn run(Start { daemon, mut order, control, sockets, launcher, supervisor }: Start) -> ! {
    // It is kept once, where a long one is in no memory of this process.
    let payload = std::mem::take(&mut order.payload);
    seam::at("keeper.ordered");
    // It lives to the end of this process: its copy of the lock must never be closed, which would take the tag off.
    let mut keeper = match Keeper::new(daemon, &order, payload, control, sockets, launcher, supervisor) {
        Ok(keeper) => keeper,
        Err(error) => fail(daemon, &error),
    };
    match keeper.run() {
        Ok(status) => daemon.end(status),
        Err(error) => fail(daemon, &error),
    }
}

fn fail(daemon: &OwnDaemon, error: &Error) -> ! {
    daemon.tell(FrameKind::Error, &error_json(error));
    daemon.tell(FrameKind::Exit, FAILED.to_string().as_bytes());
    say(&format!("daimon: the keeper cannot go on: {error}"));
    // The launcher has to find who has executed, or it knows of no reason.
    std::thread::sleep(UNTIL_FOUND);
    daemon.end(ExitStatus::Code(FAILED))
}

/// The order, the control socket, and the sockets that the order declares; `None` when the launcher has gone, or speaks
/// another version.
fn receive_order(daemon: &OwnDaemon) -> Option<(Box<KeeperOrder>, ControlSocket, Vec<OwnedFd>)> {
    let (first, control) = daemon.wait_for_frame()?;
    let control = ControlSocket::of(daemon.path(), control?, std::str::from_utf8(&first.body).ok()?)?;
    let mut sockets = Vec::new();
    loop {
        let (frame, descriptor) = daemon.wait_for_frame()?;
        match frame.kind {
            FrameKind::Socket => sockets.extend(descriptor),
            FrameKind::Payload => return Some((KeeperOrder::decode(&frame.body)?, control, sockets)),
            _ => return None,
        }
    }
}
