//! Connections with and without an address.

use super::{
    ap::Setup,
    joining::{SECOND, entries, joined, personal},
    world::World,
};
use lapwing_core::{
    Duration,
    attempt::{AttemptId, Entry, Phase},
    failure::{Code, Failure},
    station::{Event, Report, Summary},
};
use lapwing_frames::suite::Akm;

/// The attempt of the last connection.
fn connected(world: &World) -> AttemptId {
    let mut attempts = world.reports.iter().filter_map(|report| match report {
        Report::Connected(connected) => Some(connected.attempt),
        _ => None,
    });
    attempts.next_back().unwrap()
}

fn no_address() -> Failure {
    Failure { phase: Phase::Address, code: Code::NoAddress }
}

#[test]
fn an_address_that_is_lost_is_waited_for() {
    let mut world = joined(vec![Setup::new(b"home", 1, &[Akm::Sae])], personal(b"home"));
    let attempt = connected(&world);
    world.give(Event::Configured(attempt));
    assert!(entries(&world).any(|entry| *entry == Entry::Entered(Phase::Online)));
    world.give(Event::Unconfigured(attempt, no_address()));
    assert!(world.is_connected());
    assert!(entries(&world).any(|entry| *entry == Entry::Failed(no_address())));
    assert!(world.failures().is_empty());
}

#[test]
fn without_an_address_the_other_ap_follows_at_once() {
    let setups = [1, 2].map(|number| Setup::new(b"home", number, &[Akm::Sae]));
    let mut world = joined(setups.to_vec(), personal(b"home"));
    let (attempt, peer) = (connected(&world), world.station.connection().unwrap().peer);
    world.give(Event::Unconfigured(attempt, no_address()));
    assert!(
        world
            .reports
            .iter()
            .any(|report| matches!(report, Report::Disconnected { why, .. } if *why == no_address()))
    );
    assert_eq!(world.ends(), [Code::NoAddress]);
    assert!(world.run_until(SECOND, World::is_connected));
    assert_ne!(world.station.connection().unwrap().peer, peer);
    // An answer for the first comes too late.
    world.give(Event::Configured(attempt));
    assert!(!entries(&world).any(|entry| *entry == Entry::Entered(Phase::Online)));
    world.check();
}

#[test]
fn the_other_ap_follows_though_it_was_heard_before_the_address_was_waited_for() {
    let setups = [1, 2].map(|number| Setup::new(b"home", number, &[Akm::Sae]));
    let mut world = joined(setups.to_vec(), personal(b"home"));
    let (attempt, peer) = (connected(&world), world.station.connection().unwrap().peer);
    assert!(!world.run_until(30 * SECOND, |world| !world.is_connected()));
    world.give(Event::Unconfigured(attempt, no_address()));
    let is_at_once = |report: &Report| matches!(report, Report::Disconnected { next_try: Some(wait), .. } if wait.is_zero());
    assert!(world.reports.iter().any(is_at_once), "whoever asked for it goes on waiting");
    assert!(world.run_until(10 * SECOND, World::is_connected));
    assert_ne!(world.station.connection().unwrap().peer, peer);
    world.check();
}

#[test]
fn without_an_address_and_another_ap_it_is_tried_again_later() {
    let mut world = joined(vec![Setup::new(b"home", 1, &[Akm::Sae])], personal(b"home"));
    for round in 1..4 {
        let attempt = connected(&world);
        world.give(Event::Unconfigured(attempt, no_address()));
        let waits = world.reports.iter().filter_map(|report| match report {
            Report::Disconnected { next_try, .. } => *next_try,
            _ => None,
        });
        let waits: Vec<_> = waits.collect();
        assert_eq!(waits.len(), round);
        assert!(waits.is_sorted() && waits[0] > Duration::ZERO, "{waits:?}");
        assert!(!world.run_until(Duration::from_millis(500), World::is_connected), "not at once");
        assert!(world.run_until(120 * SECOND, World::is_connected));
    }
    world.check();
}

/// Two APs, a connection with the first, and the way to the other just begun.
fn on_the_way() -> (World, AttemptId) {
    let setups = [1, 2].map(|number| Setup::new(b"home", number, &[Akm::Sae]));
    let other = setups[1].bssid;
    let mut world = joined(setups.to_vec(), personal(b"home"));
    assert_ne!(world.station.connection().unwrap().peer, other);
    let attempt = connected(&world);
    world.give(Event::Roam { bssid: other });
    assert!(matches!(world.station.summary(), Summary::Roaming { .. }), "{:?}", world.station.summary());
    (world, attempt)
}

#[test]
fn an_address_that_comes_on_the_way_to_another_ap_is_there_when_it_is_reached() {
    let (mut world, attempt) = on_the_way();
    world.give(Event::Configured(AttemptId(attempt.0 + 1)));
    assert!(!entries(&world).any(|entry| *entry == Entry::Entered(Phase::Online)));
    world.give(Event::Configured(attempt));
    assert!(matches!(world.station.summary(), Summary::Roaming { .. }), "the way goes on");
    assert!(world.run_until(SECOND, World::is_connected));
    let last = entries(&world).filter_map(|entry| match entry {
        Entry::Entered(phase) => Some(*phase),
        _ => None,
    });
    assert_eq!(last.last(), Some(Phase::Online));
    world.check();
}

#[test]
fn an_address_that_is_lost_on_the_way_to_another_ap_is_waited_for_there() {
    let (mut world, attempt) = on_the_way();
    world.give(Event::Configured(attempt));
    world.give(Event::Unconfigured(attempt, no_address()));
    assert!(world.run_until(SECOND, World::is_connected));
    assert!(entries(&world).any(|entry| *entry == Entry::Failed(no_address())));
    let last = entries(&world).filter_map(|entry| match entry {
        Entry::Entered(phase) => Some(*phase),
        _ => None,
    });
    assert_eq!(last.last(), Some(Phase::Address));
    world.check();
}
