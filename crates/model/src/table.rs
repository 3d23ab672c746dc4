//! The set of states.

use std::hash::{Hash, Hasher};

use crate::checker::Id;
use crate::state::State;

/// The numbers of states by their hash; the states themselves are compared. Open addressing, at most half full.
#[derive(Default)]
pub(crate) struct Table {
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
    pub(crate) fn find_or_insert(&mut self, states: &[State], wanted: &State) -> Id {
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
