//! The addresses that the router gives (RFC 2131, section 4.3).

use super::{ADDRESS, Lease, MAX_LEASES, PREFIX, Router, header};
use lapwing_core::Instant;
use lapwing_frames::MacAddr;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{DhcpMessageType, DhcpPacket, DhcpRepr, IpProtocol, Ipv4Packet, UdpPacket, UdpRepr};
use std::net::Ipv4Addr;

const SERVER_PORT: u16 = 67;
const CLIENT_PORT: u16 = 68;
/// The first address that is given, in the last octet.
const FIRST: u8 = 100;

impl Router {
    /// Takes an IP packet that may be a client's DHCP message; the answer and whose link address it is for.
    pub(super) fn dhcp(&mut self, now: Instant, ip: &Ipv4Packet<&[u8]>) -> Option<(MacAddr, Vec<u8>)> {
        let udp = UdpPacket::new_checked(ip.payload()).ok()?;
        if udp.dst_port() != SERVER_PORT {
            return None;
        }
        let packet = DhcpPacket::new_checked(udp.payload()).ok()?;
        let message = DhcpRepr::parse(&packet).ok()?;
        let client = MacAddr(message.client_hardware_address.0);
        if message.server_identifier.is_some_and(|server| server != ADDRESS) {
            // The client took another server's offer.
            self.leases.remove(&client);
            return None;
        }
        let (kind, address) = match message.message_type {
            DhcpMessageType::Discover => (DhcpMessageType::Offer, self.offer(client)?),
            DhcpMessageType::Request => {
                let asked = message.requested_ip.unwrap_or(message.client_ip);
                match self.offer(client).filter(|address| *address == asked) {
                    Some(address) => {
                        self.leases.insert(client, Lease { address, until: now + Self::LEASE });
                        (DhcpMessageType::Ack, address)
                    }
                    None => (DhcpMessageType::Nak, Ipv4Addr::UNSPECIFIED),
                }
            }
            DhcpMessageType::Decline => {
                self.leases.remove(&client);
                let in_use = message.requested_ip.filter(|_| self.declined.len() < MAX_LEASES);
                self.declined.extend(in_use);
                return None;
            }
            DhcpMessageType::Release => {
                self.leases.remove(&client);
                return None;
            }
            _ => return None,
        };
        // What ran out may be given to another.
        self.leases.retain(|_, lease| lease.until > now);
        Some((client, answer(&message, kind, address)))
    }

    /// The address for a client: the one that it has, or the lowest that is free.
    fn offer(&self, client: MacAddr) -> Option<Ipv4Addr> {
        let [a, b, c, _] = ADDRESS.octets();
        let free = |address: &Ipv4Addr| {
            !self.declined.contains(address) && self.leases.values().all(|lease| lease.address != *address)
        };
        let mut addresses = (FIRST..).take(MAX_LEASES).map(|last| Ipv4Addr::new(a, b, c, last));
        self.address_of(client).or_else(|| addresses.find(free))
    }
}

/// An answer as an IP packet.
fn answer(message: &DhcpRepr<'_>, kind: DhcpMessageType, address: Ipv4Addr) -> Vec<u8> {
    let gives = kind != DhcpMessageType::Nak;
    let seconds = u32::try_from(Router::LEASE.as_secs()).unwrap_or(u32::MAX);
    let mask = Ipv4Addr::from_bits(u32::MAX << (32 - u32::from(PREFIX)));
    let reply = DhcpRepr {
        message_type: kind,
        transaction_id: message.transaction_id,
        secs: 0,
        client_hardware_address: message.client_hardware_address,
        client_ip: Ipv4Addr::UNSPECIFIED,
        your_ip: address,
        server_ip: ADDRESS,
        router: gives.then_some(ADDRESS),
        subnet_mask: gives.then_some(mask),
        relay_agent_ip: Ipv4Addr::UNSPECIFIED,
        broadcast: message.broadcast,
        requested_ip: None,
        client_identifier: None,
        server_identifier: Some(ADDRESS),
        parameter_request_list: None,
        dns_servers: gives.then(|| core::iter::once(ADDRESS).collect()),
        max_size: None,
        lease_duration: gives.then_some(seconds),
        renew_duration: None,
        rebind_duration: None,
        additional_options: &[],
    };
    let checksums = ChecksumCapabilities::default();
    let ports = UdpRepr { src_port: SERVER_PORT, dst_port: CLIENT_PORT };
    let to = if message.client_ip.is_unspecified() { Ipv4Addr::BROADCAST } else { message.client_ip };
    let header = header(to, IpProtocol::Udp, ports.header_len() + reply.buffer_len());
    let mut octets = vec![0; header.buffer_len() + header.payload_len];
    let mut packet = Ipv4Packet::new_unchecked(&mut octets[..]);
    header.emit(&mut packet, &checksums);
    let mut written = Ok(());
    ports.emit(
        &mut UdpPacket::new_unchecked(packet.payload_mut()),
        &ADDRESS.into(),
        &to.into(),
        reply.buffer_len(),
        |payload| written = reply.emit(&mut DhcpPacket::new_unchecked(payload)),
        &checksums,
    );
    debug_assert!(written.is_ok(), "the buffer has the length that the message asked for");
    octets
}
