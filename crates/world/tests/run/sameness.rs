//! A run is a value, and a number is all there is to it.

use super::*;
use lapwing_world::Step;
use lapwing_world::explore::digest::RelativeHasher;

/// All that happens in the first seconds.
fn history(scenario: &Scenario, seed: u64) -> (Run, Vec<Happening>) {
    let mut run = Run::new(scenario, seed);
    let mut happenings = vec![];
    run.run_to(at(5000), &ShamCurves, &mut |happening| happenings.push(happening));
    (run, happenings)
}

#[test]
fn the_same_seed_is_the_same_history_to_the_bit() {
    let scenario = Scenario::named("crowd").unwrap();
    for seed in seeds(5) {
        let (one, first) = history(&scenario, seed);
        let (other, second) = history(&scenario, seed);
        assert!(first == second && one == other, "seed {seed}");
        let (_, different) = history(&scenario, seed + 1);
        assert!(first != different, "seed {seed}: the next one is another");
    }
}

#[test]
fn a_copy_goes_on_as_the_original_does() {
    let scenario = Scenario::named("home").unwrap();
    for seed in seeds(10) {
        let mut dice = Dice::new(seed);
        let mut run = Run::new(&scenario, seed);
        while let Some((_, step)) = run.next_at().filter(|(when, _)| *when < at(4000)) {
            if dice.roll(20) == 0 {
                let mut copy = run.clone();
                let steps = 1 + dice.roll(30);
                for run in [&mut copy, &mut run] {
                    for _ in 0..steps {
                        let step = run.next().unwrap();
                        run.take(&step, &ShamCurves, &mut |_| {});
                    }
                }
                assert!(copy == run, "seed {seed}");
            } else {
                run.take(&step, &ShamCurves, &mut |_| {});
            }
        }
    }
}

/// Chooses at random until the expectation is met; all choices.
fn wander(scenario: &Scenario, seed: u64, most: usize) -> (Run, Vec<Step>) {
    let mut dice = Dice::new(seed);
    let mut run = Run::untimed(scenario, seed);
    let mut schedule = vec![];
    while !run.is_as_expected() && schedule.len() < most {
        let steps = run.steps();
        assert!(!steps.is_empty(), "seed {seed}: nothing can happen any more: {:?}", run.party().summary());
        let step = steps[dice.roll(steps.len())];
        run.take(&step, &ShamCurves, &mut watch);
        schedule.push(step);
    }
    (run, schedule)
}

#[test]
fn choices_at_random_lead_into_the_network() {
    for name in ["open", "home", "mlo", "fullmac-external-sae"] {
        let scenario = Scenario::named(name).unwrap();
        for seed in seeds(20) {
            let (run, schedule) = wander(&scenario, seed, 5000);
            assert!(run.is_as_expected(), "{name}, seed {seed}: {:?}", run.party().summary());
            // The schedule alone leads to the same state.
            let mut again = Run::untimed(&scenario, seed);
            for step in &schedule {
                again.take(step, &ShamCurves, &mut |_| {});
            }
            assert!(run == again, "{name}, seed {seed}");
        }
    }
}

#[test]
fn two_histories_that_differ_in_nothing_but_time_have_one_name() {
    let scenario = Scenario::named("home").unwrap();
    let name = |run: &Run| RelativeHasher::name(run.now(), run);
    let mut run = Run::untimed(&scenario, 1);
    let mut later = run.clone();
    later.wait(Duration::from_secs(77));
    assert_ne!(run, later);
    assert_eq!(name(&run), name(&later));
    for step in 0..2000 {
        let next = *run.steps().first().unwrap();
        assert_eq!(run.steps(), later.steps());
        for run in [&mut run, &mut later] {
            run.take(&next, &ShamCurves, &mut |_| {});
        }
        assert_eq!(name(&run), name(&later), "step {step}: {next}");
        if run.is_as_expected() {
            return;
        }
    }
    panic!("never connected: {:?}", run.party().summary());
}
