//! The choice of an access point against what an impostor announces.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use lapwing_core::{
    Duration, Instant,
    kernel::{Frequency, ScanEntry},
    network::{Credentials, Network},
    radio::{Channel, Radio, RadioKind},
    rsn::Unsuitable,
    scan::Table,
    select::{History, Policy, Rejection, Verdict, choose},
};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{Element, ElementId, OweTransition, write_raw},
};

const FREQUENCY: Frequency = Frequency(5180);

fn entry(bssid: MacAddr, ssid: &[u8], more: &[u8]) -> ScanEntry {
    let mut elements = Vec::new();
    write_raw(ElementId::Plain(0), ssid, &mut elements);
    elements.extend(more);
    ScanEntry {
        bssid,
        frequency: FREQUENCY,
        beacon_interval: 100,
        capability: 1,
        signal_mbm: Some(-4000),
        age: Duration::from_millis(10),
        elements,
        beacon_elements: None,
        associated: false,
        mld: None,
    }
}

fn radio() -> Radio {
    Radio {
        kind: RadioKind::SoftMac,
        ciphers: Vec::new(),
        akms: None,
        channels: vec![Channel {
            frequency: FREQUENCY,
            disabled: false,
            no_initiating_radiation: false,
            radar: false,
        }],
        max_scan_ssids: 4,
        max_scan_elements: 500,
        sae: true,
        control_port: true,
        beacon_protection: false,
        extended_key_id: false,
        can_replace_pairwise_key: false,
        operating_channel_validation: false,
        multi_link: false,
        random_scan_address: false,
        spp_amsdu: false,
        extended_capabilities: Vec::new(),
    }
}

#[test]
fn an_open_bss_of_another_name_is_nobodys_encrypted_twin() {
    // SSID confusion: an open BSS of the network's name points to an open BSS of another network.
    let (impostor, other) = (MacAddr([2, 0, 0, 0, 0, 1]), MacAddr([2, 0, 0, 0, 0, 2]));
    let ssid = |name: &[u8]| Ssid::new(name).unwrap();
    let mut pointer = Vec::new();
    OweTransition { bssid: other, ssid: ssid(b"elsewhere"), channel: None, tail: Vec::new() }
        .write(&mut pointer);
    let now = Instant::after_start(Duration::from_secs(100));
    let mut table = Table::new(8);
    table.insert(entry(impostor, b"cafe", &pointer), now).unwrap();
    table.insert(entry(other, b"elsewhere", &[]), now).unwrap();
    let network = Network::new(ssid(b"cafe"), Credentials::Open);
    let (judged, target) = choose(&table, &network, &radio(), &History::default(), &Policy::at(now));
    assert!(target.is_none_or(|target| target.bss().ssid == network.ssid));
    let twin = judged.iter().find(|judged| judged.bssid == other).unwrap();
    assert_eq!(twin.verdict, Verdict::Rejected(Rejection::Unsuitable(Unsuitable::OpenForbidden)));
}
