//! What a radio can do, as the kernel reports it once at start.

use crate::kernel::Frequency;
use alloc::vec::Vec;
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
    /// Scans can use a random source address.
    pub random_scan_address: bool,
    /// SPP A-MSDUs are supported.
    pub spp_amsdu: bool,
    /// The extended capabilities that the driver wants announced for a station.
    pub extended_capabilities: Vec<u8>,
}
