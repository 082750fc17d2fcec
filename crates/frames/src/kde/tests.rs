use super::*;
use std::{format, vec};

fn link(number: u8) -> LinkId {
    LinkId::new(number).unwrap()
}

const KEY: KeyOctets<'static> = KeyOctets(&[0xa7; 16]);
const RSNE_OCTETS: &[u8] = &[48, 2, 1, 0];
const RSNXE_OCTETS: &[u8] = &[244, 1, 0x20];

fn group(kind: GroupKeyKind, key_id: u16, number: Option<u8>) -> Kde<'static> {
    let packet_number = (kind != GroupKeyKind::Data || number.is_some()).then_some([0xf1, 0xa7, 0, 0, 0, 1]);
    let transmit = kind == GroupKeyKind::Data;
    Kde::GroupKey(GroupKey { kind, link: number.map(link), key_id, transmit, packet_number, key: KEY })
}

/// One of each, with the octets as they must be on the wire.
fn all() -> Vec<(Kde<'static>, Vec<u8>)> {
    let wire = |oui: [u8; 3], kind: u8, content: &[u8]| {
        let length = u8::try_from(content.len() + 4).unwrap();
        [&[0xdd, length], &oui[..], &[kind], content].concat()
    };
    let keyed = |kind: u8, before: &[u8]| wire(OUI_IEEE, kind, &[before, KEY.0].concat());
    let pn = [0xf1, 0xa7, 0, 0, 0, 1];
    let mac = MacAddr([2, 0, 0, 0, 1, 0xfe]);
    let element = |info: u8, elements: &[&[u8]]| {
        wire(OUI_IEEE, 19, &[&[info], &mac.0[..], &elements.concat()].concat())
    };
    let mlo = |rsne, rsnxe| Kde::MloLink { link: link(2), address: mac, rsne, rsnxe };
    vec![
        (group(GroupKeyKind::Data, 1, None), keyed(1, &[5, 0])),
        (group(GroupKeyKind::Integrity, 4, None), keyed(9, &[&[4, 0], &pn[..]].concat())),
        (group(GroupKeyKind::Beacon, 7, None), keyed(14, &[&[7, 0], &pn[..]].concat())),
        (group(GroupKeyKind::Data, 2, Some(3)), keyed(16, &[&[0x36], &pn[..]].concat())),
        (group(GroupKeyKind::Integrity, 5, Some(1)), keyed(17, &[&[5, 0], &pn[..], &[0x10]].concat())),
        (group(GroupKeyKind::Beacon, 6, Some(14)), keyed(18, &[&[6, 0], &pn[..], &[0xe0]].concat())),
        (Kde::MacAddress(mac), wire(OUI_IEEE, 3, &mac.0)),
        (Kde::Pmkid([9; 16]), wire(OUI_IEEE, 4, &[9; 16])),
        (Kde::Lifetime(43_200), wire(OUI_IEEE, 7, &[0, 0, 0xa8, 0xc0])),
        (Kde::KeyId(1), wire(OUI_IEEE, 10, &[1, 0])),
        (
            Kde::OperatingChannel(OperatingChannel { operating_class: 115, primary: 36, segment1: 0 }),
            wire(OUI_IEEE, 13, &[115, 36, 0]),
        ),
        (mlo(None, None), element(0x02, &[])),
        (mlo(Some(RSNE_OCTETS), None), element(0x12, &[RSNE_OCTETS])),
        (mlo(None, Some(RSNXE_OCTETS)), element(0x22, &[RSNXE_OCTETS])),
        (mlo(Some(RSNE_OCTETS), Some(RSNXE_OCTETS)), element(0x32, &[RSNE_OCTETS, RSNXE_OCTETS])),
        (Kde::SaePasswordIds(&[1, 2]), wire(OUI_IEEE, 25, &[1, 2])),
        (Kde::TransitionDisable(&[1]), wire(OUI_WFA, 0x20, &[1])),
        (Kde::Dpp(&[3, 4]), wire(OUI_WFA, 0x21, &[3, 4])),
        (
            Kde::RsnOverrideLink { link: link(1), elements: &[0xdd, 4, 0x50, 0x6f, 0x9a, 0x29] },
            wire(OUI_WFA, 0x2d, &[1, 0xdd, 4, 0x50, 0x6f, 0x9a, 0x29]),
        ),
        (Kde::Element { id: 48, body: &[1, 0] }, RSNE_OCTETS.to_vec()),
        (Kde::Element { id: 0, body: b"" }, vec![0, 0]),
        (Kde::Element { id: 221, body: &[1, 2, 3] }, vec![221, 3, 1, 2, 3]),
        (Kde::Element { id: 221, body: &[0, 0x0f, 0xac, 99, 7] }, wire(OUI_IEEE, 99, &[7])),
    ]
}

#[test]
fn each_kind_both_ways() {
    for (kde, wire) in all() {
        let mut written = vec![];
        kde.write(&mut written);
        assert_eq!(written, wire, "{kde:?}");
        let mut data = KeyData::new(&wire);
        assert_eq!(data.next().unwrap().unwrap(), Datum { kde, octets: &wire });
        assert!(data.next().is_none());
    }
}

#[test]
fn a_row_of_them_with_padding_loses_nothing() {
    let mut wire: Vec<u8> = all().into_iter().flat_map(|(_, octets)| octets).collect();
    pad(&mut wire);
    assert_eq!(wire.len() % 8, 0);
    let mut data = KeyData::new(&wire);
    let mut joined = Vec::<u8>::new();
    for (datum, (kde, _)) in data.by_ref().zip(all()) {
        let datum = datum.unwrap();
        assert_eq!(datum.kde, kde);
        joined.extend(datum.octets);
    }
    joined.extend(data.rest());
    assert_eq!(joined, wire);
    assert!(data.next().is_none());
}

#[test]
fn padding_is_as_long_as_key_wrap_needs() {
    for (length, padded) in [(0, 16), (1, 16), (15, 16), (16, 16), (17, 24), (23, 24), (24, 24)] {
        let mut data = vec![1; length];
        pad(&mut data);
        assert_eq!(data.len(), padded);
        assert!(
            data[length..].iter().enumerate().all(|(at, &octet)| octet == if at == 0 { 0xdd } else { 0 })
        );
    }
    for padding in [&[][..], &[0xdd], &[0xdd, 0], &[0xdd, 0, 0, 0]] {
        let mut data = KeyData::new(padding);
        assert!(data.next().is_none());
        assert_eq!(data.rest(), padding);
    }
}

#[test]
fn truncation_at_every_length_is_an_error() {
    for (kde, wire) in all() {
        for length in 2..wire.len() {
            let error = KeyData::new(&wire[..length]).next().unwrap().unwrap_err();
            assert!(error.at <= length, "{kde:?} {error}");
            // With a length octet that says the same, the content itself ends early.
            let mut short = wire[..length].to_vec();
            short[1] = u8::try_from(length - 2).unwrap();
            let parsed = KeyData::new(&short).next();
            assert!(
                matches!(parsed, None | Some(Err(_))) || parsed.unwrap().unwrap().kde != kde,
                "{kde:?} {length}"
            );
        }
    }
}

#[test]
fn content_of_a_wrong_length_is_an_error() {
    for wire in [
        &[0xdd, 11, 0, 0x0f, 0xac, 3, 1, 2, 3, 4, 5, 6, 7][..],
        &[0xdd, 9, 0, 0x0f, 0xac, 3, 1, 2, 3, 4, 5],
        &[0xdd, 4, 0, 0x0f, 0xac, 1],
        &[0xdd, 4, 0x50, 0x6f, 0x9a, 0x20],
        // An MLO Link that announces an RSNE and brings an RSNXE; one with something behind it; link 15.
        &[0xdd, 14, 0, 0x0f, 0xac, 19, 0x10, 1, 2, 3, 4, 5, 6, 244, 1, 0],
        &[0xdd, 12, 0, 0x0f, 0xac, 19, 0x00, 1, 2, 3, 4, 5, 6, 0],
        &[0xdd, 11, 0, 0x0f, 0xac, 19, 0x0f, 1, 2, 3, 4, 5, 6],
    ] {
        let mut data = KeyData::new(wire);
        assert!(data.next().unwrap().is_err(), "{wire:02x?}");
        assert!(data.next().is_none(), "nothing is read behind an error");
    }
}

#[test]
fn an_error_names_its_place_in_the_key_data() {
    let wire = [0, 1, b'x', 0xdd, 9, 0, 0x0f, 0xac, 3, 1, 2, 3, 4, 5];
    let error = KeyData::new(&wire).nth(1).unwrap().unwrap_err();
    assert_eq!((error.what, error.at), ("key data encapsulation", 9));
}

#[test]
fn debug_prints_no_key() {
    for (kde, _) in all() {
        let text = format!("{kde:?}");
        assert!(!text.contains("a7, a7") && !text.contains("167, 167"), "{text}");
    }
    assert!(format!("{:?}", group(GroupKeyKind::Data, 1, None)).contains("key of 16 octets"));
}
