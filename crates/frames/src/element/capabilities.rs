//! Capabilities in as many octets as it takes: Extended Capabilities (127), RM Enabled Capabilities (70).

use super::{Element, ElementId, bits};
use crate::reader::ParseError;
use alloc::vec::Vec;
use core::fmt;

open_enum! {
    /// The number of a bit of [`ExtendedCapabilities`] (802.11-2020 table 9-153 and its amendments).
    pub enum ExtendedCapability: u16 {
        /// 20/40 MHz coexistence management.
        Coexistence20And40 = 0,
        /// Extended channel switching.
        ExtendedChannelSwitching = 2,
        /// Proxy ARP.
        ProxyArp = 12,
        /// Traffic filtering service.
        Tfs = 16,
        /// WNM sleep mode.
        WnmSleepMode = 17,
        /// TIM broadcast.
        TimBroadcast = 18,
        /// BSS transition management.
        BssTransition = 19,
        /// Several BSSIDs in one beacon.
        MultipleBssid = 22,
        /// Timing measurement.
        TimingMeasurement = 23,
        /// SSID lists in probe requests.
        SsidList = 25,
        /// Directed multicast service.
        Dms = 26,
        /// Interworking with other networks.
        Interworking = 31,
        /// QoS maps.
        QosMap = 32,
        /// TDLS.
        Tdls = 37,
        /// TDLS is prohibited.
        TdlsProhibited = 38,
        /// Switching channels in TDLS is prohibited.
        TdlsChannelSwitchingProhibited = 39,
        /// WNM notifications.
        WnmNotification = 46,
        /// The SSID is UTF-8.
        Utf8Ssid = 48,
        /// TDLS with a wider bandwidth.
        TdlsWiderBandwidth = 61,
        /// Operating mode notifications.
        OperatingModeNotification = 62,
        /// Answers fine timing measurements.
        FtmResponder = 70,
        /// Starts fine timing measurements.
        FtmInitiator = 71,
        /// Fast initial link setup.
        Fils = 72,
        /// Extended spectrum management.
        ExtendedSpectrumManagement = 73,
        /// Asks for target wake times.
        TwtRequester = 77,
        /// Grants target wake times.
        TwtResponder = 78,
        /// Tolerates narrow resource units next door.
        ObssNarrowBandwidthRu = 79,
        /// The Multiple BSSID element has all profiles.
        CompleteNontransmittedProfiles = 80,
        /// SAE password identifiers are in use.
        SaePasswordIdentifiers = 81,
        /// SAE password identifiers are in use, and only they.
        SaePasswordIdentifiersOnly = 82,
        /// Enhanced multiple BSSID advertisement.
        EnhancedMultipleBssid = 83,
        /// Beacons are protected by a key (BIGTK).
        BeaconProtection = 84,
        /// Mirrored stream classification.
        Mscs = 85,
    }
}

open_enum! {
    /// The number of a bit of [`RmEnabledCapabilities`] (802.11-2020 table 9-177).
    pub enum RmCapability: u16 {
        /// Link measurement.
        LinkMeasurement = 0,
        /// Neighbor reports.
        NeighborReport = 1,
        /// Measurements in parallel.
        ParallelMeasurements = 2,
        /// Repeated measurements.
        RepeatedMeasurements = 3,
        /// Passive beacon measurement.
        BeaconPassive = 4,
        /// Active beacon measurement.
        BeaconActive = 5,
        /// Beacon measurement from the table of what was heard.
        BeaconTable = 6,
        /// Conditions for reporting beacon measurements.
        BeaconConditions = 7,
        /// Frame measurement.
        Frame = 8,
        /// Channel load measurement.
        ChannelLoad = 9,
        /// Noise histogram measurement.
        NoiseHistogram = 10,
        /// Statistics.
        Statistics = 11,
        /// Location configuration information.
        Lci = 12,
        /// Its azimuth.
        LciAzimuth = 13,
        /// Transmit stream measurement.
        TransmitStream = 14,
        /// The same when something happens.
        TriggeredTransmitStream = 15,
        /// AP channel reports.
        ApChannelReport = 16,
        /// The radio measurement MIB.
        Mib = 17,
        /// Measurement pilots carry their transmission information.
        PilotTransmissionInformation = 27,
        /// Neighbor reports with TSF offsets.
        NeighborReportTsfOffset = 28,
        /// Received channel power.
        Rcpi = 29,
        /// Received signal to noise.
        Rsni = 30,
        /// Average access delay of the BSS.
        BssAverageAccessDelay = 31,
        /// Available admission capacity of the BSS.
        BssAvailableAdmissionCapacity = 32,
        /// Antennas.
        Antenna = 33,
        /// Reports of ranges by fine timing measurement.
        FtmRange = 34,
        /// Civic location.
        CivicLocation = 35,
    }
}

/// Elements that are nothing but numbered bits.
macro_rules! capability_octets {
    ($( $(#[$meta:meta])* $name:ident of $bit:ident = $id:literal; )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, Eq, Hash)]
        pub struct $name(Vec<u8>);

        impl $name {
            /// These capabilities, in as few octets as they need.
            #[must_use]
            pub fn new(capabilities: &[$bit]) -> Self {
                let mut set = Self::default();
                capabilities.iter().for_each(|&capability| set.insert(capability));
                set
            }

            /// Whether it has this capability.
            #[must_use]
            pub fn has(&self, capability: $bit) -> bool {
                bits::bit(&self.0, usize::from(capability.0))
            }

            /// Adds a capability. An element has room for 255 octets: higher bits are left out.
            pub fn insert(&mut self, capability: $bit) {
                if capability.0 < 255 * 8 {
                    bits::set_bit(&mut self.0, usize::from(capability.0));
                }
            }

            /// The capabilities, lowest number first.
            pub fn capabilities(&self) -> impl Iterator<Item = $bit> + '_ {
                bits::bits(&self.0).filter_map(|bit| u16::try_from(bit).ok()).map($bit)
            }

            /// The octets of the body.
            #[must_use]
            pub fn octets(&self) -> &[u8] {
                &self.0
            }
        }

        impl Element for $name {
            const ID: ElementId = ElementId::Plain($id);

            fn parse(body: &[u8]) -> Result<Self, ParseError> {
                Ok(Self(body.to_vec()))
            }

            fn write_body(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.0);
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                for (number, capability) in self.capabilities().enumerate() {
                    let gap = if number == 0 { "" } else { " " };
                    match capability.name() {
                        Some(name) => write!(f, "{gap}{name}")?,
                        None => write!(f, "{gap}{}", capability.0)?,
                    }
                }
                Ok(())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    )* };
}

capability_octets! {
    /// Extended Capabilities: bits in as many octets as the sender had to send.
    ExtendedCapabilities of ExtendedCapability = 127;
    /// RM Enabled Capabilities: the radio measurements that a station takes part in.
    RmEnabledCapabilities of RmCapability = 70;
}
