//! IPv4 and UDP headers around a DHCP message (RFC 791, RFC 768).

use super::udp_header::{Ported, UDP, checksum, sixteen};
use crate::reader::{ParseError, Reader};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// A UDP datagram in IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Who sent it.
    pub source: Ipv4Addr,
    /// To whom.
    pub destination: Ipv4Addr,
    /// From which port.
    pub source_port: u16,
    /// To which port.
    pub destination_port: u16,
    /// What it carries.
    pub payload: &'a [u8],
}

const IP_HEADER: usize = 20;

impl<'a> Datagram<'a> {
    /// Reads a packet, from the IPv4 header on. Octets behind the packet (Ethernet padding) are ignored.
    ///
    /// # Errors
    /// If it is no whole UDP datagram, or a checksum is wrong.
    pub fn parse(octets: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("IPv4 packet", octets);
        let version = reader.u8()?;
        let header_length = usize::from(version & 15).saturating_mul(4);
        if version >> 4 != 4 || header_length < IP_HEADER {
            return Err(reader.invalid("version 4 and a header of 20 octets or more are expected"));
        }
        let _service = reader.u8()?;
        let total = usize::from(reader.u16_be()?);
        if total < header_length {
            return Err(reader.invalid("the total length is shorter than the header"));
        }
        let mut packet = Reader::new("IPv4 packet", octets);
        let header = packet.take(header_length)?;
        let body = packet.take(total.saturating_sub(header_length))?;
        if checksum(&[header]) != 0 {
            return Err(reader.invalid("the header's checksum is wrong"));
        }
        let _identification = reader.u16_be()?;
        if reader.u16_be()? & 0x3fff != 0 {
            return Err(reader.invalid("a fragment is no whole datagram"));
        }
        let _ttl = reader.u8()?;
        if reader.u8()? != UDP {
            return Err(reader.invalid("UDP is expected"));
        }
        let _checksum = reader.u16_be()?;
        let source = Ipv4Addr::from(reader.array::<4>()?);
        let destination = Ipv4Addr::from(reader.array::<4>()?);

        let Ported { source_port, destination_port, payload } =
            Ported::parse(body, |length| pseudo_header(source, destination, length), true)?;
        Ok(Self { source, destination, source_port, destination_port, payload })
    }

    /// The packet, from the IPv4 header on.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let udp = Ported {
            source_port: self.source_port,
            destination_port: self.destination_port,
            payload: self.payload,
        };
        let total = sixteen(IP_HEADER.saturating_add(udp.length()));
        // No identification is needed without fragmentation, which is forbidden; the time to live is 64.
        let start = [&[0x45, 0][..], &total, &[0, 0, 0x40, 0, 64, UDP]].concat();
        let addresses = [self.source.octets(), self.destination.octets()].concat();
        let sum = checksum(&[&start, &addresses]).to_be_bytes();
        let datagram = udp.build(&pseudo_header(self.source, self.destination, udp.length()));
        [&start[..], &sum, &addresses, &datagram].concat()
    }
}

fn pseudo_header(source: Ipv4Addr, destination: Ipv4Addr, length: usize) -> Vec<u8> {
    [&source.octets()[..], &destination.octets(), &[0, UDP], &sixteen(length)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use smoltcp::wire::{Ipv4Packet, UdpPacket};

    const DATAGRAM: Datagram<'_> = Datagram {
        source: Ipv4Addr::UNSPECIFIED,
        destination: Ipv4Addr::BROADCAST,
        source_port: 68,
        destination_port: 67,
        payload: b"hello",
    };

    #[test]
    fn another_implementation_agrees() {
        let octets = DATAGRAM.build();
        let ip = Ipv4Packet::new_checked(&octets[..]).unwrap();
        assert!(ip.verify_checksum());
        let udp = UdpPacket::new_checked(ip.payload()).unwrap();
        assert!(udp.verify_checksum(&ip.src_addr().into(), &ip.dst_addr().into()));
        assert_eq!((udp.src_port(), udp.dst_port(), udp.payload()), (68, 67, &b"hello"[..]));
    }

    #[test]
    fn both_ways_with_padding_and_without_a_checksum() {
        let mut octets = DATAGRAM.build();
        assert_eq!(Datagram::parse(&octets), Ok(DATAGRAM));
        octets.extend([0; 13]);
        assert_eq!(Datagram::parse(&octets), Ok(DATAGRAM));
        octets[26..28].copy_from_slice(&[0, 0]);
        assert_eq!(Datagram::parse(&octets), Ok(DATAGRAM));
    }

    #[test]
    fn damage_is_found() {
        let octets = DATAGRAM.build();
        for length in 0..octets.len() {
            assert!(Datagram::parse(&octets[..length]).is_err(), "{length}");
        }
        for at in 0..octets.len() {
            let mut damaged = octets.clone();
            damaged[at] ^= 0x55;
            assert!(Datagram::parse(&damaged).is_err(), "{at}");
        }
    }
}
