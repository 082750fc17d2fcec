//! DHCP for IPv4 and IPv6, and ARP.

use super::{Linux, Source, watch};
use crate::kernel::{Heard, PacketKind};
use lapwing_frames::MacAddr;
use lapwing_frames::internet::arp::Arp;
use lapwing_frames::internet::udp::Datagram;
use lapwing_linux::packet::{PacketSocket, ServerPort, send_datagram};
use std::collections::btree_map::Entry;
use std::io;
use std::net::SocketAddrV4;

/// What is listened for, in the order of the sockets.
const KINDS: [PacketKind; 3] = [PacketKind::Dhcp, PacketKind::Arp, PacketKind::Dhcp6];

/// One socket for each of them.
pub(super) type Sockets = [PacketSocket; KINDS.len()];

/// Where the messages of DHCP clients are heard.
#[derive(Debug)]
pub(super) struct Clients {
    socket: PacketSocket,
    /// None while nobody is served.
    port: Option<ServerPort>,
}

impl Linux {
    pub(super) fn listen(&mut self, ifindex: u32, on: bool) {
        // Once open they stay, for the next connection: to close one, the kernel waits until no processor can
        // be reading from it, and for tens of milliseconds nothing else would be done here.
        if !on || self.packets.contains_key(&ifindex) {
            return;
        }
        let open = || -> io::Result<Sockets> {
            let [dhcp, arp, dhcp6] = KINDS.map(|kind| PacketSocket::open(ifindex, kind));
            let sockets = [dhcp?, arp?, dhcp6?];
            for socket in &sockets {
                watch(&self.epoll, socket, Source::Packets)?;
            }
            Ok(sockets)
        };
        match open() {
            Ok(sockets) => {
                self.packets.insert(ifindex, sockets);
            }
            Err(error) => {
                self.trouble(format!("cannot listen for DHCP on {}: {error}", self.name(ifindex)));
            }
        }
    }

    pub(super) fn listen_for_clients(&mut self, ifindex: u32, on: bool) {
        if !on {
            // The port is another server's again; the other socket stays, as those of `listen` do.
            if let Some(clients) = self.clients.get_mut(&ifindex) {
                clients.port = None;
            }
            return;
        }
        let name = self.name(ifindex);
        if let Entry::Vacant(place) = self.clients.entry(ifindex) {
            let socket = PacketSocket::open(ifindex, PacketKind::DhcpServer)
                .and_then(|socket| watch(&self.epoll, &socket, Source::Packets).map(|()| socket));
            match socket {
                Ok(socket) => {
                    place.insert(Clients { socket, port: None });
                }
                Err(error) => self.trouble(format!("cannot listen for DHCP clients on {name}: {error}")),
            }
        }
        let Some(clients) = self.clients.get_mut(&ifindex) else { return };
        match ServerPort::open(&name) {
            Ok(port) => clients.port = Some(port),
            Err(error) => self.trouble(format!(
                "cannot take the port of DHCP servers on {name} ({error}): is another DHCP server running?"
            )),
        }
    }

    pub(super) fn send(&mut self, ifindex: u32, kind: PacketKind, to: MacAddr, octets: &[u8]) {
        if kind == PacketKind::Dhcp && by_routes(&self.name(ifindex), octets) {
            return;
        }
        let socket = match (kind, self.packets.get(&ifindex)) {
            (PacketKind::Dhcp, Some([dhcp, _, _])) => dhcp,
            (PacketKind::Arp, Some([_, arp, _])) => arp,
            (PacketKind::Dhcp6, Some([_, _, dhcp6])) => dhcp6,
            (PacketKind::Dhcp | PacketKind::Arp | PacketKind::Dhcp6, None) => return,
            (PacketKind::DhcpServer, _) => match self.clients.get(&ifindex) {
                Some(clients) => &clients.socket,
                None => return,
            },
        };
        if let Err(error) = socket.send(to, octets) {
            self.trouble(format!("cannot send on {}: {error}", self.name(ifindex)));
        }
    }

    pub(super) fn heard_packets(&mut self) {
        for (&ifindex, sockets) in &mut self.packets {
            for (socket, kind) in sockets.iter_mut().zip(KINDS) {
                // An error (the interface went down) is heard as an event of the interface too.
                while let Ok(Some(packet)) = socket.receive() {
                    if kind == PacketKind::Arp
                        && is_own(self.links.values().filter_map(|link| link.address), &packet.octets)
                    {
                        continue;
                    }
                    let heard = Heard::Packet { ifindex, kind, source: packet.source, octets: packet.octets };
                    self.heard.push_back(heard);
                }
            }
        }
        for (&ifindex, clients) in &mut self.clients {
            let kind = PacketKind::DhcpServer;
            while let Ok(Some(packet)) = clients.socket.receive() {
                let heard = Heard::Packet { ifindex, kind, source: packet.source, octets: packet.octets };
                self.heard.push_back(heard);
            }
        }
        self.heard_key_frames();
        self.heard_clients_key_frames();
        self.heard_members_key_frames();
    }
}

/// Sends a message of DHCP to its server as any other packet to it is sent: with an address, a client is a host like others,
/// and the server's link address may be another by now. Returns whether that could be done; a message from no address, or
/// to all, could not.
fn by_routes(interface: &str, octets: &[u8]) -> bool {
    let Ok(datagram) = Datagram::parse(octets) else { return false };
    let source = SocketAddrV4::new(datagram.source, datagram.source_port);
    let destination = SocketAddrV4::new(datagram.destination, datagram.destination_port);
    !source.ip().is_unspecified()
        && !destination.ip().is_broadcast()
        && send_datagram(interface, source, destination, datagram.payload).is_ok()
}

/// Whether an ARP packet is this machine's own word. On each interface Linux answers for the addresses of all of them, so that
/// a cable to the same network would seem to claim whatever address Wi-Fi has just been given.
fn is_own(mut addresses: impl Iterator<Item = MacAddr>, octets: &[u8]) -> bool {
    Arp::parse(octets).is_ok_and(|packet| addresses.any(|own| own == packet.sender_hardware))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn the_answer_of_another_interface_of_this_machine_is_no_claim() {
        let [cable, stranger] = [7, 8].map(|last| MacAddr([2, 0, 0, 0, 0, last]));
        let says = |who| Arp::announcement(who, Ipv4Addr::new(192, 0, 2, 7)).build();
        let is_own = |octets: &[u8]| is_own([cable].into_iter(), octets);
        assert!(is_own(&says(cable)));
        assert!(!is_own(&says(stranger)) && !is_own(&[0; 8]));
    }
}
