//! Messages of the client, and when they are repeated.

use super::{Action, Turn};
use crate::netconf::dhcp::lease::Lease;
use lapwing_core::entropy::random;
use lapwing_core::{Duration, Instant};
use lapwing_frames::MacAddr;
use lapwing_frames::internet::dhcp::{CLIENT_PORT, Kind, Message, SERVER_PORT, option};
use lapwing_frames::internet::udp::Datagram;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// The first waits for an answer, in milliseconds. RFC 2131 4.1 begins with four seconds, from a time when a
/// server took that long. Here the first message leaves within a millisecond of message 4 of the handshake,
/// and an access point drops it in silence until it has opened its own port: a moment with some, a tenth of a
/// second with others (hostapd on a busy machine: up to 9 ms after message 4, where we send after 0.4). A radio
/// also loses more messages than servers are slow. So the waits begin short and grow about fourfold. A server that is
/// slow, or far away, gets six messages in the first second and answers each the same, since they have one
/// transaction; after that it is asked no more often than by others.
const FIRST_WAITS: [u64; 5] = [2, 8, 40, 150, 600];
/// The wait after those; it doubles with each.
const NEXT_WAIT: Duration = Duration::from_secs(1);
/// The longest wait between repetitions (RFC 2131 4.1).
const LONGEST_WAIT: Duration = Duration::from_secs(64);

/// A message that is repeated until it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exchange {
    pub(super) transaction: u32,
    /// When the first was sent.
    pub(super) began: Instant,
    /// How many were sent.
    pub(super) sent: u32,
    /// When the next one is due.
    pub(super) next: Instant,
}

/// The wait after the message with this number, from 0.
fn wait(sent: u32) -> Duration {
    let number = usize::try_from(sent).unwrap_or(usize::MAX);
    match FIRST_WAITS.get(number) {
        Some(&wait) => Duration::from_millis(wait),
        None => {
            let doubled = number.saturating_sub(FIRST_WAITS.len()).min(6);
            NEXT_WAIT.saturating_mul(1 << doubled).min(LONGEST_WAIT)
        }
    }
}

impl Turn<'_> {
    pub(super) fn exchange(&mut self) -> Exchange {
        let transaction = u32::from_be_bytes(random(&mut *self.entropy));
        Exchange { transaction, began: self.now, sent: 0, next: self.now }
    }

    /// The options of every message.
    pub(super) fn options(&self, kind: Kind) -> BTreeMap<u8, Vec<u8>> {
        let wanted = [
            option::MASK,
            // RFC 3442: before the router, since some servers send the first ones that fit.
            option::ROUTES,
            option::ROUTER,
            option::DNS,
            option::DOMAIN,
            option::MTU,
            option::LEASE,
            option::RENEWAL,
            option::REBINDING,
            option::SEARCH,
        ];
        let mut options = BTreeMap::from([
            (option::KIND, vec![kind.0]),
            (option::CLIENT, client_identifier(self.settings.hardware)),
            (option::PARAMETERS, wanted.to_vec()),
            (option::MAX_SIZE, 1472_u16.to_be_bytes().to_vec()),
        ]);
        if let Some(hostname) = &self.settings.hostname {
            options.insert(option::HOSTNAME, hostname.as_bytes().to_vec());
        }
        options
    }

    /// Tells the server of a lease that its address is somebody else's.
    pub(super) fn say_declined(&mut self, lease: &Lease) {
        let options = BTreeMap::from([
            (option::KIND, vec![Kind::Decline.0]),
            (option::CLIENT, client_identifier(self.settings.hardware)),
            (option::ADDRESS, lease.address.address.octets().to_vec()),
            (option::SERVER, lease.server.octets().to_vec()),
            (option::MESSAGE, b"address in use".to_vec()),
        ]);
        let exchange = self.exchange();
        self.say(exchange, Ipv4Addr::UNSPECIFIED, None, options);
    }

    /// Sends a message of an exchange, to one server or to everybody, and sets when it is repeated.
    pub(super) fn say(
        &mut self,
        mut exchange: Exchange,
        client: Ipv4Addr,
        server: Option<&Lease>,
        options: BTreeMap<u8, Vec<u8>>,
    ) -> Exchange {
        let seconds = self.now.since(exchange.began).as_secs();
        let message = Message {
            reply: false,
            transaction: exchange.transaction,
            seconds: u16::try_from(seconds).unwrap_or(u16::MAX),
            broadcast: false,
            client,
            yours: Ipv4Addr::UNSPECIFIED,
            relay: Ipv4Addr::UNSPECIFIED,
            hardware: self.settings.hardware,
            options,
        };
        let octets = Datagram {
            source: client,
            destination: server.map_or(Ipv4Addr::BROADCAST, |lease| lease.server),
            source_port: CLIENT_PORT,
            destination_port: SERVER_PORT,
            payload: &message.build(),
        }
        .build();
        let to = server.map_or(MacAddr::BROADCAST, |lease| lease.server_hardware);
        self.out.push(Action::Send { to, octets });
        let wait = wait(exchange.sent);
        // An eighth more or less, so that stations which lost power together do not ask together.
        let [jitter] = random(&mut *self.entropy);
        let wait = wait - wait / 8 + wait / 4 * u32::from(jitter) / 255;
        exchange.next = self.now + wait;
        exchange.sent = exchange.sent.saturating_add(1);
        exchange
    }
}

/// Ethernet and the address, as BOOTP had it and every server knows it (RFC 2132 9.14).
fn client_identifier(hardware: MacAddr) -> Vec<u8> {
    [&[1], &hardware.0[..]].concat()
}
