//! Roaming that the station decides on: when, and to which AP.

use super::{
    ap::Setup,
    joining::{SECOND, open, personal},
    world::{Held, OWN, World, radio},
};
use lapwing_core::{
    Duration,
    attempt::{Cause, Entry, Record, RoamTrigger},
    kernel::{Errno, Frequency, KernelEvent, Quality, Request},
    network::Network,
    radio::{Radio, SignalWatch},
    station::{Event, Report, RoamStep},
};
use lapwing_frames::{
    MacAddr,
    element::{Element, ExtendedCapabilities, ExtendedCapability, RmCapability, RmEnabledCapabilities},
    management::{
        Action, Body, Header, Management, ReasonCode,
        action::{
            NeighborReportResponse, TransitionMode, TransitionRequest, TransitionResponse, TransitionStatus,
        },
    },
    suite::Akm,
};

mod measuring;

const MINUTE: Duration = Duration::from_secs(60);

/// APs of one network with these signals in dBm.
fn aps(signals: &[i32]) -> Vec<Setup> {
    let ap = |(place, signal): (usize, &i32)| Setup {
        signal_mbm: signal * 100,
        ..Setup::new(b"home", u8::try_from(place + 1).unwrap(), &[Akm::Sae])
    };
    signals.iter().enumerate().map(ap).collect()
}

fn watching(signal_watch: SignalWatch) -> Radio {
    Radio { signal_watch, ..radio() }
}

fn world_of(setups: Vec<Setup>, network: Network, signal_watch: SignalWatch) -> World {
    let mut world = World::new(1, setups);
    world.station.set_radio(watching(signal_watch));
    world.give(Event::Networks(vec![network]));
    assert!(world.run_until(10 * SECOND, World::is_connected), "{:#?}", world.reports);
    world
}

fn home(signals: &[i32]) -> World {
    world_of(aps(signals), personal(b"home"), SignalWatch::Asked)
}

fn set(world: &mut World, place: usize, dbm: i32) {
    world.aps[place].setup.signal_mbm = dbm * 100;
}

/// The AP that the kernel is connected to.
fn at(world: &World) -> Option<usize> {
    let Held::Connected { bssid, .. } = world.held else { return None };
    world.aps.iter().position(|ap| ap.setup.bssid == bssid)
}

fn steps(world: &World) -> Vec<&RoamStep> {
    let steps = world.reports.iter().filter_map(|report| match report {
        Report::Timeline(Record { entry: Entry::Roam(step), .. }) => Some(step),
        _ => None,
    });
    steps.collect()
}

fn roams(world: &World) -> Vec<RoamTrigger> {
    let causes = world.reports.iter().filter_map(|report| match report {
        Report::Timeline(Record { entry: Entry::Began { cause: Cause::Roam(trigger), .. }, .. }) => {
            Some(*trigger)
        }
        _ => None,
    });
    causes.collect()
}

/// The action frames that were sent.
fn sent(world: &World) -> Vec<Action> {
    let frames = world.requests.iter().filter_map(|request| match request {
        Request::SendFrame { bytes, .. } => Some(Management::parse(bytes).unwrap()),
        _ => None,
    });
    frames
        .map(|frame| match frame.body {
            Body::Action(action) => action,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn answers(world: &World) -> Vec<TransitionResponse> {
    let answers = sent(world).into_iter().filter_map(|action| match action {
        Action::TransitionResponse(response) => Some(response),
        _ => None,
    });
    answers.collect()
}

/// The AP of the connection sends an action frame.
fn says(world: &mut World, action: Action) {
    let place = at(world).unwrap();
    let bssid = world.aps[place].setup.bssid;
    let mut bytes = vec![];
    Management { header: Header::new(OWN, bssid, bssid), body: Body::Action(action) }.write(&mut bytes);
    world.event(KernelEvent::Frame { frequency: None, bytes });
}

/// A Neighbor Report element of an AP of the world.
fn neighbor(world: &World, place: usize, preference: Option<u8>) -> Vec<u8> {
    let Setup { bssid, frequency, .. } = &world.aps[place].setup;
    let (class, channel) = if frequency.0 == 2412 { (81, 1) } else { (115, 36) };
    let subelement = preference.map_or(vec![], |preference| vec![3, 1, preference]);
    let length = 13 + u8::try_from(subelement.len()).unwrap();
    [&[52, length][..], &bssid.0, &[0, 0, 0, 0, class, channel, 9], &subelement].concat()
}

fn wish(dialog_token: u8, mode: TransitionMode, elements: Vec<u8>) -> TransitionRequest {
    TransitionRequest {
        dialog_token,
        mode,
        disassociation_timer: 0,
        validity_interval: 255,
        termination: None,
        session_url: None,
        elements,
    }
}

#[test]
fn a_weak_signal_leads_to_a_better_ap() {
    let mut world = home(&[-50, -60]);
    assert_eq!(at(&world), Some(0));
    world.run(MINUTE);
    assert_eq!(world.count("TRIGGER_SCAN"), 1, "nobody scans while the signal is good");
    set(&mut world, 0, -82);
    world.run(15 * SECOND);
    assert_eq!(at(&world), Some(1));
    assert!(matches!(roams(&world)[..], [RoamTrigger::LowSignal(-82)]), "{:?}", roams(&world));
    assert!(world.ends().is_empty(), "{:?}", world.ends());
    assert!(world.failures().is_empty());
    world.check();
}

#[test]
fn without_a_better_ap_nothing_is_left_and_nothing_scanned_again_for_a_while() {
    let mut world = home(&[-50, -90]);
    set(&mut world, 0, -79);
    world.run(30 * SECOND);
    let scans = world.count("TRIGGER_SCAN");
    assert_eq!(at(&world), Some(0));
    assert!(steps(&world).iter().any(|step| matches!(step, RoamStep::Stays { best: Some(_), .. })));
    world.run(25 * SECOND);
    assert_eq!(world.count("TRIGGER_SCAN"), scans);
    // After the interval it is looked again; if it becomes much worse, at once.
    world.run(30 * SECOND);
    let again = world.count("TRIGGER_SCAN");
    assert!(again > scans);
    set(&mut world, 0, -88);
    set(&mut world, 1, -60);
    world.run(8 * SECOND);
    assert_eq!(at(&world), Some(1));
    world.check();
}

#[test]
fn a_signal_that_recovers_is_no_reason_to_look() {
    let mut world = home(&[-50, -55]);
    world.run(20 * SECOND);
    let scans = world.count("TRIGGER_SCAN");
    set(&mut world, 0, -79);
    world.run(4 * SECOND);
    set(&mut world, 0, -50);
    world.run(MINUTE);
    assert_eq!((at(&world), world.count("TRIGGER_SCAN")), (Some(0), scans));
    let [RoamStep::SignalFell { .. }, RoamStep::SignalRose { .. }] = steps(&world)[..] else {
        panic!("{:?}", steps(&world))
    };
}

#[test]
fn the_kernel_is_asked_to_tell_and_is_not_polled_while_all_is_well() {
    let mut world = world_of(aps(&[-50, -60]), personal(b"home"), SignalWatch::Thresholds);
    let asked = world.requests.iter().find_map(|request| match request {
        Request::WatchSignal { thresholds_dbm, .. } => Some(thresholds_dbm.clone()),
        _ => None,
    });
    assert_eq!(asked.unwrap(), [-82, -76]);
    world.run(SECOND);
    let before = world.count("GET_STATION");
    world.run(5 * MINUTE);
    assert_eq!(world.count("GET_STATION"), before + 1);
    set(&mut world, 0, -85);
    world.event(KernelEvent::Quality(Quality::Low(Some(-85))));
    world.run(5 * SECOND);
    assert_eq!(at(&world), Some(1));
    world.check();
}

#[test]
fn a_kernel_that_cannot_tell_is_polled() {
    let mut world = World::new(1, aps(&[-50, -60]));
    world.station.set_radio(watching(SignalWatch::Threshold));
    world.refuse.push_back(("SET_CQM", Errno::EOPNOTSUPP));
    world.give(Event::Networks(vec![personal(b"home")]));
    assert!(world.run_until(10 * SECOND, World::is_connected));
    world.run(SECOND);
    assert!(steps(&world).contains(&&RoamStep::Polls));
    world.run(20 * SECOND);
    set(&mut world, 0, -85);
    world.run(15 * SECOND);
    assert_eq!(at(&world), Some(1));
}

/// The own AP is in 5 GHz, the other one, which has less throughput for a signal, in 2.4 GHz.
#[test]
fn lost_packets_and_lost_beacons_lead_to_an_ap_that_is_no_worse_as_far_as_is_known() {
    for (quality, other, goes) in [
        // The own AP is heard, and something is said for it.
        (Quality::PacketLoss(50), -52, false),
        (Quality::PacketLoss(50), -45, false),
        (Quality::PacketLoss(50), -41, true),
        // It is not heard at all.
        (Quality::BeaconLoss, -52, true),
        (Quality::BeaconLoss, -79, true),
        (Quality::BeaconLoss, -88, false),
    ] {
        let mut world = home(&[-50, -90]);
        world.run(3 * SECOND);
        set(&mut world, 1, other);
        world.event(KernelEvent::Quality(quality));
        world.run(5 * SECOND);
        assert_eq!(at(&world), Some(usize::from(goes)), "{quality:?} {other}");
        assert!(world.ends().is_empty() && world.failures().is_empty(), "{quality:?} {other}");
        world.check();
    }
}

#[test]
fn an_ap_whose_packets_are_lost_is_kept_where_there_is_no_other() {
    for quality in [Quality::PacketLoss(50), Quality::BeaconLoss] {
        let mut world = home(&[-50]);
        for _ in 0..30 {
            world.event(KernelEvent::Quality(quality));
            world.run(SECOND);
        }
        assert_eq!(at(&world), Some(0));
        assert!(world.ends().is_empty() && world.failures().is_empty());
        let looks = steps(&world).iter().filter(|step| matches!(step, RoamStep::Looks { .. })).count();
        assert!((1..=4).contains(&looks), "{looks}");
        world.check();
    }
}

#[test]
fn without_roaming_scans_only_what_is_heard_anyway_counts() {
    let mut world = World::new(1, aps(&[-50, -60]));
    let mut settings = lapwing_core::station::Settings::default();
    settings.roam.scan = false;
    let (interface, address) = (world.station.interface(), world.station.address());
    world.station =
        lapwing_core::station::Station::new(interface, watching(SignalWatch::Asked), address, settings);
    world.give(Event::Networks(vec![personal(b"home")]));
    assert!(world.run_until(10 * SECOND, World::is_connected));
    let scans = world.count("TRIGGER_SCAN");
    world.run(MINUTE);
    set(&mut world, 0, -85);
    world.run(2 * MINUTE);
    assert_eq!((at(&world), world.count("TRIGGER_SCAN")), (Some(0), scans));
    world.give(Event::Scan);
    world.run(MINUTE);
    assert!(
        steps(&world)
            .iter()
            .any(|step| matches!(step, RoamStep::Looks { channels, .. } if channels.is_empty()))
    );
}

#[test]
fn somebody_who_wants_to_stay_is_moved_by_a_critical_signal_alone() {
    let mut world = home(&[-50, -60]);
    let bssid = world.aps[0].setup.bssid;
    world.give(Event::Affinities(vec![bssid]));
    set(&mut world, 0, -79);
    world.run(2 * MINUTE);
    assert_eq!(at(&world), Some(0));
    assert!(steps(&world).is_empty(), "{:?}", steps(&world));
    set(&mut world, 0, -84);
    world.run(20 * SECOND);
    assert_eq!(at(&world), Some(1));
}

fn with_neighbors(signals: &[i32]) -> Vec<Setup> {
    let mut setups = aps(signals);
    for setup in &mut setups {
        RmEnabledCapabilities::new(&[RmCapability::NeighborReport]).write(&mut setup.elements);
        ExtendedCapabilities::new(&[ExtendedCapability::BssTransition]).write(&mut setup.elements);
    }
    setups
}

#[test]
fn neighbors_are_asked_for_and_their_channels_scanned_first() {
    let mut world = world_of(with_neighbors(&[-50, -60]), personal(b"home"), SignalWatch::Asked);
    world.run(SECOND);
    let [Action::NeighborReportRequest(request)] = &sent(&world)[..] else { panic!("{:?}", sent(&world)) };
    let token = request.dialog_token;
    assert_ne!(token, 0);
    let elements = neighbor(&world, 1, None);
    // Late: the AP had half a second. It is asked again when the signal is weak.
    says(
        &mut world,
        Action::NeighborReportResponse(NeighborReportResponse {
            dialog_token: token,
            elements: elements.clone(),
        }),
    );
    world.run(MINUTE);
    set(&mut world, 0, -85);
    assert!(world.run_until(20 * SECOND, |world| sent(world).len() == 2), "{:?}", sent(&world));
    let Action::NeighborReportRequest(request) = &sent(&world)[1] else { panic!() };
    let answer = NeighborReportResponse { dialog_token: request.dialog_token, elements };
    says(&mut world, Action::NeighborReportResponse(answer));
    world.run(5 * SECOND);
    assert_eq!(at(&world), Some(1));
    assert!(steps(&world).contains(&&RoamStep::Neighbors(1)));
    let looks = steps(&world).into_iter().find_map(|step| match step {
        RoamStep::Looks { channels, named, .. } => Some((channels.clone(), *named)),
        _ => None,
    });
    assert_eq!(looks, Some((vec![Frequency(2412)], true)));
    assert_eq!(world.count("TRIGGER_SCAN"), 2, "of the channel that was named, and before the connection");
}

#[test]
fn where_nothing_is_found_on_the_channels_that_were_named_all_others_are_scanned() {
    let mut world = home(&[-50, -60]);
    world.run(20 * SECOND);
    // Our own channel, which the other one is not on.
    let elements = [&[52, 13][..], &world.aps[1].setup.bssid.0, &[0, 0, 0, 0, 115, 36, 9]].concat();
    let mode = TransitionMode::PREFERRED_CANDIDATES;
    says(&mut world, Action::TransitionRequest(wish(7, mode, elements)));
    world.run(5 * SECOND);
    assert_eq!(at(&world), Some(1));
    let names: Vec<_> = steps(&world).iter().map(|step| step.name()).collect();
    assert_eq!(names, ["wished", "looks", "widens", "answered"]);
}

#[test]
fn an_ap_that_is_gone_since_a_moment_is_not_gone_to_where_another_was_named_in_vain() {
    let mut world = home(&[-50, -60]);
    world.run(20 * SECOND);
    // Heard by a scan, and gone after it.
    world.give(Event::Scan);
    world.run(SECOND);
    world.aps[1].present = false;
    let elements = [&[52, 13][..], &world.aps[1].setup.bssid.0, &[0, 0, 0, 0, 115, 36, 9]].concat();
    says(&mut world, Action::TransitionRequest(wish(7, TransitionMode::PREFERRED_CANDIDATES, elements)));
    world.run(20 * SECOND);
    let names: Vec<_> = steps(&world).iter().map(|step| step.name()).collect();
    assert_eq!(names, ["wished", "looks", "widens", "answered", "stays"]);
    assert_eq!(at(&world), Some(0));
}

#[test]
fn an_ap_that_never_answers_about_its_neighbors_costs_half_a_second() {
    let mut world = world_of(with_neighbors(&[-50, -60]), personal(b"home"), SignalWatch::Asked);
    world.run(MINUTE);
    set(&mut world, 0, -85);
    world.run(15 * SECOND);
    assert_eq!(at(&world), Some(1));
    world.check();
}

#[test]
fn an_aps_wish_is_followed_and_answered_first() {
    let mut world = home(&[-50, -60, -55]);
    world.run(20 * SECOND);
    let elements = neighbor(&world, 1, Some(200));
    let mode = TransitionMode::PREFERRED_CANDIDATES | TransitionMode::ABRIDGED;
    says(&mut world, Action::TransitionRequest(wish(7, mode, elements)));
    world.run(2 * SECOND);
    assert_eq!(at(&world), Some(1));
    let target = Some(world.aps[1].setup.bssid);
    let [TransitionResponse { dialog_token: 7, status: TransitionStatus::Accept, target: told, .. }] =
        &answers(&world)[..]
    else {
        panic!("{:?}", answers(&world))
    };
    assert_eq!(*told, target);
    assert_eq!(roams(&world), [RoamTrigger::AccessPointAsked]);
    let names: Vec<_> = world.requests.iter().map(Request::name).collect();
    let answer = names.iter().position(|name| *name == "FRAME").unwrap();
    assert!(!names.contains(&"DEAUTHENTICATE"), "the connection goes on elsewhere");
    assert!(names[answer..].contains(&"AUTHENTICATE"));
    world.check();
}

#[test]
fn a_wish_that_cannot_be_followed_is_refused_and_the_connection_kept() {
    let abridged = TransitionMode::PREFERRED_CANDIDATES | TransitionMode::ABRIDGED;
    // A candidate that is not heard, and one that is too weak.
    for (signal, present, expected) in [
        (-60, false, TransitionStatus::RejectInsufficientBeacons),
        (-88, true, TransitionStatus::RejectNoSuitableCandidates),
    ] {
        let mut world = home(&[-50, signal]);
        world.aps[1].present = present;
        world.run(MINUTE);
        let elements = neighbor(&world, 1, None);
        says(&mut world, Action::TransitionRequest(wish(9, abridged, elements)));
        world.run(20 * SECOND);
        assert_eq!(at(&world), Some(0));
        assert_eq!(answers(&world).iter().map(|it| it.status).collect::<Vec<_>>(), [expected]);
        assert!(world.ends().is_empty());
        world.check();
    }
}

#[test]
fn every_wish_is_answered_once_whatever_it_says() {
    let mut world = home(&[-50, -90]);
    let rubbish =
        [vec![], vec![52, 1, 9], vec![52, 13], [52, 255].repeat(100), neighbor(&world, 0, Some(255))];
    let mut wishes = 0;
    for mode in 0..64 {
        for elements in &rubbish {
            wishes += 1;
            let request =
                wish(u8::try_from(wishes % 256).unwrap(), TransitionMode(mode & 0x27), elements.clone());
            says(&mut world, Action::TransitionRequest(request));
            world.run(if wishes % 3 == 0 { 10 * SECOND } else { Duration::from_millis(300) });
        }
    }
    world.run(20 * SECOND);
    assert_eq!(answers(&world).len(), wishes);
    assert_eq!(at(&world), Some(0));
    world.check();
}

#[test]
fn the_same_wish_again_while_it_is_looked_into_is_one_wish() {
    let mut world = home(&[-50, -90]);
    world.run(MINUTE);
    for _ in 0..4 {
        says(&mut world, Action::TransitionRequest(wish(1, TransitionMode::default(), vec![])));
        world.run(Duration::from_millis(5));
    }
    world.run(20 * SECOND);
    assert_eq!(answers(&world).len(), 1);
}

#[test]
fn an_ap_that_leaves_is_left_for_a_weaker_one() {
    let mut world = home(&[-50, -66]);
    world.run(20 * SECOND);
    let request = TransitionRequest {
        disassociation_timer: 30,
        ..wish(3, TransitionMode::DISASSOCIATION_IMMINENT, vec![])
    };
    says(&mut world, Action::TransitionRequest(request));
    world.run(3 * SECOND);
    assert_eq!(at(&world), Some(1));
    assert_eq!(roams(&world), [RoamTrigger::AccessPointLeaves]);
    // And not gone back to at once, though it is so much stronger.
    world.run(25 * SECOND);
    assert_eq!(at(&world), Some(1));
    world.check();
}

#[test]
fn an_ap_that_has_sent_us_away_is_better_than_one_that_is_too_weak() {
    let mut world = home(&[-50, -79]);
    world.run(20 * SECOND);
    says(&mut world, Action::TransitionRequest(wish(3, TransitionMode::DISASSOCIATION_IMMINENT, vec![])));
    world.run(3 * SECOND);
    assert_eq!(at(&world), Some(1));
    world.run(12 * SECOND);
    assert_eq!(at(&world), Some(0));
    let [RoamTrigger::AccessPointLeaves, RoamTrigger::LowSignal(_)] = roams(&world)[..] else {
        panic!("{:?}", roams(&world))
    };
    assert!(world.ends().is_empty() && world.failures().is_empty());
    world.check();
}

#[test]
fn the_only_other_ap_is_gone_to_when_the_connection_ends_even_if_it_has_sent_us_away() {
    let mut world = home(&[-50, -60]);
    world.run(20 * SECOND);
    for (token, to) in [(3, 1), (4, 0)] {
        says(
            &mut world,
            Action::TransitionRequest(wish(token, TransitionMode::DISASSOCIATION_IMMINENT, vec![])),
        );
        world.run(3 * SECOND);
        assert_eq!(at(&world), Some(to));
    }
    // A mere wish is not followed to and fro.
    says(&mut world, Action::TransitionRequest(wish(5, TransitionMode::default(), vec![])));
    world.run(10 * SECOND);
    assert_eq!(at(&world), Some(0));
    assert_eq!(answers(&world).len(), 3);
    world.check();
}

#[test]
fn a_network_that_ends_is_not_joined_again_at_once_and_its_address_shown() {
    let mut world = home(&[-50, -60]);
    world.run(20 * SECOND);
    let url = lapwing_frames::element::Counted::new(b"https://example.org/closed".to_vec());
    let request =
        TransitionRequest { session_url: url, ..wish(3, TransitionMode::DISASSOCIATION_IMMINENT, vec![]) };
    says(&mut world, Action::TransitionRequest(request));
    world.run(SECOND);
    assert!(world.reports.contains(&Report::NetworkEnds { url: Some("https://example.org/closed".into()) }));
    assert_eq!(answers(&world)[0].status, TransitionStatus::RejectLeavingEss);
    world.ap_disconnects(0, ReasonCode::LeavingDisassociated);
    world.run(50 * SECOND);
    assert!(!world.is_connected());
    assert!(world.run_until(30 * SECOND, World::is_connected));
    world.check();
}

/// How often the kernel was asked to authenticate with an AP.
fn tries(world: &World, place: usize) -> usize {
    let bssid = world.aps[place].setup.bssid;
    let asked = |request: &&Request| matches!(request, Request::Authenticate(it) if it.bssid == bssid);
    world.requests.iter().filter(asked).count()
}

#[test]
fn an_ap_that_fails_is_not_tried_again_for_a_while_and_the_old_one_is_returned_to() {
    let mut world = home(&[-50, -60]);
    world.run(20 * SECOND);
    set(&mut world, 0, -84);
    assert!(world.run_until(20 * SECOND, |world| tries(world, 1) > 0), "{:?}", steps(&world));
    // It was heard, and does not answer.
    world.aps[1].present = false;
    assert!(world.run_until(10 * SECOND, World::is_connected), "{:?}", world.failures());
    assert_eq!(at(&world), Some(0));
    // It is heard well again, and looked at, and not gone to.
    world.aps[1].present = true;
    let failed = tries(&world, 1);
    let looks = world.count("TRIGGER_SCAN");
    world.run(50 * SECOND);
    assert_eq!((at(&world), tries(&world, 1)), (Some(0), failed));
    assert!(world.count("TRIGGER_SCAN") > looks);
    world.run(2 * MINUTE);
    assert_eq!(at(&world), Some(1));
    assert!(world.ends().is_empty(), "{:?}", world.ends());
    world.check();
}

#[test]
fn strangers_and_other_networks_are_no_destination() {
    let mut setups = aps(&[-50]);
    setups.push(Setup { signal_mbm: -3000, ..Setup::new(b"other", 2, &[Akm::Sae]) });
    setups.push(Setup { signal_mbm: -3000, ..Setup::new(b"home", 3, &[]) });
    let mut world = world_of(setups, personal(b"home"), SignalWatch::Asked);
    world.run(20 * SECOND);
    set(&mut world, 0, -85);
    let elements = [neighbor(&world, 1, Some(255)), neighbor(&world, 2, Some(255))].concat();
    let mode = TransitionMode::PREFERRED_CANDIDATES | TransitionMode::ABRIDGED;
    says(&mut world, Action::TransitionRequest(wish(1, mode, elements)));
    world.run(MINUTE);
    assert_eq!(at(&world), Some(0));
    assert!(roams(&world).is_empty() && world.ends().is_empty());
    // A frame of somebody else is no word of the AP.
    let stranger = MacAddr([2, 0, 0, 0, 9, 9]);
    let mut bytes = vec![];
    let body = Body::Action(Action::TransitionRequest(wish(77, mode, vec![])));
    Management { header: Header::new(OWN, stranger, stranger), body }.write(&mut bytes);
    world.event(KernelEvent::Frame { frequency: None, bytes });
    world.run(20 * SECOND);
    assert!(answers(&world).iter().all(|answer| answer.dialog_token != 77));
}

/// Nobody sticks and nobody flaps: over random walks through a house with three APs there are few roams a minute, and
/// little time is spent with a weak signal while a much better AP is there.
#[test]
fn over_random_walks_nobody_sticks_and_nobody_flaps() {
    let (mut most, mut total) = (0, 0);
    for seed in 0..12 {
        let mut world = World::new(seed, aps(&[-50, -60, -70]));
        world.station.set_radio(watching(SignalWatch::Asked));
        world.give(Event::Networks(vec![personal(b"home")]));
        assert!(world.run_until(10 * SECOND, World::is_connected));
        let mut signals = [-50_i32, -60, -70];
        let mut weak = 0_u32;
        let mut minutes = vec![];
        for second in 0..600_u32 {
            for (place, signal) in signals.iter_mut().enumerate() {
                let step = i32::try_from(world.roll(7)).unwrap() - 3;
                *signal = (*signal + step).clamp(-92, -40);
                let fading = i32::try_from(world.roll(7)).unwrap() - 3;
                world.aps[place].setup.signal_mbm = (*signal + fading) * 100;
            }
            world.run(SECOND);
            // A step that a look cannot see: stuck is who stays weak next to something much better.
            let stuck = at(&world).is_none_or(|own| {
                let best = signals.iter().max().unwrap();
                signals[own] < -80 && *best >= signals[own] + 14
            });
            weak = if stuck { weak + 1 } else { 0 };
            assert!(weak <= 45, "seed {seed}, second {second}: {signals:?} at {:?}", at(&world));
            if second % 60 == 59 {
                minutes.push(roams(&world).len());
            }
        }
        for pair in minutes.windows(2) {
            most = most.max(pair[1] - pair[0]);
        }
        total += roams(&world).len();
        assert!(world.failures().is_empty(), "seed {seed}: {:?}", world.failures());
        world.check();
    }
    assert!(most <= 4, "{most} roams in a minute");
    assert!(total >= 12, "{total} roams in two hours: the walks lead nowhere");
}

#[test]
fn an_open_network_is_roamed_in_too() {
    let setups: Vec<_> = aps(&[-50, -60]).into_iter().map(|setup| Setup { akms: vec![], ..setup }).collect();
    let mut world = world_of(setups, open(b"home"), SignalWatch::Asked);
    world.run(20 * SECOND);
    set(&mut world, 0, -85);
    world.run(15 * SECOND);
    assert_eq!(at(&world), Some(1));
}
