//! VHT: 802.11ac, 80 and 160 MHz (802.11-2020 9.4.2.157 and 9.4.2.158).

use super::ElementId;
use alloc::vec::Vec;

/// For each of eight spatial streams two bits: the highest MCS, or 3 if that many streams are not supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct McsMap(pub u16);

impl McsMap {
    /// A map with no streams at all.
    pub const NONE: Self = Self(0xffff);

    /// How many spatial streams are supported, 0 to 8.
    #[must_use]
    pub fn streams(self) -> u8 {
        (1..=8).rev().find(|&streams| self.highest_mcs(streams).is_some()).unwrap_or(0)
    }

    /// The code for the highest MCS with this many streams, 0 to 2; nothing if they are not supported.
    #[must_use]
    pub const fn highest_mcs(self, streams: u8) -> Option<u8> {
        if streams < 1 || streams > 8 {
            return None;
        }
        match self.0 >> (2 * (streams - 1)) & 3 {
            0 => Some(0),
            1 => Some(1),
            2 => Some(2),
            _ => None,
        }
    }
}

wrapped_field! { McsMap }

fields! {
    /// The VHT Capabilities element (191).
    pub struct VhtCapabilities {
        /// VHT Capabilities Information.
        information: u32,
        /// What it receives.
        receive: McsMap,
        /// The highest long-GI rate that it receives in Mb/s, and flags above bit 12.
        receive_highest: u16,
        /// What it transmits.
        transmit: McsMap,
        /// The highest long-GI rate that it transmits in Mb/s, and flags above bit 12.
        transmit_highest: u16,
        /// Octets that follow.
        tail: Vec<u8>,
    }
}
element!(VhtCapabilities, "VHT Capabilities element", ElementId::Plain(191));

impl VhtCapabilities {
    /// Whether 160 MHz in one piece are supported.
    #[must_use]
    pub const fn supports_160_mhz(&self) -> bool {
        matches!(self.information >> 2 & 3, 1 | 2)
    }

    /// Whether two separate segments of 80 MHz are supported.
    #[must_use]
    pub const fn supports_80_plus_80_mhz(&self) -> bool {
        self.information >> 2 & 3 == 2
    }
}

fields! {
    /// What VHT and HE say about a channel of 80 MHz and more.
    pub struct VhtOperationInformation {
        /// 0 for 20 or 40 MHz, 1 for 80, 160 or 80+80; 2 and 3 are 160 and 80+80 as they once were coded.
        width: u8,
        /// The center channel of the primary segment of 80 MHz.
        center_segment_0: u8,
        /// The center channel of 160 MHz or of the second segment; 0 for 80 MHz.
        center_segment_1: u8,
    }
}

fields! {
    /// The VHT Operation element (192).
    pub struct VhtOperation {
        /// The channel.
        information: VhtOperationInformation,
        /// Basic VHT-MCS and NSS set.
        basic: McsMap,
        /// Octets that follow.
        tail: Vec<u8>,
    }
}
element!(VhtOperation, "VHT Operation element", ElementId::Plain(192));
