//! Radios, by what a scenario says of them.

use lapwing_core::kernel::Frequency;
use lapwing_core::radio::{Channel, Radio, RadioKind, SignalWatch};
use lapwing_frames::MacAddr;
use lapwing_frames::suite::Cipher;

/// A radio and its one interface.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RadioSetup {
    /// How connecting is shared.
    pub kind: RadioKind,
    /// The channels, in MHz.
    pub frequencies: Vec<u32>,
    /// The interface's address.
    pub address: MacAddr,
    /// The interface's name.
    pub interface: String,
    /// Whether it can use several links at once.
    pub multi_link: bool,
    /// Whether EAPOL frames travel over nl80211; else they are packets.
    pub control_port: bool,
    /// How the signal of a connection becomes known.
    pub signal_watch: SignalWatch,
}

impl Default for RadioSetup {
    fn default() -> Self {
        Self {
            kind: RadioKind::SoftMac,
            frequencies: vec![2412, 2437, 2462, 5180, 5200, 5955],
            address: MacAddr([0x02, 0, 0, 0, 0, 1]),
            interface: String::from("wlan0"),
            multi_link: false,
            control_port: true,
            signal_watch: SignalWatch::Nobody,
        }
    }
}

/// How the signal becomes known, as in scenario files.
pub(super) const WATCHES: [(&str, SignalWatch); 3] =
    [("nobody", SignalWatch::Nobody), ("asked", SignalWatch::Asked), ("told", SignalWatch::Thresholds)];

pub(super) const KINDS: [(&str, RadioKind); 4] = [
    ("softmac", RadioKind::SoftMac),
    ("fullmac-external-sae", RadioKind::FullMacExternalSae),
    ("fullmac-sae-offload", RadioKind::FullMacSaeOffload),
    ("fullmac", RadioKind::FullMac),
];

/// The name of a kind of radio, as in scenario files.
#[must_use]
pub fn kind_name(kind: RadioKind) -> &'static str {
    KINDS.iter().find(|(_, known)| *known == kind).map_or("softmac", |(name, _)| name)
}

/// A channel on which one may send.
pub(crate) const fn channel(frequency: u32) -> Channel {
    Channel { frequency: Frequency(frequency), disabled: false, no_initiating_radiation: false, radar: false }
}

impl RadioSetup {
    /// Whether it can check beacons, and so takes a key for that.
    #[must_use]
    pub fn checks_beacons(&self) -> bool {
        self.kind == RadioKind::SoftMac
    }

    /// What the kernel reports of it.
    #[must_use]
    pub fn radio(&self) -> Radio {
        let firmware = self.kind != RadioKind::SoftMac;
        Radio {
            kind: self.kind,
            ciphers: vec![Cipher::Ccmp128, Cipher::Gcmp256, Cipher::BipCmac128, Cipher::BipGmac256],
            akms: None,
            channels: self.frequencies.iter().map(|frequency| channel(*frequency)).collect(),
            max_scan_ssids: 4,
            max_scan_elements: 500,
            radio_measurement: true,
            signal_watch: self.signal_watch,
            psk_offload: matches!(self.kind, RadioKind::FullMac | RadioKind::FullMacSaeOffload),
            sae: matches!(self.kind, RadioKind::SoftMac | RadioKind::FullMacExternalSae),
            control_port: self.control_port,
            beacon_protection: self.checks_beacons(),
            extended_key_id: false,
            can_replace_pairwise_key: !firmware,
            operating_channel_validation: !firmware,
            multi_link: self.multi_link,
            random_scan_address: false,
            spp_amsdu: false,
            extended_capabilities: vec![4, 0, 8, 0x80, 0, 0, 0, 0x40],
            channels_at_once: 3,
            access_point: None,
        }
    }
}
