//! Whole runs: the product's station in worlds of all kinds.
// A test may fail by panicking; the configuration's exception is for functions with #[test] only.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod joining;
mod sameness;
mod trouble;

use lapwing_core::curve::ShamCurves;
use lapwing_core::entropy::SeededEntropy;
use lapwing_core::{Duration, Entropy, Instant};
use lapwing_world::world::START;
use lapwing_world::{Happening, Run, Scenario, What};

/// So long after the start.
fn at(millis: u64) -> Instant {
    START + Duration::from_millis(millis)
}

/// How many seeds a test tries.
fn seeds(usual: u64) -> std::ops::Range<u64> {
    let many = std::env::var("LAPWING_SEEDS").ok().and_then(|text| text.parse().ok());
    let only: Option<u64> = std::env::var("LAPWING_SEED").ok().and_then(|text| text.parse().ok());
    only.map_or(0..many.unwrap_or(usual), |seed| seed..seed + 1)
}

/// Numbers from a seed.
struct Dice(SeededEntropy);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(SeededEntropy(seed ^ 0xd1ce))
    }

    fn roll(&mut self, below: usize) -> usize {
        let mut octets = [0; 8];
        self.0.fill(&mut octets);
        usize::try_from(u64::from_le_bytes(octets) % below as u64).unwrap()
    }
}

/// Prints what happens, if the environment asks for it.
fn watch(happening: Happening) {
    if std::env::var_os("LAPWING_TRACE").is_some() {
        println!("{:?} {:?} {:.300?}", happening.at.since(START), happening.lane, happening.what);
    }
}

/// Runs until all is as expected, within the scenario's bound after all is calm; then what was refused on the way.
fn settle(scenario: &Scenario, seed: u64) -> (Run, Vec<&'static str>) {
    let mut run = Run::new(scenario, seed);
    let mut refused = vec![];
    let mut tell = |happening: Happening| {
        if let What::Refused { command, .. } = &happening.what {
            refused.push(*command);
        }
        watch(happening);
    };
    let calm = run.calm_from();
    run.run_to(calm, &ShamCurves, &mut tell);
    let met = run.run_until(calm + scenario.bound, &ShamCurves, &mut tell, Run::is_as_expected);
    assert!(
        met,
        "{}, seed {seed}: {:?}, {:?}",
        scenario.name,
        run.party().summary(),
        run.world().kernel().truth()
    );
    (run, refused)
}
