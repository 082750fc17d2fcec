//! The product's station and AP MLDs, through the kernel and the air of the world.
// A test may fail by panicking; the configuration's exception is for functions with #[test] only.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use lapwing_core::curve::ShamCurves;
use lapwing_core::kernel::Refusal;
use lapwing_world::world::START;
use lapwing_world::{Happening, Run, Scenario, What};

/// Prints what happens, if the environment asks for it.
fn watch(happening: &Happening) {
    if std::env::var_os("LAPWING_TRACE").is_some() {
        println!("{:?} {:?} {:.400?}", happening.at.since(START), happening.lane, happening.what);
    }
}

/// Runs a scenario until all is as expected; what was refused on the way.
fn settle(name: &str, seed: u64) -> (Run, Vec<(&'static str, Refusal)>) {
    let scenario = Scenario::named(name).unwrap();
    let mut run = Run::new(&scenario, seed);
    let mut refused = vec![];
    let mut tell = |happening: Happening| {
        if let What::Refused { command, refusal, .. } = &happening.what {
            refused.push((*command, refusal.clone()));
        }
        watch(&happening);
    };
    let calm = run.calm_from();
    run.run_to(calm, &ShamCurves, &mut tell);
    let met = run.run_until(calm + scenario.bound, &ShamCurves, &mut tell, Run::is_as_expected);
    assert!(met, "{name}, seed {seed}: {:?}, {:?}", run.party().summary(), run.world().kernel().truth());
    (run, refused)
}

#[test]
fn an_ap_mld_is_joined_with_its_links() {
    for seed in 0..20 {
        let (run, refused) = settle("mlo", seed);
        assert_eq!(refused, [], "seed {seed}");
        assert_eq!(run.world().kernel().truth().held.unwrap().links.len(), 2, "seed {seed}");
    }
}

#[test]
fn the_stories_end_connected_with_all_links_and_without_a_refused_key() {
    for name in ["mlo-loop", "mlo-pmksa", "removed-link"] {
        for seed in 0..10 {
            let (run, refused) = settle(name, seed);
            let keys = refused.iter().filter(|(command, _)| *command == "NEW_KEY").count();
            assert_eq!(keys, 0, "{name}, seed {seed}: {refused:?}");
            let held = run.world().kernel().truth().held.unwrap();
            assert_eq!(held.links.len(), 2, "{name}, seed {seed}: {refused:?}");
        }
    }
}
