//! Fields that several variants of the Multi-Link element carry.

use super::announced::Optional;
use crate::{
    address::LinkId,
    element::layout::Field,
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;

/// The Link ID Info field: a link number in the low four bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkIdInfo(pub u8);

impl LinkIdInfo {
    /// The field for this link.
    #[must_use]
    pub const fn new(link: LinkId) -> Self {
        Self(link.get())
    }

    /// The link; nothing if the number is 15.
    #[must_use]
    pub const fn link(self) -> Option<LinkId> {
        LinkId::new(self.0 & 0xf)
    }
}

/// The Medium Synchronization Delay Information field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MediumSyncDelay(pub u16);

/// The EML Capabilities field: enhanced multi-link single-radio and multi-radio operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EmlCapabilities(pub u16);

impl EmlCapabilities {
    /// Whether EMLSR is supported.
    #[must_use]
    pub const fn emlsr(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether EMLMR is supported.
    #[must_use]
    pub const fn emlmr(self) -> bool {
        self.0 & 0x80 != 0
    }
}

/// How a TID-to-link mapping can be negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TtlmNegotiation {
    /// Not at all.
    No,
    /// Only all TIDs to the same set of links.
    SameLinkSet,
    /// The reserved value.
    Reserved,
    /// Any.
    Any,
}

/// The MLD Capabilities and Operations field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MldCapabilities(pub u16);

impl MldCapabilities {
    /// How many links can be used at a time, 1 to 16.
    #[must_use]
    pub const fn max_simultaneous_links(self) -> u16 {
        (self.0 & 0xf) + 1
    }

    /// Whether TID-to-link mappings can be negotiated.
    #[must_use]
    pub const fn ttlm_negotiation(self) -> TtlmNegotiation {
        match self.0 >> 5 & 3 {
            0 => TtlmNegotiation::No,
            1 => TtlmNegotiation::SameLinkSet,
            2 => TtlmNegotiation::Reserved,
            _ => TtlmNegotiation::Any,
        }
    }

    /// Whether links can be added and deleted without a new association.
    #[must_use]
    pub const fn link_reconfiguration(self) -> bool {
        self.0 & 0x2000 != 0
    }
}

/// The Extended MLD Capabilities and Operations field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExtendedMldCapabilities(pub u16);

impl ExtendedMldCapabilities {
    /// Whether operation parameters can be updated.
    #[must_use]
    pub const fn operation_parameter_update(self) -> bool {
        self.0 & 1 != 0
    }

    /// How many links an AP recommends to use at a time; 0 if it does not say.
    #[must_use]
    pub const fn recommended_max_simultaneous_links(self) -> u16 {
        self.0 >> 1 & 0xf
    }
}

wrapped_field! { LinkIdInfo, MediumSyncDelay, EmlCapabilities, MldCapabilities, ExtendedMldCapabilities }

/// The links with which a link cannot transmit and receive at the same time, a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NstrBitmap {
    /// For links 0 to 7.
    Short(u8),
    /// For links 0 to 15.
    Long(u16),
}

impl NstrBitmap {
    /// The control bits of a Basic Per-STA Profile: the profile is complete, the bitmap is there; its size.
    const PRESENT: u16 = 0x0210;
    const LONG: u16 = 0x0400;
}

impl Optional for NstrBitmap {
    fn read_if(control: u16, mask: u16, reader: &mut Reader<'_>) -> Result<Option<Self>, ParseError> {
        // The bit means something only in a complete profile.
        Ok(if control & (mask | Self::PRESENT) != mask | Self::PRESENT {
            None
        } else if control & Self::LONG != 0 {
            Some(Self::Long(Field::read(reader)?))
        } else {
            Some(Self::Short(Field::read(reader)?))
        })
    }

    fn bits(&self, mask: u16) -> u16 {
        match self {
            Self::Short(_) => mask,
            Self::Long(_) => mask | Self::LONG,
        }
    }

    fn append(&self, out: &mut Vec<u8>) {
        match self {
            Self::Short(bitmap) => bitmap.write(out),
            Self::Long(bitmap) => bitmap.write(out),
        }
    }
}
