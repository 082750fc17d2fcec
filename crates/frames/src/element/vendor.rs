//! Vendor elements (221): WMM, and whatever else there is.

use super::ElementId;
use alloc::vec::Vec;

fields! {
    /// WMM Information (00-50-F2, type 2, subtype 0).
    pub struct WmmInformation {
        /// The version, 1.
        version: u8,
        /// QoS Info: from an AP, bits 0 to 3 count changes of parameters and bit 7 is U-APSD.
        qos_info: u8,
        /// What follows.
        tail: Vec<u8>,
    }
}
element!(WmmInformation, "WMM Information", ElementId::VENDOR, prefix & [0x00, 0x50, 0xf2, 2, 0]);

fields! {
    /// How an access category contends for the medium.
    pub struct WmmCategory {
        /// Bits 0 to 3 AIFSN, bit 4 admission control, bits 5 and 6 the category.
        aci_aifsn: u8,
        /// The exponents of the contention window: bits 0 to 3 the least, 4 to 7 the greatest.
        ecw: u8,
        /// The limit of a transmit opportunity, in units of 32 µs.
        txop_limit: u16,
    }
}

fields! {
    /// WMM Parameter (00-50-F2, type 2, subtype 1).
    pub struct WmmParameter {
        /// The version, 1.
        version: u8,
        /// QoS Info: bits 0 to 3 count changes, bit 7 is U-APSD.
        qos_info: u8,
        /// Reserved.
        reserved: u8,
        /// Best effort.
        best_effort: WmmCategory,
        /// Background.
        background: WmmCategory,
        /// Video.
        video: WmmCategory,
        /// Voice.
        voice: WmmCategory,
        /// What follows.
        tail: Vec<u8>,
    }
}
element!(WmmParameter, "WMM Parameter", ElementId::VENDOR, prefix & [0x00, 0x50, 0xf2, 2, 1]);

fields! {
    /// A vendor element that no other type is for.
    pub struct Vendor {
        /// Whose it is.
        oui: [u8; 3],
        /// What the vendor calls its type, by custom.
        kind: Option<u8>,
        /// The rest.
        body: Vec<u8>,
    }
}
element!(Vendor, "vendor element", ElementId::VENDOR);
