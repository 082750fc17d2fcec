//! The TID-To-Link Mapping element (255/109): which traffic goes through which links (802.11be 9.4.2.314).

use super::{ElementId, layout::Field};
use crate::reader::{ParseError, Reader};
use alloc::vec::Vec;

crate::open_enum! {
    /// The direction that a mapping is for.
    pub enum MappingDirection: u8 {
        /// From AP to station.
        Downlink = 0,
        /// From station to AP.
        Uplink = 1,
        /// Both.
        Both = 2,
    }
}

/// The links of one TID, a bit for each, and how they are written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LinkMapping {
    /// Every TID to every link.
    Default,
    /// For each TID the links in one octet, or nothing if it is not mentioned.
    Short([Option<u8>; 8]),
    /// For each TID the links in two octets, or nothing if it is not mentioned.
    Long([Option<u16>; 8]),
}

impl LinkMapping {
    /// The links of a TID, a bit for each; nothing if all are, or if it is not mentioned.
    #[must_use]
    pub fn links(&self, tid: u8) -> Option<u16> {
        match self {
            Self::Default => None,
            Self::Short(maps) => maps.get(usize::from(tid)).copied().flatten().map(u16::from),
            Self::Long(maps) => maps.get(usize::from(tid)).copied().flatten(),
        }
    }
}

/// The TID-To-Link Mapping element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TidToLinkMapping {
    /// The direction, 0 to 3.
    pub direction: MappingDirection,
    /// The mapping.
    pub mapping: LinkMapping,
    /// When an AP's mapping comes into force: bits 10 to 25 of its TSF timer.
    pub switch_time: Option<u16>,
    /// How long it is expected to last, in TU of 1024 µs; 24 bits.
    pub expected_duration: Option<u32>,
    /// Bits of the control field that announce nothing.
    pub reserved: u8,
    /// Octets that follow.
    pub tail: Vec<u8>,
}
shown_as_debug! { TidToLinkMapping }
element!(TidToLinkMapping, "TID-To-Link Mapping element", ElementId::Extended(109));

impl TidToLinkMapping {
    const DIRECTION: u8 = 0x03;
    const DEFAULT: u8 = 0x04;
    const SWITCH_TIME: u8 = 0x08;
    const DURATION: u8 = 0x10;
    const SHORT: u8 = 0x20;
}

/// The map of each TID whose bit is set.
fn read_maps<T: Field + Copy>(present: u8, reader: &mut Reader<'_>) -> Result<[Option<T>; 8], ParseError> {
    let mut maps = [None; 8];
    for (tid, map) in maps.iter_mut().enumerate() {
        if present >> tid & 1 != 0 {
            *map = Some(T::read(reader)?);
        }
    }
    Ok(maps)
}

fn presence<T>(maps: &[Option<T>; 8]) -> u8 {
    maps.iter().enumerate().fold(0, |bits, (tid, map)| bits | u8::from(map.is_some()) << tid)
}

impl Field for TidToLinkMapping {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let control = reader.u8()?;
        let default = control & Self::DEFAULT != 0;
        let present = if default { 0 } else { reader.u8()? };
        let switch_time = (control & Self::SWITCH_TIME != 0).then(|| reader.u16_le()).transpose()?;
        let expected_duration = (control & Self::DURATION != 0)
            .then(|| reader.array().map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0])))
            .transpose()?;
        let mapping = if default {
            LinkMapping::Default
        } else if control & Self::SHORT != 0 {
            LinkMapping::Short(read_maps(present, reader)?)
        } else {
            LinkMapping::Long(read_maps(present, reader)?)
        };
        let announced = Self::DIRECTION | Self::DEFAULT | Self::SWITCH_TIME | Self::DURATION;
        // The size of maps that are not there is as reserved as any other bit.
        let announced = if default { announced } else { announced | Self::SHORT };
        Ok(Self {
            direction: MappingDirection(control & Self::DIRECTION),
            mapping,
            switch_time,
            expected_duration,
            reserved: control & !announced,
            tail: reader.rest().to_vec(),
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let (kind, present) = match &self.mapping {
            LinkMapping::Default => (Self::DEFAULT, None),
            LinkMapping::Short(maps) => (Self::SHORT, Some(presence(maps))),
            LinkMapping::Long(maps) => (0, Some(presence(maps))),
        };
        let times = [
            (self.switch_time.is_some(), Self::SWITCH_TIME),
            (self.expected_duration.is_some(), Self::DURATION),
        ];
        let control = times.into_iter().filter(|&(there, _)| there).fold(kind, |bits, (_, bit)| bits | bit);
        out.push(control | self.direction.0 & Self::DIRECTION | self.reserved);
        out.extend(present);
        self.switch_time.write(out);
        if let Some([a, b, c, _]) = self.expected_duration.map(u32::to_le_bytes) {
            out.extend([a, b, c]);
        }
        match &self.mapping {
            LinkMapping::Default => {}
            LinkMapping::Short(maps) => maps.iter().for_each(|map| map.write(out)),
            LinkMapping::Long(maps) => maps.iter().for_each(|map| map.write(out)),
        }
        self.tail.write(out);
    }
}
