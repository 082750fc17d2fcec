//! The product's station and AP MLDs, through the kernel and the air of the world.
// A test may fail by panicking; the configuration's exception is for functions with #[test] only.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use lapwing_core::curve::ShamCurves;
use lapwing_core::{Duration, kernel::Refusal};
use lapwing_world::world::START;
use lapwing_world::{Habit, Happening, Run, Scenario, What};

/// What the kernel refused; prints what happens, if the environment asks for it.
fn refusal(happening: &Happening) -> Option<(&'static str, Refusal)> {
    if std::env::var_os("LAPWING_TRACE").is_some() {
        println!("{:?} {:?} {:.400?}", happening.at.since(START), happening.lane, happening.what);
    }
    match &happening.what {
        What::Refused { command, refusal, .. } => Some((*command, refusal.clone())),
        _ => None,
    }
}

/// Runs a scenario until all is as expected; what was refused on the way.
fn settle(name: &str, seed: u64) -> (Run, Vec<(&'static str, Refusal)>) {
    settle_in(&Scenario::named(name).unwrap(), seed)
}

/// The same in a world of one's own.
fn settle_in(scenario: &Scenario, seed: u64) -> (Run, Vec<(&'static str, Refusal)>) {
    let name = &scenario.name;
    let mut run = Run::new(scenario, seed);
    let mut refused = vec![];
    let mut tell = |happening: Happening| refused.extend(refusal(&happening));
    let calm = run.calm_from();
    run.run_to(calm, &ShamCurves, &mut tell);
    let met = run.run_until(calm + scenario.bound, &ShamCurves, &mut tell, Run::is_as_expected);
    assert!(met, "{name}, seed {seed}: {:?}, {:?}", run.party().summary(), run.world().kernel().truth());
    (run, refused)
}

#[test]
fn an_ap_mld_is_joined_with_its_links() {
    for (name, links) in [("mlo", 2), ("mlo-three", 3)] {
        for seed in 0..20 {
            let (run, refused) = settle(name, seed);
            assert_eq!(refused, [], "{name}, seed {seed}");
            assert_eq!(run.world().kernel().truth().held.unwrap().links.len(), links, "{name}, seed {seed}");
        }
    }
}

#[test]
fn the_stories_end_connected_with_all_links_and_without_a_refused_key() {
    for name in ["mlo-loop", "mlo-pmksa", "removed-link", "small-links"] {
        for seed in 0..10 {
            let (mut run, mut refused) = settle(name, seed);
            // A link that came back is found within a minute.
            let later = run.now() + Duration::from_secs(60);
            run.run_to(later, &ShamCurves, &mut |happening| refused.extend(refusal(&happening)));
            let keys = refused.iter().filter(|(command, _)| *command == "NEW_KEY").count();
            assert_eq!(keys, 0, "{name}, seed {seed}: {refused:?}");
            let held = run.world().kernel().truth().held.unwrap();
            assert_eq!(held.links.len(), 2, "{name}, seed {seed}: {refused:?}");
        }
    }
}

#[test]
fn an_ap_mld_is_joined_and_its_links_followed_through_a_bad_air() {
    for name in ["mlo", "mlo-three", "small-links", "removed-link"] {
        let mut scenario = Scenario::named(name).unwrap();
        scenario.air.loss = 20;
        scenario.air.duplicates = 10;
        scenario.air.delay_most = Duration::from_millis(30);
        scenario.air.calm_after = Some(Duration::from_secs(45));
        scenario.bound = Duration::from_secs(180);
        for seed in 0..20 {
            let (_, refused) = settle_in(&scenario, seed);
            let keys: Vec<_> = refused.iter().filter(|(command, _)| *command == "NEW_KEY").collect();
            assert!(keys.is_empty(), "{name}, seed {seed}: {keys:?}");
        }
    }
}

#[test]
fn a_link_comes_back_by_a_request_unless_the_kernel_keeps_removed_links() {
    for keeps in [false, true] {
        let mut scenario = Scenario::named("removed-link").unwrap();
        if keeps {
            scenario.habits = scenario.habits.with(Habit::KernelKeepsRemovedStationLinks);
        }
        // Nobody helps: the station finds the link by itself. It is taken away and given back twice.
        scenario.person.clear();
        for seed in 0..10 {
            let mut run = Run::new(&scenario, seed);
            let (mut added, mut joined) = (0, 0);
            let mut tell = |happening: Happening| {
                assert_eq!(refusal(&happening), None, "keeps: {keeps}, seed {seed}");
                if let What::Asked { command, .. } = &happening.what {
                    added += u32::from(command.name() == "ASSOC_MLO_RECONF");
                    joined += u32::from(command.name() == "ASSOCIATE");
                }
            };
            let end = run.calm_from() + Duration::from_secs(60);
            run.run_to(end, &ShamCurves, &mut tell);
            assert!(run.is_as_expected(), "keeps: {keeps}, seed {seed}");
            assert_eq!(run.world().kernel().truth().held.unwrap().links.len(), 2, "seed {seed}");
            // A goodbye on one link may arrive after what follows it on another: then there is one more.
            assert!(if keeps { added == 0 && joined >= 3 } else { (added, joined) == (2, 1) }, "seed {seed}");
        }
    }
}
