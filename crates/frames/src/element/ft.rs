//! Fast BSS transition: Mobility Domain (54) and Fast BSS Transition (55).

use super::{
    Element, ElementId,
    channel::OperatingChannel,
    layout::{Field, Subelement, show_octets},
};
use crate::reader::{ParseError, Reader};
use alloc::vec::Vec;
use core::fmt;

bit_set! {
    /// FT Capability and Policy (802.11-2020 9.4.2.46).
    pub struct FtCapabilities: u8 {
        /// Transitions over the distribution system are there.
        OVER_DS = 1,
        /// The resource request protocol is there.
        RESOURCE_REQUEST = 2,
    }
}
wrapped_field! { FtCapabilities }

fields! {
    /// Mobility Domain.
    pub struct MobilityDomain {
        /// The domain's identifier, octets as they go into key derivation.
        id: [u8; 2],
        /// Capabilities and policy.
        capabilities: FtCapabilities,
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(MobilityDomain, "Mobility Domain", ElementId::Plain(54));

bit_set! {
    /// The first octet of the MIC Control field, without the length of the MIC.
    pub struct FtControl: u8 {
        /// The sender has an RSNXE.
        RSNXE_USED = 1,
    }
}

/// Bits 1 to 3 of the MIC Control field: the length of the MIC.
const MIC_LENGTH_MASK: u8 = 0x0e;

/// The MIC of a fast transition, as long as the AKM's key confirmation key has it; zeros where no key is yet.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum FtMic {
    /// 16 octets.
    Octets16([u8; 16]),
    /// 24 octets.
    Octets24([u8; 24]),
    /// 32 octets.
    Octets32([u8; 32]),
}

impl FtMic {
    /// The octets.
    #[must_use]
    pub const fn octets(&self) -> &[u8] {
        match self {
            Self::Octets16(octets) => octets,
            Self::Octets24(octets) => octets,
            Self::Octets32(octets) => octets,
        }
    }

    /// As many zeros: what stands here while the MIC is calculated.
    #[must_use]
    pub const fn zeroed(&self) -> Self {
        match self {
            Self::Octets16(_) => Self::Octets16([0; 16]),
            Self::Octets24(_) => Self::Octets24([0; 24]),
            Self::Octets32(_) => Self::Octets32([0; 32]),
        }
    }

    /// Its code in the MIC Control field.
    const fn code(&self) -> u8 {
        match self {
            Self::Octets16(_) => 0,
            Self::Octets24(_) => 1,
            Self::Octets32(_) => 2,
        }
    }
}

impl fmt::Debug for FtMic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_octets(self.octets(), f)
    }
}

/// Fast BSS Transition (802.11-2020 9.4.2.47).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FastTransition {
    /// Flags. Bits 1 to 3 are written from [`Self::mic`].
    pub control: FtControl,
    /// How many elements the MIC covers; 0 without one.
    pub element_count: u8,
    /// The MIC.
    pub mic: FtMic,
    /// The authenticator's nonce.
    pub anonce: [u8; 32],
    /// The supplicant's nonce.
    pub snonce: [u8; 32],
    /// What else it carries.
    pub subelements: Vec<FtSubelement>,
}

fields! {
    /// A wrapped group key in a fast transition.
    pub struct FtGtk {
        /// Key Info: bits 0 and 1 are the key ID.
        key_info: u16,
        /// The length of the key in octets, unwrapped and without padding.
        key_length: u8,
        /// The receive sequence counter, little endian.
        rsc: [u8; 8],
        /// The key, wrapped.
        wrapped_key: Vec<u8>,
    }
}

fields! {
    /// A wrapped integrity key (IGTK or BIGTK) in a fast transition.
    pub struct FtIgtk {
        /// The key ID: 4 or 5, of beacons 6 or 7.
        key_id: u16,
        /// The packet number, little endian.
        ipn: [u8; 6],
        /// The length of the key in octets, unwrapped.
        key_length: u8,
        /// The key, wrapped.
        wrapped_key: Vec<u8>,
    }
}

fields! {
    /// A wrapped group key of one link.
    pub struct FtMloGtk {
        /// Key Info: bits 0 and 1 are the key ID.
        key_info: u16,
        /// The link.
        link_id: u8,
        /// The length of the key in octets, unwrapped and without padding.
        key_length: u8,
        /// The receive sequence counter, little endian.
        rsc: [u8; 8],
        /// The key, wrapped.
        wrapped_key: Vec<u8>,
    }
}

fields! {
    /// A wrapped integrity key (IGTK or BIGTK) of one link.
    pub struct FtMloIgtk {
        /// The key ID: 4 or 5, of beacons 6 or 7.
        key_id: u16,
        /// The packet number, little endian.
        ipn: [u8; 6],
        /// The link.
        link_id: u8,
        /// The length of the key in octets, unwrapped.
        key_length: u8,
        /// The key, wrapped.
        wrapped_key: Vec<u8>,
    }
}

/// Defines the subelements that fill their bodies to the last octet.
macro_rules! ft_subelements {
    ($( $(#[$meta:meta])* $name:ident($ty:ty) = $id:literal, )*) => {
        /// A subelement of [`FastTransition`] (802.11-2020 table 9-218 and 802.11be).
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum FtSubelement {
            $( $(#[$meta])* $name($ty), )*
            /// One that we do not know.
            Unknown(Subelement),
        }

        impl Field for FtSubelement {
            fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
                let subelement = Subelement::read(reader)?;
                let mut inner = Reader::new("FTE subelement", &subelement.body);
                let known = match subelement.id {
                    $( $id => Self::$name(Field::read(&mut inner)?), )*
                    _ => return Ok(Self::Unknown(subelement)),
                };
                inner.finish()?;
                Ok(known)
            }

            fn write(&self, out: &mut Vec<u8>) {
                let mut body = Vec::new();
                let id = match self {
                    $( Self::$name(value) => { Field::write(value, &mut body); $id } )*
                    Self::Unknown(subelement) => return subelement.write(out),
                };
                // What came from the air fits; what is longer cannot be said and is cut.
                body.truncate(usize::from(u8::MAX));
                if let Some(subelement) = Subelement::new(id, body) {
                    subelement.write(out);
                }
            }

            fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $( Self::$name(value) => { f.write_str(concat!(stringify!($name), " "))?; value.show(f) } )*
                    Self::Unknown(subelement) => subelement.show(f),
                }
            }
        }
    };
}

ft_subelements! {
    /// The holder of PMK-R1.
    R1kh([u8; 6]) = 1,
    /// The group key.
    Gtk(FtGtk) = 2,
    /// The holder of PMK-R0, 1 to 48 octets.
    R0kh(Vec<u8>) = 3,
    /// The key for group management frames.
    Igtk(FtIgtk) = 4,
    /// The operating channel.
    OperatingChannel(OperatingChannel) = 5,
    /// The key for beacons.
    Bigtk(FtIgtk) = 6,
    /// The group key of a link.
    MloGtk(FtMloGtk) = 8,
    /// The key for group management frames of a link.
    MloIgtk(FtMloIgtk) = 9,
    /// The key for beacons of a link.
    MloBigtk(FtMloIgtk) = 10,
}

impl Element for FastTransition {
    const ID: ElementId = ElementId::Plain(55);

    fn parse(body: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("Fast BSS Transition", body);
        let [control, element_count] = reader.array()?;
        let mic = match (control & MIC_LENGTH_MASK) >> 1 {
            0 => FtMic::Octets16(reader.array()?),
            1 => FtMic::Octets24(reader.array()?),
            2 => FtMic::Octets32(reader.array()?),
            _ => return Err(reader.invalid("the MIC has 16, 24 or 32 octets")),
        };
        Ok(Self {
            control: FtControl(control & !MIC_LENGTH_MASK),
            element_count,
            mic,
            anonce: reader.array()?,
            snonce: reader.array()?,
            subelements: Field::read(&mut reader)?,
        })
    }

    fn write_body(&self, out: &mut Vec<u8>) {
        out.push(self.control.0 & !MIC_LENGTH_MASK | self.mic.code() << 1);
        out.push(self.element_count);
        out.extend_from_slice(self.mic.octets());
        out.extend_from_slice(&self.anonce);
        out.extend_from_slice(&self.snonce);
        self.subelements.write(out);
    }
}

impl fmt::Display for FastTransition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "control={} element_count={} mic={:?} anonce=",
            self.control, self.element_count, self.mic
        )?;
        show_octets(&self.anonce, f)?;
        f.write_str(" snonce=")?;
        show_octets(&self.snonce, f)?;
        f.write_str(" subelements=")?;
        self.subelements.show(f)
    }
}
