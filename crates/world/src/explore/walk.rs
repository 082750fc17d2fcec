//! Long ways, drawn by a seed: first with faults, then without.

use super::digest::mix64;
use super::{Failure, Model, Schedule};

/// What a walk was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walked<Step> {
    /// How many steps it had, those after the faults included.
    pub steps: u64,
    /// What went wrong.
    pub failure: Option<Failure<Step>>,
}

/// Walks `length` steps that the seed draws, and then lets all settle.
pub fn walk<M: Model>(model: &M, seed: u64, length: usize) -> Walked<M::Step> {
    let mut draw = Draw(seed);
    let mut state = model.start();
    let mut taken = Vec::new();
    for _ in 0..length {
        let steps = model.steps(&state);
        let total: u64 = steps.iter().map(|step| u64::from(model.weight(step))).sum();
        if total == 0 {
            break;
        }
        let mut place = draw.below(total);
        let drawn = steps.into_iter().find(|step| {
            let weight = u64::from(model.weight(step));
            let found = place < weight;
            place = place.saturating_sub(weight);
            found
        });
        let Some(step) = drawn else { break };
        let result = model.take(&mut state, &step);
        taken.push(step);
        if let Err(violation) = result {
            let steps = taken.len() as u64;
            let schedule = Schedule { steps: taken, settles: false };
            return Walked { steps, failure: Some(Failure { schedule, violation }) };
        }
    }
    let steps = taken.len() as u64;
    match model.settle(&mut state) {
        Ok(more) => Walked { steps: steps + more, failure: None },
        Err(violation) => {
            let schedule = Schedule { steps: taken, settles: true };
            Walked { steps, failure: Some(Failure { schedule, violation }) }
        }
    }
}

/// Numbers drawn by a seed (SplitMix64).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Draw(pub u64);

impl Draw {
    /// The next number.
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix64(self.0)
    }

    /// A number below this one, which is not 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        // The upper half of the product: even enough for bounds far below 2^64.
        ((self.number() as u128 * bound as u128) >> 64) as u64
    }
}
