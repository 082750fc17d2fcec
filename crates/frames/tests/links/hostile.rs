//! Hostile Multi-Link elements: nested, cut, pointing at themselves, overlapping, and far too many.

use lapwing_frames::{
    LinkId, MacAddr,
    element::{
        Element, Elements, MultiLink, NonInheritance,
        inheritance::inherit,
        multi_link::{
            Basic, BasicCommon, LinkError, LinkIdInfo, PerStaProfile, ProfileKind, StaInfo, Subelement,
        },
        write_raw,
    },
    management::{Body, Management},
};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

const MLD: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);

/// Real frames of two access points, from the air.
const FRAMES: [(&str, &[u8]); 4] = [
    ("beacon", include_bytes!("../../../../fuzz/corpus/management/beacon-mlo-kernel6")),
    ("probe response", include_bytes!("../../../../fuzz/corpus/management/probe-response-mlo-kernel6")),
    (
        "association response",
        include_bytes!("../../../../fuzz/corpus/management/association-response-mlo-kernel6"),
    ),
    (
        "association request",
        include_bytes!("../../../../fuzz/corpus/management/association-request-mlo-kernel6"),
    ),
];

fn profile(number: u8, profile: Vec<u8>) -> PerStaProfile {
    PerStaProfile { number, complete: true, info: StaInfo::default(), reserved: 0, profile }
}

fn basic(own: Option<u8>, profiles: Vec<PerStaProfile>) -> Basic {
    let common = BasicCommon { mld_address: MLD, link_id: own.map(LinkIdInfo), ..BasicCommon::default() };
    Basic { common, links: profiles.into_iter().map(Subelement::PerSta).collect(), reserved: 0 }
}

fn elements(body: &Body) -> Option<Elements<'_>> {
    match body {
        Body::Beacon(body) | Body::ProbeResponse(body) => Some(body.elements()),
        Body::AssociationResponse(body) => Some(body.elements()),
        Body::AssociationRequest(body) => Some(body.elements()),
        _ => None,
    }
}

#[test]
fn every_refusal_names_what_it_is_about() {
    let id = LinkId::new(1).unwrap();
    for (own, numbers, error, text) in [
        (None, vec![1, 2, 1], LinkError::Duplicate(id), "Multi-Link element has two profiles for link 1"),
        (Some(1), vec![0, 1], LinkError::Own(id), "Multi-Link element has a profile for its own link 1"),
        (
            Some(1),
            vec![15],
            LinkError::NotALink(15),
            "Multi-Link element has a profile for 15, which is no link",
        ),
    ] {
        let element = basic(own, numbers.into_iter().map(|number| profile(number, vec![0, 0])).collect());
        let found = element.profiles_by_link().unwrap_err();
        assert_eq!((found, found.to_string().as_str()), (error, text));
    }
    let all = basic(Some(15), (0..15).map(|number| profile(number, vec![0, 0])).collect());
    assert_eq!(all.profiles_by_link().unwrap().len(), 15);
}

#[test]
fn real_frames_cut_at_every_length() {
    for (name, whole) in FRAMES {
        let mut refused = 0;
        for length in 0..whole.len() {
            let Ok(frame) = Management::parse(&whole[..length]) else { continue };
            let elements = elements(&frame.body).unwrap_or_else(|| panic!("{name} is another frame"));
            if let Err(error) = elements.find::<MultiLink>() {
                assert!(error.to_string().starts_with(error.what), "{error}");
                refused += 1;
            }
        }
        // What is cut between header and end of an element is not that element at all.
        assert_eq!(refused, 0, "{name}");
    }
}

#[test]
fn real_elements_cut_at_every_length_within_their_frame() {
    for (name, whole) in FRAMES {
        let frame = Management::parse(whole).unwrap();
        let elements = elements(&frame.body).unwrap();
        let element = elements.iter().find(|element| element.id == MultiLink::ID).unwrap();
        for length in 0..element.body.len() {
            // One that can be read all the same has fewer links, or shorter ones.
            match MultiLink::parse(&element.body[..length]) {
                Ok(MultiLink::Basic(shorter)) => {
                    assert!(shorter.profiles_by_link().is_ok(), "{name} {length}");
                    for profile in shorter.profiles() {
                        let _maybe = profile.complete_profile(ProfileKind::AssociationResponse);
                    }
                }
                Ok(other) => panic!("{name} {length}: {other:?}"),
                Err(error) => assert!(!error.what.is_empty() && error.at <= length, "{error}"),
            }
        }
    }
}

#[test]
fn an_element_within_a_profile_is_not_that_of_the_frame() {
    let mut nested = vec![0, 0];
    MultiLink::Basic(basic(Some(3), vec![profile(4, vec![0, 0])])).write(&mut nested);
    let element = MultiLink::Basic(basic(Some(0), vec![profile(1, nested)]));
    let mut frame = vec![];
    element.write(&mut frame);
    let found = Elements::new(&frame).find::<MultiLink>().unwrap().unwrap();
    let links: Vec<_> = found.basic().unwrap().profiles_by_link().unwrap().into_keys().collect();
    assert_eq!(links, [LinkId::new(1).unwrap()], "of the outer one only");
    // A hundred of them in each other are read once: what is within is octets until somebody asks.
    let mut octets = vec![0, 0];
    for _ in 0..100 {
        let mut outer = vec![0, 0];
        MultiLink::Basic(basic(None, vec![profile(1, octets)])).write(&mut outer);
        octets = outer;
    }
    let element = Elements::new(&octets[2..]).find::<MultiLink>().unwrap().unwrap();
    assert_eq!(element.basic().unwrap().profiles().count(), 1);
}

#[test]
fn fragments_that_end_anywhere() {
    // An element of 600 octets, whose fragments are cut at each place.
    let element = MultiLink::Basic(basic(None, vec![profile(1, vec![7; 250]), profile(2, vec![8; 300])]));
    let mut whole = vec![];
    element.write(&mut whole);
    for length in 0..whole.len() {
        let elements = Elements::new(&whole[..length]);
        // Nothing but a whole header and its octets is an element; the rest is a tail.
        let taken: usize = elements.iter().map(|element| element.octets.len()).sum();
        assert_eq!(taken + elements.tail().len(), length);
        if let Ok(Some(shorter)) = elements.find::<MultiLink>() {
            assert_ne!(shorter, element, "{length}");
        }
    }
}

#[test]
fn a_list_of_everything_is_not_inherited() {
    let all = NonInheritance { ids: (0..=254).collect(), extensions: vec![], tail: vec![] };
    let mut own = vec![];
    all.write(&mut own);
    write_raw(lapwing_frames::element::ElementId::Plain(0), b"own", &mut own);
    let frame = [&[48, 1, 1][..], &[1, 1, 0x82], &[221, 3, 1, 2, 3], &[255, 2, 108, 1]].concat();
    let effective = inherit(Elements::new(&frame), Elements::new(&own)).unwrap();
    assert_eq!(effective, [&[255, 2, 108, 1][..], &[0, 3, b'o', b'w', b'n']].concat());
}

/// How much time of the processor something takes at best: what else runs on the machine does not count.
fn cost(mut act: impl FnMut()) -> Duration {
    let once = |_| {
        let worked = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
        let began = worked();
        act();
        worked() - began
    };
    (0..5).map(once).min().unwrap()
}

#[test]
fn a_soup_of_elements_costs_time_in_proportion() {
    /// Elements that are all different to a profile, that are all the same, and fragments without end.
    fn soups(size: usize) -> [Vec<u8>; 3] {
        let mut vendors = vec![];
        for number in 0_u32.. {
            vendors.extend([221, 4]);
            vendors.extend(number.to_be_bytes());
            if vendors.len() >= size {
                break;
            }
        }
        let same = [1, 0].repeat(size / 2);
        let mut fragments = vec![255, 255];
        fragments.extend([107; 255]);
        while fragments.len() < size {
            fragments.extend([242, 255]);
            fragments.extend([0; 255]);
        }
        [vendors, same, fragments]
    }
    for (small, large) in soups(1 << 14).into_iter().zip(soups(1 << 16)) {
        let read = |soup: &[u8]| {
            let elements = Elements::new(soup);
            let _maybe = elements.find::<MultiLink>();
            let effective = inherit(elements, elements).unwrap();
            assert!(effective.len() <= 2 * soup.len());
        };
        // Four times as much: as much longer, where squares would be sixteen times.
        let (little, much) = (cost(|| read(&small)), cost(|| read(&large)));
        assert!(much < 11 * little + Duration::from_millis(5), "{little:?} {much:?}");
    }
}
