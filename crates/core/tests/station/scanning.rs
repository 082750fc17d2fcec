//! What is scanned, in which order, and when that ends.

use super::{
    ap::Setup,
    fixtures,
    joining::{SECOND, entries, open, personal},
    world::World,
};
use lapwing_core::{
    Duration,
    attempt::Entry,
    failure::Code,
    kernel::{Errno, Frequency, Request, ScanRequest},
    network::Network,
    radio::Channel,
    station::{Event, Pauses, Report, Settings, Station, Summary},
};
use lapwing_frames::suite::Akm;

/// A world on a radio with many channels: 2.4 GHz, 5 GHz with radar detection, 6 GHz.
fn abroad(setups: Vec<Setup>) -> World {
    let mut world = World::new(1, setups);
    let mut radio = world.station.radio().clone();
    let band2 = (0..13).map(|step| 2412 + 5 * step);
    let band5 = (0..8).map(|step| 5180 + 20 * step).chain((0..12).map(|step| 5500 + 20 * step));
    let upper = (0..5).map(|step| 5745 + 20 * step);
    let band6 = (0..24).map(|step| 5955 + 20 * step);
    let channels = band2.chain(band5).chain(upper).chain(band6).map(|frequency| Channel {
        no_initiating_radiation: frequency > 5950 || frequency == 2472,
        radar: (5260..=5720).contains(&frequency),
        ..fixtures::channel(frequency)
    });
    radio.channels = channels.collect();
    world.station.set_radio(radio);
    world.give(Event::Tick);
    world
}

fn on(frequency: u32, setup: Setup) -> Setup {
    Setup { frequency: Frequency(frequency), ..setup }
}

fn scans(world: &World) -> Vec<&ScanRequest> {
    let scans = world.requests.iter().filter_map(|request| match request {
        Request::TriggerScan(scan) => Some(scan),
        _ => None,
    });
    scans.collect()
}

fn ends(world: &World) -> usize {
    world.reports.iter().filter(|report| **report == Report::Scanned).count()
}

#[test]
fn a_person_sees_a_hidden_network_that_is_not_joined_by_itself() {
    let mut world = abroad(vec![on(2437, Setup { hidden: true, ..Setup::new(b"attic", 1, &[Akm::Sae]) })]);
    world.give(Event::Networks(vec![Network { hidden: true, autoconnect: false, ..personal(b"attic") }]));
    world.give(Event::Scan);
    assert!(world.run_until(20 * SECOND, |world| ends(world) == 1));
    assert!(world.station.table().iter().any(|bss| bss.ssid.octets() == b"attic"));
}

/// Connects, and says after how long it was.
fn connect(world: &mut World, network: Network) -> Duration {
    let began = world.now;
    world.give(Event::Connect(network));
    assert!(world.run_until(20 * SECOND, World::is_connected), "{:?}", world.failures());
    world.now.since(began)
}

#[test]
fn the_first_connection_ever_needs_a_part_of_a_second() {
    // (channel, the most time, stages scanned)
    for (frequency, most, stages) in
        [(2437, 400, 1), (5220, 400, 1), (5765, 600, 2), (2422, 1000, 3), (5500, 3500, 5), (5975, 7000, 6)]
    {
        let mut world = abroad(vec![on(frequency, Setup::new(b"home", 1, &[Akm::Sae]))]);
        world.run(SECOND);
        let time = connect(&mut world, personal(b"home"));
        assert!(time < Duration::from_millis(most), "{frequency}: {time:?}");
        assert_eq!(scans(&world).len(), stages, "{frequency}");
        world.check();
    }
}

#[test]
fn never_more_than_the_known_channel_when_it_answers() {
    for frequency in [2437, 5500] {
        let mut world = abroad(vec![on(frequency, Setup::new(b"home", 1, &[Akm::Sae]))]);
        let known = Network { known_frequencies: vec![frequency], ..personal(b"home") };
        world.give(Event::Networks(vec![known]));
        assert!(world.run_until(SECOND, World::is_connected));
        let scans = scans(&world);
        assert_eq!(scans.len(), 1);
        assert_eq!(scans[0].frequencies, [Frequency(frequency)]);
        world.check();
    }
}

#[test]
fn a_network_never_joined_is_looked_for_where_the_others_are() {
    let mut world = abroad(vec![on(5785, Setup::new(b"new", 1, &[]))]);
    let others =
        [5785, 2437].map(|frequency| Network { known_frequencies: vec![frequency], ..personal(b"home") });
    world.give(Event::Autoconnect(false));
    world.give(Event::Networks(others.to_vec()));
    world.run(SECOND);
    connect(&mut world, open(b"new"));
    assert_eq!(scans(&world)[0].frequencies, [Frequency(2437), Frequency(5785)]);
    assert_eq!(scans(&world).len(), 1);
}

#[test]
fn a_network_that_is_nowhere_is_looked_for_everywhere() {
    let mut world = abroad(vec![]);
    world.run(SECOND);
    world.give(Event::Connect(open(b"nowhere")));
    assert!(world.run_until(15 * SECOND, |world| !world.failures().is_empty()));
    assert_eq!(world.failures(), [Code::NotFound]);
    let mut scanned: Vec<_> = scans(&world).iter().flat_map(|scan| &scan.frequencies).collect();
    let channels = world.station.radio().channels.len();
    scanned.sort_unstable();
    assert_eq!(scanned.len(), channels);
    scanned.dedup();
    assert_eq!(scanned.len(), channels);
}

#[test]
fn the_network_wanted_most_has_its_chance() {
    let setups =
        || vec![on(2437, Setup::new(b"work", 1, &[Akm::Psk])), on(5500, Setup::new(b"home", 3, &[Akm::Psk]))];
    let known = |name: &[u8], frequency, joined| Network {
        known_frequencies: vec![frequency],
        last_joined: Some(joined),
        ..personal(name)
    };
    let networks = vec![known(b"work", 2437, 1), known(b"home", 5500, 2)];
    let ssid = |world: &World| world.station.network().map(|network| network.ssid.octets().to_vec());
    // Both are there, and the table has only the one that is wanted less.
    let mut world = abroad(setups());
    world.give(Event::Autoconnect(false));
    world.give(Event::Connect(open(b"nowhere")));
    world.run(Duration::from_millis(300));
    world.give(Event::Disconnect);
    assert!(world.station.table().iter().all(|bss| bss.ssid.octets() == b"work"));
    assert!(!world.station.table().is_empty());
    world.run(SECOND);
    world.give(Event::Networks(networks.clone()));
    world.give(Event::Autoconnect(true));
    assert!(world.run_until(10 * SECOND, World::is_connected));
    assert_eq!(ssid(&world).unwrap(), b"home");
    // It is not where it was: nobody waits for a look everywhere.
    let mut world = abroad(setups());
    world.aps[1].setup.frequency = Frequency(5600);
    world.give(Event::Networks(networks));
    assert!(world.run_until(SECOND, World::is_connected));
    assert_eq!((ssid(&world).unwrap(), scans(&world).len()), (b"work".to_vec(), 1));
}

#[test]
fn who_joins_by_itself_again_knows_which_ap_is_best_now() {
    let setups =
        vec![on(2437, Setup::new(b"home", 1, &[Akm::Psk])), on(2437, Setup::new(b"home", 2, &[Akm::Psk]))];
    let mut world = abroad(setups);
    let peer = |world: &World| world.station.connection().map(|connection| connection.peer);
    let [near, far] = [0, 1].map(|place| world.aps[place].setup.bssid);
    world.aps[0].setup.signal_mbm = -6000;
    world.aps[1].setup.signal_mbm = -8500;
    world.give(Event::Networks(vec![personal(b"home")]));
    assert!(world.run_until(10 * SECOND, World::is_connected));
    assert_eq!(peer(&world), Some(near));
    world.give(Event::Disconnect);
    world.run(SECOND);
    // The person has moved meanwhile, and nothing was heard since.
    world.aps[0].setup.signal_mbm = -7500;
    world.aps[1].setup.signal_mbm = -4000;
    world.give(Event::Autoconnect(true));
    assert!(world.run_until(10 * SECOND, World::is_connected));
    assert_eq!(peer(&world), Some(far));
    world.check();
}

/// Whether the better of two APs is joined again as soon as it answers again, after it was tried in vain.
fn comes_back_to_the_better(blocks_for: Duration) -> bool {
    let setups =
        vec![on(2412, Setup::new(b"home", 1, &[Akm::Psk])), on(2412, Setup::new(b"home", 2, &[Akm::Psk]))];
    let mut world = World::new(1, setups);
    let mut settings = Settings::default();
    settings.roam.blocking.initial = blocks_for;
    let (interface, radio) = (world.station.interface(), world.station.radio().clone());
    world.station = Station::new(interface, radio, super::world::OWN, settings);
    world.give(Event::Scan);
    world.run(SECOND);
    let peer = |world: &World| world.station.connection().map(|connection| connection.peer);
    let [better, other] = [0, 1].map(|place| world.aps[place].setup.bssid);
    world.aps[0].present = false;
    world.give(Event::Connect(personal(b"home")));
    assert!(world.run_until(10 * SECOND, World::is_connected));
    assert_eq!(peer(&world), Some(other));
    world.give(Event::Disconnect);
    world.aps[0].present = true;
    world.run(SECOND);
    world.give(Event::Networks(vec![personal(b"home")]));
    world.give(Event::Autoconnect(true));
    assert!(world.run_until(10 * SECOND, World::is_connected));
    peer(&world) == Some(better)
}

#[test]
fn where_nobody_is_blocked_who_failed_waits_no_longer_than_until_there_is_a_connection() {
    assert!(comes_back_to_the_better(Duration::ZERO));
    assert!(!comes_back_to_the_better(Duration::from_secs(60)));
}

#[test]
fn a_person_sees_each_part_of_a_scan_and_its_end() {
    let setup = on(2437, Setup::new(b"home", 1, &[Akm::Sae]));
    let mut world = abroad(vec![setup, on(5975, Setup::new(b"last", 2, &[]))]);
    world.run(SECOND);
    world.reports.clear();
    world.give(Event::Scan);
    let began = world.now;
    assert!(world.run_until(SECOND, |world| world.station.table().len() == 1));
    assert!(world.now.since(began) < Duration::from_millis(400) && world.station.is_scanning());
    assert!(world.run_until(10 * SECOND, |world| ends(world) == 1));
    assert!(!world.station.is_scanning());
    let heard: Vec<_> = world
        .reports
        .iter()
        .filter_map(|report| if let Report::Heard { bsss } = report { Some(*bsss) } else { None })
        .collect();
    assert_eq!(heard, [1, 1, 1, 1, 1, 2]);
    let scanned: usize = scans(&world).iter().map(|scan| scan.frequencies.len()).sum();
    assert_eq!(scanned, world.station.radio().channels.len());
    world.check();
}

#[test]
fn a_person_who_connects_does_not_wait_for_a_scan() {
    let mut world = abroad(vec![on(2437, Setup::new(b"home", 1, &[Akm::Sae]))]);
    world.run(SECOND);
    world.give(Event::Scan);
    // In the middle of the channels with radar detection.
    world.run(Duration::from_millis(1500));
    let time = connect(&mut world, personal(b"home"));
    assert!(time < Duration::from_millis(200), "{time:?}");
    assert_eq!(world.count("ABORT_SCAN"), 1);
    // What was broken off is scanned when the connection had time for its addresses, and all the rest.
    let before = scans(&world).len();
    world.run(Duration::from_millis(4900));
    assert_eq!(scans(&world).len(), before);
    assert!(world.station.is_scanning());
    assert!(world.run_until(15 * SECOND, |world| ends(world) == 1));
    assert!(scans(&world).iter().any(|scan| scan.colocated_6ghz));
    assert!(world.is_connected() && world.ends().is_empty());
    // A driver that cannot break off a scan is waited for. Who asks again does not wait.
    world.give(Event::Disconnect);
    world.give(Event::Scan);
    world.run(SECOND);
    world.refuse.push_back(("ABORT_SCAN", Errno::EOPNOTSUPP));
    connect(&mut world, personal(b"home"));
    let before = scans(&world).len();
    world.give(Event::Scan);
    assert!(scans(&world).len() > before);
    world.check();
}

#[test]
fn the_rest_of_a_scan_waits_while_something_else_needs_the_radio() {
    for person in [false, true] {
        let mut world = abroad(vec![on(2437, Setup::new(b"home", 1, &[Akm::Sae]))]);
        world.run(SECOND);
        world.give(Event::Scan);
        world.run(Duration::from_millis(1500));
        connect(&mut world, personal(b"home"));
        world.give(Event::HoldScan(true));
        let before = scans(&world).len();
        world.run(60 * SECOND);
        assert_eq!(scans(&world).len(), before);
        assert!(world.station.is_scanning(), "it is still to come");
        // Whoever asks now does not wait for that.
        world.give(if person { Event::Scan } else { Event::HoldScan(false) });
        assert!(scans(&world).len() > before);
        assert!(world.run_until(15 * SECOND, |world| ends(world) == 1));
        world.check();
    }
}

#[test]
fn a_search_serves_a_person_who_waits_for_a_scan_too() {
    let mut world = abroad(vec![]);
    world.give(Event::Networks(vec![personal(b"home")]));
    world.run(Duration::from_millis(100));
    assert_eq!(world.station.summary(), Summary::Searching);
    world.give(Event::Scan);
    assert!(world.run_until(15 * SECOND, |world| ends(world) == 1));
    assert_eq!(scans(&world).len(), 6);
}

#[test]
fn a_part_that_the_kernel_refuses_is_left_out() {
    for (errno, found) in [(Errno::EINVAL, true), (Errno::EIO, false)] {
        let mut world = abroad(vec![on(5765, Setup::new(b"home", 1, &[]))]);
        world.run(SECOND);
        world.refuse.push_back(("TRIGGER_SCAN", errno));
        world.give(Event::Connect(open(b"home")));
        world.run(Duration::from_millis(700));
        assert_eq!(world.failures().is_empty(), found);
        world.give(Event::Disconnect);
        world.run(SECOND);
        world.refuse.push_back(("TRIGGER_SCAN", errno));
        world.give(Event::Scan);
        world.run(15 * SECOND);
        assert_eq!(ends(&world) == 1, found);
        let told = |report: &Report| matches!(report, Report::ScanFailed(_));
        assert_eq!(world.reports.iter().any(told), !found);
        assert!(!world.station.is_scanning());
    }
}

#[test]
fn only_the_channels_that_are_asked_for_are_scanned() {
    let mut world = abroad(vec![on(5765, Setup::new(b"home", 1, &[]))]);
    world.run(SECOND);
    let before = scans(&world).len();
    // 5600 has radar detection, 5955 is passive, 4000 is no channel at all.
    world.give(Event::ScanOn(vec![Frequency(2437), Frequency(5600), Frequency(5955), Frequency(4000)]));
    world.run(5 * SECOND);
    let scanned: Vec<_> = scans(&world)[before..].iter().flat_map(|scan| scan.frequencies.clone()).collect();
    assert_eq!(scanned, [Frequency(2437), Frequency(5600), Frequency(5955)]);
    assert_eq!(ends(&world), 1);
    // Nothing but what nobody may use is no scan, and its end is told.
    world.give(Event::ScanOn(vec![Frequency(4000)]));
    world.run(SECOND);
    assert_eq!((scans(&world).len(), ends(&world)), (before + 3, 2));
    // The next one is of all channels again.
    world.give(Event::Scan);
    world.run(20 * SECOND);
    assert!(scans(&world).iter().any(|scan| scan.frequencies.contains(&Frequency(5765))));
}

#[test]
fn five_hundred_known_networks_are_no_burden() {
    let mut world = abroad(vec![on(2437, Setup::new(b"home", 1, &[Akm::Psk]))]);
    let other = |number: u32| Network {
        known_frequencies: vec![2412 + 5 * (number % 13)],
        last_joined: Some(number.into()),
        hidden: number.is_multiple_of(9),
        ..personal(format!("network {number}").as_bytes())
    };
    let mut networks: Vec<_> = (1..500).map(other).collect();
    networks.push(Network { known_frequencies: vec![2437], ..personal(b"home") });
    world.give(Event::Networks(networks));
    assert!(world.run_until(2 * SECOND, World::is_connected));
    let judged = entries(&world).filter(|entry| matches!(entry, Entry::Judged(_))).count();
    assert_eq!(judged, 1);
    world.check();
}

#[test]
fn pauses_between_searches_are_as_they_are_set() {
    let searches = |search, seconds: u32| {
        let mut world = World::new(1, vec![]);
        let (interface, radio) = (world.station.interface(), world.station.radio().clone());
        let settings = Settings { search, ..Settings::default() };
        world.station = Station::new(interface, radio, super::world::OWN, settings);
        world.give(Event::Networks(vec![personal(b"home")]));
        world.run(seconds * SECOND);
        scans(&world).len()
    };
    // Two channels are one part of a search.
    let once = searches(None, 600);
    assert!((1..=3).contains(&once), "{once}");
    let pauses = |first, longest| {
        let seconds = |seconds| Duration::from_secs(seconds);
        Some(Pauses { first: seconds(first), longest: seconds(longest) })
    };
    assert_eq!(searches(pauses(100, 1000), 90), once);
    assert_eq!(searches(pauses(100, 1000), 250), 2 * once);
    assert!(searches(pauses(1, 1), 60) > 20 * once);
}
