//! What a radio can do, as the kernel reports it once at start.

use crate::kernel::{Band, Frequency};
use alloc::{collections::BTreeMap, vec::Vec};
use lapwing_frames::suite::{Akm, Cipher};

/// How the work of connecting is shared between the kernel, the firmware and us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RadioKind {
    /// We send each Authentication and Association (AUTHENTICATE, ASSOCIATE).
    SoftMac,
    /// The firmware connects (CONNECT) and asks us for SAE (EXTERNAL_AUTH).
    FullMacExternalSae,
    /// The firmware connects and does SAE by itself.
    FullMacSaeOffload,
    /// The firmware connects and does no SAE.
    FullMac,
}

/// One channel of a radio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Channel {
    /// Its frequency.
    pub frequency: Frequency,
    /// Forbidden by the regulatory rules in force.
    pub disabled: bool,
    /// No transmission before an AP was heard (passive scan only).
    pub no_initiating_radiation: bool,
    /// Radar detection is required here.
    pub radar: bool,
}

/// How the signal of a connection is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignalWatch {
    /// Not at all: the firmware goes to other APs by itself.
    Nobody,
    /// The kernel is asked for it again and again.
    Asked,
    /// The kernel tells when it crosses a threshold.
    Threshold,
    /// The kernel tells when it crosses one of several thresholds (`NL80211_EXT_FEATURE_CQM_RSSI_LIST`).
    Thresholds,
}

/// What a radio can do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Radio {
    /// How connecting is shared.
    pub kind: RadioKind,
    /// The ciphers that it can use.
    pub ciphers: Vec<Cipher>,
    /// The AKMs that the driver restricts itself to, if it says so.
    pub akms: Option<Vec<Akm>>,
    /// Its channels under the regulatory rules in force.
    pub channels: Vec<Channel>,
    /// The number of SSIDs of one scan request.
    pub max_scan_ssids: usize,
    /// The octets of elements in a probe request.
    pub max_scan_elements: usize,
    /// `NL80211_FEATURE_SAE`: it can do SAE by our frames.
    pub sae: bool,
    /// The firmware does the 4-way handshake of WPA2-Personal, if it gets the key with the request
    /// (`NL80211_EXT_FEATURE_4WAY_HANDSHAKE_STA_PSK`).
    pub psk_offload: bool,
    /// EAPOL frames can travel over nl80211, in order with the events and with a word on whether they came in
    /// clear. Else they are packets of the interface.
    pub control_port: bool,
    /// Beacons can be verified (BIGTK).
    pub beacon_protection: bool,
    /// Pairwise keys can use indices 0 and 1 (Extended Key ID).
    pub extended_key_id: bool,
    /// The pairwise key 0 can be replaced while in use.
    pub can_replace_pairwise_key: bool,
    /// Operating channel validation can be done: the frames are ours, or the firmware does its part.
    pub operating_channel_validation: bool,
    /// Multi-link operation.
    pub multi_link: bool,
    /// It takes part in radio measurement (`NL80211_EXT_FEATURE_RRM`), if the elements of an association say so.
    pub radio_measurement: bool,
    /// How the signal of a connection is watched.
    pub signal_watch: SignalWatch,
    /// Scans can use a random source address.
    pub random_scan_address: bool,
    /// SPP A-MSDUs are supported.
    pub spp_amsdu: bool,
    /// The extended capabilities that the driver wants announced for a station.
    pub extended_capabilities: Vec<u8>,
    /// How many channels it can be on at once, which bounds the links of a connection
    /// (`NL80211_ATTR_INTERFACE_COMBINATIONS`); 1 if it does not say.
    pub channels_at_once: usize,
    /// What it can do as an access point; nothing if it cannot be one.
    pub access_point: Option<AccessPointRadio>,
}

/// What a radio can do as an access point.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AccessPointRadio {
    /// What it can say of itself in each of its bands.
    pub bands: BTreeMap<Band, BandCapabilities>,
    /// Clients can be added before they are associated (`NL80211_FEATURE_FULL_AP_CLIENT_STATE`).
    pub full_client_state: bool,
    /// How many clients the driver can have, if it says so (`NL80211_ATTR_MAX_AP_ASSOC_STA`).
    pub client_limit: Option<u16>,
    /// The EML Capabilities field of an AP MLD.
    pub eml_capabilities: Option<u16>,
    /// The MLD Capabilities and Operations field of an AP MLD.
    pub mld_capabilities: Option<u16>,
}

impl AccessPointRadio {
    /// A radio of which nothing is known.
    pub const UNKNOWN: Self = Self {
        bands: BTreeMap::new(),
        full_client_state: false,
        client_limit: None,
        eml_capabilities: None,
        mld_capabilities: None,
    };
}

/// What a radio can do in one band, as an access point: the contents of the elements without their headers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BandCapabilities {
    /// The rates of before HT, in units of 500 kbit/s.
    pub rates: Vec<u8>,
    /// HT Capabilities (802.11-2020 9.4.2.55), without HT-Control fields of a peer.
    pub ht: Option<[u8; 26]>,
    /// VHT Capabilities (802.11-2020 9.4.2.157).
    pub vht: Option<[u8; 12]>,
    /// HE Capabilities (802.11-2024 9.4.2.247).
    pub he: Option<Vec<u8>>,
    /// HE 6 GHz Band Capabilities (802.11-2024 9.4.2.261), in 6 GHz alone.
    pub he_6ghz: Option<[u8; 2]>,
    /// EHT Capabilities (802.11be-2024 9.4.2.323).
    pub eht: Option<Vec<u8>>,
}
