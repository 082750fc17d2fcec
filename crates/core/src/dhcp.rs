//! A DHCP server for one network of its own: every decision, without I/O (RFC 2131 section 4.3).
//!
//! It is alone in its network, so it answers also for addresses that it has no record of: after a restart a
//! client keeps what it had. A client is its link address, which on Wi-Fi is proven by its keys: a message that
//! names another than its sender's gets nothing. So one client holds one address at most, and whoever wants to
//! use all of them up has to join once for each; then offers that nobody took make room first.

mod answer;

use crate::{Duration, Instant, Shared};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};
use core::{net::Ipv4Addr, ops::RangeInclusive};
use lapwing_frames::{
    MacAddr,
    internet::{
        dhcp::{CLIENT_PORT, Kind, Message, SERVER_PORT, option},
        udp::Datagram,
    },
};

/// How long an address is kept for a client that was offered it.
const OFFER: Duration = Duration::from_secs(30);
/// How long an address that somebody else was found to use is given to nobody.
const AVOIDED: Duration = Duration::from_secs(600);
/// How many addresses are held at most, whatever the size of the pool: more than a radio has clients.
const MOST: usize = 2048;
/// How many name servers are told: resolvers ask three.
const MOST_SERVERS: usize = 4;
/// How much of a client's name is kept: a label of DNS (RFC 1035 2.3.4).
const LONGEST_NAME: usize = 63;

/// What the server is to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The server's own address.
    pub address: Ipv4Addr,
    /// The length of the prefix of its network.
    pub prefix: u8,
    /// The addresses to give, the first and the last. What is not a host's of the network, or the server's own or
    /// the router's, is left out.
    pub pool: RangeInclusive<Ipv4Addr>,
    /// The router that clients are told; none if the network leads nowhere.
    pub router: Option<Ipv4Addr>,
    /// How long an address is given for.
    pub lease: Duration,
}

impl Settings {
    /// The usual: this address is the router too, the rest of its network is given, for an hour.
    #[must_use]
    pub const fn new(address: Ipv4Addr, prefix: u8) -> Self {
        let mask = mask(prefix);
        let first = Ipv4Addr::from_bits(address.to_bits() & mask);
        let last = Ipv4Addr::from_bits(address.to_bits() | !mask);
        Self {
            address,
            prefix,
            pool: RangeInclusive::new(first, last),
            router: Some(address),
            lease: Duration::from_secs(3600),
        }
    }

    /// Whether a client may have this address.
    fn gives(&self, address: Ipv4Addr) -> bool {
        let host = address.to_bits() & !mask(self.prefix);
        self.pool.contains(&address)
            && self.is_near(address)
            && host != 0
            && host != !mask(self.prefix)
            && address != self.address
            && Some(address) != self.router
    }

    /// Whether an address is of this network.
    const fn is_near(&self, address: Ipv4Addr) -> bool {
        (address.to_bits() ^ self.address.to_bits()) & mask(self.prefix) == 0
    }
}

/// The netmask of a prefix of this length.
const fn mask(prefix: u8) -> u32 {
    match u32::MAX.checked_shr(prefix as u32) {
        Some(host) => !host,
        None => u32::MAX,
    }
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A packet came to the port of DHCP servers.
    Packet {
        /// The sender's link address.
        source: MacAddr,
        /// From the IPv4 header on.
        octets: &'a [u8],
    },
    /// Clients are told these name servers from now on, with their next message.
    NameServers(&'a [Ipv4Addr]),
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send an IPv4 packet.
    Send {
        /// To which link address.
        to: MacAddr,
        /// From the IPv4 header on.
        octets: Vec<u8>,
    },
    /// A client has this lease from now on.
    Leased(Lease),
    /// A client has given its address back.
    Released {
        /// The client.
        client: MacAddr,
    },
    /// Something for the timeline.
    Note(String),
}

/// An address that a client has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The client.
    pub client: MacAddr,
    /// Its address.
    pub address: Ipv4Addr,
    /// Its name, as it calls itself; what cannot be read is replaced. For people, and never to be believed.
    pub name: Option<String>,
    /// When the lease ends, unless the client renews it.
    pub until: Instant,
}

/// The server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    settings: Shared<Settings>,
    name_servers: Vec<Ipv4Addr>,
    /// What each client holds: at most [`MOST`].
    held: BTreeMap<MacAddr, Held>,
    /// Addresses that somebody else was found to use, until when they are given to nobody: at most [`MOST`].
    avoided: BTreeMap<Ipv4Addr, Instant>,
}

/// An address in a client's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Held {
    address: Ipv4Addr,
    until: Instant,
    claim: Claim,
}

/// How firmly it is held.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Claim {
    /// The client was offered it.
    Offered,
    /// The client has it.
    Leased { name: Option<String> },
}

impl Server {
    /// A server that has given nothing yet, and tells clients these name servers.
    #[must_use]
    pub fn new(settings: Shared<Settings>, name_servers: &[Ipv4Addr]) -> Self {
        let name_servers = few(name_servers);
        Self { settings, name_servers, held: BTreeMap::new(), avoided: BTreeMap::new() }
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// One event in, every action out.
    pub fn turn(&mut self, now: Instant, event: Event<'_>) -> Vec<Action> {
        match event {
            Event::Packet { source, octets } => self.packet(now, source, octets),
            Event::NameServers(servers) => {
                self.name_servers = few(servers);
                Vec::new()
            }
        }
    }

    /// The leases that have not ended.
    pub fn leases(&self, now: Instant) -> impl Iterator<Item = Lease> {
        self.held.iter().filter_map(move |(&client, held)| held.lease(client).filter(|it| it.until > now))
    }

    /// The lease of a client, if it has not ended.
    #[must_use]
    pub fn lease(&self, now: Instant, client: MacAddr) -> Option<Lease> {
        self.held.get(&client)?.lease(client).filter(|lease| lease.until > now)
    }

    fn packet(&mut self, now: Instant, source: MacAddr, octets: &[u8]) -> Vec<Action> {
        let Ok(datagram) = Datagram::parse(octets) else { return Vec::new() };
        if datagram.destination_port != SERVER_PORT || datagram.source_port != CLIENT_PORT {
            return Vec::new();
        }
        let Ok(message) = Message::parse(datagram.payload) else { return Vec::new() };
        // What is for another server, or comes from one, or through a relay that this network has not.
        if message.reply || !message.relay.is_unspecified() || source.is_group() {
            return Vec::new();
        }
        if message.hardware != source {
            let text = format!("a DHCP message of {source} in the name of {} was ignored", message.hardware);
            return Vec::from([Action::Note(text)]);
        }
        self.held.retain(|_, held| held.until > now);
        self.avoided.retain(|_, until| *until > now);
        match message.kind() {
            Some(Kind::Discover) => self.discover(now, &message),
            Some(Kind::Request) => self.request(now, &message),
            Some(Kind::Decline) => self.decline(now, &message),
            Some(Kind::Release) => self.release(&message),
            Some(Kind::Inform) => self.inform(&message),
            _ => Vec::new(),
        }
    }

    fn discover(&mut self, now: Instant, message: &Message) -> Vec<Action> {
        let Some(address) = self.choose(message.hardware, message.address(option::ADDRESS)) else {
            let text = format!("no address is left for {}", message.hardware);
            return Vec::from([Action::Note(text)]);
        };
        // RFC 4039: it takes whatever it gets, so that two messages do.
        if message.options.contains_key(&option::RAPID_COMMIT) {
            return self.give(now, message, address);
        }
        // A lease stays one while its client looks around.
        self.held.entry(message.hardware).or_insert(Held {
            address,
            until: now + OFFER,
            claim: Claim::Offered,
        });
        Vec::from([self.answer(message, Kind::Offer, Some(address))])
    }

    fn request(&mut self, now: Instant, message: &Message) -> Vec<Action> {
        let client = message.hardware;
        let asked = message.address(option::ADDRESS);
        if message.address(option::SERVER).is_some_and(|server| server != self.settings.address) {
            // It takes another server's offer. What it has leased here it may come back to.
            if self.held.get(&client).is_some_and(|held| held.claim == Claim::Offered) {
                self.held.remove(&client);
            }
            return Vec::new();
        }
        // Selecting and after a restart it names the address in an option, while it uses it in the header.
        let wanted = asked.unwrap_or(message.client);
        let own = self.held.get(&client).map(|held| held.address);
        if own == Some(wanted) || own.is_none() && self.is_free(wanted) && self.room() {
            self.give(now, message, wanted)
        } else {
            let text = format!("{client} asked for {wanted}, which it cannot have");
            Vec::from([self.answer(message, Kind::Nak, None), Action::Note(text)])
        }
    }

    fn decline(&mut self, now: Instant, message: &Message) -> Vec<Action> {
        let client = message.hardware;
        // Only what it was given itself: nobody spoils the addresses of others.
        let held = self.held.get(&client).filter(|held| {
            message.address(option::SERVER) == Some(self.settings.address)
                && message.address(option::ADDRESS) == Some(held.address)
        });
        let Some(address) = held.map(|held| held.address) else { return Vec::new() };
        self.held.remove(&client);
        if self.avoided.len() >= MOST {
            self.forget_avoided();
        }
        self.avoided.insert(address, now + AVOIDED);
        let text = format!("{client} found {address} in use by somebody else");
        Vec::from([Action::Released { client }, Action::Note(text)])
    }

    fn release(&mut self, message: &Message) -> Vec<Action> {
        let client = message.hardware;
        let is_its = self.held.get(&client).is_some_and(|held| held.address == message.client);
        if !is_its || message.address(option::SERVER) != Some(self.settings.address) {
            return Vec::new();
        }
        self.held.remove(&client);
        Vec::from([Action::Released { client }])
    }

    fn inform(&self, message: &Message) -> Vec<Action> {
        if !self.settings.is_near(message.client) {
            return Vec::new();
        }
        Vec::from([self.answer(message, Kind::Ack, None)])
    }

    fn give(&mut self, now: Instant, message: &Message, address: Ipv4Addr) -> Vec<Action> {
        let name = message.options.get(&option::HOSTNAME).map(|octets| {
            let octets = octets.get(..LONGEST_NAME).unwrap_or(octets);
            String::from_utf8_lossy(octets).trim_end_matches('\0').into()
        });
        let held = Held { address, until: now + self.settings.lease, claim: Claim::Leased { name } };
        let lease = held.lease(message.hardware);
        self.held.insert(message.hardware, held);
        let answer = self.answer(message, Kind::Ack, Some(address));
        [answer].into_iter().chain(lease.map(Action::Leased)).collect()
    }

    /// The address for a client that looks for one: what it has, what it would like (the one that it had before a restart
    /// of ours, if it remembers), or the first that is free. If none is left, the offer that
    /// nobody took for the longest time makes room, then the address that was found in use the longest ago.
    fn choose(&mut self, client: MacAddr, wish: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        if let Some(held) = self.held.get(&client) {
            return Some(held.address);
        }
        loop {
            let free = wish.filter(|&wish| self.is_free(wish)).or_else(|| self.find());
            if let Some(address) = free.filter(|_| self.room()) {
                return Some(address);
            }
            if !self.forget_offer() && !self.forget_avoided() {
                return None;
            }
        }
    }

    /// The first free address, as with iwd: whoever has one client knows where it is.
    fn find(&self) -> Option<Ipv4Addr> {
        let (first, last) = (self.settings.pool.start().to_bits(), self.settings.pool.end().to_bits());
        // More are not taken, and five are nobody's: the network's, the broadcast address, the server, the router.
        let most = self.held.len().saturating_add(self.avoided.len()).saturating_add(5);
        let taken: BTreeSet<_> = self.held.values().map(|held| held.address).collect();
        (first..=last)
            .take(most)
            .map(Ipv4Addr::from_bits)
            .find(|address| self.may_be_given(*address) && !taken.contains(address))
    }

    fn is_free(&self, address: Ipv4Addr) -> bool {
        self.may_be_given(address) && self.held.values().all(|held| held.address != address)
    }

    fn may_be_given(&self, address: Ipv4Addr) -> bool {
        self.settings.gives(address) && !self.avoided.contains_key(&address)
    }

    fn room(&self) -> bool {
        self.held.len() < MOST
    }

    /// Forgets the oldest offer; false if there is none.
    fn forget_offer(&mut self) -> bool {
        let offers = self.held.iter().filter(|(_, held)| held.claim == Claim::Offered);
        let oldest = offers.min_by_key(|(_, held)| held.until).map(|(&client, _)| client);
        oldest.is_some_and(|client| self.held.remove(&client).is_some())
    }

    /// Takes the address that was found in use the longest ago for free; false if there is none.
    fn forget_avoided(&mut self) -> bool {
        let oldest = self.avoided.iter().min_by_key(|(_, until)| **until).map(|(&address, _)| address);
        oldest.is_some_and(|address| self.avoided.remove(&address).is_some())
    }
}

/// As many name servers as are told.
fn few(servers: &[Ipv4Addr]) -> Vec<Ipv4Addr> {
    servers.iter().take(MOST_SERVERS).copied().collect()
}

impl Held {
    /// The lease, if it is one.
    fn lease(&self, client: MacAddr) -> Option<Lease> {
        match &self.claim {
            Claim::Offered => None,
            Claim::Leased { name } => {
                Some(Lease { client, address: self.address, name: name.clone(), until: self.until })
            }
        }
    }
}

#[cfg(test)]
mod tests;
