//! The choice of an AP MLD: its BSSs are one candidate, and a link that does not fit is left out with its
//! reason, because the kernel would refuse the whole association for it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests too")]

#[path = "common/fixtures.rs"]
mod fixtures;
#[path = "select_mld/hostile.rs"]
mod hostile;
#[path = "common/sane.rs"]
mod sane;

use fixtures::{ApLink, basic, entry, mld_beacon, named, neighbors, personal, removal, rsn};
use lapwing_core::{
    Duration, Instant,
    attempt::Phase,
    failure::{Code, Failure},
    kernel::{Frequency, ScanEntry},
    radio::{Channel, Radio, RadioKind},
    scan::Table,
    select::{History, Judged, LeftOut, Manner, Policy, Rejection, Target, Verdict, choose},
};
use lapwing_frames::{
    LinkId, MacAddr,
    element::{
        Element, ElementId, Elements, MultiLink, RsnCapabilities,
        multi_link::{EmlCapabilities, ExtendedMldCapabilities, LinkIdInfo, MldCapabilities},
        write_raw,
    },
    suite::Akm,
};

const MLD: MacAddr = MacAddr([2, 0, 0, 0, 0xaa, 0]);
const NOW: Instant = Instant::after_start(Duration::from_secs(100));

fn links() -> [ApLink; 3] {
    [ApLink::new(0, 36), ApLink::new(1, 40), ApLink::new(2, 149)]
}

fn radio() -> Radio {
    Radio { multi_link: true, channels_at_once: 3, ..fixtures::radio(&[5180, 5200, 5745]) }
}

fn beacon(link: ApLink) -> ScanEntry {
    let others: Vec<_> = links().into_iter().filter(|other| *other != link).collect();
    let mut entry = entry(link.bssid, link.frequency(), mld_beacon(b"net", MLD, link, &others));
    entry.signal_mbm = Some(-4000 - 500 * i32::from(link.id));
    entry
}

/// The beacon without the elements with this number.
fn without(elements: &[u8], id: ElementId) -> Vec<u8> {
    let kept = Elements::new(elements).iter().filter(|element| element.id != id);
    kept.flat_map(|element| element.octets.to_vec()).collect()
}

fn with_basic(change: impl Fn(&mut lapwing_frames::element::multi_link::Basic)) -> impl Fn(&mut ScanEntry) {
    move |entry| {
        let link = entry.bssid.0[5];
        entry.elements = without(&entry.elements, MultiLink::ID);
        let mut element = basic(MLD, link);
        change(&mut element);
        MultiLink::Basic(element).write(&mut entry.elements);
    }
}

fn choice(beacons: &[ScanEntry], radio: &Radio, history: &History) -> (Vec<Judged>, Option<Target>) {
    let mut table = Table::new(16);
    for beacon in beacons {
        table.insert(beacon.clone(), NOW).unwrap();
    }
    choose(&table, &personal(b"net"), radio, history, &Policy::at(NOW))
}

fn id(number: u8) -> LinkId {
    LinkId::new(number).unwrap()
}

#[test]
fn the_links_of_an_ap_mld_are_one_candidate() {
    let (judged, target) = choice(&links().map(beacon), &radio(), &History::default());
    assert_eq!(judged.len(), 1);
    assert_eq!((judged[0].bssid, judged[0].mld), (links()[0].bssid, Some(MLD)));
    assert!(judged[0].links.iter().all(|link| link.left_out.is_none()) && judged[0].links.len() == 3);
    let target = target.unwrap();
    assert_eq!(target.address(), MLD);
    assert!(target.has_address(links()[0].bssid) && !target.has_address(links()[1].bssid));
    let mld = target.mld().unwrap();
    assert_eq!((mld.association_link, mld.reconfigurable), (id(0), true));
    for link in links() {
        let asked = &mld.links[&id(link.id)];
        assert_eq!((asked.bssid, asked.frequency), (link.bssid, Frequency(link.frequency())));
        assert!(asked.advertised.rsne.is_some() && asked.advertised.rsnxe.is_some());
    }
}

#[test]
fn a_radio_without_links_or_with_links_of_its_firmware_takes_single_bsss() {
    let firmware = Radio { kind: RadioKind::FullMacExternalSae, ..radio() };
    for radio in [Radio { multi_link: false, ..radio() }, firmware] {
        let (judged, target) = choice(&links().map(beacon), &radio, &History::default());
        assert_eq!(judged.len(), 3);
        assert!(judged.iter().all(|judged| judged.links.is_empty()));
        let target = target.unwrap();
        assert!(target.mld().is_none());
        assert_eq!(target.address(), links()[0].bssid);
    }
}

/// One beacon is changed; the links that are left out because of it.
fn left_out(changed: usize, change: impl Fn(&mut ScanEntry)) -> Vec<(u8, LeftOut)> {
    let mut beacons = links().map(beacon);
    change(&mut beacons[changed]);
    let (judged, target) = choice(&beacons, &radio(), &History::default());
    let judged = judged.into_iter().find(|judged| !judged.links.is_empty()).unwrap();
    let mld = target.unwrap().mld().unwrap().clone();
    for link in &judged.links {
        assert_eq!(mld.links.contains_key(&link.id), link.left_out.is_none());
    }
    judged.links.iter().filter_map(|link| Some((link.id.get(), link.left_out?))).collect()
}

#[test]
fn each_way_in_which_a_link_does_not_fit() {
    let report = |links: &'static [usize], flags: u8| {
        move |entry: &mut ScanEntry| {
            entry.elements = without(&entry.elements, ElementId::Plain(201));
            let named: Vec<_> = links.iter().map(|place| self::links()[*place]).collect();
            entry.elements.extend(neighbors(&named, flags));
        }
    };
    let other_rsn = |akms: &'static [Akm], capabilities: RsnCapabilities| {
        move |entry: &mut ScanEntry| {
            entry.elements = without(&entry.elements, ElementId::Plain(48));
            entry.elements.extend(rsn(akms, capabilities));
        }
    };
    let protected = RsnCapabilities::MFPC.with(RsnCapabilities::MFPR);
    assert_eq!(left_out(1, |_| {}), []);
    assert_eq!(left_out(0, report(&[2], 0)), [(1, LeftOut::NotAnnounced)]);
    assert_eq!(left_out(0, report(&[1, 2], 0x20)), [(1, LeftOut::Disabled), (2, LeftOut::Disabled)]);
    let silence = |entry: &mut ScanEntry| entry.bssid = MacAddr([2, 0, 0, 0, 0xbb, 1]);
    assert_eq!(left_out(1, silence), [(1, LeftOut::NotHeard)]);
    let stale = |entry: &mut ScanEntry| entry.age = Duration::from_secs(26);
    assert_eq!(left_out(1, stale), [(1, LeftOut::Stale)]);
    let renamed = |entry: &mut ScanEntry| {
        entry.elements = [named(b"other"), without(&entry.elements, ElementId::Plain(0))].concat();
    };
    assert_eq!(left_out(1, renamed), [(1, LeftOut::OtherName)]);
    let other = with_basic(|basic| basic.common.mld_address = MacAddr([2, 0, 0, 0, 0xab, 0]));
    assert_eq!(left_out(1, other), [(1, LeftOut::OtherMld)]);
    let none = |entry: &mut ScanEntry| entry.elements = without(&entry.elements, MultiLink::ID);
    assert_eq!(left_out(1, none), [(1, LeftOut::OtherMld)]);
    for hostile in [3, 15] {
        let number = with_basic(move |basic| basic.common.link_id = Some(LinkIdInfo(hostile)));
        let expected = if hostile == 3 { LeftOut::OtherNumber } else { LeftOut::OtherMld };
        let found = left_out(1, number);
        assert!(found.contains(&(1, expected)), "{found:?}");
    }
    let eml = with_basic(|basic| basic.common.eml_capabilities = Some(EmlCapabilities(1)));
    assert_eq!(left_out(1, eml), [(1, LeftOut::OtherCapabilities)]);
    let mld = with_basic(|basic| basic.common.mld_capabilities = Some(MldCapabilities(1)));
    assert_eq!(left_out(1, mld), [(1, LeftOut::OtherCapabilities)]);
    let extended = |bits| {
        with_basic(move |basic| basic.common.extended_mld_capabilities = Some(ExtendedMldCapabilities(bits)))
    };
    assert_eq!(left_out(1, extended(1)), [(1, LeftOut::OtherCapabilities)]);
    // How many links it recommends may differ.
    assert_eq!(left_out(1, extended(0x1e)), []);
    assert_eq!(left_out(1, other_rsn(&[Akm::SaeExtKey], protected)), [(1, LeftOut::OtherSecurity)]);
    assert_eq!(left_out(1, other_rsn(&[Akm::Sae, Akm::Psk], RsnCapabilities::MFPC)), []);
    assert_eq!(left_out(1, other_rsn(&[Akm::Sae], RsnCapabilities::default())), [(1, LeftOut::Unprotected)]);
    let no_h2e = |entry: &mut ScanEntry| entry.elements = without(&entry.elements, ElementId::Plain(244));
    assert_eq!(left_out(1, no_h2e), [(1, LeftOut::OtherSecurity)]);
    let forbidden = |entry: &mut ScanEntry| entry.frequency = Frequency(5500);
    assert_eq!(left_out(1, forbidden), [(1, LeftOut::ChannelDisabled)]);
    // Said by the link itself, by the association link, or only in a beacon.
    for place in [0, 1] {
        let leaving = |entry: &mut ScanEntry| entry.elements.extend(removal(&[1]));
        assert_eq!(left_out(place, leaving), [(1, LeftOut::BeingRemoved)]);
        let in_beacon = |entry: &mut ScanEntry| entry.beacon_elements = Some(removal(&[1]));
        assert_eq!(left_out(place, in_beacon), [(1, LeftOut::BeingRemoved)]);
        // The kernel keeps a probe response of that time, while beacons say that it is over.
        let over = |entry: &mut ScanEntry| {
            entry.beacon_elements = Some(entry.elements.clone());
            entry.elements.extend(removal(&[1]));
            entry.beacon_is_newer = true;
        };
        assert_eq!(left_out(place, over), []);
    }
}

#[test]
fn a_link_with_our_address_or_that_of_another_link_is_left_out() {
    let beacons = links().map(beacon);
    let mut table = Table::new(16);
    beacons.iter().for_each(|beacon| table.insert(beacon.clone(), NOW).unwrap());
    let policy = Policy { own: Some(links()[1].bssid), ..Policy::at(NOW) };
    let (judged, _) = choose(&table, &personal(b"net"), &radio(), &History::default(), &policy);
    assert_eq!(judged[0].links[1].left_out, Some(LeftOut::AddressTaken));
    // A report that names one BSS as two links, and the association link as another one.
    let twice = |entry: &mut ScanEntry| {
        entry.elements = without(&entry.elements, ElementId::Plain(201));
        let [first, second, _] = links();
        let doubles = [second, ApLink { id: 5, ..second }, ApLink { id: 6, ..first }];
        entry.elements.extend(neighbors(&doubles, 0));
    };
    let left_out = left_out(0, twice);
    assert_eq!(left_out, [(2, LeftOut::NotAnnounced), (5, LeftOut::OtherNumber), (6, LeftOut::AddressTaken)]);
}

#[test]
fn a_link_that_goes_does_not_carry_the_association() {
    let mut beacons = links().map(beacon);
    beacons[0].elements.extend(removal(&[0]));
    let (judged, target) = choice(&beacons, &radio(), &History::default());
    assert_eq!(judged.len(), 1);
    let mld = target.unwrap().mld().unwrap().clone();
    assert_eq!(mld.association_link, id(1));
    // The announcement is the other beacons' too; here only its own says so.
    assert!(!mld.links.contains_key(&id(0)));
    // The last one does not either.
    let (judged, target) = choice(&beacons[..1], &radio(), &History::default());
    assert!(target.is_none());
    assert_eq!(judged[0].verdict, Verdict::Rejected(Rejection::BeingRemoved));
}

#[test]
fn an_ap_mld_without_what_links_need_is_taken_as_single_bsss() {
    // Hunting-and-pecking only: allowed without links, not with them.
    let mut beacons = links().map(beacon);
    beacons.iter_mut().for_each(|entry| entry.elements = without(&entry.elements, ElementId::Plain(244)));
    let (judged, target) = choice(&beacons, &radio(), &History::default());
    assert_eq!(judged.len(), 3);
    assert!(target.is_some_and(|target| target.mld().is_none()));
    // One link that offers what is needed is enough.
    let (_, target) = choice(&[beacons[0].clone(), beacon(links()[2])], &radio(), &History::default());
    assert_eq!(target.unwrap().mld().unwrap().links.len(), 1);
}

const SILENCE: Failure = Failure { phase: Phase::Authenticate, code: Code::AuthenticationTimedOut };

#[test]
fn after_failures_an_ap_mld_is_joined_with_fewer_links_then_as_a_bss_and_later_as_before() {
    let mut history = History::default();
    let links = links().map(beacon);
    let count = |history: &History| {
        let (judged, target) = choice(&links, &radio(), history);
        let links = target.unwrap().mld().map(|mld| mld.links.len());
        if links == Some(1) {
            assert_eq!(judged[0].links[2].left_out, Some(LeftOut::FellBack));
        }
        links
    };
    assert_eq!(count(&history), Some(3));
    for (manner, expected) in [
        (Manner::AllLinks, Some(3)),
        (Manner::OneLink, Some(1)),
        (Manner::Plain, None),
        (Manner::Plain, None),
    ] {
        assert_eq!(history.mld_failed(MLD, 3, SILENCE, NOW), manner);
        assert_eq!(count(&history), expected);
        assert_eq!(history.fell_back(MLD, NOW), (expected != Some(3)).then_some(&SILENCE));
    }
    // Joined in a lesser manner, it is not forgotten; time forgets it, and a person.
    history.mld_joined(MLD, NOW);
    assert_eq!(count(&history), None);
    assert_eq!(history.manner(MLD, NOW + Duration::from_secs(601)), Manner::AllLinks);
    history.asked(&personal(b"net").ssid);
    assert_eq!(count(&history), Some(3));
    // With one link there is no lesser manner but that of a BSS.
    assert_eq!(history.mld_failed(MLD, 1, SILENCE, NOW), Manner::AllLinks);
    assert_eq!(history.mld_failed(MLD, 1, SILENCE, NOW), Manner::Plain);
}

#[test]
fn an_ap_mld_that_failed_waits_with_all_its_links() {
    let mut history = History::default();
    history.set_back(MLD, NOW, Duration::from_secs(10));
    let (judged, target) = choice(&links().map(beacon), &radio(), &history);
    assert!(target.is_none());
    assert_eq!(judged[0].verdict, Verdict::Rejected(Rejection::FailedRecently));
    // One that gave no answer on a link is tried through another.
    let mut history = History::default();
    history.silent(links()[0].bssid, NOW);
    let (_, target) = choice(&links().map(beacon), &radio(), &history);
    assert_eq!(target.unwrap().mld().unwrap().association_link, id(1));
}

#[test]
fn a_bss_with_our_own_address_is_never_joined() {
    let mut table = Table::new(16);
    links().map(beacon).into_iter().for_each(|beacon| table.insert(beacon, NOW).unwrap());
    for own in links().map(|link| link.bssid) {
        let policy = Policy { own: Some(own), ..Policy::at(NOW) };
        let (_, target) = choose(&table, &personal(b"net"), &radio(), &History::default(), &policy);
        let target = target.unwrap();
        assert_ne!(target.bss().bssid, own);
        assert!(target.mld().unwrap().links.values().all(|link| link.bssid != own));
        // Nor as a BSS of its own.
        let radio = Radio { multi_link: false, ..radio() };
        let (judged, target) = choose(&table, &personal(b"net"), &radio, &History::default(), &policy);
        assert_ne!(target.unwrap().bss().bssid, own);
        let claims = judged.iter().find(|judged| judged.bssid == own).unwrap();
        assert_eq!(claims.verdict, Verdict::Rejected(Rejection::OwnAddress));
    }
}

#[test]
fn a_network_that_names_a_bssid_is_joined_through_its_ap_mld() {
    let mut table = Table::new(16);
    links().map(beacon).into_iter().for_each(|beacon| table.insert(beacon, NOW).unwrap());
    let target = |bssid: MacAddr| {
        let mut network = personal(b"net");
        network.bssid = Some(bssid);
        choose(&table, &network, &radio(), &History::default(), &Policy::at(NOW)).1
    };
    assert_eq!(target(links()[2].bssid).unwrap().address(), MLD);
    assert_eq!(target(MLD).unwrap().address(), MLD);
    assert!(target(MacAddr([2, 0, 0, 0, 0, 9])).is_none());
}

#[test]
fn absurd_announcements_are_bounded() {
    // A report with more links than there are numbers, hundreds of times.
    let mut entry = beacon(links()[0]);
    entry.elements = without(&entry.elements, ElementId::Plain(201));
    let all: Vec<_> = (0..16).map(|id| ApLink { id, ..ApLink::new(id, 36) }).collect();
    for chunk in all.chunks(8).cycle().take(200) {
        entry.elements.extend(neighbors(chunk, 0));
    }
    write_raw(MultiLink::ID, &[0, 0], &mut entry.elements);
    let (judged, _) = choice(&[entry], &radio(), &History::default());
    assert!(judged[0].links.len() <= 15);
    // A group address and zero are no device's.
    for address in [MacAddr([3, 0, 0, 0, 0, 1]), MacAddr([0; 6])] {
        let mut entry = beacon(links()[0]);
        with_basic(|basic| basic.common.mld_address = address)(&mut entry);
        let (judged, target) = choice(&[entry], &radio(), &History::default());
        assert!(judged[0].mld.is_none() && target.unwrap().mld().is_none());
    }
}

#[test]
fn no_more_links_are_asked_for_than_the_radio_and_the_ap_can_have() {
    let bounded = |channels_at_once| Radio { channels_at_once, ..radio() };
    let judged = |entries: &[ScanEntry], radio: &Radio| {
        let (judged, target) = choice(entries, radio, &History::default());
        let links = target.unwrap().mld().unwrap().links.keys().map(|id| id.get()).collect::<Vec<_>>();
        let left_out = judged[0].links.iter().filter_map(|link| Some((link.id.get(), link.left_out?)));
        (links, left_out.collect::<Vec<_>>())
    };
    let all = links().map(beacon);
    assert_eq!(judged(&all, &bounded(3)), (vec![0, 1, 2], vec![]));
    assert_eq!(judged(&all, &bounded(2)), (vec![0, 1], vec![(2, LeftOut::NotMoreAtOnce)]));
    // A radio that can use links says nothing by this, as hwsim shows.
    assert_eq!(judged(&all, &bounded(1)), (vec![0, 1, 2], vec![]));
    // Another band is better than the same one, as long as it is not much worse.
    let mut other_band = all.clone();
    other_band[2].frequency = Frequency(2412);
    let mut radio_of_both = bounded(2);
    let channel = Channel { frequency: Frequency(2412), ..radio_of_both.channels[0] };
    radio_of_both.channels.push(channel);
    other_band[1].signal_mbm = Some(-7500);
    other_band[2].signal_mbm = Some(-7000);
    assert_eq!(judged(&other_band, &radio_of_both), (vec![0, 2], vec![(1, LeftOut::NotMoreAtOnce)]));
    other_band[1].signal_mbm = Some(-4500);
    assert_eq!(judged(&other_band, &radio_of_both), (vec![0, 1], vec![(2, LeftOut::NotMoreAtOnce)]));
    // The AP serves two.
    let fewer = links().map(|link| {
        let mut entry = beacon(link);
        let place = entry.elements.windows(2).position(|pair| pair == [0x02, 0x20]).unwrap();
        entry.elements[place] = 0x01;
        entry
    });
    assert_eq!(judged(&fewer, &bounded(3)), (vec![0, 1], vec![(2, LeftOut::NotMoreByAccessPoint)]));
}

#[test]
fn a_link_that_is_hardly_heard_is_left_out_until_it_is_better() {
    let weak = |signal: i32| move |entry: &mut ScanEntry| entry.signal_mbm = Some(signal);
    assert_eq!(left_out(1, weak(-9001)), [(1, LeftOut::TooWeak)]);
    assert_eq!(left_out(1, weak(-9000)), []);
    assert_eq!(left_out(1, |entry| entry.signal_mbm = None), []);
    assert!(LeftOut::TooWeak.may_pass());
}
