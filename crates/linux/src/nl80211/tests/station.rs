//! A peer's figures, against octets.

use super::super::reply::Shape;
use super::*;
use lapwing_core::kernel;
use lapwing_frames::{LinkId, MacAddr};
use std::collections::BTreeMap;

/// An attribute as it is on the wire of a little-endian machine.
fn attribute(kind: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 4).unwrap();
    let mut octets = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), payload].concat();
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

fn nest(kind: u16, parts: &[Vec<u8>]) -> Vec<u8> {
    attribute(kind | 0x8000, &parts.concat())
}

fn number(kind: u16, value: u32) -> Vec<u8> {
    attribute(kind, &value.to_ne_bytes())
}

/// A message with these fields of a station.
fn message(fields: &[Vec<u8>]) -> Vec<u8> {
    let mac = attribute(6, &[2, 0, 0, 0, 0, 1]);
    [vec![19, 1, 0, 0], number(3, 4), mac, nest(21, fields)].concat()
}

/// The rate in the attribute that `parts` make.
fn rate(parts: &[Vec<u8>]) -> Rate {
    StationFigures::decode(&message(&[nest(8, parts)])).unwrap().transmit.unwrap()
}

fn everything() -> Vec<u8> {
    message(&[
        number(1, 40),
        attribute(7, &[0xce]),
        attribute(13, &[0xcf]),
        attribute(30, &[0xd0]),
        nest(8, &[attribute(1, &540_u16.to_ne_bytes()), number(5, 65_540)]),
        nest(14, &[attribute(1, &60_u16.to_ne_bytes())]),
        number(11, 17),
        number(12, 3),
        number(16, 3600),
        attribute(17, &[6_u32.to_ne_bytes(), 2_u32.to_ne_bytes()].concat()),
        number(18, 1),
        attribute(23, &7_000_000_000_u64.to_ne_bytes()),
        attribute(24, &9_u64.to_ne_bytes()),
        number(27, 433_300),
        // Octets received, in a number that is too narrow.
        number(2, 9),
    ])
}

#[test]
fn every_figure() {
    let legacy = |bitrate| Rate {
        bitrate: Some(bitrate),
        modulation: Modulation::Legacy,
        width_mhz: 20,
        guard_interval_ns: None,
    };
    let expected = StationFigures {
        address: MacAddr([2, 0, 0, 0, 0, 1]),
        authorized: true,
        connected_s: Some(3600),
        inactive_ms: Some(40),
        signal_dbm: Some(-50),
        average_signal_dbm: Some(-49),
        beacon_signal_dbm: Some(-48),
        receive: Some(legacy(60)),
        // The number of 32 bits goes before the one that is too narrow.
        transmit: Some(legacy(65_540)),
        expected_kbps: Some(433_300),
        retries: Some(17),
        failures: Some(3),
        beacon_losses: Some(1),
        received_octets: Some(7_000_000_000),
        sent_octets: Some(9),
        links: BTreeMap::new(),
    };
    let message = everything();
    assert_eq!(StationFigures::decode(&message).unwrap(), expected);
    let state = Shape::Stations.decode(std::slice::from_ref(&message), None).unwrap();
    let Reply::Station(kernel::Reply::Stations(stations)) = state else { panic!("{state:?}") };
    assert_eq!(stations, [expected.state()]);
    assert_eq!(expected.state().transmit_rate, Some(65_540));
    assert_eq!(Shape::Figures.decode(&[message], None).unwrap(), Reply::Figures(vec![expected]));
    assert_eq!(Shape::Figures.decode(&[], None).unwrap(), Reply::Figures(vec![]));
}

#[test]
fn rates_of_every_generation() {
    let small = |kind, value| attribute(kind, &[value]);
    let flag = |kind| attribute(kind, &[]);
    let plain = |modulation, width_mhz, guard_interval_ns| Rate {
        bitrate: Some(1),
        modulation,
        width_mhz,
        guard_interval_ns,
    };
    let he = |dual_carrier, resource_unit| Modulation::He {
        mcs: 11,
        streams: Some(2),
        dual_carrier,
        resource_unit,
    };
    type Row<'a> = (&'a [Vec<u8>], Rate, Option<u8>, Option<u8>, &'a str);
    let table: [Row<'_>; 7] = [
        (&[], plain(Modulation::Legacy, 20, None), None, None, "802.11a/b/g"),
        (
            &[small(2, 15), flag(3), flag(4)],
            plain(Modulation::Ht { mcs: 15 }, 40, Some(400)),
            Some(15),
            Some(2),
            "802.11n",
        ),
        (&[small(2, 33)], plain(Modulation::Ht { mcs: 33 }, 20, Some(800)), Some(33), None, "802.11n"),
        (
            &[small(6, 9), small(7, 3), flag(9)],
            plain(Modulation::Vht { mcs: 9, streams: Some(3) }, 160, Some(800)),
            Some(9),
            Some(3),
            "802.11ac",
        ),
        (
            &[small(13, 11), small(14, 2), small(15, 1), small(16, 1), small(17, 4), flag(8)],
            plain(he(true, Some(4)), 80, Some(1600)),
            Some(11),
            Some(2),
            "802.11ax",
        ),
        (
            &[small(13, 11), small(14, 2), small(15, 7), flag(10)],
            plain(he(false, None), 160, None),
            Some(11),
            Some(2),
            "802.11ax",
        ),
        (
            &[small(19, 13), small(20, 4), small(21, 2), flag(18)],
            plain(Modulation::Eht { mcs: 13, streams: Some(4), resource_unit: None }, 320, Some(3200)),
            Some(13),
            Some(4),
            "802.11be",
        ),
    ];
    for (parts, expected, mcs, streams, name) in table {
        let found = rate(&[&[number(5, 1)], parts].concat());
        assert_eq!(found, expected);
        let modulation = found.modulation;
        assert_eq!((modulation.mcs(), modulation.streams(), modulation.name()), (mcs, streams, name));
    }
    assert_eq!(rate(&[]).bitrate, None);
}

#[test]
fn a_message_cut_anywhere_is_an_error_or_says_less() {
    let whole = everything();
    for length in 0..whole.len() {
        if let Ok(figures) = StationFigures::decode(&whole[..length]) {
            assert!(figures.signal_dbm.is_none(), "the nest has its own length: {length}");
        }
    }
    for (field, name) in [(attribute(1, &[1]), 1), (attribute(7, &[1, 2]), 7), (attribute(17, &[0; 4]), 17)] {
        let error = StationFigures::decode(&message(&[field])).unwrap_err();
        assert_eq!((error.what, error.attribute), ("station", Some(name)));
    }
    let error = StationFigures::decode(&message(&[nest(8, &[attribute(6, &[])])])).unwrap_err();
    assert_eq!((error.what, error.attribute), ("rate", Some(6)));
}

#[test]
fn links_of_a_station() {
    let link = |number: u8, fields: &[Vec<u8>]| {
        let bssid = attribute(6, &[2, 0, 0, 0, 1, number]);
        nest(u16::from(number) + 1, &[attribute(313, &[number]), bssid, nest(21, fields)])
    };
    let mut octets = everything();
    let rate = nest(8, &[attribute(1, &540_u16.to_ne_bytes())]);
    octets.extend(nest(312, &[link(0, &[]), link(2, &[attribute(7, &[0xc4]), rate, number(11, 3)])]));
    let figures = StationFigures::decode(&octets).unwrap();
    let ids = [0, 2].map(|number| LinkId::new(number).unwrap());
    assert_eq!(figures.state().links, ids);
    let [first, second] = ids.map(|id| &figures.links[&id]);
    assert_eq!((first.address, first.signal_dbm), (MacAddr([2, 0, 0, 0, 1, 0]), None));
    assert_eq!((second.address, second.signal_dbm), (MacAddr([2, 0, 0, 0, 1, 2]), Some(-60)));
    assert_eq!((second.transmit.unwrap().bitrate, second.retries), (Some(540), Some(3)));
    assert_eq!((figures.signal_dbm, figures.retries), (Some(-50), Some(17)), "of all links together");
    // Older kernels say nothing of links.
    assert_eq!(StationFigures::decode(&everything()).unwrap().state().links, []);
    // A number that no link has.
    let mut octets = everything();
    octets.extend(nest(312, &[nest(1, &[attribute(313, &[15])])]));
    assert!(StationFigures::decode(&octets).is_err());
}

#[test]
fn a_beacon_is_newer_than_a_probe_response_by_the_clock_of_the_access_point() {
    let entry = |response: u64, beacon: Option<u64>| {
        let bssid = attribute(1, &[2, 0, 0, 0, 0, 1]);
        let response = [attribute(3, &response.to_ne_bytes()), attribute(6, &[0, 1, b'a'])].concat();
        let beacon =
            beacon.map(|tsf| [attribute(13, &tsf.to_ne_bytes()), attribute(11, &[0, 1, b'b'])].concat());
        let message = [vec![34, 1, 0, 0], nest(47, &[bssid, response, beacon.unwrap_or_default()])].concat();
        BssEntry::decode(&message).unwrap().unwrap().entry
    };
    let newer = entry(1, Some(2));
    assert!(newer.beacon_is_newer);
    assert_eq!((newer.elements, newer.beacon_elements), (vec![0, 1, b'a'], Some(vec![0, 1, b'b'])));
    // Heard at once, before, after a new start of the access point, or never.
    for beacon in [Some(2), Some(1), None] {
        assert!(!entry(2, beacon).beacon_is_newer, "{beacon:?}");
    }
}
