//! The steps between states, compactly.

use crate::checker::Id;

/// The steps between states, by the state that they begin at.
pub(crate) struct Graph {
    /// Where the steps of each state begin in `to`.
    begin: Vec<u32>,
    to: Vec<Id>,
}

impl Graph {
    pub(crate) fn new(states: usize, steps: impl Iterator<Item = (usize, usize)> + Clone) -> Self {
        let mut begin = vec![0; states + 1];
        for (from, _) in steps.clone() {
            begin[from + 1] += 1;
        }
        for id in 0..states {
            begin[id + 1] += begin[id];
        }
        let mut to = vec![0; begin[states] as usize];
        let mut free = begin.clone();
        for (from, next) in steps {
            to[free[from] as usize] = next as Id;
            free[from] += 1;
        }
        Self { begin, to }
    }

    pub(crate) fn next(&self, from: usize) -> impl Iterator<Item = usize> {
        let (begin, end) = (self.begin[from] as usize, self.begin[from + 1] as usize);
        self.to[begin..end].iter().map(|to| *to as usize)
    }
}
