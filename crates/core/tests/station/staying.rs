//! Staying, losing, leaving and coming back.

use super::{
    ap::Setup,
    joining::{SECOND, entries, joined, open, personal},
    world::{Held, OWN, World},
};
use lapwing_core::{
    Duration,
    attempt::Entry,
    curve::ShamCurves,
    entropy::SeededEntropy,
    failure::Code,
    kernel::{Errno, KernelEvent, Request},
    means::Means,
    network::Network,
    station::{Event, Report, Summary},
};
use lapwing_frames::{management::ReasonCode, suite::Akm};

fn two() -> Vec<Setup> {
    vec![Setup::new(b"home", 1, &[Akm::Sae]), Setup::new(b"work", 2, &[Akm::Psk])]
}

fn both() -> Vec<Network> {
    vec![personal(b"home"), Network { autoconnect: false, ..personal(b"work") }]
}

#[test]
fn keys_are_renewed_without_an_end() {
    for akm in [Akm::Sae, Akm::Psk, Akm::SaeExtKey] {
        let mut world = joined(vec![Setup::new(b"home", 1, &[akm])], personal(b"home"));
        for round in 0..6 {
            let now = world.now;
            let mut entropy = SeededEntropy(round);
            let mut means = Means { entropy: &mut entropy, curves: &ShamCurves };
            let said = if round % 2 == 0 {
                world.aps[0].rekey_group(now)
            } else {
                world.aps[0].rekey_pairwise(now, &mut means)
            };
            assert!(!said.is_empty());
            world.speak(0, said);
            world.run(SECOND);
            assert!(world.is_connected() && world.agrees());
        }
        let rekeyed = entries(&world).filter(|entry| matches!(entry, Entry::Rekeyed(_))).count();
        assert_eq!(rekeyed, 6, "{akm}");
        assert!(world.ends().is_empty());
        world.check();
    }
}

#[test]
fn a_lost_connection_is_told_with_its_reason_and_made_again() {
    type Loss = fn(&mut World);
    let losses: [(Loss, Code); 4] = [
        (
            |world| world.ap_disconnects(0, ReasonCode::Inactivity),
            Code::EndedByAccessPoint(ReasonCode::Inactivity),
        ),
        (|world| world.kernel_disconnects(ReasonCode::Inactivity), Code::LostBeacons(ReasonCode::Inactivity)),
        (
            |world| world.kernel_disconnects(ReasonCode::LeavingDeauthenticated),
            Code::OtherProgram("the interface was disconnected with reason LeavingDeauthenticated(3)".into()),
        ),
        (
            |world| {
                world.set_up(false);
                world.run(Duration::from_millis(500));
                assert_eq!(world.station.summary(), Summary::Unavailable);
                world.set_up(true);
            },
            Code::InterfaceDown,
        ),
    ];
    for (lose, code) in losses {
        let mut world = joined(vec![Setup::new(b"home", 1, &[Akm::Sae])], personal(b"home"));
        world.run(20 * SECOND);
        lose(&mut world);
        assert!(world.run_until(SECOND, |world| !world.ends().is_empty()), "{code:?}");
        assert!(world.run_until(10 * SECOND, World::is_connected), "{code:?}");
        assert_eq!(world.ends(), [code]);
        world.run(SECOND);
        assert!(world.agrees());
        world.check();
    }
}

#[test]
fn disconnects_in_every_state() {
    // Every moment of the way in is one of a state or another.
    for moment in 0..80 {
        let mut world = World::new(1, two());
        world.give(Event::Networks(both()));
        world.run(Duration::from_millis(2 * moment));
        world.give(Event::Disconnect);
        world.run(5 * SECOND);
        assert_eq!(world.station.summary(), Summary::Disconnected, "after {moment}");
        assert_eq!(world.held, Held::Nothing, "after {moment}");
        world.run(100 * SECOND);
        assert_eq!(world.station.summary(), Summary::Disconnected, "after {moment}");
        world.give(Event::Autoconnect(true));
        assert!(world.run_until(10 * SECOND, World::is_connected), "after {moment}");
        world.check();
    }
}

#[test]
fn goes_to_another_network_at_any_moment() {
    for moment in 0..80 {
        let mut world = World::new(1, two());
        world.give(Event::Networks(both()));
        world.run(Duration::from_millis(2 * moment));
        world.give(Event::Connect(personal(b"work")));
        let bssid = world.aps[1].setup.bssid;
        let there = |world: &World| matches!(world.held, Held::Connected { bssid: at, authorized: true } if at == bssid);
        assert!(world.run_until(10 * SECOND, |world| world.is_connected() && there(world)), "after {moment}");
        world.run(SECOND);
        assert!(world.agrees() && !world.has_client(0), "after {moment}");
        // A scan may end before it is broken off.
        let usual =
            |refusal: &_| [("TRIGGER_SCAN", Errno::EBUSY), ("ABORT_SCAN", Errno::ENOENT)].contains(refusal);
        assert!(world.refusals.iter().all(usual), "{:?}", world.refusals);
        world.check();
    }
}

#[test]
fn lost_events_at_any_moment_do_no_harm() {
    for moment in 0..80 {
        let mut world = World::new(1, two());
        world.give(Event::Networks(both()));
        world.run(Duration::from_millis(2 * moment));
        world.deaf = true;
        world.run(Duration::from_millis(10));
        world.deaf = false;
        world.give(Event::EventsLost);
        assert!(
            world.run_until(40 * SECOND, |world| world.is_connected() && world.agrees()),
            "after {moment}"
        );
        world.check();
    }
}

#[test]
fn an_end_that_was_not_heard_is_found_by_asking() {
    let mut world = joined(vec![Setup::new(b"home", 1, &[Akm::Sae])], personal(b"home"));
    world.run(20 * SECOND);
    world.deaf = true;
    world.ap_disconnects(0, ReasonCode::Inactivity);
    world.run(SECOND);
    world.deaf = false;
    assert!(world.is_connected());
    world.give(Event::Resumed(SECOND));
    assert!(world.run_until(10 * SECOND, |world| world.is_connected() && world.agrees()));
    assert_eq!(world.ends(), [Code::StateLost]);
    world.check();
}

#[test]
fn a_connection_of_an_earlier_process_is_ended() {
    let mut world = World::new(1, vec![Setup::new(b"home", 1, &[])]);
    let bssid = world.aps[0].setup.bssid;
    world.held = Held::Connected { bssid, authorized: true };
    world.give(Event::Networks(vec![open(b"home")]));
    assert!(world.run_until(10 * SECOND, World::is_connected));
    assert_eq!(world.count("DEAUTHENTICATE"), 1);
    world.check();
}

#[test]
fn a_person_gets_a_scan() {
    let mut world = joined(vec![Setup::new(b"home", 1, &[Akm::Sae])], personal(b"home"));
    world.give(Event::Scan);
    world.run(SECOND);
    assert!(world.reports.contains(&Report::Scanned));
    assert!(world.is_connected());
    world.check();
}

#[test]
fn a_farewell_without_protection_is_asked_about() {
    // The AP knows us: the farewell was somebody else's.
    let mut world = joined(vec![Setup::new(b"home", 1, &[Akm::Sae])], personal(b"home"));
    world.run(SECOND);
    let frame = [&[0xc0, 0, 0, 0][..], &[2; 18], &[0, 0, 7, 0]].concat();
    world.event(KernelEvent::UnprotectedFarewell { frame: frame.clone() });
    world.run(5 * SECOND);
    assert!(world.is_connected() && world.ends().is_empty());
    assert_eq!(world.count("FRAME"), 1);
    // The AP has forgotten us: it does not answer.
    world.aps[0].client = None;
    world.event(KernelEvent::UnprotectedFarewell { frame });
    let began = world.now;
    assert!(world.run_until(5 * SECOND, |world| !world.ends().is_empty()));
    assert!(world.now.since(began) < Duration::from_millis(1100));
    assert!(world.run_until(5 * SECOND, |world| world.is_connected() && world.agrees()));
    world.check();
}

#[test]
fn a_query_of_the_ap_is_answered() {
    let mut world = joined(vec![Setup::new(b"home", 1, &[Akm::Sae])], personal(b"home"));
    let bssid = world.aps[0].setup.bssid;
    let mut bytes = [&[0xd0, 0, 0, 0][..], &OWN.0, &bssid.0, &bssid.0, &[0, 0]].concat();
    bytes.extend([8, 0, 0x34, 0x12]);
    world.event(KernelEvent::Frame { frequency: None, bytes });
    world.run(SECOND);
    let answer = world.requests.iter().find_map(|request| match request {
        Request::SendFrame { bytes, .. } => Some(bytes.clone()),
        _ => None,
    });
    assert_eq!(answer.unwrap()[24..], [8, 1, 0x34, 0x12]);
}
