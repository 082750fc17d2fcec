use super::*;
use crate::kind::FrameKind;
use crate::rule::{End, Rule};
use core::time::Duration;

const AP: MacAddr = MacAddr([0x42, 0, 0, 0, 0, 0]);
const STATION: MacAddr = MacAddr([0x42, 0, 0, 0, 1, 0]);
const OTHER: MacAddr = MacAddr([0x42, 0, 0, 0, 2, 0]);

/// The address of a radio's interface.
fn own(radio: MacAddr) -> MacAddr {
    let mut octets = radio.0;
    octets[0] = 2;
    MacAddr(octets)
}

fn medium() -> Medium {
    let mut medium = Medium::new(1);
    for radio in [AP, STATION, OTHER] {
        medium.turn(Instant::default(), Event::RadioAdded { radio, address: own(radio) });
    }
    medium
}

fn frame(control: u8, from: MacAddr, to: MacAddr) -> Frame {
    let mut octets = vec![control, 0, 0, 0];
    octets.extend(to.0);
    octets.extend(own(from).0);
    octets.resize(30, 0);
    let rates = [Rate { index: 3, count: 4, flags: 0 }, Rate::NONE, Rate::NONE, Rate::NONE];
    Frame { transmitter: from, octets, flags: flags::WANTS_STATUS, frequency: 2412, rates, cookie: 7 }
}

fn beacon() -> Frame {
    Frame { flags: flags::NO_ACKNOWLEDGEMENT, ..frame(0x80, AP, MacAddr::BROADCAST) }
}

fn send(medium: &mut Medium, frame: Frame) -> Vec<Action> {
    medium.turn(Instant::default(), Event::Sent(frame))
}

fn take(medium: &mut Medium, actions: &[Action], accepted: bool) -> Vec<Action> {
    let numbers = actions.iter().filter_map(|action| match action {
        Action::Deliver { arrival, .. } => *arrival,
        Action::Report { .. } => None,
    });
    let mut after = Vec::new();
    for arrival in numbers {
        after.extend(medium.turn(Instant::default(), Event::Taken { arrival, accepted }));
    }
    after
}

/// Who hears, how strong.
fn heard(actions: &[Action]) -> Vec<(MacAddr, i32)> {
    let deliveries = actions.iter().filter_map(|action| match action {
        Action::Deliver { receiver, signal, .. } => Some((*receiver, *signal)),
        Action::Report { .. } => None,
    });
    deliveries.collect()
}

fn acknowledged(actions: &[Action]) -> Vec<bool> {
    let reports = actions.iter().filter_map(|action| match action {
        Action::Report { flags, .. } => Some(flags & flags::ACKNOWLEDGED != 0),
        Action::Deliver { .. } => None,
    });
    reports.collect()
}

#[test]
fn a_beacon_is_heard_by_all_others_and_reported_at_once() {
    let actions = send(&mut medium(), beacon());
    assert_eq!(heard(&actions), [(STATION, -30), (OTHER, -30)]);
    assert_eq!(acknowledged(&actions), [false]);
}

#[test]
fn a_frame_to_one_is_reported_when_it_is_known_who_took_it() {
    for accepted in [true, false] {
        let mut medium = medium();
        let actions = send(&mut medium, frame(0xb0, AP, own(STATION)));
        assert_eq!((heard(&actions), acknowledged(&actions)), (vec![(STATION, -30)], Vec::new()));
        let report = take(&mut medium, &actions, accepted);
        assert_eq!(acknowledged(&report), [accepted]);
        let Action::Report { rates, cookie, .. } = &report[0] else { panic!() };
        // Once at the first rate, or as often as was to be tried.
        assert_eq!((rates[0].count, *cookie), (if accepted { 1 } else { 4 }, 7));
        // What is told twice is told in vain.
        assert!(take(&mut medium, &actions, true).is_empty());
    }
}

#[test]
fn signals_follow_the_pair() {
    let mut medium = medium();
    let rule = Rule {
        source: End::Radio(AP),
        destination: End::Radio(own(STATION)),
        bidirectional: true,
        signal: Some(-7150),
        ..Rule::default()
    };
    medium.rules.add(rule).unwrap();
    assert_eq!(heard(&send(&mut medium, beacon())), [(STATION, -71), (OTHER, -30)]);
    assert_eq!(heard(&send(&mut medium, frame(0xb0, STATION, own(AP)))), [(AP, -71)]);
    assert_eq!(heard(&send(&mut medium, frame(0xb0, OTHER, own(AP)))), [(AP, -30)]);
}

#[test]
fn a_kind_of_frames_is_lost() {
    let mut medium = medium();
    medium.rules.add(Rule { kind: Some(FrameKind::Subtype(8)), drop: true, ..Rule::default() }).unwrap();
    let actions = send(&mut medium, beacon());
    assert_eq!((heard(&actions), acknowledged(&actions)), (Vec::new(), vec![false]));
    assert_eq!(heard(&send(&mut medium, frame(0xb0, AP, own(STATION)))).len(), 1);
}

#[test]
fn a_lost_frame_is_not_acknowledged() {
    let mut medium = medium();
    medium.rules.add(Rule { destination: End::Radio(STATION), drop: true, ..Rule::default() }).unwrap();
    let actions = send(&mut medium, frame(0xb0, AP, own(STATION)));
    assert_eq!((heard(&actions), acknowledged(&actions)), (Vec::new(), vec![false]));
}

#[test]
fn an_acknowledgement_is_lost_on_its_way_back() {
    for (drop_acknowledgement, expected) in [(true, false), (false, true)] {
        let mut medium = medium();
        let rule = Rule { source: End::Radio(STATION), drop: true, drop_acknowledgement, ..Rule::default() };
        medium.rules.add(rule).unwrap();
        let actions = send(&mut medium, frame(0xb0, AP, own(STATION)));
        assert_eq!(heard(&actions).len(), 1);
        assert_eq!(acknowledged(&take(&mut medium, &actions, true)), [expected]);
    }
}

#[test]
fn a_rule_for_the_group_is_about_frames_to_all() {
    let mut medium = medium();
    medium.rules.add(Rule { destination: End::Group, drop: true, ..Rule::default() }).unwrap();
    assert!(heard(&send(&mut medium, beacon())).is_empty());
    assert_eq!(heard(&send(&mut medium, frame(0xb0, AP, own(STATION)))).len(), 1);
}

#[test]
fn a_frame_counts_once_however_many_hear_it() {
    let mut medium = medium();
    medium.rules.add(Rule { drop: true, times: Some(1), ..Rule::default() }).unwrap();
    assert!(heard(&send(&mut medium, beacon())).is_empty());
    assert_eq!(heard(&send(&mut medium, beacon())).len(), 2);
}

#[test]
fn what_is_late_comes_when_it_is_time() {
    let mut medium = medium();
    medium.rules.add(Rule { delay: Duration::from_millis(50), ..Rule::default() }).unwrap();
    assert!(send(&mut medium, frame(0xb0, AP, own(STATION))).is_empty());
    let when = Instant::default() + Duration::from_millis(50);
    assert_eq!(medium.next_deadline(), Some(when));
    assert!(medium.turn(when - Duration::from_millis(1), Event::Tick).is_empty());
    let actions = medium.turn(when, Event::Tick);
    assert_eq!(heard(&actions), [(STATION, -30)]);
    assert_eq!(medium.next_deadline(), None);
    assert_eq!(acknowledged(&take(&mut medium, &actions, true)), [true]);
}

#[test]
fn twice_and_damaged() {
    let mut medium = medium();
    medium.rules.add(Rule { duplicate: true, corrupt: true, ..Rule::default() }).unwrap();
    let sent = frame(0xb0, AP, own(STATION));
    let actions = send(&mut medium, sent.clone());
    assert_eq!(heard(&actions).len(), 2);
    let Action::Deliver { octets, .. } = &actions[0] else { panic!() };
    assert_ne!(octets[..], sent.octets);
    assert_eq!(octets[..29], sent.octets[..29]);
    // One report, when both are told of.
    assert_eq!(acknowledged(&take(&mut medium, &actions, true)), [true]);
}

#[test]
fn loss_is_by_chance_and_the_same_in_every_run() {
    let run = || {
        let mut medium = medium();
        medium.rules.add(Rule { loss: 50, ..Rule::default() }).unwrap();
        (0..64).map(|_| heard(&send(&mut medium, beacon())).len()).collect::<Vec<_>>()
    };
    let first = run();
    assert_eq!(first, run());
    assert!((40..90).contains(&first.iter().sum::<usize>()), "{first:?}");
}

#[test]
fn an_address_is_learned_from_what_is_sent_from_it() {
    let link = MacAddr([2, 9, 9, 9, 9, 9]);
    let mut medium = medium();
    // Nobody is known to have it: everybody hears, nobody acknowledges.
    let actions = send(&mut medium, frame(0xb0, AP, link));
    assert_eq!((heard(&actions).len(), acknowledged(&actions)), (2, vec![false]));
    let mut from_link = frame(0xb0, STATION, own(AP));
    from_link.octets[10..16].copy_from_slice(&link.0);
    send(&mut medium, from_link);
    assert!(medium.addresses(STATION).contains(&link));
    assert_eq!(heard(&send(&mut medium, frame(0xb0, AP, link))), [(STATION, -30)]);
}

#[test]
fn addresses_of_links_are_learned_from_an_association_request() {
    let second = MacAddr([2, 8, 8, 8, 8, 8]);
    let mut request = frame(0, STATION, own(AP));
    request.octets.truncate(24);
    // Capabilities, listen interval; Basic Multi-Link: the MLD's address, one profile with an address.
    request.octets.extend([0; 4]);
    request.octets.extend([255, 21, 107, 0, 0, 7, 2, 7, 7, 7, 7, 7, 0, 9, 0x31, 0, 7]);
    request.octets.extend(second.0);
    let mut medium = medium();
    send(&mut medium, request);
    assert!(medium.addresses(STATION).contains(&second), "{:?}", medium.addresses(STATION));
    assert_eq!(heard(&send(&mut medium, frame(0xb0, AP, second))), [(STATION, -30)]);
}

#[test]
fn a_radio_is_known_by_what_it_sends() {
    let stranger = MacAddr([0x42, 0, 0, 0, 9, 0]);
    let mut medium = medium();
    send(&mut medium, frame(0x40, stranger, MacAddr::BROADCAST));
    assert_eq!(medium.addresses(stranger), [stranger, own(stranger)]);
    assert_eq!(heard(&send(&mut medium, beacon())).len(), 3);
    medium.turn(Instant::default(), Event::RadioRemoved(stranger));
    assert_eq!(heard(&send(&mut medium, beacon())).len(), 2);
}

#[test]
fn an_address_that_is_not_heard_any_more_is_nobodys() {
    let address = MacAddr([2, 7, 7, 7, 7, 7]);
    let mut medium = medium();
    medium.turn(Instant::default(), Event::AddressAdded { radio: OTHER, address });
    assert_eq!(heard(&send(&mut medium, frame(0xb0, AP, address))), [(OTHER, -30)]);
    medium.turn(Instant::default(), Event::AddressRemoved { radio: OTHER, address });
    assert_eq!(heard(&send(&mut medium, frame(0xb0, AP, address))).len(), 2);
}

#[test]
fn a_control_frame_is_only_reported() {
    let mut short = frame(0xa4, STATION, own(AP));
    short.octets.truncate(16);
    let actions = send(&mut medium(), short);
    assert_eq!((heard(&actions).len(), acknowledged(&actions)), (0, vec![false]));
}

#[test]
fn rates_that_not_every_band_has_become_the_first() {
    let of = |index, flags| rate(&[Rate { index, count: 1, flags }, Rate::NONE, Rate::NONE, Rate::NONE]);
    assert_eq!((of(5, 0), of(11, 0), of(5, Rate::MCS), of(-1, 0)), (5, 0, 0, 0));
}

#[test]
fn nothing_grows_without_end() {
    let mut medium = medium();
    let mut reported = 0;
    for _ in 0..FLYING + 10 {
        let actions = send(&mut medium, frame(0xb0, AP, own(STATION)));
        reported += acknowledged(&actions).len();
    }
    assert_eq!((medium.flying.len(), reported), (FLYING, 10));
}
