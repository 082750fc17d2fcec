//! ARP for address conflict detection (RFC 826, RFC 5227).

use crate::MacAddr;
use crate::reader::{ParseError, Reader};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// An ARP packet for IPv4 over Ethernet addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp {
    /// 1 asks, 2 answers.
    pub operation: u16,
    /// The sender's link address.
    pub sender_hardware: MacAddr,
    /// The sender's address; none (all zeros) in a probe.
    pub sender: Ipv4Addr,
    /// The target's link address, if it is known.
    pub target_hardware: MacAddr,
    /// The address that is asked for.
    pub target: Ipv4Addr,
}

/// Ethernet, IPv4, and the lengths of their addresses.
const KIND: [u8; 6] = [0, 1, 8, 0, 6, 4];
const REQUEST: u16 = 1;
const REPLY: u16 = 2;

impl Arp {
    /// Asks whether somebody has `address`, without claiming it (RFC 5227 2.1.1).
    #[must_use]
    pub const fn probe(hardware: MacAddr, address: Ipv4Addr) -> Self {
        Self {
            operation: REQUEST,
            sender_hardware: hardware,
            sender: Ipv4Addr::UNSPECIFIED,
            target_hardware: MacAddr([0; 6]),
            target: address,
        }
    }

    /// Says that `address` is ours (RFC 5227 2.3).
    #[must_use]
    pub const fn announcement(hardware: MacAddr, address: Ipv4Addr) -> Self {
        Self {
            operation: REQUEST,
            sender_hardware: hardware,
            sender: address,
            target_hardware: MacAddr([0; 6]),
            target: address,
        }
    }

    /// Asks who has `target`, from an address of our own (RFC 826; RFC 4436 2.1.1 with the link address that
    /// `target` had).
    #[must_use]
    pub const fn request(hardware: MacAddr, address: Ipv4Addr, target: Ipv4Addr) -> Self {
        Self { target, ..Self::announcement(hardware, address) }
    }

    /// Whether this packet answers a question of ours, asked from `address`.
    #[must_use]
    pub fn answers(&self, hardware: MacAddr, address: Ipv4Addr) -> bool {
        self.operation == REPLY && self.target_hardware == hardware && self.target == address
    }

    /// Whether this packet means that somebody else has `address`.
    #[must_use]
    pub fn claims(&self, hardware: MacAddr, address: Ipv4Addr) -> bool {
        self.sender_hardware != hardware && self.sender == address
    }

    /// Whether this packet means that somebody else has, or is about to take, `address`.
    #[must_use]
    pub fn conflicts(&self, hardware: MacAddr, address: Ipv4Addr) -> bool {
        let is_probe = self.operation == REQUEST && self.sender.is_unspecified();
        let wants = self.sender_hardware != hardware && is_probe && self.target == address;
        self.claims(hardware, address) || wants
    }

    /// Reads a packet. Octets behind it (Ethernet padding) are ignored.
    ///
    /// # Errors
    /// If it is cut off, or not for IPv4 over Ethernet addresses.
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("ARP packet", octets);
        if reader.array()? != KIND {
            return Err(reader.invalid("IPv4 over Ethernet addresses is expected"));
        }
        Ok(Self {
            operation: reader.u16_be()?,
            sender_hardware: MacAddr::read(&mut reader)?,
            sender: reader.array::<4>()?.into(),
            target_hardware: MacAddr::read(&mut reader)?,
            target: reader.array::<4>()?.into(),
        })
    }

    /// The packet.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        [
            &KIND[..],
            &self.operation.to_be_bytes(),
            &self.sender_hardware.0,
            &self.sender.octets(),
            &self.target_hardware.0,
            &self.target.octets(),
        ]
        .concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WE: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
    const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);
    const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);

    #[test]
    fn known_octets_both_ways() {
        let octets = b"\0\x01\x08\0\x06\x04\0\x01\x02\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\xc0\0\x02\x07";
        let probe = Arp::probe(WE, ADDRESS);
        assert_eq!(probe.build(), octets);
        assert_eq!(Arp::parse(octets), Ok(probe));
        for length in 0..octets.len() {
            assert!(Arp::parse(&octets[..length]).is_err());
        }
        assert!(Arp::parse(&[0; 28]).is_err());
    }

    #[test]
    fn what_is_a_conflict() {
        for (packet, conflicts) in [
            (Arp::announcement(OTHER, ADDRESS), true),
            (Arp { operation: 2, ..Arp::announcement(OTHER, ADDRESS) }, true),
            (Arp::probe(OTHER, ADDRESS), true),
            // Our own packets come back when an AP reflects them.
            (Arp::probe(WE, ADDRESS), false),
            (Arp::announcement(WE, ADDRESS), false),
            // Somebody with an address of its own asks for ours.
            (Arp { sender: Ipv4Addr::new(192, 0, 2, 1), ..Arp::probe(OTHER, ADDRESS) }, false),
            (Arp::announcement(OTHER, Ipv4Addr::new(192, 0, 2, 8)), false),
        ] {
            assert_eq!(packet.conflicts(WE, ADDRESS), conflicts, "{packet:?}");
        }
    }
}
