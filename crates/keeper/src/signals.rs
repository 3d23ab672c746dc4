//! Signals to the keeper: those that stop the daemon, and those that are for its program.

use daimon_core::Signal;

use crate::keeper::{Keeper, Phase};
use crate::running::State;

/// Whether a signal is for the program: not what the kernel sends for the keeper's own doing, nor what nobody can
/// handle. What a terminal stops a job by is dropped, because the program would stop, and the keeper would not.
fn is_passed_on(signal: Signal) -> bool {
    use nix::sys::signal::Signal as Named;
    const KEPT: [Named; 17] = [
        Named::SIGKILL,
        Named::SIGSTOP,
        Named::SIGCHLD,
        Named::SIGPIPE,
        Named::SIGCONT,
        Named::SIGTSTP,
        Named::SIGTTIN,
        Named::SIGTTOU,
        Named::SIGSEGV,
        Named::SIGBUS,
        Named::SIGFPE,
        Named::SIGILL,
        Named::SIGTRAP,
        Named::SIGSYS,
        Named::SIGABRT,
        // Of limits that the keeper itself has reached, as by a line of its log.
        Named::SIGXCPU,
        Named::SIGXFSZ,
    ];
    let number = signal.number();
    // 32 and 33 are libc's own.
    (1..=64).contains(&number)
        && !matches!(number, 32 | 33)
        && !KEPT.iter().any(|kept| *kept as i32 == number)
}

impl Keeper<'_> {
    pub(crate) fn signalled(&mut self, signal: Signal) {
        let stops = [Signal::TERM, Signal::INT, Signal::QUIT, self.plan.stop_signal];
        let is_stop =
            stops.contains(&signal) || self.announced.is_some_and(|announced| announced.signal == signal);
        let generation = self.generation;
        if !is_stop && !is_passed_on(signal) {
            return;
        }
        match self.phase {
            _ if !is_stop => {
                // It may say that the log was renamed.
                self.follow_log();
                self.note_reload(signal);
                let serving = self.running.iter_mut().filter(|body| body.place.generation == generation);
                serving.filter(|body| body.is_at_work()).for_each(|body| body.signal(signal));
            }
            // Without a body it ends as a daemon that was asked to.
            Phase::Starting | Phase::Serving => self.end(None, signal, None),
            // Somebody insists.
            Phase::Ending(_) if signal != Signal::TERM => {
                let ending = self.running.iter().filter(|body| body.state == State::Ending);
                ending.for_each(|body| body.send(signal));
            }
            Phase::Ending(_) => (),
        }
    }
}
