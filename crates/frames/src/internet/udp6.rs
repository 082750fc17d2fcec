//! IPv6 and UDP headers around a DHCPv6 message (RFC 8200 3 and 8.1, RFC 768).

use super::udp_header::{Ported, UDP, sixteen};
use crate::MacAddr;
use crate::reader::{ParseError, Reader};
use alloc::vec::Vec;
use core::net::Ipv6Addr;

/// A UDP datagram in IPv6, without extension headers between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Who sent it.
    pub source: Ipv6Addr,
    /// To whom.
    pub destination: Ipv6Addr,
    /// From which port.
    pub source_port: u16,
    /// To which port.
    pub destination_port: u16,
    /// What it carries.
    pub payload: &'a [u8],
}

impl<'a> Datagram<'a> {
    /// Reads a packet, from the IPv6 header on. Octets behind the packet (Ethernet padding) are ignored.
    ///
    /// # Errors
    /// If it is no whole UDP datagram, or its checksum is wrong or missing.
    pub fn parse(octets: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("IPv6 packet", octets);
        let [version, _, _, _] = reader.array()?;
        if version >> 4 != 6 {
            return Err(reader.invalid("version 6 is expected"));
        }
        let length = reader.u16_be()?;
        if reader.u8()? != UDP {
            return Err(reader.invalid("UDP is expected"));
        }
        let _hops = reader.u8()?;
        let source = Ipv6Addr::from(reader.array::<16>()?);
        let destination = Ipv6Addr::from(reader.array::<16>()?);
        let body = reader.take(length.into())?;

        let Ported { source_port, destination_port, payload } =
            Ported::parse(body, |length| pseudo_header(source, destination, length), false)?;
        Ok(Self { source, destination, source_port, destination_port, payload })
    }

    /// The packet, from the IPv6 header on.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let udp = Ported {
            source_port: self.source_port,
            destination_port: self.destination_port,
            payload: self.payload,
        };
        let datagram = udp.build(&pseudo_header(self.source, self.destination, udp.length()));
        [
            &[0x60, 0, 0, 0][..],
            &sixteen(udp.length()),
            // One hop: it stays on the link, or goes to the relay there.
            &[UDP, 1],
            &self.source.octets(),
            &self.destination.octets(),
            &datagram,
        ]
        .concat()
    }
}

/// The link address of a multicast group (RFC 2464 7).
#[must_use]
pub const fn group_address(group: Ipv6Addr) -> MacAddr {
    let [.., a, b, c, d] = group.octets();
    MacAddr([0x33, 0x33, a, b, c, d])
}

fn pseudo_header(source: Ipv6Addr, destination: Ipv6Addr, length: usize) -> Vec<u8> {
    let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    [&source.octets()[..], &destination.octets(), &length, &[0, 0, 0, UDP]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use smoltcp::wire::{Ipv6Packet, UdpPacket};

    const DATAGRAM: Datagram<'_> = Datagram {
        source: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1),
        destination: super::super::dhcp6::SERVERS,
        source_port: 546,
        destination_port: 547,
        payload: b"hello",
    };

    #[test]
    fn another_implementation_agrees() {
        let octets = DATAGRAM.build();
        let ip = Ipv6Packet::new_checked(&octets[..]).unwrap();
        assert_eq!(
            (ip.src_addr(), ip.dst_addr(), ip.hop_limit()),
            (DATAGRAM.source, DATAGRAM.destination, 1)
        );
        let udp = UdpPacket::new_checked(ip.payload()).unwrap();
        assert!(udp.verify_checksum(&ip.src_addr().into(), &ip.dst_addr().into()));
        assert_eq!((udp.src_port(), udp.dst_port(), udp.payload()), (546, 547, &b"hello"[..]));
    }

    #[test]
    fn both_ways_with_padding() {
        let mut octets = DATAGRAM.build();
        assert_eq!(Datagram::parse(&octets), Ok(DATAGRAM));
        octets.extend([0; 13]);
        assert_eq!(Datagram::parse(&octets), Ok(DATAGRAM));
    }

    #[test]
    fn damage_is_found() {
        let octets = DATAGRAM.build();
        for length in 0..octets.len() {
            assert!(Datagram::parse(&octets[..length]).is_err(), "{length}");
        }
        // The class, the flow and the hops are covered by no checksum; the sum is that of the header alone.
        let covered = [0].into_iter().chain(4..7).chain(8..octets.len());
        for at in covered {
            let mut damaged = octets.clone();
            damaged[at] ^= 0x55;
            assert!(Datagram::parse(&damaged).is_err(), "{at}");
        }
    }

    #[test]
    fn the_group_of_all_servers() {
        assert_eq!(group_address(DATAGRAM.destination), MacAddr([0x33, 0x33, 0, 1, 0, 2]));
    }
}
