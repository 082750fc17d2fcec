//! Management frames: header, fixed fields, elements (802.11-2020 9.3.3), both ways.
//!
//! [`Management`] is a whole frame as it goes through the air without its FCS; [`Body::parse`] and the
//! bodies' own `parse` take what the kernel gives without a header.

#[macro_use]
mod layout;

pub mod action;
mod body;
mod codes;

pub use action::Action;
pub use body::{
    AssociationRequest, AssociationResponse, Authentication, Beacon, Departure, ProbeRequest,
    ReassociationRequest,
};
pub use codes::{
    AssociationId, AuthenticationAlgorithm, CapabilityInformation, ReasonCode, StatusCode, Subtype,
};

use crate::{
    address::MacAddr,
    element::layout::Field,
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;

bit_set! {
    /// The second octet of the Frame Control field.
    pub struct FrameFlags: u8 {
        /// To the distribution system.
        TO_DS = 1 << 0,
        /// From the distribution system.
        FROM_DS = 1 << 1,
        /// More fragments follow.
        MORE_FRAGMENTS = 1 << 2,
        /// A retransmission.
        RETRY = 1 << 3,
        /// The sender goes to sleep.
        POWER_MANAGEMENT = 1 << 4,
        /// The AP holds more frames.
        MORE_DATA = 1 << 5,
        /// The body is encrypted.
        PROTECTED = 1 << 6,
        /// A management or QoS data frame has an HT Control field.
        HT_CONTROL = 1 << 7,
    }
}

/// The Sequence Control field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SequenceControl(pub u16);

impl SequenceControl {
    /// The fragment number, 0 to 15.
    #[must_use]
    pub const fn fragment(self) -> u16 {
        self.0 & 0xf
    }

    /// The sequence number, modulo 4096.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0 >> 4
    }
}

wrapped_field! { FrameFlags, SequenceControl }

/// The MAC header of a management frame, without the subtype, which is in the body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// The second octet of Frame Control; [`FrameFlags::HT_CONTROL`] is left to `ht_control`.
    pub flags: FrameFlags,
    /// Duration in µs.
    pub duration: u16,
    /// Address 1: who shall receive it.
    pub receiver: MacAddr,
    /// Address 2: who sent it.
    pub transmitter: MacAddr,
    /// Address 3: the BSSID.
    pub bssid: MacAddr,
    /// Sequence and fragment number.
    pub sequence: SequenceControl,
    /// The HT Control field, if the frame has one.
    pub ht_control: Option<[u8; 4]>,
}

impl Header {
    /// The header of a frame that is to be sent; the radio fills in the rest.
    #[must_use]
    pub fn new(receiver: MacAddr, transmitter: MacAddr, bssid: MacAddr) -> Self {
        Self {
            flags: FrameFlags::default(),
            duration: 0,
            receiver,
            transmitter,
            bssid,
            sequence: SequenceControl::default(),
            ht_control: None,
        }
    }
}

/// A management frame without its FCS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Management {
    /// The MAC header.
    pub header: Header,
    /// The rest.
    pub body: Body,
}

impl Management {
    /// Parses a frame from the air: the body of one with [`FrameFlags::PROTECTED`] is opaque.
    ///
    /// # Errors
    /// If it is no management frame, or ends before its last fixed field.
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        let (header, subtype, mut reader) = Self::parse_header(octets)?;
        let body = if header.flags.contains(FrameFlags::PROTECTED) {
            Body::Protected { subtype, octets: reader.rest().to_vec() }
        } else {
            Body::parse(subtype, reader.rest())?
        };
        Ok(Self { header, body })
    }

    /// Parses a frame whose body is in the clear even if the header says that it was encrypted: the
    /// kernel decrypts a frame without touching that bit.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_decrypted(octets: &[u8]) -> Result<Self, ParseError> {
        let (header, subtype, mut reader) = Self::parse_header(octets)?;
        Ok(Self { header, body: Body::parse(subtype, reader.rest())? })
    }

    fn parse_header(octets: &[u8]) -> Result<(Header, Subtype, Reader<'_>), ParseError> {
        let mut reader = Reader::new("management frame", octets);
        // Protocol version 0 in bits 0 and 1, type 0 (management) in bits 2 and 3, subtype above.
        let first = reader.peek().first().copied().unwrap_or_default();
        if first & 0xf != 0 {
            return Err(reader.invalid("type or protocol version is not that of a management frame"));
        }
        reader.u8()?;
        let flags = FrameFlags(reader.u8()?);
        let mut header = Header {
            flags: flags.without(FrameFlags::HT_CONTROL),
            duration: reader.u16_le()?,
            receiver: MacAddr::read(&mut reader)?,
            transmitter: MacAddr::read(&mut reader)?,
            bssid: MacAddr::read(&mut reader)?,
            sequence: Field::read(&mut reader)?,
            ht_control: None,
        };
        if flags.contains(FrameFlags::HT_CONTROL) {
            header.ht_control = Some(reader.array()?);
        }
        Ok((header, Subtype(first >> 4), reader))
    }

    /// The header of an action frame that is not encrypted, and its body from the category on.
    ///
    /// # Errors
    /// If it is another frame, or cut short.
    pub fn split_action(octets: &[u8]) -> Result<(Header, &[u8]), ParseError> {
        let (header, subtype, mut reader) = Self::parse_header(octets)?;
        if subtype != Subtype::Action || header.flags.contains(FrameFlags::PROTECTED) {
            return Err(reader.invalid("no action frame in clear"));
        }
        Ok((header, reader.rest()))
    }

    /// Appends the frame.
    pub fn write(&self, out: &mut Vec<u8>) {
        let header = &self.header;
        let mut flags = header.flags.without(FrameFlags::HT_CONTROL);
        if header.ht_control.is_some() {
            flags = flags.with(FrameFlags::HT_CONTROL);
        }
        if matches!(self.body, Body::Protected { .. }) {
            flags = flags.with(FrameFlags::PROTECTED);
        }
        out.push(self.body.subtype().0 << 4);
        flags.write(out);
        header.duration.write(out);
        header.receiver.write(out);
        header.transmitter.write(out);
        header.bssid.write(out);
        header.sequence.write(out);
        out.extend(header.ht_control.iter().flatten());
        self.body.write(out);
    }
}

/// What stands after the MAC header; its variant is the subtype of the frame.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// Association Request.
    AssociationRequest(AssociationRequest),
    /// Association Response.
    AssociationResponse(AssociationResponse),
    /// Reassociation Request.
    ReassociationRequest(ReassociationRequest),
    /// Reassociation Response.
    ReassociationResponse(AssociationResponse),
    /// Probe Request.
    ProbeRequest(ProbeRequest),
    /// Probe Response.
    ProbeResponse(Beacon),
    /// Beacon.
    Beacon(Beacon),
    /// Disassociation.
    Disassociation(Departure),
    /// Authentication.
    Authentication(Authentication),
    /// Deauthentication.
    Deauthentication(Departure),
    /// Action.
    Action(Action),
    /// Action No Ack.
    ActionNoAck(Action),
    /// A subtype that is none of these.
    Other {
        /// The subtype, 0 to 15.
        subtype: Subtype,
        /// The body.
        octets: Vec<u8>,
    },
    /// A body of any subtype that is encrypted.
    Protected {
        /// The subtype, 0 to 15.
        subtype: Subtype,
        /// The body with the headers and the MIC of the cipher.
        octets: Vec<u8>,
    },
}

impl Body {
    /// Parses the body of a frame of this subtype that is not encrypted.
    ///
    /// # Errors
    /// If it ends before its last fixed field; places are counted from the start of the body.
    pub fn parse(subtype: Subtype, octets: &[u8]) -> Result<Self, ParseError> {
        Ok(match subtype {
            Subtype::AssociationRequest => Self::AssociationRequest(AssociationRequest::parse(octets)?),
            Subtype::AssociationResponse => Self::AssociationResponse(AssociationResponse::parse(octets)?),
            Subtype::ReassociationRequest => Self::ReassociationRequest(ReassociationRequest::parse(octets)?),
            Subtype::ReassociationResponse => {
                Self::ReassociationResponse(AssociationResponse::parse(octets)?)
            }
            Subtype::ProbeRequest => Self::ProbeRequest(ProbeRequest::parse(octets)?),
            Subtype::ProbeResponse => Self::ProbeResponse(Beacon::parse(octets)?),
            Subtype::Beacon => Self::Beacon(Beacon::parse(octets)?),
            Subtype::Disassociation => Self::Disassociation(Departure::parse(octets)?),
            Subtype::Authentication => Self::Authentication(Authentication::parse(octets)?),
            Subtype::Deauthentication => Self::Deauthentication(Departure::parse(octets)?),
            Subtype::Action => Self::Action(Action::parse(octets)?),
            Subtype::ActionNoAck => Self::ActionNoAck(Action::parse(octets)?),
            subtype => Self::Other { subtype, octets: octets.to_vec() },
        })
    }

    /// Appends the body.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::AssociationRequest(body) => body.write(out),
            Self::AssociationResponse(body) | Self::ReassociationResponse(body) => body.write(out),
            Self::ReassociationRequest(body) => body.write(out),
            Self::ProbeRequest(body) => body.write(out),
            Self::ProbeResponse(body) | Self::Beacon(body) => body.write(out),
            Self::Disassociation(body) | Self::Deauthentication(body) => body.write(out),
            Self::Authentication(body) => body.write(out),
            Self::Action(body) | Self::ActionNoAck(body) => body.write(out),
            Self::Other { octets, .. } | Self::Protected { octets, .. } => out.extend_from_slice(octets),
        }
    }

    /// The subtype.
    #[must_use]
    pub const fn subtype(&self) -> Subtype {
        match self {
            Self::AssociationRequest(_) => Subtype::AssociationRequest,
            Self::AssociationResponse(_) => Subtype::AssociationResponse,
            Self::ReassociationRequest(_) => Subtype::ReassociationRequest,
            Self::ReassociationResponse(_) => Subtype::ReassociationResponse,
            Self::ProbeRequest(_) => Subtype::ProbeRequest,
            Self::ProbeResponse(_) => Subtype::ProbeResponse,
            Self::Beacon(_) => Subtype::Beacon,
            Self::Disassociation(_) => Subtype::Disassociation,
            Self::Authentication(_) => Subtype::Authentication,
            Self::Deauthentication(_) => Subtype::Deauthentication,
            Self::Action(_) => Subtype::Action,
            Self::ActionNoAck(_) => Subtype::ActionNoAck,
            Self::Other { subtype, .. } | Self::Protected { subtype, .. } => *subtype,
        }
    }
}

#[cfg(test)]
mod tests;
