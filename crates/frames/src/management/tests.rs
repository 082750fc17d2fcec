use super::*;
use std::{format, vec};

const STATION: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);

/// Checks that the octets and the frame are each other's, and that every shorter one is an error or shorter.
fn both_ways(octets: &[u8], frame: &Management) {
    assert_eq!(&Management::parse(octets).unwrap(), frame);
    let mut written = vec![];
    frame.write(&mut written);
    assert_eq!(written, octets);
    for length in 0..octets.len() {
        if let Ok(shorter) = Management::parse(&octets[..length]) {
            let mut written = vec![];
            shorter.write(&mut written);
            assert_eq!(written, &octets[..length]);
        } else {
            let fixed = Management::parse(octets).unwrap().body;
            assert!(length < octets.len() - elements_of(&fixed), "{length}");
        }
    }
}

fn elements_of(body: &Body) -> usize {
    match body {
        Body::AssociationRequest(body) => body.elements.len(),
        Body::AssociationResponse(body) | Body::ReassociationResponse(body) => body.elements.len(),
        Body::ReassociationRequest(body) => body.elements.len(),
        Body::ProbeRequest(body) => body.elements.len(),
        Body::ProbeResponse(body) | Body::Beacon(body) => body.elements.len(),
        Body::Disassociation(body) | Body::Deauthentication(body) => body.elements.len(),
        Body::Authentication(body) => body.payload.len(),
        Body::Action(Action::Other { octets, .. }) | Body::Other { octets, .. } => octets.len(),
        _ => 0,
    }
}

fn frame(first: u8, body: &[u8]) -> Vec<u8> {
    let mut octets = vec![first, 0, 0x3a, 0x01];
    octets.extend(STATION.0.iter().chain(&AP.0).chain(&AP.0));
    octets.extend([0x21, 0x43]);
    octets.extend(body);
    octets
}

fn header() -> Header {
    Header { duration: 314, sequence: SequenceControl(0x4321), ..Header::new(STATION, AP, AP) }
}

#[test]
fn bodies_both_ways() {
    let elements = vec![0, 2, b'h', b'i'];
    let capabilities = CapabilityInformation::ESS.with(CapabilityInformation::PRIVACY);
    let beacon = Beacon {
        timestamp: 0x0807_0605_0403_0201,
        beacon_interval: 100,
        capabilities,
        elements: elements.clone(),
    };
    let beacon_octets = [1, 2, 3, 4, 5, 6, 7, 8, 100, 0, 0x11, 0, 0, 2, b'h', b'i'];
    let response = AssociationResponse {
        capabilities,
        status: StatusCode::Success,
        association_id: AssociationId::new(7),
        elements: elements.clone(),
    };
    let response_octets = [0x11, 0, 0, 0, 7, 0xc0, 0, 2, b'h', b'i'];
    let departure = Departure { reason: ReasonCode::NotAuthenticated, elements: vec![] };
    let cases: [(u8, Vec<u8>, Body); 13] = [
        (0x80, beacon_octets.to_vec(), Body::Beacon(beacon.clone())),
        (0x50, beacon_octets.to_vec(), Body::ProbeResponse(beacon)),
        (0x40, elements.clone(), Body::ProbeRequest(ProbeRequest { elements: elements.clone() })),
        (
            0x00,
            vec![0x11, 0, 10, 0, 0, 2, b'h', b'i'],
            Body::AssociationRequest(AssociationRequest {
                capabilities,
                listen_interval: 10,
                elements: elements.clone(),
            }),
        ),
        (
            0x20,
            vec![0x11, 0, 10, 0, 2, 0, 0, 0, 0, 2, 0, 2, b'h', b'i'],
            Body::ReassociationRequest(ReassociationRequest {
                capabilities,
                listen_interval: 10,
                current_ap: AP,
                elements,
            }),
        ),
        (0x10, response_octets.to_vec(), Body::AssociationResponse(response.clone())),
        (0x30, response_octets.to_vec(), Body::ReassociationResponse(response)),
        (
            0xb0,
            vec![3, 0, 1, 0, 126, 0, 19, 0, 0xaa],
            Body::Authentication(Authentication {
                algorithm: AuthenticationAlgorithm::Sae,
                transaction: 1,
                status: StatusCode::SaeHashToElement,
                payload: vec![19, 0, 0xaa],
            }),
        ),
        (0xc0, vec![9, 0], Body::Deauthentication(departure.clone())),
        (0xa0, vec![9, 0], Body::Disassociation(departure)),
        (
            0xd0,
            vec![4, 9, 1, 2, 3],
            Body::Action(Action::Other {
                category: action::Category::Public,
                action: 9,
                octets: vec![1, 2, 3],
            }),
        ),
        (
            0xe0,
            vec![30, 0],
            Body::ActionNoAck(Action::Other { category: action::Category::He, action: 0, octets: vec![] }),
        ),
        (0xf0, vec![1, 2], Body::Other { subtype: Subtype(15), octets: vec![1, 2] }),
    ];
    for (first, octets, body) in cases {
        both_ways(&frame(first, &octets), &Management { header: header(), body });
    }
}

#[test]
fn a_protected_body_is_opaque_unless_it_was_decrypted() {
    let mut octets = frame(0xc0, &[3, 0]);
    octets[1] = 0x48;
    let sealed = Management::parse(&octets).unwrap();
    assert_eq!(sealed.body, Body::Protected { subtype: Subtype::Deauthentication, octets: vec![3, 0] });
    let open = Management::parse_decrypted(&octets).unwrap();
    assert!(open.header.flags.contains(FrameFlags::PROTECTED.with(FrameFlags::RETRY)));
    assert!(matches!(
        &open.body,
        Body::Deauthentication(Departure { reason: ReasonCode::LeavingDeauthenticated, .. })
    ));
    for frame in [sealed, open] {
        let mut written = vec![];
        frame.write(&mut written);
        assert_eq!(written, octets);
    }
}

#[test]
fn ht_control_stands_before_the_body() {
    let mut octets = frame(0xc0, &[1, 2, 3, 4, 3, 0]);
    octets[1] = 0x80;
    let body =
        Body::Deauthentication(Departure { reason: ReasonCode::LeavingDeauthenticated, elements: vec![] });
    both_ways(&octets, &Management { header: Header { ht_control: Some([1, 2, 3, 4]), ..header() }, body });
}

#[test]
fn other_types_are_refused() {
    for first in [0x08, 0x88, 0xb4, 0x01] {
        let error = Management::parse(&frame(first, &[0; 20])).unwrap_err();
        assert_eq!((error.what, error.at), ("management frame", 0));
    }
}

#[test]
fn names_and_numbers() {
    assert_eq!(format!("{:?}", StatusCode(53)), "InvalidPmkid(53)");
    assert_eq!(format!("{:?}", StatusCode(999)), "StatusCode(999)");
    assert_eq!(format!("{}", ReasonCode::NotAuthenticated), "NotAuthenticated(9)");
    assert_eq!(
        format!("{:?}", CapabilityInformation(0x8011)),
        "CapabilityInformation(0x8011 ESS PRIVACY IMMEDIATE_BLOCK_ACK)"
    );
    assert_eq!(AssociationId(0xc007).number(), 7);
    assert_eq!((header().sequence.number(), header().sequence.fragment()), (0x432, 1));
}
