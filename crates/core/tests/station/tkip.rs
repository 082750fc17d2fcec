//! An access point that protects what goes to everybody by TKIP, and whoever forges such frames.

use super::{
    ap::Setup,
    joining::{SECOND, entries, personal},
    world::{OWN, World},
};
use lapwing_core::{
    attempt::Entry,
    failure::Code,
    kernel::{Interface, KernelEvent, Request},
    radio::Radio,
    rsn::plan::Weakness,
    select::Preferences,
    station::{Event, Report, Settings, Station},
};
use lapwing_frames::{
    eapol::{KeyFrame, KeyInformation as Info},
    suite::{Akm, Cipher},
};

fn mixed(tkip: bool) -> World {
    let setup = Setup { group: Cipher::Tkip, ..Setup::new(b"home", 1, &[Akm::Psk]) };
    let mut world = World::new(3, vec![setup]);
    let usual = super::world::radio();
    let radio = Radio { ciphers: [usual.ciphers.clone(), vec![Cipher::Tkip]].concat(), ..usual };
    let preferences = Preferences { tkip, ..Preferences::NONE };
    let interface = Interface { wiphy: 0, ifindex: 3, wdev: 1 };
    world.station = Station::new(interface, radio, OWN, Settings { preferences, ..Settings::default() });
    world.give(Event::Networks(vec![personal(b"home")]));
    world
}

#[test]
fn it_is_joined_only_where_it_is_put_up_with_and_said_to_be_broken() {
    let mut world = mixed(false);
    world.run(20 * SECOND);
    assert_eq!(world.count("AUTHENTICATE"), 0);
    let mut world = mixed(true);
    assert!(world.run_until(10 * SECOND, World::is_connected));
    assert!(entries(&world).any(|entry| *entry == Entry::Weak(Weakness::GroupTkip)));
    let told = world.reports.iter().find_map(|report| match report {
        Report::Connected(connected) => connected.weakness,
        _ => None,
    });
    assert_eq!(told, Some(Weakness::GroupTkip));
    world.check();
}

/// The requests to the AP that report a failed integrity check.
fn reports(world: &World) -> usize {
    let report = |request: &&Request| match request {
        Request::SendKeyFrame { bytes, in_clear: false, .. } => {
            let frame = KeyFrame::parse(bytes, 16).unwrap();
            frame.information.contains(Info::REQUEST.with(Info::ERROR))
        }
        _ => false,
    };
    world.requests.iter().filter(report).count()
}

#[test]
fn two_forged_frames_within_a_minute_end_the_connection_for_one() {
    let mut world = mixed(true);
    assert!(world.run_until(10 * SECOND, World::is_connected));
    let from = world.aps[0].setup.bssid;
    let forged = |world: &mut World| world.event(KernelEvent::MicFailure { from, pairwise: false });
    // One in more than a minute is chance.
    for expected in 1..=3 {
        forged(&mut world);
        world.run(61 * SECOND);
        assert!(world.is_connected());
        assert_eq!(reports(&world), expected);
    }
    forged(&mut world);
    world.run(30 * SECOND);
    assert!(world.ends().is_empty());
    forged(&mut world);
    world.run(SECOND);
    assert_eq!((world.ends(), reports(&world)), (vec![Code::MicFailures], 5));
    let before = world.count("AUTHENTICATE");
    world.run(50 * SECOND);
    assert_eq!(world.count("AUTHENTICATE"), before, "it is left alone for a minute");
    assert!(world.run_until(30 * SECOND, World::is_connected));
    // Somebody else's frames are nobody's.
    world.event(KernelEvent::MicFailure { from: OWN, pairwise: true });
    world.run(SECOND);
    assert_eq!(reports(&world), 5);
    world.check();
}
