//! The network of a hotspot's clients, without I/O: our address in it, theirs, and the way on.
//!
//! It begins when the access point is on the air, and takes what is heard of its interface until it ends.

use super::lifetimes::Lifetimes;
use super::settings::Prefix;
use crate::kernel::{Command, Heard, NotShared, PacketKind};
use crate::networks::profile::Addresses;
use lapwing_core::dhcp::{self, Lease, Server};
use lapwing_core::{Duration, Instant, Shared};
use lapwing_frames::{MacAddr, Ssid};
use std::net::{IpAddr, Ipv4Addr};

/// How often it is looked whether the name servers of this machine are others.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// What is to be done or told, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Have the machine do this.
    Perform(Command),
    /// Clients get addresses from now on; this is ours.
    Began(Prefix<Ipv4Addr>),
    /// No network is free in the blocks that were named: clients get no addresses.
    NoRoom,
    /// Clients reach this machine, but nothing beyond it.
    NotShared(NotShared),
    /// Clients reach what this machine reaches.
    Shared,
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

/// The network of a hotspot's clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serving {
    ifindex: u32,
    ssid: Ssid,
    addresses: Addresses,
    /// The blocks of addresses that the machine's settings name.
    blocks: Vec<Prefix<Ipv4Addr>>,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// What is used already is being asked for.
    Asking,
    /// Addresses are given.
    Giving { own: Prefix<Ipv4Addr>, server: Server, look_again: Instant },
    /// Nothing can be given.
    Full,
}

impl Serving {
    /// Begins to serve behind an interface, whose access point has this name. `blocks` is what the machine's settings
    /// say of where networks of hotspots are.
    #[must_use]
    pub fn begin(
        ifindex: u32,
        ssid: Ssid,
        addresses: Addresses,
        blocks: Vec<Prefix<Ipv4Addr>>,
    ) -> (Self, Action) {
        let this = Self { ifindex, ssid, addresses, blocks, state: State::Asking };
        (this, Action::Perform(Command::ReadSurroundings))
    }

    /// Takes what was heard. What is not for it changes nothing.
    pub fn hear(&mut self, now: Instant, heard: &Heard) -> Vec<Action> {
        match (heard, &mut self.state) {
            (Heard::Surroundings { networks, name_servers }, State::Asking) => {
                self.settle(now, networks, name_servers)
            }
            (Heard::Surroundings { name_servers, .. }, State::Giving { server, look_again, .. }) => {
                *look_again = now + LOOK_AGAIN;
                let servers = self.addresses.dns.as_ref().unwrap_or(name_servers);
                told(server.turn(now, dhcp::Event::NameServers(servers)), self.ifindex)
            }
            (
                Heard::Packet { ifindex, kind: PacketKind::DhcpServer, source, octets },
                State::Giving { server, .. },
            ) if *ifindex == self.ifindex => {
                told(server.turn(now, dhcp::Event::Packet { source: *source, octets }), self.ifindex)
            }
            (Heard::Shared { ifindex, outcome }, State::Giving { .. }) if *ifindex == self.ifindex => {
                vec![outcome.clone().map_or_else(Action::NotShared, |()| Action::Shared)]
            }
            _ => Vec::new(),
        }
    }

    /// Chooses the network and begins to give addresses in it.
    fn settle(&mut self, now: Instant, used: &[Prefix<Ipv4Addr>], name_servers: &[Ipv4Addr]) -> Vec<Action> {
        let Some(own) = self.addresses.own(&self.ssid, &self.blocks, used) else {
            self.state = State::Full;
            return vec![Action::NoRoom];
        };
        let servers = self.addresses.dns.as_deref().unwrap_or(name_servers);
        let server = Server::new(Shared::new(self.addresses.server(own)), servers);
        self.state = State::Giving { own, server, look_again: now + LOOK_AGAIN };
        let ifindex = self.ifindex;
        let mut actions = vec![
            Action::Perform(Command::SetAddress {
                ifindex,
                address: any(own),
                lifetimes: Lifetimes::FOREVER,
            }),
            Action::Perform(Command::ListenForClients { ifindex, on: true }),
            Action::Began(own),
        ];
        if self.addresses.forward {
            actions.push(Action::Perform(Command::Share { ifindex, network: own }));
        }
        actions
    }

    /// When [`Self::tick`] is due, if it is.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Giving { look_again, .. } if self.addresses.dns.is_none() => Some(*look_again),
            State::Asking | State::Giving { .. } | State::Full => None,
        }
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Instant) -> Option<Action> {
        match &mut self.state {
            State::Giving { look_again, .. } if self.addresses.dns.is_none() && *look_again <= now => {
                *look_again = now + LOOK_AGAIN;
                Some(Action::Perform(Command::ReadSurroundings))
            }
            State::Asking | State::Giving { .. } | State::Full => None,
        }
    }

    /// Our address, once clients get theirs.
    #[must_use]
    pub const fn own(&self) -> Option<Prefix<Ipv4Addr>> {
        match &self.state {
            State::Giving { own, .. } => Some(*own),
            State::Asking | State::Full => None,
        }
    }

    /// The leases that have not ended.
    #[must_use]
    pub fn leases(&self, now: Instant) -> Vec<Lease> {
        match &self.state {
            State::Giving { server, .. } => server.leases(now).collect(),
            State::Asking | State::Full => Vec::new(),
        }
    }

    /// Undoes everything.
    #[must_use]
    pub fn end(self) -> Vec<Command> {
        let ifindex = self.ifindex;
        let State::Giving { own, .. } = self.state else { return Vec::new() };
        vec![
            Command::Unshare { ifindex },
            Command::ListenForClients { ifindex, on: false },
            Command::RemoveAddress { ifindex, address: any(own) },
        ]
    }
}

fn any(address: Prefix<Ipv4Addr>) -> Prefix<IpAddr> {
    Prefix { address: address.address.into(), length: address.length }
}

/// What the server wants, for this interface.
fn told(actions: Vec<dhcp::Action>, ifindex: u32) -> Vec<Action> {
    let one = |action| match action {
        dhcp::Action::Send { to, octets } => {
            Action::Perform(Command::Send { ifindex, kind: PacketKind::DhcpServer, to, octets })
        }
        dhcp::Action::Leased(lease) => Action::Leased(lease),
        dhcp::Action::Released { client } => Action::Released { client },
        dhcp::Action::Note(text) => Action::Note(text),
    };
    actions.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netconf::dhcp::{Action as Asks, Client, Event as Answer, Settings};
    use lapwing_core::entropy::SeededEntropy;
    use lapwing_core::kernel::{Errno, Refusal};

    const HERE: u32 = 7;
    const CLIENT: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
    const US: MacAddr = MacAddr([2, 0, 0, 0, 0, 0xfe]);
    const NOW: Instant = Instant::after_start(Duration::from_secs(5));
    const DNS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 53);

    fn prefix(last: [u8; 4], length: u8) -> Prefix<Ipv4Addr> {
        Prefix { address: last.into(), length }
    }

    fn surroundings(name_servers: &[Ipv4Addr]) -> Heard {
        let networks = vec![prefix([10, 0, 0, 0], 24)];
        Heard::Surroundings { networks, name_servers: name_servers.to_vec() }
    }

    fn begin(addresses: Addresses) -> Serving {
        let blocks = vec![prefix([10, 0, 0, 0], 23)];
        let (serving, first) = Serving::begin(HERE, Ssid::new(b"cafe").unwrap(), addresses, blocks);
        assert_eq!(first, Action::Perform(Command::ReadSurroundings));
        assert_eq!((serving.own(), serving.deadline()), (None, None));
        serving
    }

    /// Our own DHCP client and this server: what the client was given.
    fn join(serving: &mut Serving) -> Lease {
        let mut client =
            Client::new(NOW, Settings { hardware: CLIENT, hostname: Some("phone".into()), remembered: None });
        let mut entropy = SeededEntropy(1);
        let mut asks = client.turn(NOW, &mut entropy, Answer::Tick);
        let mut lease = None;
        while let Some(octets) = asks.iter().find_map(|action| match action {
            Asks::Send { octets, .. } => Some(octets.clone()),
            _ => None,
        }) {
            asks.clear();
            let kind = PacketKind::DhcpServer;
            let heard = Heard::Packet { ifindex: HERE, kind, source: CLIENT, octets };
            for action in serving.hear(NOW, &heard) {
                match action {
                    Action::Perform(Command::Send { ifindex: HERE, octets, .. }) => {
                        asks = client.turn(NOW, &mut entropy, Answer::Packet { source: US, octets: &octets });
                    }
                    Action::Leased(given) => lease = Some(given),
                    other => panic!("{other:?}"),
                }
            }
        }
        let (given, used) = (lease.unwrap(), client.lease().unwrap());
        assert_eq!(given.address, used.address.address);
        assert_eq!(used.router(), serving.own().map(|own| own.address));
        given
    }

    #[test]
    fn a_network_is_chosen_served_shared_and_undone() {
        let mut serving = begin(Addresses::default());
        let own = prefix([10, 0, 1, 1], 24);
        let address = any(own);
        let actions = serving.hear(NOW, &surroundings(&[DNS]));
        assert_eq!(
            actions,
            [
                Action::Perform(Command::SetAddress {
                    ifindex: HERE,
                    address,
                    lifetimes: Lifetimes::FOREVER
                }),
                Action::Perform(Command::ListenForClients { ifindex: HERE, on: true }),
                Action::Began(own),
                Action::Perform(Command::Share { ifindex: HERE, network: own }),
            ]
        );
        assert_eq!(serving.hear(NOW, &Heard::Shared { ifindex: 8, outcome: Ok(()) }), []);
        assert_eq!(serving.hear(NOW, &Heard::Shared { ifindex: HERE, outcome: Ok(()) }), [Action::Shared]);
        let lease = join(&mut serving);
        assert_eq!(serving.leases(NOW), [lease]);
        // The name servers are looked at again.
        let due = serving.deadline().unwrap();
        assert_eq!(serving.tick(NOW), None);
        assert_eq!(serving.tick(due), Some(Action::Perform(Command::ReadSurroundings)));
        assert_eq!(serving.hear(due, &surroundings(&[])), []);
        assert_eq!(
            serving.end(),
            [
                Command::Unshare { ifindex: HERE },
                Command::ListenForClients { ifindex: HERE, on: false },
                Command::RemoveAddress { ifindex: HERE, address },
            ]
        );
    }

    #[test]
    fn what_cannot_be_had_is_told_and_the_rest_goes_on() {
        let mut serving = begin(Addresses { dns: Some(vec![DNS]), ..Addresses::default() });
        serving.hear(NOW, &surroundings(&[]));
        assert_eq!(serving.deadline(), None, "the profile names the name servers");
        let refusal = Refusal { errno: Errno::EPROTONOSUPPORT, message: None };
        let lacking = NotShared::NoTranslation(refusal);
        let heard = Heard::Shared { ifindex: HERE, outcome: Err(lacking.clone()) };
        assert_eq!(serving.hear(NOW, &heard), [Action::NotShared(lacking)]);
        join(&mut serving);
        // No room: nothing was done, so nothing is undone.
        let mut serving = begin(Addresses::default());
        let networks = vec![prefix([10, 0, 0, 0], 8)];
        let heard = Heard::Surroundings { networks, name_servers: Vec::new() };
        assert_eq!(serving.hear(NOW, &heard), [Action::NoRoom]);
        assert_eq!((serving.end(), begin(Addresses::default()).end()), (Vec::new(), Vec::new()));
    }
}
