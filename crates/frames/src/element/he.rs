//! HE: 802.11ax (802.11ax-2021 9.4.2.248, 9.4.2.249 and 9.4.2.263).

use super::{
    ElementId,
    layout::Field,
    vht::{McsMap, VhtOperationInformation},
};
use crate::reader::{ParseError, Reader};
use alloc::vec::Vec;

fields! {
    /// What is received and transmitted in one width of channels.
    pub struct HeMcs {
        /// What it receives.
        receive: McsMap,
        /// What it transmits.
        transmit: McsMap,
    }
}

/// The HE Capabilities element (255/35).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeCapabilities {
    /// HE MAC Capabilities Information.
    pub mac: [u8; 6],
    /// HE PHY Capabilities Information.
    pub phy: [u8; 11],
    /// What works in channels of up to 80 MHz.
    pub mcs_80: HeMcs,
    /// What works in 160 MHz: there if [`Self::phy`] has the bit for that width.
    pub mcs_160: Option<HeMcs>,
    /// What works in 80+80 MHz: there if [`Self::phy`] has the bit for that width.
    pub mcs_80_plus_80: Option<HeMcs>,
    /// PPE Thresholds, and octets that follow.
    pub tail: Vec<u8>,
}
element!(HeCapabilities, "HE Capabilities element", ElementId::Extended(35));

bit_set! {
    /// Supported channel widths: the first octet of the PHY capabilities.
    pub struct HeWidths: u8 {
        /// 40 MHz in the 2.4 GHz band.
        MHZ_40_IN_2_4_GHZ = 0x02,
        /// 40 and 80 MHz in the 5 and 6 GHz bands.
        MHZ_40_80 = 0x04,
        /// 160 MHz in the 5 and 6 GHz bands.
        MHZ_160 = 0x08,
        /// 160 and 80+80 MHz in the 5 and 6 GHz bands.
        MHZ_80_PLUS_80 = 0x10,
    }
}

impl HeCapabilities {
    /// The supported channel widths.
    #[must_use]
    pub const fn widths(&self) -> HeWidths {
        let [first, ..] = self.phy;
        HeWidths(first)
    }
}

impl Field for HeCapabilities {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let mac = Field::read(reader)?;
        let phy: [u8; 11] = Field::read(reader)?;
        let [first, ..] = phy;
        let mcs_80 = Field::read(reader)?;
        let mut mcs_for = |width| HeWidths(first).contains(width).then(|| Field::read(reader)).transpose();
        let mcs_160 = mcs_for(HeWidths::MHZ_160)?;
        let mcs_80_plus_80 = mcs_for(HeWidths::MHZ_80_PLUS_80)?;
        Ok(Self { mac, phy, mcs_80, mcs_160, mcs_80_plus_80, tail: reader.rest().to_vec() })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.mac.write(out);
        self.phy.write(out);
        self.mcs_80.write(out);
        self.mcs_160.write(out);
        self.mcs_80_plus_80.write(out);
        self.tail.write(out);
    }
}

fields! {
    /// The 6 GHz Operation Information of the HE Operation element.
    pub struct SixGhzOperation {
        /// The primary channel.
        primary_channel: u8,
        /// The width and regulatory information; see [`Self::width_code`] and [`Self::regulatory_info`].
        control: u8,
        /// The center channel of the primary segment.
        center_segment_0: u8,
        /// The center channel of 160 MHz or of the second segment; 0 for less than that.
        center_segment_1: u8,
        /// The minimum rate in Mb/s.
        minimum_rate: u8,
    }
}

impl SixGhzOperation {
    /// 0 for 20 MHz, 1 for 40, 2 for 80, 3 for 160 or 80+80.
    #[must_use]
    pub const fn width_code(&self) -> u8 {
        self.control & 0x3
    }

    /// Whether beacons are duplicated over the width.
    #[must_use]
    pub const fn duplicate_beacon(&self) -> bool {
        self.control & 0x4 != 0
    }

    /// The kind of AP in regulation: 0 low power indoor, 1 standard power, 2 very low power and so on.
    #[must_use]
    pub const fn regulatory_info(&self) -> u8 {
        self.control >> 3 & 0xf
    }
}

/// The HE Operation element (255/36).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeOperation {
    /// HE Operation Parameters without the bits that announce the optional fields; 24 bits.
    pub parameters: u32,
    /// BSS Color Information.
    pub bss_color: u8,
    /// Basic HE-MCS and NSS Set.
    pub basic: McsMap,
    /// VHT Operation Information.
    pub vht: Option<VhtOperationInformation>,
    /// Max Co-Hosted BSSID Indicator.
    pub max_cohosted_bssid: Option<u8>,
    /// 6 GHz Operation Information.
    pub six_ghz: Option<SixGhzOperation>,
    /// Octets that follow.
    pub tail: Vec<u8>,
}
element!(HeOperation, "HE Operation element", ElementId::Extended(36));

impl HeOperation {
    const VHT: u32 = 1 << 14;
    const COHOSTED: u32 = 1 << 15;
    const SIX_GHZ: u32 = 1 << 17;
}

impl Field for HeOperation {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let [a, b, c] = reader.array()?;
        let parameters = u32::from_le_bytes([a, b, c, 0]);
        Ok(Self {
            parameters: parameters & !(Self::VHT | Self::COHOSTED | Self::SIX_GHZ),
            bss_color: Field::read(reader)?,
            basic: Field::read(reader)?,
            vht: (parameters & Self::VHT != 0).then(|| Field::read(reader)).transpose()?,
            max_cohosted_bssid: (parameters & Self::COHOSTED != 0).then(|| reader.u8()).transpose()?,
            six_ghz: (parameters & Self::SIX_GHZ != 0).then(|| Field::read(reader)).transpose()?,
            tail: reader.rest().to_vec(),
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let announced = [
            (self.vht.is_some(), Self::VHT),
            (self.max_cohosted_bssid.is_some(), Self::COHOSTED),
            (self.six_ghz.is_some(), Self::SIX_GHZ),
        ];
        let parameters = announced
            .into_iter()
            .filter(|&(there, _)| there)
            .fold(self.parameters, |all, (_, bit)| all | bit);
        let [a, b, c, _] = parameters.to_le_bytes();
        [a, b, c].write(out);
        self.bss_color.write(out);
        self.basic.write(out);
        self.vht.write(out);
        self.max_cohosted_bssid.write(out);
        self.six_ghz.write(out);
        self.tail.write(out);
    }
}

fields! {
    /// The HE 6 GHz Band Capabilities element (255/59).
    pub struct He6GhzCapabilities {
        /// Capabilities Information.
        information: u16,
        /// Octets that follow.
        tail: Vec<u8>,
    }
}
shown_as_debug! { HeCapabilities, HeOperation }
element!(He6GhzCapabilities, "HE 6 GHz Band Capabilities element", ElementId::Extended(59));
