//! DHCP and ARP.

use super::{Linux, Source, watch};
use crate::kernel::{Heard, PacketKind};
use lapwing_frames::MacAddr;
use lapwing_linux::packet::PacketSocket;
use std::io;

/// What is listened for, in the order of the sockets.
const KINDS: [PacketKind; 2] = [PacketKind::Dhcp, PacketKind::Arp];

impl Linux {
    pub(super) fn listen(&mut self, ifindex: u32, on: bool) {
        // Once open they stay, for the next connection: to close one, the kernel waits until no processor can
        // be reading from it, and for tens of milliseconds nothing else would be done here.
        if !on || self.packets.contains_key(&ifindex) {
            return;
        }
        let open = || -> io::Result<[PacketSocket; 2]> {
            let [dhcp, arp] = KINDS;
            let sockets = [PacketSocket::open(ifindex, dhcp)?, PacketSocket::open(ifindex, arp)?];
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

    pub(super) fn send(&mut self, ifindex: u32, kind: PacketKind, to: MacAddr, octets: &[u8]) {
        let Some([dhcp, arp]) = self.packets.get(&ifindex) else { return };
        let socket = match kind {
            PacketKind::Dhcp => dhcp,
            PacketKind::Arp => arp,
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
                    let heard = Heard::Packet { ifindex, kind, source: packet.source, octets: packet.octets };
                    self.heard.push_back(heard);
                }
            }
        }
        self.heard_key_frames();
    }
}
