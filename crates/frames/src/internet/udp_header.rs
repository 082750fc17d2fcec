//! What UDP is the same over IPv4 and over IPv6: its header, and the checksum that covers the addresses too (RFC 768).

use crate::reader::{ParseError, Problem, Reader};
use alloc::vec::Vec;

/// The number of UDP in the header below it.
pub(super) const UDP: u8 = 17;
const HEADER: usize = 8;

/// Ports and payload: what is in a packet of IPv4 or IPv6.
pub(super) struct Ported<'a> {
    pub(super) source_port: u16,
    pub(super) destination_port: u16,
    pub(super) payload: &'a [u8],
}

impl<'a> Ported<'a> {
    /// Reads what is behind the header of IP. `pseudo` makes the pseudo header of a length. `optional` is whether a checksum of
    /// zero says that the sender made none, as it does over IPv4; over IPv6 there is always one (RFC 8200 8.1).
    ///
    /// # Errors
    /// If it is no whole datagram, or its checksum is wrong.
    pub(super) fn parse(
        body: &'a [u8],
        pseudo: impl FnOnce(usize) -> Vec<u8>,
        optional: bool,
    ) -> Result<Self, ParseError> {
        let mut udp = Reader::new("UDP header", body);
        let source_port = udp.u16_be()?;
        let destination_port = udp.u16_be()?;
        let length = usize::from(udp.u16_be()?);
        let check = udp.u16_be()?;
        let datagram = Reader::new("UDP datagram", body).take(length)?;
        let payload = datagram.get(HEADER..).ok_or(ParseError {
            what: "UDP header",
            at: 4,
            problem: Problem::Invalid("the length is shorter than the header"),
        })?;
        let is_right = match check {
            0 => optional,
            _ => checksum(&[&pseudo(length), datagram]) == 0,
        };
        if !is_right {
            return Err(udp.invalid("the checksum is wrong"));
        }
        Ok(Self { source_port, destination_port, payload })
    }

    /// The octets of header and payload together.
    pub(super) fn length(&self) -> usize {
        HEADER.saturating_add(self.payload.len())
    }

    /// The datagram, from its header on, below this pseudo header.
    pub(super) fn build(&self, pseudo: &[u8]) -> Vec<u8> {
        let ports = [self.source_port, self.destination_port].map(u16::to_be_bytes).concat();
        let length = sixteen(self.length());
        // A sum of zero is sent as all ones, since zero means that there is none.
        let sum = match checksum(&[pseudo, &ports, &length, &[0, 0], self.payload]) {
            0 => u16::MAX,
            sum => sum,
        };
        [&ports[..], &length, &sum.to_be_bytes(), self.payload].concat()
    }
}

/// A length of a header of IP or UDP.
pub(super) fn sixteen(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}

/// The Internet checksum (RFC 1071) over parts, of which all but the last have an even length.
pub(super) fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2)).map(|pair| match *pair {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(u16::from_be_bytes([high, 0])),
        _ => 0,
    });
    // A packet has at most 32,768 words, so the sum fits.
    let sum: u32 = words.fold(0, u32::wrapping_add);
    let folded = (sum & 0xffff).wrapping_add(sum >> 16);
    let folded = (folded & 0xffff).wrapping_add(folded >> 16);
    !u16::try_from(folded).unwrap_or(u16::MAX)
}
