//! Against the header's numbers, and against recorded traffic of wpa_supplicant and two kernels.

mod access_point;
mod access_point_radio;
mod capabilities;
mod constants;
mod events;
mod multi_link;
mod requests;
mod station;

use super::*;
use crate::testing::{CAPTURES, Recorded, messages};

/// The nl80211 messages of a capture. The controller's answers in it say which kind they have.
fn recorded(name: &str) -> Vec<Recorded> {
    let all = messages(name);
    let family = all
        .iter()
        .filter(|message| message.protocol == 16 && message.header.kind == 0x10 && !message.is_request())
        .filter_map(|message| Family::decode(&message.payload).ok())
        .find(|family| family.groups.contains_key("mlme"))
        .map_or_else(|| guess(&all), |family| family.id);
    all.into_iter().filter(|message| message.protocol == 16 && message.header.kind == family).collect()
}

/// A capture that begins after the start of the programs: the one kind that is no control message.
fn guess(all: &[Recorded]) -> u16 {
    let kinds = all.iter().filter(|message| message.protocol == 16).map(|message| message.header.kind);
    kinds.filter(|kind| *kind > 0x10).max().unwrap()
}

/// Each distinct event of all captures. nlmon records a multicast once for each receiver.
fn events() -> Vec<Vec<u8>> {
    let mut events: Vec<_> = CAPTURES
        .iter()
        .flat_map(|name| recorded(name))
        .filter(|message| message.header.sequence == 0 && !message.is_request())
        .map(|message| message.payload)
        .collect();
    events.dedup();
    events
}

#[test]
fn the_family_and_its_groups() {
    let families = messages("sae-h2e");
    let family = families
        .iter()
        .filter(|message| message.header.kind == 0x10 && !message.is_request() && message.protocol == 16)
        .find_map(|message| Family::decode(&message.payload).ok())
        .unwrap();
    assert_eq!(family.id, 0x25);
    for group in ["config", "scan", "regulatory", "mlme"] {
        assert!(family.groups.contains_key(group), "{group}");
    }
    let request = Family::request("nl80211").unwrap();
    let sent = families.iter().find(|message| message.is_request()).unwrap();
    assert_eq!(request.payload()[4..], sent.payload[4..]);
    assert_eq!(request.payload()[0], sent.payload[0]);
}

#[test]
fn a_machine_without_nl80211_says_so() {
    match Nl80211::open() {
        Ok(_) => println!("this machine has nl80211"),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
    }
}
