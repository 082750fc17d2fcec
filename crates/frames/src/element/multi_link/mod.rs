//! The Multi-Link element (255/107) in all its variants (802.11be 9.4.2.312).
//!
//! Every variant is a control field, Common Info with its own length, and Link Info made of subelements.
//! Fields that a newer standard adds to Common Info stand at its end and are kept there as octets, and so
//! are unknown subelements and reserved bits.

#[macro_use]
mod announced;

mod fields;
mod per_sta;
mod subelement;

pub use fields::{
    EmlCapabilities, ExtendedMldCapabilities, LinkIdInfo, MediumSyncDelay, MldCapabilities, NstrBitmap,
    TtlmNegotiation,
};
pub use per_sta::{
    CompleteProfile, Dtim, PerStaLink, PerStaProbe, PerStaProfile, PerStaReconfiguration, ProfileKind,
    ReconfigurationInfo, ReconfigurationOperation, StaInfo,
};

use super::ElementId;
use crate::{
    address::{LinkId, MacAddr},
    element::layout::Field,
    reader::{ParseError, Reader},
};
use alloc::{collections::BTreeMap, vec::Vec};
use core::fmt;

/// The most Per-STA Profiles that an element can have with sense: one for each link.
const MAX_PROFILES: usize = 15;

announced_fields! {
    /// The Common Info field of the Basic variant.
    "Basic Multi-Link common info" => pub struct BasicCommon {
        always {
            /// The address of the MLD.
            pub mld_address: MacAddr,
        }
        /// The link through which the frame is sent.
        0x0010 => pub link_id: LinkIdInfo,
        /// Counts critical updates of that link.
        0x0020 => pub bss_parameters_change_count: u8,
        /// Medium synchronization delay.
        0x0040 => pub medium_sync_delay: MediumSyncDelay,
        /// EML capabilities.
        0x0080 => pub eml_capabilities: EmlCapabilities,
        /// MLD capabilities and operations.
        0x0100 => pub mld_capabilities: MldCapabilities,
        /// Which MLD it is, if several of one device are told apart in a probe response.
        0x0200 => pub ap_mld_id: u8,
        /// Extended MLD capabilities and operations.
        0x0400 => pub extended_mld_capabilities: ExtendedMldCapabilities,
    }
}

announced_fields! {
    /// The Common Info field of the Probe Request variant.
    "Probe Request Multi-Link common info" => pub struct ProbeRequestCommon {
        /// Which MLD of the addressed AP is asked for.
        0x0010 => pub ap_mld_id: u8,
        /// The address of the MLD that is asked for.
        0x0020 => pub mld_address: MacAddr,
    }
}

announced_fields! {
    /// The Common Info field of the Reconfiguration variant.
    "Reconfiguration Multi-Link common info" => pub struct ReconfigurationCommon {
        /// The address of the MLD.
        0x0010 => pub mld_address: MacAddr,
        /// EML capabilities.
        0x0020 => pub eml_capabilities: EmlCapabilities,
        /// MLD capabilities and operations.
        0x0040 => pub mld_capabilities: MldCapabilities,
        /// Extended MLD capabilities and operations.
        0x0080 => pub extended_mld_capabilities: ExtendedMldCapabilities,
    }
}

announced_fields! {
    /// The Common Info field of the TDLS and Priority Access variants.
    "Multi-Link common info" => pub struct AddressCommon {
        always {
            /// The address of the AP MLD.
            pub mld_address: MacAddr,
        }
    }
}

/// One variant of the element: Common Info of its own and Per-STA Profiles of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Variant<Common, PerSta> {
    /// The Common Info field.
    pub common: Common,
    /// The Link Info field.
    pub links: Vec<Subelement<PerSta>>,
    /// Bits of the control field that announce nothing we know.
    pub reserved: u16,
}

/// A subelement of Link Info.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subelement<PerSta> {
    /// A Per-STA Profile.
    PerSta(PerSta),
    /// Any other.
    Other {
        /// Its ID.
        id: u8,
        /// Its octets, fragments joined.
        octets: Vec<u8>,
    },
}

/// The Basic variant: what an MLD is, and profiles of its links.
pub type Basic = Variant<BasicCommon, PerStaProfile>;
/// The Probe Request variant: which links of an AP MLD are asked for.
pub type ProbeRequest = Variant<ProbeRequestCommon, PerStaProbe>;
/// The Reconfiguration variant: links that go, come or change.
pub type Reconfiguration = Variant<ReconfigurationCommon, PerStaReconfiguration>;
/// The TDLS and Priority Access variants.
pub type Plain = Variant<AddressCommon, PerStaLink>;

/// The Multi-Link element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MultiLink {
    /// Type 0.
    Basic(Basic),
    /// Type 1.
    ProbeRequest(ProbeRequest),
    /// Type 2.
    Reconfiguration(Reconfiguration),
    /// Type 3.
    Tdls(Plain),
    /// Type 4.
    PriorityAccess(Plain),
    /// A type that we do not know.
    Other {
        /// The control field.
        control: u16,
        /// What follows it.
        octets: Vec<u8>,
    },
}

shown_as_debug! { MultiLink }
element!(MultiLink, "Multi-Link element", ElementId::Extended(107));

impl Field for MultiLink {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let control = reader.u16_le()?;
        Ok(match control & TYPE_MASK {
            0 => Self::Basic(Variant::read(control, reader)?),
            1 => Self::ProbeRequest(Variant::read(control, reader)?),
            2 => Self::Reconfiguration(Variant::read(control, reader)?),
            3 => Self::Tdls(Variant::read(control, reader)?),
            4 => Self::PriorityAccess(Variant::read(control, reader)?),
            _ => Self::Other { control, octets: Field::read(reader)? },
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Basic(variant) => variant.write(0, out),
            Self::ProbeRequest(variant) => variant.write(1, out),
            Self::Reconfiguration(variant) => variant.write(2, out),
            Self::Tdls(variant) => variant.write(3, out),
            Self::PriorityAccess(variant) => variant.write(4, out),
            Self::Other { control, octets } => {
                control.write(out);
                octets.write(out);
            }
        }
    }
}

/// The type in the control field.
const TYPE_MASK: u16 = 0x7;

impl MultiLink {
    /// The element of an Authentication frame: the Basic variant with nothing but the address of the MLD.
    #[must_use]
    pub fn address_only(mld_address: MacAddr) -> Self {
        let common = BasicCommon { mld_address, ..BasicCommon::default() };
        Self::Basic(Basic { common, links: Vec::new(), reserved: 0 })
    }

    /// The Basic variant, if it is one.
    #[must_use]
    pub const fn basic(&self) -> Option<&Basic> {
        if let Self::Basic(basic) = self { Some(basic) } else { None }
    }

    /// The Reconfiguration variant, if it is one.
    #[must_use]
    pub const fn reconfiguration(&self) -> Option<&Reconfiguration> {
        if let Self::Reconfiguration(reconfiguration) = self { Some(reconfiguration) } else { None }
    }
}

/// What the variants' Common Info fields share.
trait Common: Sized {
    /// The link through which the frame is sent, where the field says so.
    fn own_link(&self) -> Option<LinkId>;
    fn read(control: u16, reader: &mut Reader<'_>) -> Result<Self, ParseError>;
    fn bits(&self) -> u16;
    fn write(&self, out: &mut Vec<u8>);
}

/// What the variants' Per-STA Profiles share.
trait PerSta: Sized {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError>;
    fn write(&self, out: &mut Vec<u8>);
    fn number(&self) -> u8;
}

macro_rules! common {
    ($($name:ident: $own_link:expr),*) => { $(
        impl Common for $name {
            fn own_link(&self) -> Option<LinkId> {
                let own_link: fn(&Self) -> Option<LinkId> = $own_link;
                own_link(self)
            }
            fn read(control: u16, reader: &mut Reader<'_>) -> Result<Self, ParseError> {
                Self::read(control, reader)
            }
            fn bits(&self) -> u16 {
                self.bits()
            }
            fn write(&self, out: &mut Vec<u8>) {
                self.write(out);
            }
        }
    )* };
}
common!(
    BasicCommon: |common| common.link_id.and_then(LinkIdInfo::link),
    ProbeRequestCommon: |_| None,
    ReconfigurationCommon: |_| None,
    AddressCommon: |_| None
);

#[allow(private_bounds, reason = "the two traits only keep the variants' code in one place")]
impl<C: Common, P: PerSta> Variant<C, P> {
    fn read(control: u16, reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let common = C::read(control, reader)?;
        let mut links = Vec::new();
        let mut profiles = 0_usize;
        while !reader.is_empty() {
            let (id, octets) = subelement::read(reader)?;
            links.push(if id == subelement::PER_STA_PROFILE {
                profiles = profiles.saturating_add(1);
                if profiles > MAX_PROFILES {
                    return Err(reader.invalid("an MLD has at most 15 links"));
                }
                Subelement::PerSta(P::read(&mut Reader::new("Per-STA Profile", &octets))?)
            } else {
                Subelement::Other { id, octets }
            });
        }
        Ok(Self { reserved: control & !TYPE_MASK & !common.bits(), common, links })
    }

    fn write(&self, kind: u16, out: &mut Vec<u8>) {
        (kind | self.reserved & !TYPE_MASK | self.common.bits()).write(out);
        self.common.write(out);
        for link in &self.links {
            match link {
                Subelement::PerSta(profile) => {
                    let mut octets = Vec::new();
                    profile.write(&mut octets);
                    subelement::write(subelement::PER_STA_PROFILE, &octets, out);
                }
                Subelement::Other { id, octets } => subelement::write(*id, octets, out),
            }
        }
    }

    /// The Per-STA Profiles in their order.
    pub fn profiles(&self) -> impl Iterator<Item = &P> {
        self.links.iter().filter_map(|link| match link {
            Subelement::PerSta(profile) => Some(profile),
            Subelement::Other { .. } => None,
        })
    }

    /// The Per-STA Profiles by their links.
    ///
    /// # Errors
    /// If two are for the same link, one is for the link that the frame is sent on, or one is for number 15,
    /// which is no link.
    pub fn profiles_by_link(&self) -> Result<BTreeMap<LinkId, &P>, LinkError> {
        let mut profiles = BTreeMap::new();
        for profile in self.profiles() {
            let link = LinkId::new(profile.number()).ok_or(LinkError::NotALink(profile.number()))?;
            if self.common.own_link() == Some(link) {
                return Err(LinkError::Own(link));
            }
            if profiles.insert(link, profile).is_some() {
                return Err(LinkError::Duplicate(link));
            }
        }
        Ok(profiles)
    }
}

/// Why the Per-STA Profiles of an element are not those of a set of links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkError {
    /// Two profiles are for this link.
    Duplicate(LinkId),
    /// A profile is for this link, which the frame itself is about.
    Own(LinkId),
    /// This number is no link.
    NotALink(u8),
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate(link) => write!(f, "Multi-Link element has two profiles for link {link}"),
            Self::Own(link) => write!(f, "Multi-Link element has a profile for its own link {link}"),
            Self::NotALink(number) => {
                write!(f, "Multi-Link element has a profile for {number}, which is no link")
            }
        }
    }
}

impl core::error::Error for LinkError {}

#[cfg(test)]
mod tests;
