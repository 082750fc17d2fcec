use super::*;
use crate::{
    LinkId, MacAddr,
    element::{Counted, Element, MultiLink, NeighborReport},
    management::StatusCode,
};
use alloc::vec;
use std::format;

/// Checks octets and action against each other, and every shorter frame for an error or a shorter action.
fn both_ways(octets: &[u8], action: &Action) {
    assert_eq!(&Action::parse(octets).unwrap(), action);
    for length in 0..=octets.len() {
        if let Ok(shorter) = Action::parse(&octets[..length]) {
            let mut written = vec![];
            shorter.write(&mut written);
            assert_eq!(written, &octets[..length]);
        }
    }
}

const NEIGHBOR: [u8; 18] = [52, 16, 2, 0, 0, 0, 0, 7, 0x8f, 0, 0, 0, 115, 36, 9, 3, 1, 255];

#[test]
fn sa_query() {
    let query = SaQuery { transaction: [7, 9], elements: vec![255, 4, 54, 81, 6, 0] };
    assert!(query.elements().check().is_ok());
    both_ways(&[8, 0, 7, 9, 255, 4, 54, 81, 6, 0], &Action::SaQueryRequest(query.clone()));
    both_ways(&[8, 1, 7, 9], &Action::SaQueryResponse(SaQuery { elements: vec![], ..query }));
    assert!(Action::parse(&[8, 1, 7]).is_err());
}

#[test]
fn radio_measurement() {
    let elements = vec![38, 3, 1, 0, 5];
    let request = MeasurementRequest { dialog_token: 3, repetitions: 0x0102, elements };
    both_ways(&[5, 0, 3, 2, 1, 38, 3, 1, 0, 5], &Action::MeasurementRequest(request));
    let report = MeasurementReport { dialog_token: 3, elements: vec![39, 3, 1, 0, 5] };
    both_ways(&[5, 1, 3, 39, 3, 1, 0, 5], &Action::MeasurementReport(report));
    let request = NeighborReportRequest { dialog_token: 4, elements: vec![0, 1, b'x'] };
    both_ways(&[5, 4, 4, 0, 1, b'x'], &Action::NeighborReportRequest(request));
    let response = NeighborReportResponse { dialog_token: 4, elements: NEIGHBOR.to_vec() };
    let neighbors: Vec<_> = response.neighbors().collect();
    assert_eq!(neighbors, [NeighborReport::parse(&NEIGHBOR[2..])]);
    both_ways(&[&[5, 5, 4][..], &NEIGHBOR].concat(), &Action::NeighborReportResponse(response));
}

#[test]
fn transition_query() {
    let query = TransitionQuery { dialog_token: 1, reason: TransitionReason::LowRssi, elements: vec![] };
    both_ways(&[10, 6, 1, 16], &Action::TransitionQuery(query));
}

#[test]
fn transition_request() {
    let plain = TransitionRequest {
        dialog_token: 1,
        mode: TransitionMode::PREFERRED_CANDIDATES | TransitionMode::ABRIDGED,
        disassociation_timer: 0,
        validity_interval: 255,
        termination: None,
        session_url: None,
        elements: NEIGHBOR.to_vec(),
    };
    assert_eq!(plain.candidates().next().unwrap().unwrap().preference(), Some(255));
    both_ways(
        &[&[10, 7, 1, 3, 0, 0, 255][..], &NEIGHBOR].concat(),
        &Action::TransitionRequest(plain.clone()),
    );
    let full = TransitionRequest {
        mode: TransitionMode::DISASSOCIATION_IMMINENT | TransitionMode::LINK_REMOVAL_IMMINENT,
        disassociation_timer: 0x0102,
        termination: Some(BssTermination { tsf: 0x0807_0605_0403_0201, minutes: 10 }),
        session_url: Counted::new(b"url".to_vec()),
        elements: vec![],
        ..plain
    };
    let octets = [10, 7, 1, 0x3c, 2, 1, 255, 4, 10, 1, 2, 3, 4, 5, 6, 7, 8, 10, 0, 3, b'u', b'r', b'l'];
    both_ways(&octets, &Action::TransitionRequest(full));
    let mut wrong = octets;
    wrong[7] = 5;
    assert_eq!(Action::parse(&wrong).unwrap_err().at, 7);
}

#[test]
fn transition_response() {
    let target = MacAddr([2, 0, 0, 0, 0, 7]);
    let accept = TransitionResponse {
        dialog_token: 1,
        status: TransitionStatus::Accept,
        termination_delay: 0,
        target: Some(target),
        elements: vec![],
    };
    both_ways(&[10, 8, 1, 0, 0, 2, 0, 0, 0, 0, 7], &Action::TransitionResponse(accept.clone()));
    let status = TransitionStatus::RejectNoSuitableCandidates;
    both_ways(
        &[10, 8, 1, 7, 0],
        &Action::TransitionResponse(TransitionResponse { status, target: None, ..accept }),
    );
    assert!(Action::parse(&[10, 8, 1, 0, 0, 2]).is_err());
}

#[test]
fn tid_to_link_mapping() {
    let elements = vec![255, 2, 109, 6];
    let request = MappingRequest { dialog_token: 5, elements: elements.clone() };
    both_ways(&[37, 0, 5, 255, 2, 109, 6], &Action::MappingRequest(request));
    let status = StatusCode::PreferredTidToLinkMappingSuggested;
    both_ways(
        &[37, 1, 5, 134, 0, 255, 2, 109, 6],
        &Action::MappingResponse(MappingResponse { dialog_token: 5, status, elements }),
    );
    both_ways(&[37, 2], &Action::MappingTeardown(MappingTeardown { elements: vec![] }));
}

#[test]
fn link_reconfiguration() {
    let elements = vec![255, 8, 107, 2, 0, 1, 0, 2, 0x81, 0x01];
    let request = LinkReconfigurationRequest { dialog_token: 6, elements };
    assert!(request.elements().find::<MultiLink>().is_err(), "a profile without STA Info");
    let octets = [37, 11, 6, 255, 8, 107, 2, 0, 1, 0, 2, 0x81, 0x01];
    both_ways(&octets, &Action::LinkReconfigurationRequest(request.clone()));
    let mut notify = octets;
    notify[1] = 10;
    both_ways(&notify, &Action::LinkReconfigurationNotify(request));

    let links = vec![
        LinkStatus { information: 1, status: StatusCode::Success },
        LinkStatus { information: 15, status: StatusCode::RequestDeclined },
    ];
    assert_eq!((links[0].link(), links[1].link()), (LinkId::new(1), None));
    let start = [37, 12, 6, 2, 1, 0, 0, 15, 37, 0];
    let deleted = LinkReconfigurationResponse { dialog_token: 6, links, group_keys: None, elements: vec![] };
    both_ways(&start, &Action::LinkReconfigurationResponse(deleted.clone()));
    let elements = vec![255, 4, 54, 81, 6, 0, 255, 10, 107, 0, 0, 7, 2, 0, 0, 0, 0, 9];
    let with_elements = LinkReconfigurationResponse { elements: elements.clone(), ..deleted.clone() };
    both_ways(&[&start[..], &elements].concat(), &Action::LinkReconfigurationResponse(with_elements.clone()));
    // Key data as long as the number of an extended element, and short.
    for length in [255, 6] {
        let mut keys = vec![0xdd, 27, 0, 0x0f, 0xac, 16];
        keys.resize(length, 0);
        let octets = [&start[..], &[u8::try_from(length).unwrap()], &keys, &elements].concat();
        let added = LinkReconfigurationResponse {
            group_keys: Counted::new(keys).map(GroupKeyData),
            ..with_elements.clone()
        };
        assert!(format!("{added:?}").contains("key data of"));
        both_ways(&octets, &Action::LinkReconfigurationResponse(added));
    }
    assert!(
        Action::parse(&[&[37, 12, 6, 16][..], &[0; 48]].concat()).is_err(),
        "more links than there can be"
    );
}

#[test]
fn other_actions_are_kept() {
    let category = Category::Public;
    both_ways(&[4, 4, 1, 6, 3], &Action::Other { category, action: 4, octets: vec![1, 6, 3] });
    let category = Category::ProtectedEht;
    both_ways(&[37, 7, 1], &Action::Other { category, action: 7, octets: vec![1] });
    assert!(Action::parse(&[4]).is_err());
}
