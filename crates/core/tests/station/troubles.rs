//! What happens to a station from outside: ends of every kind, the radio switched off, interfaces that go and
//! come, rules that change, sleep.

use super::{
    ap::Setup,
    fixtures::personal,
    joining::{SECOND, joined},
    world::{Held, OWN, World},
};
use lapwing_core::{
    Duration,
    failure::Code,
    kernel::{Errno, Frequency, KernelEvent, Request},
    select::{Rejection, Verdict},
    station::{Event, Report, Summary},
};
use lapwing_frames::{management::ReasonCode, suite::Akm};

fn home() -> World {
    let mut world = joined(vec![Setup::new(b"home", 1, &[Akm::Sae])], personal(b"home"));
    world.run(20 * SECOND);
    world
}

/// Comes back by itself, and says why it was away.
fn returns(mut world: World, codes: &[Code]) {
    assert!(world.run_until(70 * SECOND, |world| world.is_connected() && world.agrees()), "{codes:?}");
    assert_eq!(world.ends(), codes);
    world.run(SECOND);
    assert!(world.is_connected());
    world.check();
}

#[test]
fn a_deauthentication_by_the_ap() {
    let mut world = home();
    world.ap_disconnects(0, ReasonCode::Inactivity);
    world.run(Duration::from_millis(10));
    returns(world, &[Code::EndedByAccessPoint(ReasonCode::Inactivity)]);
}

#[test]
fn a_disassociation_by_the_ap() {
    let mut world = home();
    let bssid = world.aps[0].setup.bssid;
    let frame = [&[0xa0, 0, 0, 0][..], &OWN.0, &bssid.0, &bssid.0, &[0, 0, 8, 0]].concat();
    world.aps[0].client = None;
    world.held = Held::Nothing;
    world.event(KernelEvent::Disassociation { frame });
    world.event(KernelEvent::Disconnected { reason: ReasonCode(8), by_ap: true });
    world.run(Duration::from_millis(10));
    returns(world, &[Code::EndedByAccessPoint(ReasonCode(8))]);
}

#[test]
fn beacons_that_stop() {
    let mut world = home();
    world.aps[0].present = false;
    world.data();
    world.run(10 * SECOND);
    assert!(!world.is_connected());
    world.aps[0].present = true;
    world.aps[0].client = None;
    returns(world, &[Code::LostBeacons(ReasonCode::Inactivity)]);
}

#[test]
fn an_ap_that_starts_anew_with_another_protection() {
    let mut world = home();
    // The mixed mode of before becomes SAE's alone, with other groups: what was heard is out of date.
    world.ap_disconnects(0, ReasonCode::LeavingDeauthenticated);
    world.aps[0] = super::ap::Ap::new(Setup::new(b"home", 1, &[Akm::SaeExtKey]));
    world.run(Duration::from_millis(10));
    returns(world, &[Code::EndedByAccessPoint(ReasonCode::LeavingDeauthenticated)]);
}

#[test]
fn rfkill_at_any_moment() {
    for moment in 0..60 {
        let mut world = World::new(1, vec![Setup::new(b"home", 1, &[Akm::Sae])]);
        world.give(Event::Networks(vec![personal(b"home")]));
        world.run(Duration::from_millis(2 * moment));
        world.set_up(false);
        world.run(3 * SECOND);
        assert_eq!(world.station.summary(), Summary::Unavailable, "after {moment}");
        let asked = world.requests.len();
        world.run(60 * SECOND);
        assert_eq!(world.requests.len(), asked, "nothing is asked of an interface that is down");
        world.set_up(true);
        assert!(world.run_until(5 * SECOND, World::is_connected), "after {moment}");
        world.run(SECOND);
        assert!(world.agrees());
        world.check();
    }
}

#[test]
fn who_asks_while_the_radio_is_off_is_told_at_once() {
    let mut world = home();
    world.set_up(false);
    world.run(SECOND);
    world.give(Event::Connect(personal(b"home")));
    assert_eq!(world.failures(), [Code::InterfaceDown]);
    world.give(Event::Scan);
    assert!(!world.station.is_scanning());
    world.check();
}

#[test]
fn an_interface_that_is_gone_and_comes_back() {
    let mut world = home();
    world.held = Held::Nothing;
    world.event(KernelEvent::InterfaceRemoved);
    world.run(SECOND);
    assert_eq!((world.ends(), world.station.summary()), (vec![Code::InterfaceRemoved], Summary::Unavailable));
    assert_eq!(world.station.next_deadline(), None);
    world.event(KernelEvent::InterfaceUp);
    returns(world, &[Code::InterfaceRemoved]);
}

/// Two APs on two channels; the rules forbid the first one's.
fn two_channels() -> Vec<Setup> {
    vec![Setup::new(b"home", 1, &[Akm::Sae]), Setup::new(b"home", 2, &[Akm::Sae])]
}

fn forbid(world: &mut World, frequency: Frequency) {
    let mut radio = world.station.radio().clone();
    for channel in &mut radio.channels {
        channel.disabled = channel.frequency == frequency;
    }
    world.station.set_radio(radio);
    world.event(KernelEvent::RegulatoryChanged);
    world.run(Duration::from_millis(10));
}

#[test]
fn a_channel_that_is_forbidden_while_connected() {
    let mut world = joined(two_channels(), personal(b"home"));
    world.run(20 * SECOND);
    let first = world.aps[0].setup.clone();
    assert!(matches!(world.held, Held::Connected { bssid, .. } if bssid == first.bssid));
    forbid(&mut world, first.frequency);
    // The kernel leaves when it has to.
    assert!(world.is_connected());
    world.kernel_disconnects(ReasonCode::LeavingDeauthenticated);
    world.run(SECOND);
    assert!(world.run_until(5 * SECOND, World::is_connected));
    assert!(matches!(world.held, Held::Connected { bssid, .. } if bssid != first.bssid));
    let judged = world.station.judge(&personal(b"home"), world.now);
    let rejected = judged.iter().find(|judged| judged.bssid == first.bssid).unwrap();
    assert_eq!(rejected.verdict, Verdict::Rejected(Rejection::ChannelDisabled));
    world.check();
}

#[test]
fn a_channel_that_is_forbidden_while_connecting() {
    let mut world = World::new(1, two_channels());
    let first = world.aps[0].setup.clone();
    world.refuse.push_back(("AUTHENTICATE", Errno::EINVAL));
    world.give(Event::Networks(vec![personal(b"home")]));
    assert!(world.run_until(SECOND, |world| world.count("AUTHENTICATE") == 1));
    forbid(&mut world, first.frequency);
    assert!(world.run_until(5 * SECOND, World::is_connected));
    assert!(matches!(world.held, Held::Connected { bssid, .. } if bssid != first.bssid));
    // A scan leaves it out too.
    world.requests.clear();
    world.give(Event::Scan);
    world.run(SECOND);
    assert_eq!(world.count("TRIGGER_SCAN"), 1);
    world.check();
}

#[test]
fn a_sleep_at_any_moment() {
    for moment in 0..60 {
        let mut world = World::new(1, vec![Setup::new(b"home", 1, &[Akm::Sae])]);
        world.give(Event::Networks(vec![personal(b"home")]));
        world.run(Duration::from_millis(2 * moment));
        // Nothing is heard, and the AP forgets us meanwhile.
        world.deaf = true;
        world.ap_disconnects(0, ReasonCode::Inactivity);
        world.run(600 * SECOND);
        world.deaf = false;
        world.give(Event::Resumed(600 * SECOND));
        assert!(
            world.run_until(70 * SECOND, |world| world.is_connected() && world.agrees()),
            "after {moment}: {:?}",
            world.station.summary()
        );
        world.check();
    }
}

#[test]
fn a_hidden_network_stays_known_by_its_name() {
    let setup = Setup { hidden: true, ..Setup::new(b"attic", 1, &[Akm::Sae]) };
    let mut network = personal(b"attic");
    network.hidden = true;
    let mut world = joined(vec![setup], network.clone());
    // Reading the table, which has the BSS without its name too, in any order, does not take the name away.
    for _ in 0..6 {
        world.give(Event::Scan);
        world.run(SECOND);
        let names: Vec<_> = world.station.table().iter().map(|bss| bss.ssid.octets().to_vec()).collect();
        assert_eq!(names, [b"attic"]);
    }
    world.give(Event::Disconnect);
    world.run(SECOND);
    world.give(Event::Connect(network));
    assert!(world.run_until(5 * SECOND, World::is_connected));
    world.check();
}

/// That the kernel's socket was full says nothing about the network, however often it happens: it is not left alone for
/// long, nor is a machine that cannot keep up kept busy.
#[test]
fn lost_events_do_not_keep_the_station_out() {
    let mut world = World::new(1, vec![Setup::new(b"home", 1, &[Akm::Sae])]);
    let authenticates = |world: &World| matches!(world.station.summary(), Summary::Connecting { .. });
    world.give(Event::Networks(vec![personal(b"home")]));
    for _ in 0..12 {
        assert!(
            world.run_until(11 * SECOND, |world| {
                authenticates(world) && matches!(world.requests.last(), Some(Request::Authenticate(_)))
            }),
            "{:#?}",
            world.reports.last()
        );
        world.give(Event::EventsLost);
    }
    let waits = world.reports.iter().filter_map(|report| match report {
        Report::Failed { why, next_try, .. } if why.code == Code::StateLost => *next_try,
        _ => None,
    });
    let waits: Vec<_> = waits.collect();
    assert_eq!(waits.len(), 12);
    assert!(waits.is_sorted() && waits[11] == 10 * SECOND, "{waits:?}");
    assert!(world.run_until(11 * SECOND, World::is_connected));
    world.check();
}
