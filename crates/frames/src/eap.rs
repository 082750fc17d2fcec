//! EAP packets (RFC 3748 4): the envelope of whatever is agreed upon before there are keys.
//!
//! Numbers are big endian.

use crate::reader::{ParseError, Reader};
use alloc::vec::Vec;

open_enum! {
    /// What an EAP packet is (RFC 3748 4).
    pub enum Code: u8 {
        /// The authenticator asks.
        Request = 1,
        /// The peer answers.
        Response = 2,
        /// The end, a good one.
        Success = 3,
        /// The end, a bad one.
        Failure = 4,
    }
}

open_enum! {
    /// The type of a request or response (RFC 3748 5).
    pub enum Method: u8 {
        /// Who the peer is.
        Identity = 1,
        /// A text for a person.
        Notification = 2,
        /// A response only: another type is wished for.
        Nak = 3,
        /// A type of a vendor, with more octets that say which.
        Expanded = 254,
    }
}

/// An EAP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Packet<'a> {
    /// What it is.
    pub code: Code,
    /// What matches a response with its request.
    pub identifier: u8,
    /// What follows: of a request or response the type and its data, nothing of a success or failure.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a packet. Octets behind its length are the padding of the frame below.
    ///
    /// # Errors
    /// If there are fewer octets than its length says, or that is shorter than the header.
    pub fn parse(octets: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("EAP packet", octets);
        let (code, identifier) = (Code(reader.u8()?), reader.u8()?);
        let at = reader.clone();
        let rest = usize::from(reader.u16_be()?)
            .checked_sub(HEADER)
            .ok_or_else(|| at.invalid("the length does not cover the header"))?;
        Ok(Self { code, identifier, payload: reader.take(rest)? })
    }

    /// The type and its data, of a request or response that has one.
    #[must_use]
    pub fn method(&self) -> Option<(Method, &'a [u8])> {
        let asked = matches!(self.code, Code::Request | Code::Response);
        let (&method, data) = self.payload.split_first().filter(|_| asked)?;
        Some((Method(method), data))
    }

    /// The packet as octets. A payload beyond what 16 bits can count is cut off.
    #[must_use]
    pub fn to_octets(&self) -> Vec<u8> {
        let room = usize::from(u16::MAX).saturating_sub(HEADER);
        let payload = self.payload.get(..room).unwrap_or(self.payload);
        let length = u16::try_from(payload.len().saturating_add(HEADER)).unwrap_or(u16::MAX);
        let mut out = Vec::with_capacity(usize::from(length));
        out.extend([self.code.0, self.identifier]);
        out.extend(length.to_be_bytes());
        out.extend(payload);
        out
    }
}

/// Code, identifier and length.
const HEADER: usize = 4;

/// The data of an expanded type (RFC 3748 5.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Expanded<'a> {
    /// The vendor, by its SMI number; for the Wi-Fi Alliance that is 00-37-2A.
    pub vendor: [u8; 3],
    /// What the vendor calls the type.
    pub kind: u32,
    /// The data.
    pub data: &'a [u8],
}

impl<'a> Expanded<'a> {
    /// Reads what follows type 254.
    ///
    /// # Errors
    /// If it is cut short.
    pub fn parse(octets: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("expanded EAP type", octets);
        Ok(Self { vendor: reader.array()?, kind: u32::from_be_bytes(reader.array()?), data: reader.rest() })
    }

    /// The payload of a packet: type 254 and what follows.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.data.len().saturating_add(8));
        out.push(Method::Expanded.0);
        out.extend(self.vendor);
        out.extend(self.kind.to_be_bytes());
        out.extend(self.data);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    const START: [u8; 14] = [1, 9, 0, 14, 0xfe, 0, 0x37, 0x2a, 0, 0, 0, 1, 1, 0];

    #[test]
    fn a_request_of_a_vendor_both_ways() {
        let packet = Packet::parse(&START).unwrap();
        let (method, data) = packet.method().unwrap();
        assert_eq!((packet.code, packet.identifier, method), (Code::Request, 9, Method::Expanded));
        let expanded = Expanded::parse(data).unwrap();
        assert_eq!((expanded.vendor, expanded.kind, expanded.data), ([0, 0x37, 0x2a], 1, &[1, 0][..]));
        assert_eq!(expanded.to_payload(), packet.payload);
        assert_eq!(packet.to_octets(), START);
    }

    #[test]
    fn padding_is_cut_off_and_every_shorter_packet_refused() {
        let padded = [&START[..], &[0; 9]].concat();
        assert_eq!(Packet::parse(&padded), Packet::parse(&START));
        for length in 0..START.len() {
            assert!(Packet::parse(&START[..length]).is_err(), "{length}");
        }
        for length in 0..4 {
            assert!(Packet::parse(&[3, 1, 0, length]).is_err(), "a length of {length}");
        }
        for length in 0..7 {
            assert!(Expanded::parse(&vec![0; length]).is_err());
        }
    }

    #[test]
    fn success_and_failure_have_no_type() {
        let packet = Packet::parse(&[3, 7, 0, 5, 1]).unwrap();
        assert_eq!(packet.method(), None);
        assert_eq!(Packet::parse(&[1, 7, 0, 4]).unwrap().method(), None);
    }
}
