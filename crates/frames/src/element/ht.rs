//! HT: 802.11n, up to 40 MHz (802.11-2020 9.4.2.55 and 9.4.2.56).

use super::ElementId;
use crate::channel::Secondary;
use alloc::vec::Vec;

fields! {
    /// The HT Capabilities element (45).
    pub struct HtCapabilities {
        /// HT Capability Information.
        information: u16,
        /// A-MPDU Parameters.
        ampdu_parameters: u8,
        /// Supported MCS Set.
        mcs_set: [u8; 16],
        /// HT Extended Capabilities.
        extended: u16,
        /// Transmit Beamforming Capabilities.
        beamforming: u32,
        /// ASEL Capability.
        antenna_selection: u8,
        /// Octets that follow.
        tail: Vec<u8>,
    }
}
element!(HtCapabilities, "HT Capabilities element", ElementId::Plain(45));

impl HtCapabilities {
    /// Whether 40 MHz are supported.
    #[must_use]
    pub const fn supports_40_mhz(&self) -> bool {
        self.information & 0x2 != 0
    }

    /// How many spatial streams it receives, 0 to 4.
    #[must_use]
    pub fn receive_streams(&self) -> u8 {
        let streams = self.mcs_set.iter().take(4).rposition(|&octet| octet != 0).map_or(0, |last| last + 1);
        u8::try_from(streams).unwrap_or_default()
    }
}

fields! {
    /// The HT Operation element (61).
    pub struct HtOperation {
        /// The primary channel.
        primary_channel: u8,
        /// HT Operation Information.
        information: [u8; 5],
        /// Basic HT-MCS Set.
        basic_mcs_set: [u8; 16],
        /// Octets that follow.
        tail: Vec<u8>,
    }
}
element!(HtOperation, "HT Operation element", ElementId::Plain(61));

impl HtOperation {
    /// Where the secondary channel is, if any width but 20 MHz is allowed.
    #[must_use]
    pub const fn secondary(&self) -> Option<Secondary> {
        let [first, ..] = self.information;
        match (first & 0x4 != 0, first & 0x3) {
            (true, 1) => Some(Secondary::Above),
            (true, 3) => Some(Secondary::Below),
            _ => None,
        }
    }

    /// Channel Center Frequency Segment 2: the center of a second segment that VHT Operation cannot name as
    /// the stations of the BSS support fewer streams there; 0 if there is none.
    #[must_use]
    pub const fn center_segment_2(&self) -> u8 {
        let [_, second, third, ..] = self.information;
        second >> 5 | third << 3
    }
}
