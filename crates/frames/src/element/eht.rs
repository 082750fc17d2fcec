//! EHT: 802.11be, 320 MHz and punctured channels (802.11be 9.4.2.311 and 9.4.2.313).

use super::{
    ElementId,
    he::{HeCapabilities, HeWidths},
    layout::Field,
};
use crate::reader::{ParseError, Reader};
use alloc::vec::Vec;

fields! {
    /// The EHT Capabilities element (255/108).
    pub struct EhtCapabilities {
        /// EHT MAC Capabilities Information.
        mac: [u8; 2],
        /// EHT PHY Capabilities Information.
        phy: [u8; 9],
        /// Supported EHT-MCS and NSS Set, whose length depends on the HE capabilities (see [`Self::mcs`]), PPE
        /// Thresholds, and octets that follow.
        rest: Vec<u8>,
    }
}
element!(EhtCapabilities, "EHT Capabilities element", ElementId::Extended(108));

/// Who sent the EHT capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EhtSender {
    /// An AP.
    Ap,
    /// A station.
    Station,
}

/// The Supported EHT-MCS and NSS Set. In each octet the low four bits are the streams that are received, the
/// high four those that are transmitted, from the lowest range of MCS to the highest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EhtMcs {
    /// Of a station that uses 20 MHz alone: MCS 0 to 7, 8 and 9, 10 and 11, 12 and 13.
    Only20Mhz([u8; 4]),
    /// By width of the channel, each with MCS 0 to 9, 10 and 11, 12 and 13.
    Wider {
        /// For 20, 40 and 80 MHz.
        mhz_80: Option<[u8; 3]>,
        /// For 160 MHz.
        mhz_160: Option<[u8; 3]>,
        /// For 320 MHz.
        mhz_320: Option<[u8; 3]>,
    },
}

impl EhtMcs {
    /// How many spatial streams are received in the best case, 0 to 15.
    #[must_use]
    pub fn receive_streams(&self) -> u8 {
        match self {
            Self::Only20Mhz([first, ..]) => first & 0xf,
            Self::Wider { mhz_80, mhz_160, mhz_320 } => [mhz_80, mhz_160, mhz_320]
                .into_iter()
                .flatten()
                .map(|[first, ..]| first & 0xf)
                .max()
                .unwrap_or(0),
        }
    }
}

impl EhtCapabilities {
    /// Whether 320 MHz in the 6 GHz band are supported.
    #[must_use]
    pub const fn supports_320_mhz(&self) -> bool {
        let [first, ..] = self.phy;
        first & 0x2 != 0
    }

    /// The supported MCS and streams, with the HE capabilities of the same frame to tell their length.
    ///
    /// # Errors
    /// If the element is too short for them.
    pub fn mcs(&self, he: &HeCapabilities, sender: EhtSender) -> Result<EhtMcs, ParseError> {
        let mut reader = Reader::new("Supported EHT-MCS and NSS Set", &self.rest);
        let widths = he.widths();
        let in_2_4 = widths.contains(HeWidths::MHZ_40_IN_2_4_GHZ);
        let wide = widths.contains(HeWidths::MHZ_40_80);
        let mhz_160 = widths.contains(HeWidths::MHZ_160);
        let mhz_320 = self.supports_320_mhz();
        let none = !in_2_4 && !wide && !mhz_160;
        if none && sender == EhtSender::Station && !widths.contains(HeWidths::MHZ_80_PLUS_80) {
            return reader.array().map(EhtMcs::Only20Mhz);
        }
        // In the 2.4 GHz band the bits for wider channels are reserved. An AP always says what works in 80 MHz.
        let mut read = |there: bool| there.then(|| reader.array()).transpose();
        Ok(EhtMcs::Wider {
            mhz_80: read(in_2_4 || wide || (!mhz_160 && !mhz_320))?,
            mhz_160: read(!in_2_4 && mhz_160)?,
            mhz_320: read(!in_2_4 && mhz_320)?,
        })
    }
}

fields! {
    /// The EHT Operation Information field.
    pub struct EhtOperationInformation {
        /// The width; see [`Self::width_code`].
        control: u8,
        /// The center channel of the primary segment: of 80 MHz in 160, of 160 MHz in 320.
        center_segment_0: u8,
        /// The center channel of 160 or 320 MHz; 0 for less.
        center_segment_1: u8,
    }
}

impl EhtOperationInformation {
    /// 0 for 20 MHz, 1 for 40, 2 for 80, 3 for 160, 4 for 320.
    #[must_use]
    pub const fn width_code(&self) -> u8 {
        self.control & 0x7
    }
}

/// The EHT Operation element (255/106).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EhtOperation {
    /// EHT Operation Parameters without the bits that announce the optional fields.
    pub parameters: u8,
    /// Basic EHT-MCS and NSS Set.
    pub basic: [u8; 4],
    /// EHT Operation Information, if the channel is not the one that HE Operation says.
    pub information: Option<EhtOperationInformation>,
    /// Disabled Subchannel Bitmap: a bit for each 20 MHz of the channel, lowest frequency first, that is not
    /// used. It stands inside of the operation information, so without that it is not there.
    pub disabled_subchannels: Option<u16>,
    /// Octets that follow.
    pub tail: Vec<u8>,
}
shown_as_debug! { EhtOperation }
element!(EhtOperation, "EHT Operation element", ElementId::Extended(106));

impl EhtOperation {
    const INFORMATION: u8 = 1;
    const DISABLED: u8 = 2;
}

impl Field for EhtOperation {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let parameters = reader.u8()?;
        let basic = Field::read(reader)?;
        let informed = parameters & Self::INFORMATION != 0;
        let information = informed.then(|| Field::read(reader)).transpose()?;
        let disabled = (informed && parameters & Self::DISABLED != 0).then(|| reader.u16_le()).transpose()?;
        // The bit for a bitmap that has no place to be is kept.
        let announced = Self::INFORMATION | if informed { Self::DISABLED } else { 0 };
        Ok(Self {
            parameters: parameters & !announced,
            basic,
            information,
            disabled_subchannels: disabled,
            tail: reader.rest().to_vec(),
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut parameters = self.parameters & !Self::INFORMATION;
        let disabled = self.disabled_subchannels.filter(|_| self.information.is_some());
        if self.information.is_some() {
            parameters = parameters & !Self::DISABLED | Self::INFORMATION;
        }
        if disabled.is_some() {
            parameters |= Self::DISABLED;
        }
        parameters.write(out);
        self.basic.write(out);
        self.information.write(out);
        disabled.write(out);
        self.tail.write(out);
    }
}
