//! The stop after its signal, and `remove_leftover`.

use crate::moves::Moves;
use crate::proof::left;
use crate::rules::Rule;
use crate::state::{Actor, At, File, Handle, Phase, Why};
use crate::steps::Step;

impl Moves<'_> {
    pub(crate) fn stops(&mut self, at: At) {
        let (index, me) = (self.index(), *self.me());
        match at {
            At::EndsWithin => self.awaits_end(),
            At::LeftoverStat => {
                let is_missing = self.from.path == 0;
                let removes = !self.breaks(Rule::StopRemoves) || me.victim == 0;
                self.go(Step::LeftoverStat, |draft| {
                    if is_missing || !removes {
                        return left(draft);
                    }
                    (draft.me().at, draft.me().why) = (At::OpenToRead, Why::LeftoverLook);
                });
            }
            At::LeftoverUnlink => {
                let has_lock = me.file.ino != 0;
                let unlinks = self.from.path != 0 && (!has_lock || self.from.path == me.file.ino);
                self.go(Step::LeftoverUnlink, |draft| {
                    if unlinks {
                        draft.unlink(index);
                    }
                    draft.me().at = At::LeftoverClose;
                });
            }
            _ => self.go(Step::Close, |draft| {
                draft.me().file = File::default();
                left(draft);
            }),
        }
    }

    fn awaits_end(&mut self) {
        let me = *self.me();
        if self.from.has_ended(me.handle) || self.breaks(Rule::StopWaitsForEnd) {
            let waits = !self.breaks(Rule::StopWaitsForLock);
            return self.go(Step::EndsWithin, |draft| {
                let me = draft.me();
                let (at, why) =
                    if waits { (At::OpenToRead, Why::Free) } else { (At::OpenToRead, Why::Stale) };
                *me = Actor { at, why, handle: Handle::None, proven: 0, ..*me };
            });
        }
        if let (true, Handle::Daemon(index)) = (self.model.has_failures, me.handle)
            && self.from.daemons[usize::from(index)].phase < Phase::Dying
        {
            self.may(Step::EndByKill, |draft| draft.state.end_daemon(usize::from(index)));
        }
    }
}
