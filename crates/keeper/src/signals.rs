//! Signals to the keeper: those that stop the daemon, and those that are for its program.

use daimon_core::Signal;

use crate::keeper::{Keeper, Phase};
use crate::running::State;

impl Keeper<'_> {
    pub(crate) fn signalled(&mut self, signal: Signal) {
        let stops = [Signal::TERM, Signal::INT, Signal::QUIT, self.plan.stop_signal];
        let is_stop = stops.contains(&signal);
        let generation = self.generation;
        match self.phase {
            _ if !is_stop => {
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
