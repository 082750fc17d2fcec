//! Looking for the order of things in which something goes wrong.
//!
//! A [`Model`] is anything whose state is a value, that can say what may happen next, and that notices what must
//! never be. Two ways of looking:
//!
//! - [`breadth`]: every order of what can happen, up to a number of steps. States that are equal are looked at
//!   once; two are taken for equal if 64 bits of their [`digest`] are.
//! - [`mod@walk`]: long ways drawn by a seed, with faults first; then the faults stop, and all must settle.
//!
//! What was found is made as short as can be ([`shrink()`]), written down in one word ([`token`]) and can be
//! replayed from that.

pub mod breadth;
pub mod checkpoint;
pub mod digest;
pub mod drawn;
pub mod frontier;
pub mod scene;
pub mod shard;
pub mod shrink;
pub mod sketch;
pub mod token;
pub mod visited;
pub mod walk;

pub use breadth::{Explored, Limits, explore};
pub use digest::RelativeHasher;
pub use shard::Shard;
pub use shrink::shrink;
pub use sketch::Sketch;
pub use token::{Replay, Token};
pub use walk::walk;

use std::fmt;

/// Something that can be explored.
pub trait Model: Sync {
    /// All that matters for what can happen next, the memory of the checkers included.
    type State: Clone + Send + Sync;
    /// Something that can happen next.
    type Step: Clone + PartialEq + fmt::Display + Send + Sync;

    /// The state in the beginning.
    fn start(&self) -> Self::State;

    /// All that can happen next, always in the same order; at most 65,535 things.
    fn steps(&self, state: &Self::State) -> Vec<Self::Step>;

    /// Lets it happen.
    ///
    /// # Errors
    ///
    /// What must never be has been.
    fn take(&self, state: &mut Self::State, step: &Self::Step) -> Result<(), Violation>;

    /// The name of a state: equal for states that are equal, and (but for one case in 2^64) for no others.
    fn digest(&self, state: &Self::State) -> u64;

    /// From here on nothing more goes wrong: runs on until all is at rest, or until what had to come by then has
    /// not come. Says how many steps that took.
    ///
    /// # Errors
    ///
    /// What must never be has been, or what must be at last has not.
    fn settle(&self, state: &mut Self::State) -> Result<u64, Violation>;

    /// How often a step is drawn by a walk, beside others.
    fn weight(&self, _step: &Self::Step) -> u32 {
        1
    }

    /// About how many octets of memory a state takes.
    fn octets(&self) -> usize {
        size_of::<Self::State>()
    }
}

/// What must not be, and has been.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Violation {
    /// The name of the rule.
    pub rule: &'static str,
    /// What was seen.
    pub seen: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.seen)
    }
}

/// A way from the start to something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure<Step> {
    /// What happens, in order.
    pub schedule: Schedule<Step>,
    /// What was seen.
    pub violation: Violation,
}

/// What happens, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule<Step> {
    /// The steps.
    pub steps: Vec<Step>,
    /// Whether nothing goes wrong any more after them, and all is to settle ([`Model::settle`]).
    pub settles: bool,
}

/// Lets a schedule happen, with what of it cannot happen left out. Returns the shortest beginning of it that
/// breaks a rule, if one does.
pub fn run<M: Model>(model: &M, schedule: &Schedule<M::Step>) -> Option<Failure<M::Step>> {
    let mut state = model.start();
    let mut taken = Vec::with_capacity(schedule.steps.len());
    for step in &schedule.steps {
        if !model.steps(&state).contains(step) {
            continue;
        }
        taken.push(step.clone());
        if let Err(violation) = model.take(&mut state, step) {
            return Some(Failure { schedule: Schedule { steps: taken, settles: false }, violation });
        }
    }
    let violation = if schedule.settles { model.settle(&mut state).err()? } else { return None };
    Some(Failure { schedule: Schedule { steps: taken, settles: true }, violation })
}

#[cfg(test)]
mod tests;
