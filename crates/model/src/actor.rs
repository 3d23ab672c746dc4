//! The moves of a process that calls a verb.

use crate::model::Role;
use crate::moves::Moves;
use crate::state::{Actor, At, Why};
use crate::steps::Step;

impl Moves<'_> {
    /// The moves of an actor.
    pub(crate) fn of_actor(&mut self) {
        match self.me().at {
            At::Idle => self.calls(),
            At::Done | At::Dead => (),
            at if (At::OpenToRead as u8..=At::PhaseApart as u8).contains(&(at as u8)) => self.looks(at),
            at if (At::HolderOpen as u8..=At::Signal as u8).contains(&(at as u8)) => self.proves(at),
            at if (At::OpenOrCreate as u8..=At::CloseRound as u8).contains(&(at as u8)) => self.locks(at),
            at if (At::HeldNames as u8..=At::WaitForHolder as u8).contains(&(at as u8)) => self.meets(at),
            at if (At::SpawnChild as u8..=At::FailClose as u8).contains(&(at as u8)) => self.launches(at),
            at => self.stops(at),
        }
    }

    fn calls(&mut self) {
        let role = self.model.roles[self.index()];
        let (at, why) = match role {
            Role::Start | Role::PatientStart => (At::OpenOrCreate, Why::Launch),
            Role::Stop | Role::Signal => (At::OpenToRead, Why::Prove),
            Role::Status => (At::OpenToRead, Why::Report),
        };
        let patient = role == Role::PatientStart;
        self.go(Step::Call, |draft| *draft.me() = Actor { at, why, patient, ..Actor::default() });
        let leftover = self.from.text(self.from.path).pid;
        if self.model.reuses_for_actors && leftover != 0 && !self.from.is_taken(leftover) {
            self.may(Step::CallOnOldNumber, |draft| {
                *draft.me() = Actor { at, why, patient, pid: leftover, ..Actor::default() };
            });
        }
    }
}
