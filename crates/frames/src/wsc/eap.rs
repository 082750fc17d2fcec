//! EAP-WSC: how EAP carries the messages, in fragments if need be (WSC 2.0.5 7.7).

use crate::{
    eap::Expanded,
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;

open_enum! {
    /// What a packet carries.
    pub enum OpCode: u8 {
        /// The authenticator begins.
        Start = 1,
        /// WSC_ACK.
        Ack = 2,
        /// WSC_NACK.
        Nack = 3,
        /// M1 to M8, M2D.
        Message = 4,
        /// WSC_Done.
        Done = 5,
        /// A fragment was received.
        FragmentAck = 6,
    }
}

/// What else a packet says about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u8);

impl Flags {
    /// More fragments follow.
    pub const MORE: Self = Self(1);
    /// There is a length of the whole message.
    pub const LENGTH: Self = Self(2);

    /// Whether all bits of `other` are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The data of EAP type 254, vendor 00-37-2A, type 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wsc<'a> {
    /// What it carries.
    pub operation: OpCode,
    /// Whether more follow.
    pub flags: Flags,
    /// The length of the whole message in octets, in the first of several fragments.
    pub length: Option<u16>,
    /// The message, or a fragment of it.
    pub data: &'a [u8],
}

impl<'a> Wsc<'a> {
    /// The Wi-Fi Alliance, in the numbers of SMI.
    pub const VENDOR: [u8; 3] = [0x00, 0x37, 0x2a];
    /// What it calls this type.
    pub const KIND: u32 = 1;

    /// Reads the data of an expanded type.
    ///
    /// # Errors
    /// If the type is another, or the data are cut short.
    pub fn parse(expanded: &Expanded<'a>) -> Result<Self, ParseError> {
        let mut reader = Reader::new("EAP-WSC", expanded.data);
        if (expanded.vendor, expanded.kind) != (Self::VENDOR, Self::KIND) {
            return Err(reader.invalid("an expanded type of another vendor"));
        }
        let (operation, flags) = (OpCode(reader.u8()?), Flags(reader.u8()?));
        let length = if flags.has(Flags::LENGTH) { Some(reader.u16_be()?) } else { None };
        Ok(Self { operation, flags, length, data: reader.rest() })
    }

    /// The payload of an EAP packet. The flag of the length is set as there is one.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        let flags = match self.length {
            Some(_) => self.flags.0 | Flags::LENGTH.0,
            None => self.flags.0 & !Flags::LENGTH.0,
        };
        let mut data = Vec::with_capacity(self.data.len().saturating_add(4));
        data.extend([self.operation.0, flags]);
        data.extend(self.length.iter().flat_map(|length| length.to_be_bytes()));
        data.extend(self.data);
        Expanded { vendor: Self::VENDOR, kind: Self::KIND, data: &data }.to_payload()
    }
}
