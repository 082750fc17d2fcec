//! Which BSS is taken, and why not another.

use super::{
    ap::Setup,
    joining::{SECOND, joined, open, personal},
    world::{Held, World},
};
use lapwing_core::{
    attempt::{Cause, Difference, Entry},
    failure::Code,
    kernel::{Errno, Frequency},
    network::{Credentials, Network, Proven, TransitionDisable},
    select::{Rejection, Verdict},
    station::{Event, Report},
};
use lapwing_frames::{MacAddr, Ssid, element::security::OweTransitionChannel, suite::Akm};

use super::joining::entries;

/// An open BSS and its encrypted twin, which hides its name.
fn twins() -> Vec<Setup> {
    let mut encrypted = Setup::new(b"cafe-owe", 2, &[Akm::Owe]);
    encrypted.hidden = true;
    let mut plain = Setup::new(b"cafe", 1, &[]);
    plain.twin = Some((encrypted.bssid, encrypted.ssid.clone()));
    vec![plain, encrypted]
}

fn verdicts(world: &World, network: &Network) -> Vec<(MacAddr, Verdict)> {
    let judged = world.station.judge(network, world.now);
    judged.into_iter().map(|judged| (judged.bssid, judged.verdict)).collect()
}

#[test]
fn an_open_network_leads_to_its_encrypted_twin() {
    let world = joined(twins(), open(b"cafe"));
    assert!(matches!(world.held, Held::Connected { bssid, .. } if bssid == world.aps[1].setup.bssid));
    let connected = world.reports.iter().find_map(|report| match report {
        Report::Connected(connected) => Some(connected),
        _ => None,
    });
    assert_eq!(connected.unwrap().akm, Some(Akm::Owe));
    assert_eq!(connected.unwrap().ssid, Ssid::new(b"cafe").unwrap());
    let plain = verdicts(&world, &open(b"cafe"))[1].clone();
    assert_eq!(plain, (world.aps[0].setup.bssid, Verdict::Rejected(Rejection::OpenTwin)));
    assert!(world.failures().is_empty());
}

#[test]
fn an_encrypted_twin_is_found_though_probes_are_lost() {
    for lost_probes in 1..=2 {
        let mut setups = twins();
        setups[1].lost_probes = lost_probes;
        let world = joined(setups, open(b"cafe"));
        assert!(
            matches!(world.held, Held::Connected { bssid, .. } if bssid == world.aps[1].setup.bssid),
            "{lost_probes} lost"
        );
    }
}

#[test]
fn a_twin_that_is_gone_since_it_was_heard_does_not_keep_anybody_from_the_open_half() {
    let mut world = World::new(1, twins());
    world.give(Event::ScanFor(world.aps[1].setup.ssid.clone()));
    world.run(SECOND);
    world.aps[1].present = false;
    world.give(Event::Connect(open(b"cafe")));
    let half = world.aps[0].setup.bssid;
    let is_there = |world: &World| matches!(world.held, Held::Connected { bssid, .. } if bssid == half);
    assert!(world.run_until(10 * SECOND, is_there), "{:?}", world.failures());
}

#[test]
fn a_twin_that_has_moved_is_looked_for_where_the_open_half_says() {
    let mut setups = twins();
    setups.iter_mut().for_each(|setup| setup.frequency = Frequency(2412));
    let mut world = joined(setups, open(b"cafe"));
    world.give(Event::Disconnect);
    world.run(SECOND);
    world.aps[1].setup.frequency = Frequency(5180);
    world.aps[0].setup.twin_channel = Some(OweTransitionChannel { operating_class: 115, channel: 36 });
    world.give(Event::Connect(open(b"cafe")));
    let twin = world.aps[1].setup.bssid;
    let is_there = |world: &World| matches!(world.held, Held::Connected { bssid, .. } if bssid == twin);
    assert!(world.run_until(10 * SECOND, is_there), "{:?}", world.failures());
}

#[test]
fn an_open_network_without_its_twin_is_open_unless_that_is_forbidden() {
    let mut setups = twins();
    setups.truncate(1);
    let world = joined(setups.clone(), open(b"cafe"));
    assert!(world.agrees());
    let mut network = open(b"cafe");
    network.transition_disable = TransitionDisable(TransitionDisable::ENHANCED_OPEN);
    let mut world = World::new(1, setups);
    world.give(Event::Connect(network));
    assert!(world.run_until(5 * SECOND, |world| !world.failures().is_empty()));
    assert_eq!(world.failures()[0], Code::NoneSuitable);
    assert!(!world.is_connected());
}

#[test]
fn an_access_point_that_is_gone_is_nobodys_fault_though_another_one_cannot_be_used() {
    let mut world = joined(vec![Setup::new(b"home", 1, &[Akm::Sae])], personal(b"home"));
    world.aps.push(super::ap::Ap::new(Setup::new(b"home", 2, &[])));
    world.aps[0].present = false;
    world.run(SECOND);
    world.data();
    world.run(20 * SECOND);
    let failures = world.failures();
    assert!(failures.contains(&Code::NotFound), "{failures:?}");
    assert!(!failures.contains(&Code::NoneSuitable), "{failures:?}");
}

#[test]
fn a_hidden_network_is_probed_for() {
    let mut setup = Setup::new(b"attic", 1, &[Akm::Sae]);
    setup.hidden = true;
    let mut network = personal(b"attic");
    network.hidden = true;
    let world = joined(vec![setup], network);
    assert!(world.agrees() || world.has_client(0));
}

#[test]
fn a_network_that_was_joined_by_sae_is_not_joined_by_less() {
    let mut world = joined(vec![Setup::new(b"home", 1, &[Akm::Psk, Akm::Sae])], personal(b"home"));
    // Somebody else, louder, with WPA2 only; and the own one is gone.
    let mut impostor = Setup::new(b"home", 2, &[Akm::Psk]);
    impostor.signal_mbm = -2000;
    world.aps.push(super::ap::Ap::new(impostor));
    world.aps[0].present = false;
    world.run(SECOND);
    world.data();
    world.run(60 * SECOND);
    assert!(!world.is_connected());
    let rejected = entries(&world).any(|entry| match entry {
        Entry::Judged(judged) => {
            judged.iter().any(|judged| judged.verdict == Verdict::Rejected(Rejection::Downgrade))
        }
        _ => false,
    });
    assert!(rejected);
    world.aps[0].present = true;
    assert!(world.run_until(120 * SECOND, World::is_connected));
    world.check();
}

/// What was learned last about how a network was joined.
fn proven(world: &World) -> Proven {
    let learned = world.reports.iter().rev().find_map(|report| match report {
        Report::Learned(learned) => Some(learned.proven),
        _ => None,
    });
    learned.unwrap()
}

#[test]
fn what_was_proven_survives_a_restart_and_ends_with_the_network() {
    for (strong, weak, network) in
        [(Akm::Sae, &[Akm::Psk][..], personal(b"home")), (Akm::Owe, &[], open(b"home"))]
    {
        let world = joined(vec![Setup::new(b"home", 1, &[strong])], network.clone());
        assert_eq!(proven(&world), Proven::by(strong));
        // Another process, which has only the files.
        let known = Network { proven: proven(&world), ..network.clone() };
        let mut world = World::new(2, vec![Setup::new(b"home", 1, weak)]);
        world.give(Event::Networks(vec![known.clone()]));
        world.run(20 * SECOND);
        assert_eq!(world.count("AUTHENTICATE"), 0);
        // Asking for it is no consent, whether or not the one who asks knows.
        for asked in [&network, &known] {
            world.give(Event::Connect(asked.clone()));
            world.run(20 * SECOND);
            let Some(Code::Downgrade(_)) = world.failures().pop() else { panic!("{:?}", world.failures()) };
            assert_eq!(world.count("AUTHENTICATE"), 0);
        }
        assert!(world.station.last_failure().is_some());
        // Forgetting it and entering it anew is.
        world.give(Event::Disconnect);
        world.give(Event::Networks(vec![]));
        world.give(Event::Connect(network.clone()));
        assert!(world.run_until(10 * SECOND, World::is_connected), "{strong}");
        assert_eq!((world.station.last_failure(), world.station.network().is_some()), (None, true));
        assert_eq!(world.station.akm(), Some(weak.first().copied()));
        world.check();
    }
}

#[test]
fn transition_disable_is_learned_and_obeyed() {
    let mut setup = Setup::new(b"home", 1, &[Akm::Psk, Akm::Sae]);
    setup.transition_disable = Some(TransitionDisable::WPA3_PERSONAL);
    let world = joined(vec![setup], personal(b"home"));
    let learned = world.reports.iter().find_map(|report| match report {
        Report::Learned(learned) => Some(learned.transition_disable),
        _ => None,
    });
    assert_eq!(learned, Some(TransitionDisable(TransitionDisable::WPA3_PERSONAL)));
}

#[test]
fn a_bss_that_the_kernel_forgot_is_looked_for_once() {
    let mut world = joined(vec![Setup::new(b"home", 1, &[Akm::Sae])], personal(b"home"));
    world.give(Event::Disconnect);
    world.run(5 * SECOND);
    let bssid = world.aps[0].setup.bssid;
    world.forgotten.insert(bssid);
    let scans = world.count("TRIGGER_SCAN");
    world.give(Event::Connect(personal(b"home")));
    assert!(world.run_until(5 * SECOND, World::is_connected));
    assert_eq!(world.refusals, [("AUTHENTICATE", Errno::ENOENT)]);
    assert_eq!(world.count("TRIGGER_SCAN"), scans + 1);
    assert!(world.failures().is_empty());
}

#[test]
fn the_other_ap_follows_at_once() {
    let mut near = Setup::new(b"home", 1, &[Akm::Sae]);
    near.groups = vec![];
    let world = joined(vec![near, Setup::new(b"home", 2, &[Akm::Sae])], personal(b"home"));
    assert_eq!(world.failures(), [Code::Sae("the access point takes none of our groups")]);
    assert!(entries(&world).any(|entry| matches!(
        entry,
        Entry::Began { cause: Cause::Retry(Difference::OtherAccessPoint), .. }
    )));
    world.check();
}

#[test]
fn a_refused_request_is_a_failure_with_its_name_and_not_the_end() {
    for command in ["AUTHENTICATE", "ASSOCIATE", "CONTROL_PORT_FRAME", "NEW_KEY", "SET_STATION"] {
        for errno in [Errno::EINVAL, Errno::ENOLINK, Errno::EALREADY, Errno::EBUSY] {
            let mut world = World::new(1, vec![Setup::new(b"home", 1, &[Akm::Sae])]);
            world.refuse.push_back((command, errno));
            world.give(Event::Networks(vec![personal(b"home")]));
            assert!(
                world.run_until(30 * SECOND, |world| world.is_connected() && world.agrees()),
                "{command}"
            );
            let failures = world.failures();
            let [Code::Refused { command: named, refusal }] = &failures[..] else { panic!("{failures:?}") };
            assert_eq!((*named, refusal.errno), (command, errno));
            world.check();
        }
    }
}

#[test]
fn a_key_without_its_passphrase_is_good_for_wpa2_only() {
    let mut network = personal(b"home");
    if let Credentials::Personal(personal) = &mut network.credentials {
        personal.passphrase = None;
    }
    let world = joined(vec![Setup::new(b"home", 1, &[Akm::Psk, Akm::Sae])], network.clone());
    assert!(
        world.reports.iter().any(|report| matches!(report, Report::Connected(c) if c.akm == Some(Akm::Psk)))
    );
    let mut world = World::new(1, vec![Setup::new(b"home", 1, &[Akm::Sae])]);
    world.give(Event::Connect(network));
    assert!(world.run_until(5 * SECOND, |world| !world.failures().is_empty()));
    assert_eq!(world.failures()[0], Code::NoneSuitable);
}
