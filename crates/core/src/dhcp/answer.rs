//! What the server says.

use super::{Action, Server, mask};
use alloc::{collections::BTreeMap, vec::Vec};
use core::net::Ipv4Addr;
use lapwing_frames::internet::{
    dhcp::{CLIENT_PORT, Kind, Message, SERVER_PORT, option},
    udp::Datagram,
};

impl Server {
    /// The answer to a message; `address` is what it gives.
    pub(super) fn answer(&self, message: &Message, kind: Kind, address: Option<Ipv4Addr>) -> Action {
        let is_refusal = kind == Kind::Nak;
        let reply = Message {
            reply: true,
            transaction: message.transaction,
            seconds: 0,
            broadcast: message.broadcast,
            client: if is_refusal { Ipv4Addr::UNSPECIFIED } else { message.client },
            yours: address.unwrap_or(Ipv4Addr::UNSPECIFIED),
            relay: Ipv4Addr::UNSPECIFIED,
            hardware: message.hardware,
            options: self.options(message, kind, address.is_some()),
        };
        // RFC 2131 4.1: to the address in use, else to the future one, unless the client cannot hear that yet. A
        // refusal is for a client whose address is wrong.
        let destination = match address {
            _ if is_refusal => Ipv4Addr::BROADCAST,
            _ if !message.client.is_unspecified() => message.client,
            Some(address) if !message.broadcast => address,
            _ => Ipv4Addr::BROADCAST,
        };
        let octets = Datagram {
            source: self.settings.address,
            destination,
            source_port: SERVER_PORT,
            destination_port: CLIENT_PORT,
            payload: &reply.build(),
        }
        .build();
        // Always to its own link address: a group frame is sent slowly, unacknowledged, and when the others sleep.
        Action::Send { to: message.hardware, octets }
    }

    fn options(&self, message: &Message, kind: Kind, gives: bool) -> BTreeMap<u8, Vec<u8>> {
        let settings = &self.settings;
        let mut options = BTreeMap::from([
            (option::KIND, Vec::from([kind.0])),
            (option::SERVER, settings.address.octets().to_vec()),
        ]);
        // RFC 6842: a client tells by it which of its answers this is.
        if let Some(identifier) = message.options.get(&option::CLIENT) {
            options.insert(option::CLIENT, identifier.clone());
        }
        if kind == Kind::Nak {
            return options;
        }
        options.insert(option::MASK, mask(settings.prefix).to_be_bytes().to_vec());
        if let Some(router) = settings.router {
            options.insert(option::ROUTER, router.octets().to_vec());
        }
        if !self.name_servers.is_empty() {
            let servers = self.name_servers.iter().flat_map(|server| server.octets()).collect();
            options.insert(option::DNS, servers);
        }
        if gives {
            let seconds = u32::try_from(settings.lease.as_secs()).unwrap_or(u32::MAX);
            // RFC 2131 4.4.5.
            let (renewal, rebinding) = (seconds / 2, seconds - seconds / 8);
            for (number, time) in
                [(option::LEASE, seconds), (option::RENEWAL, renewal), (option::REBINDING, rebinding)]
            {
                options.insert(number, time.to_be_bytes().to_vec());
            }
        }
        if kind == Kind::Ack && message.kind() == Some(Kind::Discover) {
            options.insert(option::RAPID_COMMIT, Vec::new());
        }
        options
    }
}
