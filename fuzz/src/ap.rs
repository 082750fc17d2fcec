//! A whole access point, with a client that is honest until the input says otherwise.
//!
//! The first octet chooses the network: its AKM, whether it has links, what the client is. Then come moves: an
//! octet that says which, one with its option, one with the length of the octets for it.

use crate::Target;
use client::{Client, Sent};
use lapwing_core::{
    Duration,
    ap::{Event, Order, Reply, Request},
};
use lapwing_frames::{
    MacAddr,
    management::{Header, ReasonCode},
    suite::Akm,
};
use world::{MLD, World, link, mld, single};

// The client and the world of the access point's own tests have more than is needed here.
#[allow(dead_code)]
#[path = "../../crates/core/tests/common/client.rs"]
mod client;
#[allow(dead_code)]
#[path = "../../crates/core/tests/ap/world.rs"]
mod world;

/// No input makes more moves: what takes longer is several inputs.
const MOVES: usize = 24;
/// As many clients as there can be: those that are associated, and those that only authenticated.
const CLIENTS: usize = 64 + 64;
/// More than any turn has reason to do: a frame and a request for each client and each link.
const REQUESTS: usize = 400;

struct Day {
    world: World,
    client: Client,
}

impl Day {
    fn new(what: u8) -> Self {
        // A PSK would cost more than all the rest: its derivation is slow on purpose.
        let akm = [Some(Akm::Sae), Some(Akm::Owe), Some(Akm::SaeExtKey), None][usize::from(what & 3)];
        let akms: Vec<Akm> = akm.into_iter().collect();
        let links = what & 4 != 0;
        let mut setup = if links { mld(&akms) } else { single(&akms) };
        if let Some(security) = &mut setup.security {
            security.beacon_protection = what & 8 != 0;
            security.token_threshold = if what & 16 != 0 { 0 } else { 5 };
            security.extended_key_id = what & 32 != 0;
        }
        let world = World::new(setup);
        let client = Client::new(1, world.known(), akm);
        let client = if links && what & 64 == 0 { client.with_links() } else { client };
        let mut day = Self { world, client };
        if what & 128 != 0 {
            day.world.join(&mut day.client);
            assert!(day.is_open(), "an honest client joins");
        }
        day
    }

    /// Whether the client's port is open.
    fn is_open(&self) -> bool {
        self.world.ap.client(self.client.address).is_some_and(|client| client.authorized)
    }

    fn hear(&mut self, sent: &Sent) -> Vec<Request> {
        let requests = match sent {
            Sent::Frame { link, bytes, protected } => {
                self.world.turn(Event::Frame { link: *link, bytes, protected: *protected })
            }
            Sent::KeyFrame { bytes, in_clear } => {
                let from = self.client.address;
                self.world.turn(Event::KeyFrame { from, bytes, protected: !in_clear })
            }
        };
        assert!(requests.len() < REQUESTS, "a turn without end");
        requests
    }

    /// The next frame of the client, which may be spoilt on its way.
    fn say(&mut self, spoil: impl FnOnce(&mut Vec<u8>)) {
        if self.client.sent.is_empty() {
            return;
        }
        let mut sent = self.client.sent.remove(0);
        let (Sent::Frame { bytes, .. } | Sent::KeyFrame { bytes, .. }) = &mut sent;
        spoil(bytes);
        let requests = self.hear(&sent);
        self.world.deliver_all(&mut self.client, &requests);
    }

    fn go(&mut self, what: u8, how: u8, octets: &[u8]) {
        match what % 12 {
            // A frame with a header that is right: subtype, protection and body come from the input.
            0 => {
                let own = self.client.bssid();
                let from = if how & 0x20 != 0 { MacAddr([2, 0, 0, 7, 0, how]) } else { self.client.address };
                let header = Header::new(own, from, own);
                let mut bytes = vec![how << 4, 0, 0, 0];
                for address in [header.receiver, header.transmitter, header.bssid] {
                    bytes.extend(address.0);
                }
                bytes.extend([0, 0]);
                bytes.extend(octets);
                let sent = Sent::Frame { link: self.client.on, bytes, protected: how & 0x40 != 0 };
                let before = self.is_open() || self.client.akm.is_none();
                self.hear(&sent);
                assert!(before || !self.is_open(), "a frame opened the port");
            }
            1 => {
                let sent = Sent::KeyFrame { bytes: octets.to_vec(), in_clear: how & 1 != 0 };
                let before = self.is_open();
                self.hear(&sent);
                assert!(before || !self.is_open(), "a key frame without the key opened the port");
            }
            2 => {
                self.client.cached.take_if(|_| how & 1 != 0);
                self.world.with_means(|means| self.client.authenticate(means));
            }
            3 => self.world.with_means(|means| self.client.associate(means)),
            4 => (0..how % 8).for_each(|_| self.say(|_| {})),
            5 => self.say(|bytes| {
                for (place, octet) in octets.iter().enumerate() {
                    let at = usize::from(how) + place;
                    if let Some(spoilt) = bytes.get_mut(at) {
                        *spoilt ^= octet;
                    }
                }
            }),
            6 => {
                self.world.now = self.world.now + Duration::from_millis(u64::from(how) * 50);
                let requests = self.world.turn(Event::Tick);
                self.world.deliver_all(&mut self.client, &requests);
            }
            7 => {
                let number = octets.first().copied().unwrap_or_default() % 4;
                let order = match how % 7 {
                    0 => Order::RenewGroupKeys,
                    1 => Order::RenewPairwiseKey(self.client.address),
                    2 => Order::RemoveLink { link: link(number), beacons: 2 },
                    3 => Order::AddLink(link(number)),
                    4 => Order::ForgetPmksas,
                    5 => Order::ThrowOut(ReasonCode::Unspecified),
                    _ => Order::Stop,
                };
                let requests = self.world.order(order);
                self.world.deliver_all(&mut self.client, &requests);
                self.world.turn(Event::Start);
            }
            8 => {
                let refused = self.world.requests.iter().rev().nth(usize::from(how)).cloned();
                if let Some(refused) = refused {
                    self.world.turn(Event::Refused(&refused));
                }
            }
            // What the kernel says from now on: numbers or none, acknowledgements or none.
            9 => {
                self.world.packet_number = (how & 1 != 0).then_some(u64::from(how));
                self.world.acknowledges = [None, Some(false), Some(true)][usize::from(how >> 1) % 3];
            }
            // An answer, in time, late, twice, or to what was never asked of it.
            10 => {
                let before = self.is_open() || self.client.akm.is_none();
                let asked = self.world.requests.iter().rev().nth(usize::from(how >> 1)).cloned();
                let Some(request) = &asked else { return };
                let requests = match how & 1 {
                    0 => {
                        let reply = Reply::PacketNumber(u64::from(how));
                        self.world.turn(Event::Answered { request, reply })
                    }
                    _ => {
                        let acknowledged = octets.is_empty();
                        self.world.turn(Event::Sent { request, acknowledged })
                    }
                };
                assert!(before || !self.is_open(), "an answer of the kernel opened the port");
                self.world.deliver_all(&mut self.client, &requests);
            }
            // The next frame of the client with the addresses of the MLDs, or on another link.
            _ => {
                let Some(Sent::Frame { link: on, bytes, .. }) = self.client.sent.first_mut() else { return };
                if how & 1 != 0 {
                    let addresses = [MLD, self.client.address, MLD];
                    for (place, address) in bytes[4..22].chunks_exact_mut(6).zip(addresses) {
                        place.copy_from_slice(&address.0);
                    }
                }
                if how & 2 != 0 {
                    *on = Some(link(how >> 4 & 3));
                }
                self.say(|_| {});
            }
        }
        assert!(self.world.ap.clients().count() <= CLIENTS);
    }
}

/// Moves of the client, of others, of the administrator and of the kernel.
fn access_point(octets: &[u8]) {
    let Some((&what, mut rest)) = octets.split_first() else { return };
    let mut day = Day::new(what);
    for _ in 0..MOVES {
        let Some((&[what, how, length], after)) = rest.split_first_chunk() else { break };
        let (octets, after) = after.split_at(usize::from(length).min(after.len()));
        day.go(what, how, octets);
        rest = after;
    }
    // In time everything comes to rest, but for an association that stands.
    for _ in 0..200 {
        match day.world.ap.deadline() {
            None => return,
            Some(_) => drop(day.world.next()),
        }
    }
    panic!("it never comes to rest");
}

/// The targets of this module.
pub const TARGETS: &[Target] = &[("access_point", access_point)];
