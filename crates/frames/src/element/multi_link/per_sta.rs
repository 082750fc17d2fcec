//! Per-STA Profiles: what a Multi-Link element says about one link.

use super::{NstrBitmap, PerSta};
use crate::{
    address::{LinkId, MacAddr},
    element::{Elements, layout::Field},
    management::{CapabilityInformation, StatusCode},
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;

/// The link number in every STA Control field.
const LINK_MASK: u16 = 0xf;
/// Whether the profile is a complete one, in those that have profiles.
const COMPLETE: u16 = 0x10;

fields! {
    /// DTIM Info.
    pub struct Dtim {
        /// Beacons until the next DTIM.
        count: u8,
        /// Beacons from DTIM to DTIM.
        period: u8,
    }
}

announced_fields! {
    /// The STA Info field of a Per-STA Profile of the Basic variant.
    "STA Info" => pub struct StaInfo {
        /// The address of the station or AP on this link.
        0x0020 => pub address: MacAddr,
        /// The time between beacons in TU of 1024 µs.
        0x0040 => pub beacon_interval: u16,
        /// The TSF timer of this link less that of the link of the frame, in units of 2 µs, two's complement.
        0x0080 => pub tsf_offset: u64,
        /// When the DTIM comes.
        0x0100 => pub dtim: Dtim,
        /// The links with which it cannot transmit and receive at the same time.
        0x0200 => pub nstr: NstrBitmap,
        /// Counts critical updates of the link.
        0x0800 => pub bss_parameters_change_count: u8,
    }
}

announced_fields! {
    /// The STA Info field of a Per-STA Profile of the Reconfiguration variant. Operation parameters and the
    /// NSTR bitmap stay in the tail: implementations disagree about the size of the former.
    "reconfiguration STA Info" => pub struct ReconfigurationInfo {
        /// The address of the station or AP on this link.
        0x0020 => pub address: MacAddr,
        /// TBTTs of the link until it is removed.
        0x0040 => pub removal_timer: u16,
    }
}

crate::open_enum! {
    /// What happens to a link.
    pub enum ReconfigurationOperation: u8 {
        /// The AP removes it.
        ApRemoval = 0,
        /// Its operation parameters change.
        OperationParameterUpdate = 1,
        /// The station adds it.
        AddLink = 2,
        /// The station deletes it.
        DeleteLink = 3,
        /// Its NSTR status changes.
        NstrStatusUpdate = 4,
    }
}

/// A Per-STA Profile of the Basic variant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PerStaProfile {
    /// The link, 0 to 15; see [`Self::link`].
    pub number: u8,
    /// Whether the profile is complete: elements that it does not have are inherited.
    pub complete: bool,
    /// The STA Info field.
    pub info: StaInfo,
    /// Bits of the STA Control field that announce nothing we know.
    pub reserved: u16,
    /// The STA Profile field; see [`Self::complete_profile`].
    pub profile: Vec<u8>,
}

/// In which frame a profile stands, which decides what it starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProfileKind {
    /// A (Re)Association Response, or the response to a link reconfiguration: a status comes after the
    /// capabilities.
    AssociationResponse,
    /// Any other.
    Other,
}

/// A complete profile, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CompleteProfile<'a> {
    /// What the station or BSS does on the link.
    pub capabilities: CapabilityInformation,
    /// Whether the link was accepted, in an association response.
    pub status: Option<StatusCode>,
    /// The elements that are not inherited; see [`crate::element::inheritance::inherit`].
    pub elements: Elements<'a>,
}

impl PerStaProfile {
    /// Takes a complete profile apart.
    ///
    /// # Errors
    /// If it is not complete, or cut short.
    pub fn complete_profile(&self, kind: ProfileKind) -> Result<CompleteProfile<'_>, ParseError> {
        let mut reader = Reader::new("STA Profile", &self.profile);
        if !self.complete {
            return Err(reader.invalid("the profile is not complete"));
        }
        read_profile(&mut reader, kind)
    }
}

fn read_profile<'a>(reader: &mut Reader<'a>, kind: ProfileKind) -> Result<CompleteProfile<'a>, ParseError> {
    Ok(CompleteProfile {
        capabilities: Field::read(reader)?,
        status: (kind == ProfileKind::AssociationResponse).then(|| Field::read(reader)).transpose()?,
        elements: Elements::new(reader.rest()),
    })
}

impl CompleteProfile<'_> {
    /// Appends the octets of the STA Profile field.
    pub fn write(&self, out: &mut Vec<u8>) {
        self.capabilities.write(out);
        if let Some(status) = self.status {
            status.write(out);
        }
        out.extend_from_slice(self.elements.octets());
    }
}

impl PerSta for PerStaProfile {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let control = reader.u16_le()?;
        let info = StaInfo::read(control, reader)?;
        Ok(Self {
            number: number(control),
            complete: control & COMPLETE != 0,
            reserved: control & !LINK_MASK & !COMPLETE & !info.bits(),
            info,
            profile: Field::read(reader)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let complete = if self.complete { COMPLETE } else { 0 };
        (u16::from(self.number) & LINK_MASK | complete | self.info.bits() | self.reserved & !LINK_MASK)
            .write(out);
        self.info.write(out);
        self.profile.write(out);
    }

    fn number(&self) -> u8 {
        self.number
    }
}

/// A Per-STA Profile of the Probe Request variant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PerStaProbe {
    /// The link, 0 to 15; see [`Self::link`].
    pub number: u8,
    /// Whether a complete profile is asked for.
    pub complete: bool,
    /// Bits of the STA Control field that mean nothing we know.
    pub reserved: u16,
    /// The STA Profile field: which elements are asked for; empty for all.
    pub profile: Vec<u8>,
}

impl PerSta for PerStaProbe {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let control = reader.u16_le()?;
        Ok(Self {
            number: number(control),
            complete: control & COMPLETE != 0,
            reserved: control & !LINK_MASK & !COMPLETE,
            profile: Field::read(reader)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let complete = if self.complete { COMPLETE } else { 0 };
        (u16::from(self.number) & LINK_MASK | complete | self.reserved & !LINK_MASK).write(out);
        self.profile.write(out);
    }

    fn number(&self) -> u8 {
        self.number
    }
}

/// A Per-STA Profile of the Reconfiguration variant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PerStaReconfiguration {
    /// The link, 0 to 15; see [`Self::link`].
    pub number: u8,
    /// Whether the profile is complete.
    pub complete: bool,
    /// What happens to the link.
    pub operation: ReconfigurationOperation,
    /// The STA Info field.
    pub info: ReconfigurationInfo,
    /// Bits of the STA Control field that announce nothing we know.
    pub reserved: u16,
    /// The STA Profile field.
    pub profile: Vec<u8>,
}

impl PerStaReconfiguration {
    const OPERATION_SHIFT: u32 = 7;
    const OPERATION_MASK: u16 = 0xf << Self::OPERATION_SHIFT;

    /// Takes a complete profile apart.
    ///
    /// # Errors
    /// If it is not complete, or cut short.
    pub fn complete_profile(&self) -> Result<CompleteProfile<'_>, ParseError> {
        let mut reader = Reader::new("STA Profile", &self.profile);
        if !self.complete {
            return Err(reader.invalid("the profile is not complete"));
        }
        read_profile(&mut reader, ProfileKind::Other)
    }
}

impl PerSta for PerStaReconfiguration {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let control = reader.u16_le()?;
        let info = ReconfigurationInfo::read(control, reader)?;
        let operation = (control & Self::OPERATION_MASK) >> Self::OPERATION_SHIFT;
        Ok(Self {
            number: number(control),
            complete: control & COMPLETE != 0,
            operation: ReconfigurationOperation(u8::try_from(operation).unwrap_or_default()),
            reserved: control & !LINK_MASK & !COMPLETE & !Self::OPERATION_MASK & !info.bits(),
            info,
            profile: Field::read(reader)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let complete = if self.complete { COMPLETE } else { 0 };
        let operation = u16::from(self.operation.0) << Self::OPERATION_SHIFT & Self::OPERATION_MASK;
        let reserved = self.reserved & !LINK_MASK & !Self::OPERATION_MASK;
        (u16::from(self.number) & LINK_MASK | complete | operation | self.info.bits() | reserved).write(out);
        self.info.write(out);
        self.profile.write(out);
    }

    fn number(&self) -> u8 {
        self.number
    }
}

/// A Per-STA Profile of the TDLS and Priority Access variants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PerStaLink {
    /// The link, 0 to 15; see [`Self::link`].
    pub number: u8,
    /// The other bits of the STA Control field.
    pub reserved: u16,
    /// What follows the STA Control field.
    pub profile: Vec<u8>,
}

impl PerSta for PerStaLink {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let control = reader.u16_le()?;
        Ok(Self { number: number(control), reserved: control & !LINK_MASK, profile: Field::read(reader)? })
    }

    fn write(&self, out: &mut Vec<u8>) {
        (u16::from(self.number) & LINK_MASK | self.reserved & !LINK_MASK).write(out);
        self.profile.write(out);
    }

    fn number(&self) -> u8 {
        self.number
    }
}

macro_rules! link {
    ($($name:ident),*) => { $(
        impl $name {
            /// The link; nothing if the number is 15.
            #[must_use]
            pub const fn link(&self) -> Option<LinkId> {
                LinkId::new(self.number)
            }
        }
    )* };
}
link!(PerStaProfile, PerStaProbe, PerStaReconfiguration, PerStaLink);

fn number(control: u16) -> u8 {
    u8::try_from(control & LINK_MASK).unwrap_or_default()
}
