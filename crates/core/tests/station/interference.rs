//! Another program on the same interface: it is named, and not fought with.

use super::{
    ap::Setup,
    fixtures::personal,
    joining::{SECOND, joined},
    world::{Held, World},
};
use lapwing_core::{
    Duration,
    failure::{Code, Whose},
    station::{Event, Report, Summary},
};
use lapwing_frames::{MacAddr, management::ReasonCode, suite::Akm};

const FOREIGN: MacAddr = MacAddr([2, 0, 0, 0, 0xee, 1]);

fn interference(world: &World) -> Vec<&str> {
    let interfered = world.reports.iter().filter_map(|report| match report {
        Report::Interfered { what } => Some(what.as_str()),
        _ => None,
    });
    interfered.collect()
}

#[test]
fn a_disconnection_that_is_not_ours_is_told_and_not_fought() {
    let mut world = joined(vec![Setup::new(b"home", 1, &[Akm::Sae])], personal(b"home"));
    let began = world.now;
    // A program that disconnects as soon as it sees a connection.
    while world.now.since(began) < Duration::from_secs(300) {
        if world.is_connected() {
            world.kernel_disconnects(ReasonCode::LeavingDeauthenticated);
        }
        world.run(Duration::from_millis(200));
    }
    let ends = world.ends();
    assert!(
        ends.iter().all(|code| matches!(code, Code::OtherProgram(what) if what.contains("disconnected")))
    );
    assert!((5..12).contains(&ends.len()), "{}", ends.len());
    assert_eq!(world.station.last_failure().map(|why| why.whose()), Some(Whose::OtherProgram));
    // It stops: the connection is made again.
    assert!(world.run_until(65 * SECOND, World::is_connected));
    world.check();
}

#[test]
fn a_disconnection_in_the_middle_of_a_handshake_says_nothing_of_the_pmksa() {
    let mut world = joined(vec![Setup::new(b"home", 1, &[Akm::Sae])], personal(b"home"));
    world.give(Event::Disconnect);
    world.run(SECOND);
    world.reports.clear();
    world.give(Event::Connect(personal(b"home")));
    assert!(world.run_until(SECOND, |world| matches!(world.held, Held::Connected { authorized: false, .. })));
    world.kernel_disconnects(ReasonCode::LeavingDeauthenticated);
    assert!(world.run_until(10 * SECOND, World::is_connected));
    let [Code::OtherProgram(what)] = &world.failures()[..] else { panic!("{:?}", world.failures()) };
    assert!(what.contains("disconnected"), "{what}");
    assert_eq!(world.aps[0].full_authentications, 1);
}

#[test]
fn a_connection_that_is_not_ours_is_ended_once_and_then_left_alone() {
    let mut world = World::new(1, vec![]);
    world.give(Event::Disconnect);
    world.run(SECOND);
    for round in 1..4 {
        world.another_program_connects(FOREIGN);
        world.run(5 * SECOND);
        assert_eq!(interference(&world).len(), round);
        assert_eq!(world.count("DEAUTHENTICATE"), 1, "round {round}");
        assert_eq!(world.station.summary(), Summary::Disconnected);
    }
    assert!(interference(&world)[0].contains("02:00:00:00:ee:01"), "{:?}", interference(&world));
}

#[test]
fn a_connection_in_place_of_ours_is_told() {
    // At each moment of the way in, and when connected.
    for moment in 0..50 {
        let mut world = World::new(1, vec![Setup::new(b"home", 1, &[Akm::Sae])]);
        world.give(Event::Networks(vec![personal(b"home")]));
        world.run(Duration::from_millis(2 * moment));
        world.another_program_connects(FOREIGN);
        world.run(2 * SECOND);
        // The program is gone: what it left is no obstacle.
        assert!(
            world.run_until(60 * SECOND, |world| world.is_connected() && world.agrees()),
            "after {moment}: {:?} {:?}",
            world.station.summary(),
            world.held
        );
        let told = world.failures().into_iter().chain(world.ends());
        let told =
            told.filter(|code| matches!(code, Code::OtherProgram(_))).count() + interference(&world).len();
        // While scanning, nothing of ours is in its way yet: the kernel lets go by itself.
        let scanning = moment < 38;
        assert!(scanning || told > 0, "after {moment}: {:?}", world.failures());
    }
}
