//! How fast runs are: steps a second, with a copy and the name of the state for each, as an explorer makes them.

use lapwing_core::Entropy;
use lapwing_core::curve::ShamCurves;
use lapwing_core::entropy::SeededEntropy;
use lapwing_world::explore::digest::RelativeHasher;
use lapwing_world::{Run, Scenario};
use std::time::Instant;

fn main() {
    for name in Scenario::names() {
        let Some(scenario) = Scenario::named(name) else { continue };
        let mut dice = SeededEntropy(1);
        let (mut taken, mut names) = (0_u64, 0_u64);
        let began = Instant::now();
        for seed in 0..100 {
            let mut run = Run::untimed(&scenario, seed);
            for _ in 0..600 {
                let steps = run.steps();
                let mut octets = [0; 2];
                dice.fill(&mut octets);
                let Some(step) = steps.get(usize::from(u16::from_le_bytes(octets)) % steps.len().max(1))
                else {
                    break;
                };
                let mut next = run.clone();
                next.take(step, &ShamCurves, &mut |_| {});
                names ^= RelativeHasher::name(next.now(), &next);
                run = next;
                taken += 1;
            }
        }
        let time = began.elapsed();
        println!(
            "{name}: {:.0} steps a second ({taken} steps, {names:x})",
            taken as f64 / time.as_secs_f64()
        );
    }
}
