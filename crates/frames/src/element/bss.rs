//! What an AP says about its BSS and its neighbours: load, deadlines, several BSSIDs, neighbor reports.

use super::{ElementId, layout::Subelement};
use crate::address::MacAddr;
use alloc::vec::Vec;

fields! {
    /// BSS Load (11).
    pub struct BssLoad {
        /// How many stations are associated.
        stations: u16,
        /// How busy the channel is, of 255.
        utilization: u8,
        /// The medium time that admission control can still give, in units of 32 µs per second.
        admission_capacity: u16,
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(BssLoad, "BSS Load", ElementId::Plain(11));

open_enum! {
    /// What a [`TimeoutInterval`] limits.
    pub enum TimeoutKind: u8 {
        /// The time until reassociation, in TU.
        ReassociationDeadline = 1,
        /// The life of a key, in seconds.
        KeyLifetime = 2,
        /// The time after which to try association again, in TU.
        AssociationComeback = 3,
    }
}
wrapped_field! { TimeoutKind }

fields! {
    /// Timeout Interval (56).
    pub struct TimeoutInterval {
        /// What it limits.
        kind: TimeoutKind,
        /// How long, in the unit of its kind.
        value: u32,
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(TimeoutInterval, "Timeout Interval", ElementId::Plain(56));

fields! {
    /// BSS Max Idle Period (90): how long a station may be silent before the AP drops it.
    pub struct BssMaxIdlePeriod {
        /// The time, in units of 1000 TU.
        period: u16,
        /// Bit 0: only protected frames end the silence.
        options: u8,
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(BssMaxIdlePeriod, "BSS Max Idle Period", ElementId::Plain(90));

fields! {
    /// Multiple BSSID (71): the profiles of the BSSs that have no beacons of their own.
    pub struct MultipleBssid {
        /// The number of BSSIDs is at most two to this power.
        max_bssid_indicator: u8,
        /// The profiles, ID 0; one that is cut in two goes on in the next element.
        subelements: Vec<Subelement>,
    }
}
element!(MultipleBssid, "Multiple BSSID", ElementId::Plain(71));

fields! {
    /// Multiple-BSSID Index (85), in a profile of [`MultipleBssid`].
    pub struct MultipleBssidIndex {
        /// The number of this BSSID, counted from the one that sends beacons; from 1.
        index: u8,
        /// Beacons from one DTIM to the next; not in probe responses.
        dtim_period: Option<u8>,
        /// Beacons until the next DTIM; not in probe responses.
        dtim_count: Option<u8>,
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(MultipleBssidIndex, "Multiple-BSSID Index", ElementId::Plain(85));

bit_set! {
    /// BSSID Information of a [`NeighborReport`] (802.11-2020 figure 9-339 and its amendments). Bits 0
    /// and 1, the reachability, are read by [`BssidInformation::reachability`].
    pub struct BssidInformation: u32 {
        /// The same security as this AP.
        SECURITY = 1 << 2,
        /// The same authenticator as this AP.
        KEY_SCOPE = 1 << 3,
        /// Spectrum management.
        SPECTRUM_MANAGEMENT = 1 << 4,
        /// QoS.
        QOS = 1 << 5,
        /// Automatic power save delivery.
        APSD = 1 << 6,
        /// Radio measurement.
        RADIO_MEASUREMENT = 1 << 7,
        /// The same mobility domain as this AP.
        MOBILITY_DOMAIN = 1 << 10,
        /// High throughput.
        HIGH_THROUGHPUT = 1 << 11,
        /// Very high throughput.
        VERY_HIGH_THROUGHPUT = 1 << 12,
        /// Fine timing measurement.
        FTM = 1 << 13,
        /// High efficiency.
        HIGH_EFFICIENCY = 1 << 14,
        /// An extended range BSS.
        EXTENDED_RANGE = 1 << 15,
        /// In the same place as this AP.
        CO_LOCATED = 1 << 16,
        /// It sends probe responses unasked.
        UNSOLICITED_PROBE_RESPONSES = 1 << 17,
        /// A member of an ESS with APs of 2.4 or 5 GHz in the same place.
        ESS_WITH_CO_LOCATED = 1 << 18,
        /// On-channel tunnelling with this AP.
        ON_CHANNEL_TUNNELLING = 1 << 19,
        /// In the same place as an AP of 6 GHz.
        CO_LOCATED_6_GHZ = 1 << 20,
        /// Extremely high throughput.
        EXTREMELY_HIGH_THROUGHPUT = 1 << 21,
    }
}
wrapped_field! { BssidInformation }

impl BssidInformation {
    /// Whether it can be reached for pre-authentication: 1 no, 2 unknown, 3 yes.
    #[must_use]
    pub const fn reachability(self) -> u8 {
        (self.0 & 3).to_le_bytes()[0]
    }
}

fields! {
    /// Neighbor Report (52): an AP to which a station may go.
    pub struct NeighborReport {
        /// Its BSSID.
        bssid: MacAddr,
        /// What is known of it.
        information: BssidInformation,
        /// Its operating class.
        operating_class: u8,
        /// Its primary channel number.
        channel: u8,
        /// Its PHY type, a number of dot11PHYType.
        phy_type: u8,
        /// What else is known.
        subelements: Vec<Subelement>,
    }
}
element!(NeighborReport, "Neighbor Report", ElementId::Plain(52));

impl NeighborReport {
    /// The subelement BSS Transition Candidate Preference.
    pub const PREFERENCE: u8 = 3;
    /// The subelement BSS Termination Duration.
    pub const TERMINATION: u8 = 4;
    /// The subelement Wide Bandwidth Channel.
    pub const WIDE_BANDWIDTH_CHANNEL: u8 = 6;
    /// The subelement Basic Multi-Link.
    pub const MULTI_LINK: u8 = 201;

    /// The body of the first subelement of this ID.
    #[must_use]
    pub fn subelement(&self, id: u8) -> Option<&[u8]> {
        self.subelements.iter().find(|subelement| subelement.id == id).map(|subelement| &*subelement.body)
    }

    /// How much the AP recommends it: 255 most, 1 least, 0 not at all.
    #[must_use]
    pub fn preference(&self) -> Option<u8> {
        self.subelement(Self::PREFERENCE)?.first().copied()
    }
}
