//! The search: breadth first through all states, then the ends of all calls.

use std::hash::{Hash, Hasher};

use crate::model::{Kind, Model, Who};
use crate::rules::Property;
use crate::state::{ACTORS, State};
use crate::steps::Step;

/// A path from the first state: who makes which step.
pub type Path = Vec<(Who, Step)>;

/// What a search has found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The number of distinct states that were reached.
    pub states: usize,
    /// The number of steps between them.
    pub steps: usize,
    /// The shortest path to each property that is broken, if all are searched for; else to the first.
    pub broken: Vec<(Property, Path)>,
}

/// Searches a model, by default for any fault of any property; with `only`, for one of this property.
///
/// Without `only` the search goes on after a fault, and through it.
pub fn check(model: &Model, only: Option<Property>) -> Found {
    let mut search = Search::default();
    let broken = search.explore(model, only);
    let (states, steps) = (search.states.len(), search.edges.len());
    let mut found = Found { states, steps, broken };
    let is_wanted = only.is_none_or(|property| property == Property::EveryCallEnds);
    if is_wanted && (only.is_none() || found.broken.is_empty()) {
        let stuck = (0..ACTORS).filter_map(|actor| search.stuck(model, actor)).min_by_key(Vec::len);
        found.broken.extend(stuck.map(|path| (Property::EveryCallEnds, path)));
    }
    found
}

type Id = u32;

#[derive(Default)]
struct Search {
    states: Vec<State>,
    known: Table,
    /// For each state but the first: the state before it, and the step.
    before: Vec<(Id, Who, Step)>,
    edges: Vec<(Id, Id, Who, Kind)>,
}

impl Search {
    fn explore(&mut self, model: &Model, only: Option<Property>) -> Vec<(Property, Path)> {
        let mut broken: Vec<(Property, Path)> = Vec::new();
        let first = model.initial();
        self.add(0, Who::World, Step::Call, first);
        let mut next = 0;
        while let Some(state) = self.states.get(next).copied() {
            let from = next as Id;
            for step in model.moves(&state) {
                let to = self.add(from, step.who, step.step, step.to);
                self.edges.push((from, to, step.who, step.kind));
                for fault in step.faults.iter().copied().chain(model.faults(&step.to)) {
                    let is_wanted = only.is_none_or(|property| property == fault);
                    if is_wanted && !broken.iter().any(|(property, _)| *property == fault) {
                        let mut path = self.path(from);
                        path.push((step.who, step.step));
                        broken.push((fault, path));
                    }
                }
                if only.is_some() && !broken.is_empty() {
                    return broken;
                }
            }
            next += 1;
        }
        broken
    }

    fn add(&mut self, from: Id, who: Who, step: Step, to: State) -> Id {
        let id = self.known.find_or_insert(&self.states, &to);
        if id as usize == self.states.len() {
            self.states.push(to);
            self.before.push((from, who, step));
        }
        id
    }

    fn path(&self, mut id: Id) -> Path {
        let mut path = Vec::new();
        while id != 0 {
            let (before, who, step) = self.before[id as usize];
            path.push((who, step));
            id = before;
        }
        path.reverse();
        path
    }

    /// The path to a state from which the actor's call cannot end, or in which it goes round alone.
    fn stuck(&self, model: &Model, actor: usize) -> Option<Path> {
        let back = Graph::new(self.states.len(), self.progress().map(|(from, to, _)| (to, from)));
        let mut ends: Vec<_> =
            self.states.iter().map(|state| !model.is_pending(state, actor)).collect();
        let mut work: Vec<_> = (0..ends.len()).filter(|id| ends[*id]).collect();
        while let Some(id) = work.pop() {
            for from in back.next(id) {
                if !std::mem::replace(&mut ends[from], true) {
                    work.push(from);
                }
            }
        }
        // States are numbered by their distance from the first.
        let endless = ends.iter().position(|ends| !ends).or_else(|| self.circle(model, actor))?;
        Some(self.path(endless as Id))
    }

    /// A state from which the actor goes round in a circle while no other process can make a step.
    fn circle(&self, model: &Model, actor: usize) -> Option<usize> {
        let mut left: Vec<_> = self.states.iter().map(|state| model.is_pending(state, actor)).collect();
        for (from, _, who) in self.progress() {
            left[from] &= who == Who::Actor(actor as u8);
        }
        let inside: Vec<_> = self.progress().filter(|(from, to, _)| left[*from] && left[*to]).collect();
        let graph = Graph::new(left.len(), inside.iter().map(|(from, to, _)| (*from, *to)));
        let mut degree = vec![0_u32; left.len()];
        for (_, to, _) in inside {
            degree[to] += 1;
        }
        // Takes off, again and again, what nothing leads to: circles stay.
        let mut work: Vec<_> = (0..left.len()).filter(|id| left[*id] && degree[*id] == 0).collect();
        while let Some(id) = work.pop() {
            left[id] = false;
            for to in graph.next(id) {
                degree[to] -= 1;
                if degree[to] == 0 {
                    work.push(to);
                }
            }
        }
        left.iter().position(|left| *left)
    }

    fn progress(&self) -> impl Iterator<Item = (usize, usize, Who)> + Clone {
        let progress = self.edges.iter().filter(|(.., kind)| *kind == Kind::Progress);
        progress.map(|(from, to, who, _)| (*from as usize, *to as usize, *who))
    }
}

/// The steps between states, by the state that they begin at.
struct Graph {
    /// Where the steps of each state begin in `to`.
    begin: Vec<u32>,
    to: Vec<Id>,
}

impl Graph {
    fn new(states: usize, steps: impl Iterator<Item = (usize, usize)> + Clone) -> Self {
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

    fn next(&self, from: usize) -> impl Iterator<Item = usize> {
        let (begin, end) = (self.begin[from] as usize, self.begin[from + 1] as usize);
        self.to[begin..end].iter().map(|to| *to as usize)
    }
}

/// The numbers of states by their hash; the states themselves are compared. Open addressing, at most half full.
#[derive(Default)]
struct Table {
    /// 0 is an empty place, else the number + 1.
    places: Vec<Id>,
}

impl Table {
    fn place(&self, states: &[State], wanted: &State) -> usize {
        let mask = self.places.len() - 1;
        let mut place = hash_of(wanted) as usize & mask;
        while self.places[place] != 0 && states[self.places[place] as usize - 1] != *wanted {
            place = (place + 1) & mask;
        }
        place
    }

    /// The number of a state; that of the next new one if there is no such state yet.
    fn find_or_insert(&mut self, states: &[State], wanted: &State) -> Id {
        if states.len() * 2 >= self.places.len() {
            self.places = vec![0; (states.len() * 4).next_power_of_two().max(64)];
            for (id, state) in states.iter().enumerate() {
                let place = self.place(states, state);
                self.places[place] = id as Id + 1;
            }
        }
        let place = self.place(states, wanted);
        if self.places[place] == 0 {
            self.places[place] = states.len() as Id + 1;
        }
        self.places[place] - 1
    }
}

fn hash_of(state: &State) -> u64 {
    let mut hasher = Fold::default();
    state.hash(&mut hasher);
    hasher.finish()
}

/// A fast hash for many small states: the multiplication of FxHash.
#[derive(Default)]
struct Fold(u64);

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_ne_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(byte.into());
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }
}
