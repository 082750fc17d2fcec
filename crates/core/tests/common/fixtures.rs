//! What the tests and benchmarks of the station and of what it is made of have in common: a radio, entries of
//! the kernel's table, networks.
// Each user needs a part of it.
#![allow(dead_code)]

use lapwing_core::{
    Duration, Secret,
    kernel::{Frequency, ScanEntry},
    network::{Credentials, Network, Personal},
    radio::{Channel, Radio, RadioKind},
};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{Element, ElementId, Elements, Rsn, RsnCapabilities, write_raw},
    suite::{Akm, Cipher},
};
use std::{vec, vec::Vec};

/// A channel on which we may send.
pub(crate) const fn channel(frequency: u32) -> Channel {
    Channel { frequency: Frequency(frequency), disabled: false, no_initiating_radiation: false, radar: false }
}

/// A radio that can all that the station can use, on these channels.
pub(crate) fn radio(frequencies: &[u32]) -> Radio {
    Radio {
        kind: RadioKind::SoftMac,
        ciphers: vec![Cipher::Ccmp128, Cipher::Gcmp256, Cipher::BipCmac128, Cipher::BipGmac256],
        akms: None,
        channels: frequencies.iter().map(|&frequency| channel(frequency)).collect(),
        max_scan_ssids: 4,
        max_scan_elements: 500,
        sae: true,
        psk_offload: false,
        control_port: true,
        beacon_protection: true,
        extended_key_id: false,
        can_replace_pairwise_key: true,
        operating_channel_validation: true,
        multi_link: false,
        random_scan_address: false,
        spp_amsdu: false,
        extended_capabilities: vec![],
    }
}

/// The SSID element.
pub(crate) fn named(ssid: &[u8]) -> Vec<u8> {
    let mut elements = vec![];
    write_raw(ElementId::Plain(0), ssid, &mut elements);
    elements
}

/// The RSNE of an AP with CCMP.
pub(crate) fn rsn(akms: &[Akm], capabilities: RsnCapabilities) -> Vec<u8> {
    let mut rsn = Rsn::new(Cipher::Ccmp128, vec![Cipher::Ccmp128], akms.to_vec(), capabilities);
    if capabilities.contains(RsnCapabilities::MFPC) {
        rsn.set_group_management(Cipher::BipCmac128);
    }
    let mut elements = vec![];
    rsn.write(&mut elements);
    elements
}

/// What the kernel says of a BSS that was heard a moment ago.
pub(crate) fn entry(bssid: MacAddr, frequency: u32, elements: Vec<u8>) -> ScanEntry {
    // The bit of privacy goes with an RSNE.
    let protected = Elements::new(&elements).find_raw::<Rsn>().is_some();
    ScanEntry {
        bssid,
        frequency: Frequency(frequency),
        beacon_interval: 100,
        capability: if protected { 0x11 } else { 1 },
        signal_mbm: Some(-4000),
        age: Duration::ZERO,
        elements,
        beacon_elements: None,
        associated: false,
        mld: None,
    }
}

/// A network without a secret.
pub(crate) fn open(ssid: &[u8]) -> Network {
    Network::new(Ssid::new(ssid).unwrap(), Credentials::Open)
}

/// A network with a passphrase and the key that was computed from it (which is not: that takes long).
pub(crate) fn personal(ssid: &[u8]) -> Network {
    let personal = Personal {
        passphrase: Some(Secret::new(b"correct horse battery")),
        psk: Some(Secret::new(&[7; 32])),
        ..Personal::default()
    };
    Network { credentials: Credentials::Personal(personal), ..open(ssid) }
}
