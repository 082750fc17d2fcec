//! The network behind the access points: one router that gives addresses (DHCP for IPv4 and IPv6), advertises itself,
//! answers ARP and echoes.

pub mod six;

use lapwing_core::dhcp::{Action, Event, Server, Settings};
use lapwing_core::{Duration, Instant, Shared};
use lapwing_frames::MacAddr;
use six::{Managed, Six};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, Icmpv4Packet, Icmpv4Repr, IpProtocol, Ipv4Packet,
    Ipv4Repr,
};
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

/// The Ethernet type of a probe (802 local experimental 1): whatever is in it comes back.
pub const PROBE: u16 = 0x88b5;
const ARP: u16 = 0x0806;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;

/// The router's link address.
pub const ROUTER: MacAddr = MacAddr([0x02, 0, 0, 0, 0xfe, 1]);
/// The router's address, of the block for documentation (RFC 5737).
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The length of the prefix of the router's network.
pub const PREFIX: u8 = 24;

/// The addresses that are given.
const POOL: RangeInclusive<Ipv4Addr> =
    RangeInclusive::new(Ipv4Addr::new(192, 0, 2, 100), Ipv4Addr::new(192, 0, 2, 199));

/// A packet of the network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Packet {
    /// Who sends it.
    pub source: MacAddr,
    /// Who is to have it, or a group.
    pub destination: MacAddr,
    /// Its Ethernet type.
    pub ethertype: u16,
    /// From the network header on.
    pub payload: Vec<u8>,
}

/// The router.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Router {
    server: Server,
    /// Its IPv6.
    pub six: Six,
}

impl Default for Router {
    fn default() -> Self {
        let settings = Settings { pool: POOL, lease: Self::LEASE, ..Settings::new(ADDRESS, PREFIX) };
        // It resolves names itself, as routers at home do.
        let six = Six::new(Managed::Addresses, false);
        Self { server: Server::new(Shared::new(settings), &[ADDRESS]), six }
    }
}

impl Router {
    /// How long an address is given for.
    pub const LEASE: Duration = Duration::from_secs(3600);

    /// Takes a packet of a client; its answer, if there is one.
    #[must_use]
    pub fn turn(&mut self, now: Instant, packet: &Packet) -> Option<Packet> {
        if packet.destination != ROUTER && !packet.destination.is_group() {
            return None;
        }
        let (destination, payload) = match packet.ethertype {
            PROBE => (packet.source, packet.payload.clone()),
            ARP => (packet.source, arp(&packet.payload)?),
            IPV4 => self.ip(now, packet)?,
            IPV6 => (packet.source, self.six.turn(now, &packet.payload)?),
            _ => return None,
        };
        Some(Packet { source: ROUTER, destination, ethertype: packet.ethertype, payload })
    }

    /// The address that a client has.
    #[must_use]
    pub fn address_of(&self, now: Instant, client: MacAddr) -> Option<Ipv4Addr> {
        self.server.lease(now, client).map(|lease| lease.address)
    }

    fn ip(&mut self, now: Instant, packet: &Packet) -> Option<(MacAddr, Vec<u8>)> {
        let ip = Ipv4Packet::new_checked(&packet.payload[..]).ok()?;
        match ip.next_header() {
            IpProtocol::Udp => {
                let event = Event::Packet { source: packet.source, octets: &packet.payload };
                self.server.turn(now, event).into_iter().find_map(|action| match action {
                    Action::Send { to, octets } => Some((to, octets)),
                    Action::Leased(_) | Action::Released { .. } | Action::Note(_) => None,
                })
            }
            IpProtocol::Icmp if ip.dst_addr() == ADDRESS => Some((packet.source, echo(&ip)?)),
            _ => None,
        }
    }
}

/// The answer to a question for the router's link address.
fn arp(octets: &[u8]) -> Option<Vec<u8>> {
    let packet = ArpPacket::new_checked(octets).ok()?;
    let ArpRepr::EthernetIpv4 {
        operation: ArpOperation::Request,
        source_hardware_addr,
        source_protocol_addr,
        target_protocol_addr: ADDRESS,
        ..
    } = ArpRepr::parse(&packet).ok()?
    else {
        return None;
    };
    let reply = ArpRepr::EthernetIpv4 {
        operation: ArpOperation::Reply,
        source_hardware_addr: EthernetAddress(ROUTER.0),
        source_protocol_addr: ADDRESS,
        target_hardware_addr: source_hardware_addr,
        target_protocol_addr: source_protocol_addr,
    };
    let mut answer = vec![0; reply.buffer_len()];
    reply.emit(&mut ArpPacket::new_unchecked(&mut answer[..]));
    Some(answer)
}

/// The answer to a ping.
fn echo(ip: &Ipv4Packet<&[u8]>) -> Option<Vec<u8>> {
    let checksums = ChecksumCapabilities::default();
    let icmp = Icmpv4Packet::new_checked(ip.payload()).ok()?;
    let Icmpv4Repr::EchoRequest { ident, seq_no, data } = Icmpv4Repr::parse(&icmp, &checksums).ok()? else {
        return None;
    };
    let reply = Icmpv4Repr::EchoReply { ident, seq_no, data };
    let header = header(ip.src_addr(), IpProtocol::Icmp, reply.buffer_len());
    let mut answer = vec![0; header.buffer_len() + reply.buffer_len()];
    let mut packet = Ipv4Packet::new_unchecked(&mut answer[..]);
    header.emit(&mut packet, &checksums);
    reply.emit(&mut Icmpv4Packet::new_unchecked(packet.payload_mut()), &checksums);
    Some(answer)
}

/// The header of a packet of the router's.
fn header(to: Ipv4Addr, next_header: IpProtocol, payload_len: usize) -> Ipv4Repr {
    Ipv4Repr { src_addr: ADDRESS, dst_addr: to, next_header, payload_len, hop_limit: 64 }
}

#[cfg(test)]
mod tests;
