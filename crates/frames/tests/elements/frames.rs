//! Whole lists of elements, as types and back.

use crate::common::hex;
use lapwing_frames::{
    Problem,
    element::{AnyElement, ElementId, Elements, Rsn, write_raw},
};
use proptest::prelude::*;

/// Writes all elements of these octets, and what no element is, from their types. No type may read an
/// element and write it otherwise, but for fragments, which can be cut in more ways than one.
fn rebuilt(octets: &[u8]) -> Vec<u8> {
    let elements = Elements::new(octets);
    let mut written = vec![];
    for raw in elements {
        let element = AnyElement::from(&raw);
        if let AnyElement::Malformed { error, .. } = &element
            && error.problem == Problem::Invalid(AnyElement::UNUSUAL)
        {
            let mut usual = vec![];
            write_raw(raw.id, &raw.body, &mut usual);
            assert_ne!(usual, raw.octets, "{element}");
        }
        element.write(&mut written);
    }
    written.extend_from_slice(elements.tail());
    written
}

/// Kind of frame, capture, octets.
fn from_the_air() -> Vec<(&'static str, Vec<u8>)> {
    include_str!("../data/elements.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (source, digits) = line.rsplit_once(' ').unwrap();
            (source, hex(digits))
        })
        .collect()
}

#[test]
fn frames_from_the_air_are_rebuilt_from_types() {
    let frames = from_the_air();
    assert!(frames.len() > 30);
    for (source, octets) in frames {
        assert_eq!(rebuilt(&octets), octets, "{source}");
        for element in Elements::new(&octets).typed() {
            // Mesh ID and what a station of 2026 says of the next standard.
            let foreign = matches!(element.id(), ElementId::Plain(114) | ElementId::Extended(152));
            assert_eq!(matches!(element, AnyElement::Unknown { .. }), foreign, "{source}: {element}");
            assert!(!matches!(element, AnyElement::Malformed { .. }), "{source}: {element}");
        }
        Elements::new(&octets).check().unwrap();
    }
}

#[test]
fn frames_from_the_air_cut_at_every_length_are_rebuilt() {
    for (source, octets) in from_the_air() {
        for length in 0..octets.len() {
            assert_eq!(rebuilt(&octets[..length]), &octets[..length], "{source} cut to {length}");
        }
    }
}

#[test]
fn a_dump_names_what_it_can() {
    let octets = hex("00 01 61 30 01 00 ee 02 0102");
    let dump: Vec<_> = Elements::new(&octets).typed().map(|element| element.to_string()).collect();
    assert_eq!(
        dump,
        [
            "Ssid: a",
            "element 48, malformed (RSNE at octet 0: needs 2 octets, 1 left): 300100",
            "element 238: ee020102",
        ]
    );
}

#[test]
fn the_more_exact_type_wins_among_vendors() {
    let octets = hex("dd 07 0050f20200 01 00 dd 04 506f9a 99 dd 02 0102");
    let names: Vec<_> = Elements::new(&octets).typed().map(|element| element.name()).collect();
    assert_eq!(names, ["WmmInformation", "Vendor", "Malformed"]);
}

#[test]
fn fragments_that_are_cut_otherwise_survive() {
    // An RSNE of 255 octets with an empty fragment behind it.
    let mut octets = vec![48, 255];
    octets.extend(hex("0100 000fac04 0100 000fac04 0100 000fac02 0000 0000 000fac06"));
    octets.resize(257, 7);
    assert!(matches!(Elements::new(&octets).typed().next(), Some(AnyElement::Rsn(_))));
    octets.extend([242, 0]);
    let element = Elements::new(&octets).typed().next().unwrap();
    assert!(matches!(element, AnyElement::Malformed { id: ElementId::Plain(48), .. }));
    assert_eq!(rebuilt(&octets), octets);
    assert!(Elements::new(&octets).find::<Rsn>().unwrap().is_some(), "the type still reads it");
}

/// Octets that look like elements more often than chance has it.
fn likely_elements() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        0u8, 1, 3, 5, 7, 11, 32, 35, 37, 42, 45, 48, 50, 52, 54, 55, 56, 59, 60, 61, 70, 71, 76, 85, 127,
        191, 192, 194, 196, 201, 221, 242, 244, 255,
    ]);
    let prefixes = prop::sample::select(vec![
        "",
        "0050f201",
        "0050f20200",
        "0050f20201",
        "506f9a1c",
        "506f9a29",
        "506f9a2c",
        "20",
        "36",
        "5c",
        "5d",
        "6b",
        "72",
        "0100000fac04",
    ]);
    let element =
        (known, prefixes, prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(id, prefix, rest)| {
            let body = [hex(prefix), rest].concat();
            [vec![id, u8::try_from(body.len()).unwrap()], body].concat()
        });
    prop::collection::vec(element, 0..8).prop_map(|elements| elements.concat())
}

proptest! {
    #[test]
    fn any_elements_are_rebuilt(octets in likely_elements()) {
        prop_assert_eq!(rebuilt(&octets), octets);
    }

    #[test]
    fn any_octets_are_rebuilt(octets in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert_eq!(rebuilt(&octets), octets);
    }
}
