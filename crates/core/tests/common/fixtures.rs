//! What the tests and benchmarks of the station and of what it is made of have in common: a radio, entries of
//! the kernel's table, networks.
// Each user needs a part of it.
#![allow(dead_code)]

use lapwing_core::{
    Duration, Secret,
    kernel::{Frequency, ScanEntry},
    network::{Credentials, Network, Personal},
    radio::{Channel, Radio, RadioKind, SignalWatch},
};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{
        Element, ElementId, Elements, MultiLink, ReducedNeighborReport, Rsn, RsnCapabilities, Rsnx,
        RsnxCapability,
        multi_link::{
            Basic, BasicCommon, EmlCapabilities, LinkIdInfo, MldCapabilities, PerStaReconfiguration,
            Reconfiguration, ReconfigurationCommon, ReconfigurationInfo, ReconfigurationOperation,
            Subelement,
        },
        rnr::{BssParameters, MldParameters, NeighborAp, TbttInfo},
        write_raw,
    },
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
        radio_measurement: true,
        signal_watch: SignalWatch::Nobody,
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
        channels_at_once: 2,
        access_point: None,
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
        beacon_is_newer: false,
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

/// A link of an AP MLD: its number, the AP's address on it, and its channel of 5 GHz.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ApLink {
    pub(crate) id: u8,
    pub(crate) bssid: MacAddr,
    pub(crate) channel: u8,
}

impl ApLink {
    pub(crate) fn new(id: u8, channel: u8) -> Self {
        Self { id, bssid: MacAddr([2, 0, 0, 0, 0xb0, id]), channel }
    }

    pub(crate) fn frequency(self) -> u32 {
        5000 + 5 * u32::from(self.channel)
    }
}

/// The Basic Multi-Link element of a beacon.
pub(crate) fn basic(mld: MacAddr, link: u8) -> Basic {
    let common = BasicCommon {
        mld_address: mld,
        link_id: Some(LinkIdInfo(link)),
        bss_parameters_change_count: Some(0),
        eml_capabilities: Some(EmlCapabilities(0)),
        mld_capabilities: Some(MldCapabilities(0x2002)),
        ..BasicCommon::default()
    };
    Basic { common, links: vec![], reserved: 0 }
}

/// The announcement that links will be removed.
pub(crate) fn removal(links: &[u8]) -> Vec<u8> {
    let profile = |&number: &u8| {
        Subelement::PerSta(PerStaReconfiguration {
            number,
            complete: false,
            operation: ReconfigurationOperation::ApRemoval,
            info: ReconfigurationInfo { removal_timer: Some(10), ..ReconfigurationInfo::default() },
            reserved: 0,
            profile: vec![],
        })
    };
    let element = MultiLink::Reconfiguration(Reconfiguration {
        common: ReconfigurationCommon::default(),
        links: links.iter().map(profile).collect(),
        reserved: 0,
    });
    let mut octets = vec![];
    element.write(&mut octets);
    octets
}

/// The neighbor report about some links; bit 5 of `flags` says that they are disabled.
pub(crate) fn neighbors(links: &[ApLink], flags: u8) -> Vec<u8> {
    let neighbor = |link: &ApLink| NeighborAp {
        kind: 0,
        filtered: false,
        reserved: false,
        operating_class: if link.channel < 100 { 115 } else { 125 },
        channel: link.channel,
        targets: vec![TbttInfo {
            offset: Some(255),
            bssid: Some(link.bssid),
            short_ssid: Some(0),
            parameters: Some(BssParameters::SAME_SSID),
            psd: Some(127),
            mld: Some(MldParameters([0, link.id, flags])),
            tail: vec![],
        }],
    };
    let report = ReducedNeighborReport { neighbors: links.iter().map(neighbor).collect() };
    let mut octets = vec![];
    report.write(&mut octets);
    octets
}

/// The beacon of one link of an AP MLD with WPA3, which names the others.
pub(crate) fn mld_beacon(ssid: &[u8], mld: MacAddr, link: ApLink, others: &[ApLink]) -> Vec<u8> {
    let mut elements = named(ssid);
    elements.extend(rsn(&[Akm::Sae], RsnCapabilities::MFPC.with(RsnCapabilities::MFPR)));
    elements.extend(neighbors(others, 0));
    Rsnx::new(&[RsnxCapability::SaeH2e]).write(&mut elements);
    MultiLink::Basic(basic(mld, link.id)).write(&mut elements);
    elements
}
