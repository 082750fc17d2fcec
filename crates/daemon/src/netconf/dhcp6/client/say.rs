//! Messages of the client.

use super::{Action, Lease, Turn};
use crate::netconf::dhcp6::retransmission::{Exchange, Pace};
use lapwing_frames::internet::dhcp6::{
    Address, Association, CLIENT_PORT, Field, Kind, Message, SERVER_PORT, SERVERS, option,
};
use lapwing_frames::internet::udp6::{Datagram, group_address};
use std::net::Ipv6Addr;

/// The number of our addresses.
pub(super) const ASSOCIATION: u32 = 1;
/// A DUID made of a link address, which is Ethernet's (RFC 8415 11.4).
const LINK_ADDRESS: [u8; 4] = [0, 3, 0, 1];

impl Turn<'_> {
    pub(super) fn duid(&self) -> Vec<u8> {
        [&LINK_ADDRESS[..], &self.settings.hardware.0].concat()
    }

    /// Sends the next message of an exchange to all servers of the link. That one may be asked at its own address is
    /// an option of servers (RFC 8415 21.12) which is not asked for.
    pub(super) fn say(
        &mut self,
        exchange: &mut Exchange,
        kind: Kind,
        server: Option<&[u8]>,
        more: Vec<Field>,
    ) {
        let (transaction, elapsed) = exchange.send(self.now, self.entropy);
        let Some(source) = self.known.source else { return };
        let mut fields = vec![Field::Client(self.duid()), Field::Elapsed(elapsed)];
        fields.extend(server.map(|server| Field::Server(server.to_vec())));
        fields.extend(more);
        let message = Message { kind, transaction, fields }.build();
        let octets = Datagram {
            source,
            destination: SERVERS,
            source_port: CLIENT_PORT,
            destination_port: SERVER_PORT,
            payload: &message,
        }
        .build();
        self.out.push(Action::Send { to: group_address(SERVERS), octets });
    }

    /// Gives addresses back.
    pub(super) fn say_released(&mut self, lease: &Lease) {
        let mut exchange = Exchange::new(self.now, Pace::new(1, 1));
        let given = lease.addresses.keys().copied();
        self.say(&mut exchange, Kind::Release, Some(&lease.server), vec![association(given)]);
    }
}

/// The options that are asked for with addresses.
pub(super) fn wanted() -> Field {
    Field::Requested(vec![option::NAME_SERVERS, option::SEARCH, option::LONGEST_SOLICIT])
}

/// The options that are asked for without.
pub(super) fn wanted_alone() -> Field {
    Field::Requested(vec![
        option::NAME_SERVERS,
        option::SEARCH,
        option::REFRESH_TIME,
        option::LONGEST_INFORMATION_REQUEST,
    ])
}

/// Our addresses in a message of ours, in which times say nothing.
pub(super) fn association(addresses: impl Iterator<Item = Ipv6Addr>) -> Field {
    let addresses =
        addresses.map(|address| Address { address, preferred: 0, valid: 0, status: None }).collect();
    Field::Addresses(Association { id: ASSOCIATION, renew: 0, rebind: 0, addresses, status: None })
}
