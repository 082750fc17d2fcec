//! Hostile Multi-Link elements and neighbor reports: each leads to a link that is left out with its reason, or to
//! a candidate that is refused, never to a wrong join.

use super::*;
use crate::sane::check_target;
use lapwing_frames::element::multi_link::{PerStaProfile, StaInfo, Subelement};
use rustix::time::{ClockId, clock_gettime};

const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 0xab, 0]);

/// A further Basic element in the same frame.
fn further(change: impl Fn(&mut lapwing_frames::element::multi_link::Basic)) -> impl Fn(&mut ScanEntry) {
    move |entry| {
        let mut element = basic(MLD, entry.bssid.0[5]);
        change(&mut element);
        MultiLink::Basic(element).write(&mut entry.elements);
    }
}

fn profile(number: u8, profile: Vec<u8>) -> Subelement<PerStaProfile> {
    let complete = !profile.is_empty();
    Subelement::PerSta(PerStaProfile { number, complete, info: StaInfo::default(), reserved: 0, profile })
}

/// The neighbor report of a beacon is another one.
fn report(named: Vec<ApLink>) -> impl Fn(&mut ScanEntry) {
    move |entry| {
        entry.elements = without(&entry.elements, ElementId::Plain(201));
        entry.elements.extend(neighbors(&named, 0));
    }
}

#[test]
fn elements_that_contradict_each_other_leave_their_link_out() {
    let contradicts = vec![(1, LeftOut::Contradicts)];
    assert_eq!(left_out(1, further(|basic| basic.common.mld_address = OTHER)), contradicts);
    assert_eq!(left_out(1, further(|basic| basic.common.link_id = Some(LinkIdInfo(2)))), contradicts);
    assert_eq!(left_out(1, further(|basic| basic.common.link_id = None)), contradicts);
    let in_beacon = |entry: &mut ScanEntry| {
        let mut beacon = without(&entry.elements, MultiLink::ID);
        MultiLink::Basic(basic(OTHER, 1)).write(&mut beacon);
        entry.beacon_elements = Some(beacon);
    };
    assert_eq!(left_out(1, in_beacon), contradicts);
    // The one that contradicts itself does not carry the association either.
    assert_eq!(left_out(0, further(|basic| basic.common.mld_address = OTHER)), [(0, LeftOut::Contradicts)]);
    // To say the same twice is no contradiction, nor is the answer about another MLD of the device.
    assert_eq!(left_out(1, further(|_| {})), []);
    let another = further(|basic| {
        (basic.common.mld_address, basic.common.ap_mld_id) = (OTHER, Some(1));
    });
    assert_eq!(left_out(1, another), []);
}

#[test]
fn a_bss_that_contradicts_itself_is_refused() {
    let mut entry = beacon(links()[0]);
    further(|basic| basic.common.mld_address = OTHER)(&mut entry);
    let (judged, target) = choice(&[entry], &radio(), &History::default());
    assert!(target.is_none());
    assert_eq!(judged[0].verdict, Verdict::Rejected(Rejection::Contradicts));
}

#[test]
fn a_report_that_names_a_link_twice_or_itself() {
    let [own, first, second] = links();
    let elsewhere = |link: ApLink| ApLink { bssid: MacAddr([2, 0, 0, 0, 0xbb, link.id]), ..link };
    let twice = report(vec![first, elsewhere(first), second]);
    assert_eq!(left_out(0, twice), [(1, LeftOut::Contradicts)]);
    assert_eq!(left_out(0, report(vec![first, first, second])), []);
    // Its own number at another address, and its own address under another number.
    assert_eq!(left_out(0, report(vec![elsewhere(own), first, second])), []);
    let as_another = report(vec![ApLink { id: 7, ..own }, first, second]);
    assert_eq!(left_out(0, as_another), [(7, LeftOut::AddressTaken)]);
    // Others' addresses: of a link of another name or device nothing is believed.
    let stranger = |entry: &mut ScanEntry| with_basic(|basic| basic.common.mld_address = OTHER)(entry);
    assert_eq!(left_out(2, stranger), [(2, LeftOut::OtherMld)]);
}

#[test]
fn profiles_in_beacons_are_no_links() {
    let nested = {
        let mut octets = vec![0x11, 0];
        MultiLink::Basic(basic(OTHER, 1)).write(&mut octets);
        octets
    };
    // For itself, twice for the same link, for number 15, one with an element of another device in it, and one
    // that takes fragments.
    let profiles: [Vec<_>; 5] = [
        vec![profile(1, vec![])],
        vec![profile(2, vec![]), profile(2, vec![])],
        vec![profile(15, vec![])],
        vec![profile(2, nested)],
        vec![profile(2, vec![0x55; 700])],
    ];
    for links in profiles {
        let told = with_basic(move |basic| basic.links.clone_from(&links));
        assert_eq!(left_out(1, told), []);
    }
}

#[test]
fn an_element_that_is_cut_anywhere_is_no_link() {
    let whole = {
        let mut body = vec![];
        MultiLink::Basic(basic(MLD, 1)).write_body(&mut body);
        body
    };
    for length in 0..whole.len() {
        let cut = |entry: &mut ScanEntry| {
            entry.elements = without(&entry.elements, MultiLink::ID);
            write_raw(MultiLink::ID, &whole[..length], &mut entry.elements);
        };
        assert_eq!(left_out(1, cut), [(1, LeftOut::OtherMld)], "{length}");
    }
}

#[test]
fn elements_of_types_that_nobody_knows_say_nothing() {
    for control in [0x0005_u16, 0x0006, 0xfff7] {
        let unknown = |entry: &mut ScanEntry| {
            let mut elements = vec![];
            write_raw(MultiLink::ID, &[&control.to_le_bytes()[..], &[9; 40]].concat(), &mut elements);
            elements.append(&mut entry.elements);
            entry.elements = elements;
        };
        assert_eq!(left_out(1, unknown), []);
    }
}

#[test]
fn the_address_of_an_mld_may_be_that_of_one_of_its_links_and_not_ours() {
    for place in 0..3 {
        let address = links()[place].bssid;
        let mut beacons = links().map(beacon);
        beacons.iter_mut().for_each(with_basic(|basic| basic.common.mld_address = address));
        let (_, target) = choice(&beacons, &radio(), &History::default());
        assert_eq!(target.unwrap().address(), address);
    }
    let mut table = Table::new(16);
    links().map(beacon).into_iter().for_each(|beacon| table.insert(beacon, NOW).unwrap());
    let policy = Policy { own: Some(MLD), ..Policy::at(NOW) };
    let (_, target) = choose(&table, &personal(b"net"), &radio(), &History::default(), &policy);
    assert!(target.unwrap().mld().is_none());
}

/// How much time of the processor it takes to judge an access point that says all this, at best: what else runs on the
/// machine does not count.
fn cost(soup: &[u8], size: usize) -> Duration {
    let mut entry = beacon(links()[0]);
    entry.elements.extend(soup.repeat(size / soup.len()));
    let once = |_| {
        let began = worked();
        let (judged, target) = choice(&[entry.clone(), beacon(links()[1])], &radio(), &History::default());
        let took = worked().checked_sub(began).unwrap();
        assert!(judged.iter().all(|judged| judged.links.len() <= 15));
        target.iter().for_each(check_target);
        took
    };
    (0..5).map(once).min().unwrap()
}

/// What the processor has done for this thread.
fn worked() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

#[test]
fn a_soup_of_elements_costs_time_in_proportion() {
    let mut basics = vec![];
    MultiLink::Basic(basic(MLD, 0)).write(&mut basics);
    let all: Vec<_> = (0..15).map(|id| ApLink::new(id, 36)).collect();
    let exceptions = vec![255, 4, 56, 1, 7, 0];
    let fragments = [&[255, 255][..], &[107; 255], &[242, 255], &[0; 255]].concat();
    let soups = [basics, neighbors(&all, 0), exceptions, vec![221, 3, 1, 2, 3], vec![255; 257], fragments];
    for soup in soups {
        // Four times as much: as much longer, where squares would be sixteen times.
        let (small, large) = (cost(&soup, 1 << 14), cost(&soup, 1 << 16));
        assert!(large < 11 * small + Duration::from_millis(5), "{small:?} {large:?} {:?}", &soup[..2]);
    }
}
