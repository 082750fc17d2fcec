//! The Reduced Neighbor Report element (201): other BSSs of the device and near it, and the links of an AP
//! MLD (802.11-2020 9.4.2.170, 802.11be).

use super::{ElementId, layout::Field};
use crate::{
    address::{LinkId, MacAddr},
    channel::Channel,
    reader::{ParseError, Reader},
    ssid::Ssid,
};
use alloc::vec::Vec;

fields! {
    /// The Reduced Neighbor Report element.
    pub struct ReducedNeighborReport {
        /// Neighbors, grouped by channel.
        neighbors: Vec<NeighborAp>,
    }
}
element!(ReducedNeighborReport, "Reduced Neighbor Report element", ElementId::Plain(201));

/// A Neighbor AP Information field: BSSs on one channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NeighborAp {
    /// The TBTT Information Field Type, 0 to 3; only 0 has fields that we know.
    pub kind: u8,
    /// Whether all BSSs are of the SSID that was probed for.
    pub filtered: bool,
    /// The reserved bit of the header.
    pub reserved: bool,
    /// The operating class.
    pub operating_class: u8,
    /// The primary channel in that class.
    pub channel: u8,
    /// The BSSs. Each field of the air has up to 16 of them, all of the same form: others are written as
    /// several fields.
    pub targets: Vec<TbttInfo>,
}

impl NeighborAp {
    const MAX_TARGETS: usize = 16;

    /// The channel, if the operating class is one that we know.
    #[must_use]
    pub const fn channel(&self) -> Option<Channel> {
        Channel::in_operating_class(self.operating_class, self.channel)
    }
}

bit_set! {
    /// The BSS Parameters subfield.
    pub struct BssParameters: u8 {
        /// On-channel tunneling is recommended.
        OCT_RECOMMENDED = 0x01,
        /// The SSID is that of the reporting BSS.
        SAME_SSID = 0x02,
        /// It is part of a multiple BSSID set.
        MULTIPLE_BSSID = 0x04,
        /// It is the transmitted BSSID of the set.
        TRANSMITTED_BSSID = 0x08,
        /// It is a member of an ESS with a co-located AP in the 2.4 or 5 GHz band.
        MEMBER_OF_COLOCATED_ESS = 0x10,
        /// It sends unsolicited probe responses.
        UNSOLICITED_PROBE_RESPONSES = 0x20,
        /// It is in the same device as the reporting AP.
        COLOCATED = 0x40,
    }
}

/// The MLD Parameters subfield, 24 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MldParameters(pub [u8; 3]);

impl MldParameters {
    /// Which AP MLD of the device the BSS belongs to: 0 for that of the reporting BSS, 255 if unknown.
    #[must_use]
    pub const fn ap_mld_id(self) -> u8 {
        let [first, ..] = self.0;
        first
    }

    /// The link; nothing if it is unknown.
    #[must_use]
    pub const fn link(self) -> Option<LinkId> {
        let [_, second, _] = self.0;
        LinkId::new(second & 0xf)
    }

    /// Counts critical updates of the link.
    #[must_use]
    pub const fn bss_parameters_change_count(self) -> u8 {
        let [_, second, third] = self.0;
        second >> 4 | third << 4
    }

    /// Whether the frame has all that changed with the last critical update.
    #[must_use]
    pub const fn all_updates_included(self) -> bool {
        let [.., third] = self.0;
        third & 0x10 != 0
    }

    /// Whether the link is disabled.
    #[must_use]
    pub const fn disabled(self) -> bool {
        let [.., third] = self.0;
        third & 0x20 != 0
    }
}

wrapped_field! { BssParameters, MldParameters }

/// A TBTT Information field. Which of its parts are there depends on its length (table 9-281), so that only
/// the combinations of that table can be read back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TbttInfo {
    /// TU until the next beacon, 255 if unknown.
    pub offset: Option<u8>,
    /// The BSSID.
    pub bssid: Option<MacAddr>,
    /// The hash of the SSID; see [`short_ssid`].
    pub short_ssid: Option<u32>,
    /// What is known about the BSS.
    pub parameters: Option<BssParameters>,
    /// The greatest power spectral density in units of 0.5 dBm/MHz, two's complement; 127 if there is no limit.
    pub psd: Option<u8>,
    /// Its place in an AP MLD.
    pub mld: Option<MldParameters>,
    /// Octets that follow.
    pub tail: Vec<u8>,
}

impl TbttInfo {
    fn read(kind: u8, octets: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("TBTT Information", octets);
        let length = if kind == 0 { octets.len() } else { 0 };
        Ok(Self {
            offset: read_if(length >= 1, &mut reader)?,
            bssid: read_if(length >= 7, &mut reader)?,
            short_ssid: read_if(matches!(length, 5 | 6 | 11..), &mut reader)?,
            parameters: read_if(matches!(length, 2 | 6 | 8..=10 | 12..), &mut reader)?,
            psd: read_if(matches!(length, 9 | 10 | 13..), &mut reader)?,
            mld: read_if(length >= 16, &mut reader)?,
            tail: reader.rest().to_vec(),
        })
    }

    fn octets(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.offset.write(&mut out);
        self.bssid.write(&mut out);
        self.short_ssid.write(&mut out);
        self.parameters.write(&mut out);
        self.psd.write(&mut out);
        self.mld.write(&mut out);
        self.tail.write(&mut out);
        out
    }
}

fn read_if<T: Field>(there: bool, reader: &mut Reader<'_>) -> Result<Option<T>, ParseError> {
    there.then(|| T::read(reader)).transpose()
}

impl Field for NeighborAp {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let [first, length] = reader.array()?;
        let [operating_class, channel] = reader.array()?;
        if length == 0 {
            return Err(reader.invalid("a TBTT Information field has at least one octet"));
        }
        let kind = first & 0x3;
        let count = usize::from(first >> 4).saturating_add(1);
        let targets = (0..count).map(|_| TbttInfo::read(kind, reader.take(usize::from(length))?));
        Ok(Self {
            kind,
            filtered: first & 0x4 != 0,
            reserved: first & 0x8 != 0,
            operating_class,
            channel,
            targets: targets.collect::<Result<_, _>>()?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let flags = self.kind & 0x3 | u8::from(self.filtered) << 2 | u8::from(self.reserved) << 3;
        let targets: Vec<Vec<u8>> = self.targets.iter().map(TbttInfo::octets).collect();
        for group in
            targets.chunk_by(|a, b| a.len() == b.len()).flat_map(|same| same.chunks(Self::MAX_TARGETS))
        {
            let count = u8::try_from(group.len().saturating_sub(1)).unwrap_or(0xf);
            let length = group.first().map_or(0, |first| u8::try_from(first.len()).unwrap_or(u8::MAX));
            out.extend([flags | count << 4, length, self.operating_class, self.channel]);
            group.iter().for_each(|target| out.extend_from_slice(target));
        }
    }
}

/// The Short SSID: the CRC-32 of the SSID (802.11-2020 9.4.2.170.3).
#[must_use]
pub fn short_ssid(ssid: &Ssid) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    !ssid.octets().iter().fold(u32::MAX, |crc, &octet| {
        (0..8).fold(
            crc ^ u32::from(octet),
            |crc, _| {
                if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ POLYNOMIAL }
            },
        )
    })
}
