//! Making a schedule that breaks a rule as short as can be.

use super::breadth::{Explored, Limits, explore};
use super::{Failure, Model, Schedule, run};
use std::sync::atomic::AtomicBool;

/// Leaves out of a schedule what is not needed for the same rule to be broken: halves, quarters and so on, down
/// to single steps, until none can be left out (delta debugging). Then, for at most `states` states, looks
/// whether there is any shorter one at all.
pub fn shrink<M: Model>(model: &M, failure: Failure<M::Step>, states: u64) -> Failure<M::Step> {
    let mut best = failure;
    loop {
        let before = best.schedule.steps.len();
        let mut size = before.div_ceil(2).max(1);
        loop {
            best = without_pieces(model, best, size);
            if size == 1 {
                break;
            }
            size = size.div_ceil(2);
        }
        if best.schedule.steps.len() == before {
            break;
        }
    }
    match shorter(model, &best, states) {
        Some(found) => found,
        None => best,
    }
}

/// Leaves out each piece of this size without which the rule is broken all the same.
fn without_pieces<M: Model>(model: &M, mut best: Failure<M::Step>, size: usize) -> Failure<M::Step> {
    let mut from = 0;
    while from < best.schedule.steps.len() {
        let kept = best.schedule.steps.iter().enumerate();
        let kept = kept.filter(|(place, _)| !(from..from + size).contains(place));
        let steps = kept.map(|(_, step)| step.clone()).collect();
        match run(model, &Schedule { steps, settles: best.schedule.settles }) {
            Some(found) if found.violation.rule == best.violation.rule => best = found,
            _ => from += size,
        }
    }
    best
}

/// A shorter schedule that breaks the same rule, if one is found among so many states.
fn shorter<M: Model>(model: &M, best: &Failure<M::Step>, states: u64) -> Option<Failure<M::Step>> {
    let depth = best.schedule.steps.len().checked_sub(1)?;
    let settle_every = u64::from(best.schedule.settles);
    let limits = Limits { depth, states, settle_every, ..Limits::default() };
    let found = explore(model, Explored::new(model), &limits, &AtomicBool::new(false), &mut |_| {});
    found.failure.filter(|failure| failure.violation.rule == best.violation.rule)
}
