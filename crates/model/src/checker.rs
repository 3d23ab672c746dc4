//! The search: breadth first through all states, then the ends of all calls.

use crate::graph::Graph;
use crate::model::Model;
use crate::moves::{Kind, Who};
use crate::rules::Property;
use crate::state::{ACTORS, State};
use crate::steps::Step;
use crate::table::Table;

/// A path: who makes which step.
pub type Path = Vec<(Who, Step)>;

/// A path from the first state to a broken property.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// What is broken.
    pub property: Property,
    /// The shortest path. For [`Property::EveryCallEnds`] it leads to a state from which the call cannot end any more.
    pub path: Path,
    /// How it goes on from there, if nothing else happens: to a state in which no process makes a step, or into a
    /// circle.
    pub then: Path,
}

/// What a search has found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The number of distinct states that were reached.
    pub states: usize,
    /// The number of steps between them.
    pub steps: usize,
    /// The shortest path to each property that is broken, if all are searched for; else to the first.
    pub broken: Vec<Counterexample>,
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
        let stuck = (0..ACTORS).filter_map(|actor| Some((search.stuck(model, actor)?, actor)));
        if let Some((id, actor)) = stuck.min() {
            let (path, then) = (search.path(id), search.then(id, actor));
            found.broken.push(Counterexample { property: Property::EveryCallEnds, path, then });
        }
    }
    found
}

/// The number of a state, in the order of their discovery.
pub(crate) type Id = u32;

/// A step between two states.
struct Edge {
    from: Id,
    to: Id,
    who: Who,
    step: Step,
    kind: Kind,
}

#[derive(Default)]
struct Search {
    states: Vec<State>,
    known: Table,
    /// For each state but the first: the state before it, and the step.
    before: Vec<(Id, Who, Step)>,
    edges: Vec<Edge>,
}

impl Search {
    fn explore(&mut self, model: &Model, only: Option<Property>) -> Vec<Counterexample> {
        let mut broken: Vec<Counterexample> = Vec::new();
        let first = model.initial();
        self.add(0, Who::World, Step::Call, first);
        let mut next = 0;
        while let Some(state) = self.states.get(next).copied() {
            let from = next as Id;
            for step in model.moves(&state) {
                let to = self.add(from, step.who, step.step, step.to);
                self.edges.push(Edge { from, to, who: step.who, step: step.step, kind: step.kind });
                for fault in step.faults.iter().copied().chain(model.faults(&step.to)) {
                    let is_wanted = only.is_none_or(|property| property == fault);
                    if is_wanted && !broken.iter().any(|found| found.property == fault) {
                        let mut path = self.path(from);
                        path.push((step.who, step.step));
                        broken.push(Counterexample { property: fault, path, then: Vec::new() });
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

    /// The first state from which the actor's call cannot end, or in which it goes round alone.
    fn stuck(&self, model: &Model, actor: usize) -> Option<Id> {
        let back = Graph::new(self.states.len(), self.progress().map(|(from, to, _)| (to, from)));
        let mut ends: Vec<_> = self.states.iter().map(|state| !model.is_pending(state, actor)).collect();
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
        Some(endless as Id)
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

    /// A run from there: the others make their steps first, then the actor goes on alone.
    fn then(&self, mut id: Id, actor: usize) -> Path {
        let (mut path, mut seen) = (Vec::new(), vec![id]);
        loop {
            let first = self.edges.partition_point(|edge| edge.from < id);
            let edges = self.edges[first..].iter().take_while(|edge| edge.from == id);
            let progress = edges.filter(|edge| edge.kind == Kind::Progress);
            let Some(edge) = progress.min_by_key(|edge| edge.who == Who::Actor(actor as u8)) else {
                return path;
            };
            path.push((edge.who, edge.step));
            if seen.contains(&edge.to) {
                return path;
            }
            seen.push(edge.to);
            id = edge.to;
        }
    }

    fn progress(&self) -> impl Iterator<Item = (usize, usize, Who)> + Clone {
        let progress = self.edges.iter().filter(|edge| edge.kind == Kind::Progress);
        progress.map(|edge| (edge.from as usize, edge.to as usize, edge.who))
    }
}
