//! The respawns of all instances, and when the next are due.

use std::time::{Duration, Instant};

use daimon_core::KeeperPlan;

use crate::respawn::Row;

/// The respawns of a daemon's instances.
pub(crate) struct Respawns {
    rows: Vec<Row>,
    /// When an instance is to be started again.
    due: Vec<(Instant, u32)>,
    /// How many there have been since the daemon was started.
    pub(crate) count: u64,
}

impl Respawns {
    pub(crate) fn new(plan: &KeeperPlan) -> Self {
        Self { rows: rows(plan), due: Vec::new(), count: 0 }
    }

    /// Another generation begins: what was due is forgotten, and each instance begins a new row.
    pub(crate) fn begin_anew(&mut self, plan: &KeeperPlan) {
        self.rows = rows(plan);
        self.forget();
    }

    /// Nothing is started again.
    pub(crate) fn forget(&mut self) {
        self.due.clear();
    }

    pub(crate) fn row_of(&mut self, instance: u32) -> Option<&mut Row> {
        self.rows.get_mut(instance as usize)
    }

    pub(crate) fn start_in(&mut self, pause: Duration, instance: u32) {
        self.due.push((Instant::now() + pause, instance));
    }

    pub(crate) fn is_none_due(&self) -> bool {
        self.due.is_empty()
    }

    /// When the first is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.due.iter().map(|(when, _)| *when).min()
    }

    /// An instance that is to be started by now.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<u32> {
        let at = self.due.iter().position(|(when, _)| *when <= now)?;
        Some(self.due.swap_remove(at).1)
    }
}

/// A row for each instance.
fn rows(plan: &KeeperPlan) -> Vec<Row> {
    (0..plan.instances).map(|_| Row::new(plan.respawn)).collect()
}
