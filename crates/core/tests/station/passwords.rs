//! SAE password elements: calculated once, learned, stored and used.

use super::{
    ap::Setup,
    joining::{SECOND, joined, open, personal},
    world::World,
};
use lapwing_core::{
    Secret,
    curve::Group,
    failure::Code,
    network::{Credentials, Network, Personal},
    rsn::Unsuitable,
    select::{Rejection, Verdict},
    station::{Event, Report},
};
use lapwing_frames::suite::Akm;

/// The elements that were learned, the last time that anything was.
fn learned(world: &World) -> Vec<(u16, Secret)> {
    let learned = world.reports.iter().rev().find_map(|report| match report {
        Report::Learned(learned) => Some(learned.password_elements.clone()),
        _ => None,
    });
    learned.unwrap()
}

fn with_elements(passphrase: Option<&[u8]>, elements: Vec<(u16, Secret)>) -> Network {
    let passphrase = passphrase.map(Secret::new);
    let personal = Personal { passphrase, password_elements: elements, ..Personal::default() };
    Network { credentials: Credentials::Personal(personal), ..open(b"home") }
}

const PASSPHRASE: &[u8] = b"correct horse battery";

/// Leaves, forgets the PMKSA on the AP's side, and comes back by a full SAE.
fn again(world: &mut World, network: &Network) {
    world.give(Event::Disconnect);
    world.run(SECOND);
    world.aps[0].pmksas.clear();
    let full = world.aps[0].full_authentications;
    world.give(Event::Connect(network.clone()));
    assert!(world.run_until(20 * SECOND, World::is_connected), "{:?}", world.failures());
    assert_eq!(world.aps[0].full_authentications, full + 1);
}

#[test]
fn an_element_is_calculated_once_and_learned() {
    let network = with_elements(Some(PASSPHRASE), vec![]);
    let mut world = joined(vec![Setup::new(b"home", 1, &[Akm::Sae])], network.clone());
    let elements = learned(&world);
    assert_eq!(elements.iter().map(|(group, point)| (*group, point.len())).collect::<Vec<_>>(), [(19, 64)]);
    for _ in 0..3 {
        again(&mut world, &network);
        assert_eq!(world.curves.elements.get(), 1);
    }
    // Once it is stored, it is not learned again, and the keys made of the secret stay.
    let stored = with_elements(Some(PASSPHRASE), elements);
    world.give(Event::Networks(vec![stored.clone()]));
    world.give(Event::Disconnect);
    world.run(SECOND);
    world.give(Event::Connect(stored.clone()));
    assert!(world.run_until(20 * SECOND, World::is_connected));
    let cached = world.reports.iter().rev().find_map(|report| match report {
        Report::Connected(connected) => Some(connected.cached_pmksa),
        _ => None,
    });
    assert_eq!(cached, Some(true));
    assert!(learned(&world).is_empty());
    assert_eq!(world.curves.elements.get(), 1);
    // Without the network, it is calculated anew.
    world.give(Event::Networks(vec![]));
    again(&mut world, &network);
    assert_eq!(world.curves.elements.get(), 2);
    // With another secret too: it is kept for the one that it belongs to.
    world.give(Event::Networks(vec![with_elements(Some(b"another one"), vec![])]));
    again(&mut world, &network);
    assert_eq!(world.curves.elements.get(), 3);
    world.check();
}

#[test]
fn every_group_that_was_needed_is_learned() {
    let setup = Setup { groups: vec![Group::P521], ..Setup::new(b"home", 1, &[Akm::Sae]) };
    let network = with_elements(Some(PASSPHRASE), vec![]);
    let world = joined(vec![setup], network);
    let groups: Vec<_> = learned(&world).into_iter().map(|(group, _)| group).collect();
    assert_eq!(groups, [19, 20, 21]);
}

#[test]
fn stored_elements_do_without_calculation_and_without_a_passphrase() {
    for group in Group::ALL {
        let setup = || Setup { groups: vec![group], ..Setup::new(b"home", 1, &[Akm::SaeExtKey]) };
        let world = joined(vec![setup()], with_elements(Some(PASSPHRASE), vec![]));
        let elements: Vec<_> =
            learned(&world).into_iter().filter(|(number, _)| *number == group.number()).collect();
        let world = joined(vec![setup()], with_elements(None, elements.clone()));
        assert_eq!(world.curves.elements.get(), 0);
        assert!(world.failures().is_empty() && learned(&world).is_empty());
        if group == Group::P256 {
            let world = joined(vec![setup()], with_elements(Some(PASSPHRASE), elements));
            assert_eq!(world.curves.elements.get(), 0);
        }
    }
}

#[test]
fn an_element_that_is_none_is_of_no_use() {
    let setup = || vec![Setup::new(b"home", 1, &[Akm::Sae])];
    for octets in [&[0xff; 64][..], &[0; 64], &[1; 63], &[]] {
        let elements = vec![(19, Secret::new(octets)), (99, Secret::new(&[1; 64]))];
        // With the passphrase it is calculated.
        let world = joined(setup(), with_elements(Some(PASSPHRASE), elements.clone()));
        assert_eq!(learned(&world).len(), 1);
        // Without, there is nothing to try.
        let mut world = World::new(1, setup());
        world.give(Event::Connect(with_elements(None, elements)));
        assert!(world.run_until(20 * SECOND, |world| !world.failures().is_empty()));
        assert_eq!(world.failures()[0], Code::NoneSuitable);
        assert_eq!(world.count("AUTHENTICATE"), 0);
    }
    let mut world = World::new(1, setup());
    world.give(Event::Networks(vec![personal(b"home")]));
    assert!(world.run_until(10 * SECOND, World::is_connected));
    let nothing = with_elements(None, vec![(99, Secret::new(&[1; 64]))]);
    let judged = world.station.judge(&nothing, world.now);
    assert_eq!(judged[0].verdict, Verdict::Rejected(Rejection::Unsuitable(Unsuitable::PassphraseMissing)));
}
