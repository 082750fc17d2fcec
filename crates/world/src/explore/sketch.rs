//! What a set of states looks like in a few numbers: enough to see that two sets are one, and about how many
//! states several together have.

use super::visited::Visited;
use std::collections::BTreeSet;

/// How many names are kept. The number of a union is known to about six percent by them.
pub const KEPT: usize = 256;

/// The smallest names of a set of states. The sketch of a union is the union of the sketches, cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    smallest: BTreeSet<u64>,
}

impl Sketch {
    /// Of these states.
    #[must_use]
    pub fn of(visited: &Visited) -> Self {
        let mut sketch = Self::default();
        visited.for_each(|name| sketch.add(name));
        sketch
    }

    /// Adds a state.
    pub fn add(&mut self, name: u64) {
        let is_small = self.smallest.len() < KEPT || self.smallest.last().is_some_and(|last| name < *last);
        if is_small && self.smallest.insert(name) && self.smallest.len() > KEPT {
            self.smallest.pop_last();
        }
    }

    /// The names that are kept, the smallest first.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        self.smallest.iter().copied()
    }

    /// About how many states the set has; exactly, if there are few.
    #[must_use]
    pub fn estimate(&self) -> u64 {
        match self.smallest.last() {
            // Names are even over all of 2^64: between 0 and the last are KEPT of them.
            Some(last) if self.smallest.len() == KEPT => {
                ((KEPT as u128 - 1) * (1_u128 << 64) / (u128::from(*last) + 1)) as u64
            }
            _ => self.smallest.len() as u64,
        }
    }
}

impl Extend<u64> for Sketch {
    fn extend<I: IntoIterator<Item = u64>>(&mut self, names: I) {
        names.into_iter().for_each(|name| self.add(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::digest::mix64;

    #[test]
    fn the_sketch_of_a_union_is_the_union_of_the_sketches() {
        let sketch = |from: u64, to: u64| {
            let mut sketch = Sketch::default();
            sketch.extend((from..to).map(mix64));
            sketch
        };
        let mut both = sketch(0, 60_000);
        both.extend(sketch(40_000, 100_000).iter());
        assert_eq!(both, sketch(0, 100_000));
        assert!((85_000..115_000).contains(&both.estimate()), "{}", both.estimate());
        assert_eq!(sketch(0, 100).estimate(), 100);
    }
}
