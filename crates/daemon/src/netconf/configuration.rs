//! The addressing of one connection: static, DHCP and router advertisements brought together.
//!
//! A machine without I/O: it says which addresses and routes shall be there, and when the connection has an
//! address. Router advertisements are followed by the kernel, which makes addresses and routes of them and looks for
//! duplicates of every IPv6 address; what it did is heard here and told. What they say is to be had of DHCPv6 servers
//! is asked for here.

mod families;
mod names;

use super::dhcp::{self, Client, Lease};
use super::dhcp6::{self, Wish};
use super::fixed::Fixed;
use super::lifetimes::Lifetimes;
use super::remembered::Remembered;
use super::settings::{Addressing, Prefix};
use lapwing_core::attempt::{AttemptId, Phase};
use lapwing_core::failure::{Code, Failure};
use lapwing_core::{Duration, Entropy, Instant};
use lapwing_frames::MacAddr;
use names::Names;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use names::{Advertised, Resolver};

/// After this time without an address the station is told so. DHCP has asked ten times by then.
const PATIENCE: Duration = Duration::from_secs(25);
/// After this time IPv6 alone is enough. A network that has no IPv4 says so in no other way: a host that is told to do
/// without (RFC 8925) has to translate for programs that know nothing else, which this one does not, so it does not ask
/// to be told. DHCP has asked eight times by then, and servers that look whether an offer is free take one second.
const ALONE: Duration = Duration::from_secs(5);

/// A connection to be addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    /// The attempt that made it.
    pub attempt: AttemptId,
    /// The interface's address.
    pub hardware: MacAddr,
    /// What the network's file says.
    pub addressing: Addressing,
    /// The lease that was had here before.
    pub remembered: Option<Remembered>,
    /// What a DHCPv6 server gave here before the connection was lost.
    pub kept: Option<dhcp6::Kept>,
    /// The machine's name, which is told only if the file says so.
    pub hostname: Option<String>,
    /// Seconds since 1970.
    pub wall_clock: u64,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// Something for IPv4: a packet, an ARP packet, or nothing but time.
    Dhcp(dhcp::Event<'a>),
    /// A packet came to the port of DHCPv6 clients, from the IPv6 header on.
    Dhcp6(&'a [u8]),
    /// The interface's own address on the link can be used, or no longer.
    LinkLocal(Option<Ipv6Addr>),
    /// What routers say is to be had of DHCPv6 servers.
    Routers(Wish),
    /// Somebody else has an IPv6 address that was set here.
    Address6Taken(Ipv6Addr),
    /// The kernel has an IPv6 address that can be used from now on.
    Address6(Ipv6Addr),
    /// The kernel no longer has it.
    Address6Gone(Ipv6Addr),
    /// A router said where names are looked up.
    Advertised(&'a Advertised),
}

/// A route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route {
    /// Where to.
    pub destination: Prefix<IpAddr>,
    /// Through which router; directly if none.
    pub router: Option<IpAddr>,
    /// From which address.
    pub source: Option<IpAddr>,
    /// The greatest packet that goes that way, if it is less than what the link takes.
    pub mtu: Option<u16>,
}

/// What a connection got, for people and the flight recorder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured {
    /// The addresses.
    pub addresses: Vec<Prefix<IpAddr>>,
    /// The default routers.
    pub routers: Vec<IpAddr>,
    /// Where names are looked up.
    pub resolver: Resolver,
    /// How long it took.
    pub duration: Duration,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send an IPv4 packet to a link address.
    Send {
        /// To which.
        to: MacAddr,
        /// From the IPv4 header on.
        octets: Vec<u8>,
    },
    /// Send an IPv6 packet to a link address.
    Send6 {
        /// To which.
        to: MacAddr,
        /// From the IPv6 header on.
        octets: Vec<u8>,
    },
    /// Send an ARP packet to a link address.
    SendArp {
        /// To which.
        to: MacAddr,
        /// The packet.
        octets: Vec<u8>,
    },
    /// Add an address, or renew its lifetime.
    SetAddress {
        /// The address.
        address: Prefix<IpAddr>,
        /// How long it holds.
        lifetimes: Lifetimes,
    },
    /// Remove an address.
    RemoveAddress(Prefix<IpAddr>),
    /// Add a route, or replace the one to the same destination.
    SetRoute(Route),
    /// Remove a route.
    RemoveRoute(Route),
    /// Use these name servers for the interface; none of it any more if nothing.
    Resolve(Option<Resolver>),
    /// Switch IPv6 off on the interface, or leave it as it was before that.
    EnableIpv6(bool),
    /// The connection has an address, or another one than before.
    Configured(Configured),
    /// It has none (any more).
    Unconfigured(Failure),
    /// Keep this lease for the network, or forget it.
    Remember(Option<Remembered>),
    /// Something for the timeline.
    Note(String),
}

/// What the station was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// IPv6 alone is nothing before that moment.
    Nothing {
        alone: Instant,
        until: Instant,
    },
    Configured,
    Unconfigured,
}

/// Where the IPv4 address is from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Four {
    Dhcp(Box<Client>),
    Fixed(Fixed),
}

/// The addressing of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    begin: Begin,
    began: Instant,
    four: Four,
    /// None where IPv6 is off or fixed.
    dhcp6: Option<dhcp6::Client>,
    addresses: BTreeSet<Prefix<IpAddr>>,
    routes: BTreeSet<Route>,
    kernel6: BTreeSet<Ipv6Addr>,
    names: Names,
    resolver: Resolver,
    told: Told,
}

impl Configuration {
    /// Begins: the port is open.
    pub fn begin(now: Instant, mut begin: Begin) -> (Self, Vec<Action>) {
        let remembered =
            begin.remembered.as_ref().and_then(|lease| lease.lease(begin.hardware, begin.wall_clock));
        let hardware = begin.hardware;
        let four = match &begin.addressing.ipv4 {
            Some(fixed) => Four::Fixed(Fixed::new(now, hardware, fixed.address.address)),
            None => {
                let hostname = begin.hostname.clone().filter(|_| begin.addressing.send_hostname);
                let settings = dhcp::Settings { hardware, hostname, remembered };
                Four::Dhcp(Box::new(Client::new(now, settings)))
            }
        };
        let asks = begin.addressing.ipv6_enabled && begin.addressing.ipv6.is_none();
        let settings = dhcp6::Settings { hardware };
        let six = || match begin.kept.take() {
            Some(kept) => dhcp6::Client::back(settings, kept),
            None => dhcp6::Client::new(settings),
        };
        let mut this = Self {
            four,
            dhcp6: asks.then(six),
            began: now,
            addresses: BTreeSet::new(),
            routes: BTreeSet::new(),
            kernel6: BTreeSet::new(),
            names: Names::default(),
            resolver: Resolver::default(),
            told: Told::Nothing { alone: now + ALONE, until: now + PATIENCE },
            begin,
        };
        let addressing = this.begin.addressing.clone();
        let mut out = vec![Action::EnableIpv6(addressing.ipv6_enabled)];
        if let Some(fixed) = addressing.ipv6.as_ref().filter(|_| addressing.ipv6_enabled) {
            let address = Prefix { address: IpAddr::V6(fixed.address.address), length: fixed.address.length };
            let any = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
            this.fixed(address, any, fixed.gateway.map(IpAddr::V6), &mut out);
        }
        (this, out)
    }

    /// When the next turn is due at the latest.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let four = match &self.four {
            Four::Dhcp(client) => client.next_deadline(),
            Four::Fixed(fixed) => fixed.next_deadline(),
        };
        let six = self.dhcp6.as_ref().and_then(dhcp6::Client::next_deadline);
        let patience = match self.told {
            Told::Nothing { alone, .. } if self.has_six() => Some(alone),
            Told::Nothing { until, .. } => Some(until),
            Told::Configured | Told::Unconfigured => None,
        };
        [four, six, patience, self.names.next_deadline()].into_iter().flatten().min()
    }

    /// The attempt whose connection this is.
    #[must_use]
    pub const fn attempt(&self) -> AttemptId {
        self.begin.attempt
    }

    /// Whether the connection has an address.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.has_four() || self.has_six()
    }

    fn has_four(&self) -> bool {
        self.addresses.iter().any(|prefix| prefix.address.is_ipv4())
    }

    /// Whether there is an IPv6 address that can be used. A fixed one is taken to be: nothing else comes.
    fn has_six(&self) -> bool {
        let fixed = self.dhcp6.is_none() && self.addresses.iter().any(|prefix| prefix.address.is_ipv6());
        fixed || !self.kernel6.is_empty()
    }

    /// Whether nothing has come of it so far, and something may.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        matches!(self.told, Told::Nothing { .. })
    }

    /// The connection has gone to another AP of its network, by which the server may be reached: who waits for the first
    /// address has as much patience as at the start. The attempt that led there has the connection now.
    pub fn roamed(&mut self, now: Instant, attempt: AttemptId) {
        self.begin.attempt = attempt;
        if let Told::Nothing { until, .. } = &mut self.told {
            *until = now + PATIENCE;
        }
        if let Some(client) = &mut self.dhcp6 {
            client.moved(now);
        }
    }

    /// The connection is about to be left on purpose: what servers want back is given back.
    pub fn leave(&mut self, now: Instant, entropy: &mut dyn Entropy) -> Vec<Action> {
        let mut out = Vec::new();
        if let Some(client) = &mut self.dhcp6 {
            let actions = client.leave(now, entropy);
            self.done6(actions, &mut out);
        }
        out
    }

    /// What DHCPv6 servers gave, for the return to the network.
    #[must_use]
    pub fn kept(&self) -> Option<dhcp6::Kept> {
        self.dhcp6.as_ref().and_then(dhcp6::Client::kept)
    }

    /// One event in, every action out. `wall_clock` is in seconds since 1970.
    pub fn turn(
        &mut self,
        now: Instant,
        wall_clock: u64,
        entropy: &mut dyn Entropy,
        event: Event<'_>,
    ) -> Vec<Action> {
        let mut out = Vec::new();
        let (mut four, mut six) = (dhcp::Event::Tick, dhcp6::Event::Tick);
        match event {
            Event::Dhcp(event) => four = event,
            Event::Dhcp6(octets) => six = dhcp6::Event::Packet(octets),
            Event::LinkLocal(address) => six = dhcp6::Event::LinkLocal(address),
            Event::Routers(wish) => six = dhcp6::Event::Wished(wish),
            Event::Address6(address) => {
                six = dhcp6::Event::Usable(address);
                if self.kernel6.insert(address) {
                    self.tell(now, &mut out);
                }
            }
            Event::Address6Gone(address) => {
                if self.kernel6.remove(&address) {
                    self.tell(now, &mut out);
                }
            }
            Event::Address6Taken(address) => {
                six = dhcp6::Event::Taken(address);
                let changed = self.kernel6.remove(&address);
                self.taken6(address, &mut out);
                if changed {
                    self.tell(now, &mut out);
                }
            }
            Event::Advertised(advertised) => {
                if self.begin.addressing.ipv6_enabled {
                    self.names.advertised(now, advertised);
                }
            }
        }
        self.names.expire(now);
        self.turn4(now, wall_clock, entropy, four, &mut out);
        if let Some(client) = &mut self.dhcp6 {
            let actions = client.turn(now, entropy, six);
            self.done6(actions, &mut out);
        }
        if self.resolve(&mut out) && self.told == Told::Configured {
            self.tell(now, &mut out);
        }
        self.look_at_the_clock(now, &mut out);
        out
    }

    /// Some moments have come, perhaps.
    fn look_at_the_clock(&mut self, now: Instant, out: &mut Vec<Action>) {
        let Told::Nothing { alone, until } = self.told else { return };
        if now >= alone && self.has_six() {
            out.push(Action::Note("there is no IPv4 so far: IPv6 is enough".to_owned()));
            self.tell(now, out);
        } else if now >= until {
            self.told = Told::Unconfigured;
            out.push(Action::Unconfigured(no_address()));
        }
    }

    /// Undoes everything: the connection is gone.
    #[must_use]
    pub fn end(mut self) -> Vec<Action> {
        let mut out = Vec::new();
        self.remove(|_| true, &mut out);
        if !self.begin.addressing.ipv6_enabled {
            out.push(Action::EnableIpv6(true));
        } else {
            // The kernel keeps what routers advertised when the link goes, and would use it in the next network. And it
            // asks for routers only once for an interface that was ready, not for each link.
            out.extend([false, true].map(Action::EnableIpv6));
        }
        if self.resolver != Resolver::default() {
            out.push(Action::Resolve(None));
        }
        out
    }

    /// Puts an address in place that does not change.
    fn fixed(
        &mut self,
        address: Prefix<IpAddr>,
        any: IpAddr,
        gateway: Option<IpAddr>,
        out: &mut Vec<Action>,
    ) {
        self.addresses.insert(address);
        out.push(Action::SetAddress { address, lifetimes: Lifetimes::FOREVER });
        if let Some(router) = gateway {
            let destination = Prefix { address: any, length: 0 };
            // The kernel takes no IPv6 route from an address that it has yet to probe for (RFC 4862 5.4), and chooses well.
            let source = Some(address.address).filter(IpAddr::is_ipv4);
            let route = Route { destination, router: Some(router), source, mtu: None };
            self.routes.insert(route);
            out.push(Action::SetRoute(route));
        }
    }

    /// Puts a lease in place of what was there: first the new, then away with the old, so that there is no
    /// moment without a way out.
    fn lease(&mut self, now: Instant, lease: &Lease, out: &mut Vec<Action>) {
        let source = IpAddr::V4(lease.address.address);
        let address = Prefix { address: source, length: lease.address.length };
        let routes = routes(lease);
        let is_new = self.addresses.insert(address);
        let lifetimes = Lifetimes::lasting(lease.time.map(|time| time.end));
        out.push(Action::SetAddress { address, lifetimes });
        // Routes on the link first: the routers of the others may be reached through them.
        let (direct, routed): (Vec<&Route>, Vec<&Route>) =
            routes.iter().partition(|route| route.router.is_none());
        let changed = direct.into_iter().chain(routed).fold(is_new, |changed, route| {
            out.push(Action::SetRoute(*route));
            self.routes.insert(*route) || changed
        });
        self.routes.retain(|old| {
            let stays = !old.destination.address.is_ipv4() || routes.contains(old);
            // The kernel has put a new one to the same destination in its place.
            if !stays && routes.iter().all(|route| route.destination != old.destination) {
                out.push(Action::RemoveRoute(*old));
            }
            stays
        });
        self.addresses.retain(|&old| {
            let stays = !old.address.is_ipv4() || old == address;
            if !stays {
                out.push(Action::RemoveAddress(old));
            }
            stays
        });
        self.names.leased(Some(lease));
        if self.resolve(out) || changed {
            self.tell(now, out);
        }
    }

    /// Sets the name servers, if they are others than before.
    fn resolve(&mut self, out: &mut Vec<Action>) -> bool {
        let resolver = self.names.resolver(&self.begin.addressing);
        let changed = self.resolver != resolver;
        if changed {
            out.push(Action::Resolve(Some(resolver.clone()).filter(|new| *new != Resolver::default())));
            self.resolver = resolver;
        }
        changed
    }

    /// Removes what was put in place, as far as it is about such an address.
    fn remove(&mut self, goes: impl Fn(IpAddr) -> bool, out: &mut Vec<Action>) {
        self.routes.retain(|route| {
            let goes = goes(route.destination.address);
            if goes {
                out.push(Action::RemoveRoute(*route));
            }
            !goes
        });
        self.addresses.retain(|address| {
            let goes = goes(address.address);
            if goes {
                out.push(Action::RemoveAddress(*address));
            }
            !goes
        });
    }

    /// An address is not to be had, or no longer: without another one, that is told.
    fn lost(&mut self, now: Instant, why: Failure, out: &mut Vec<Action>) {
        match self.told {
            Told::Configured if self.is_configured() => self.tell(now, out),
            // Whoever fixes an address wants that one.
            Told::Nothing { .. } | Told::Configured => {
                self.told = Told::Unconfigured;
                out.push(Action::Unconfigured(why));
            }
            Told::Unconfigured => {}
        }
    }

    /// Tells what there is now.
    fn tell(&mut self, now: Instant, out: &mut Vec<Action>) {
        if !self.is_configured() {
            if self.told == Told::Configured {
                self.lost(now, no_address(), out);
            }
            return;
        }
        // IPv4 is what most of the world is reached by: it is waited for.
        if let Told::Nothing { alone, .. } = self.told
            && !self.has_four()
            && now < alone
        {
            return;
        }
        self.told = Told::Configured;
        let ours = |address: &&Ipv6Addr| self.addresses.iter().all(|own| own.address != **address);
        let kernel6 = self.kernel6.iter().filter(ours);
        let kernel6 = kernel6.map(|&address| Prefix { address: IpAddr::V6(address), length: 64 });
        let is_default = |route: &&Route| route.destination.length == 0;
        out.push(Action::Configured(Configured {
            addresses: self.addresses.iter().copied().chain(kernel6).collect(),
            routers: self.routes.iter().filter(is_default).filter_map(|route| route.router).collect(),
            resolver: self.resolver.clone(),
            duration: now.since(self.began),
        }));
    }
}

/// The routes of a lease. An MTU holds for them only: the interface's would change IPv6 too, and would have to
/// be put back. The kernel's own route to the prefix knows nothing of it, so one that does takes its place.
fn routes(lease: &Lease) -> BTreeSet<Route> {
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(lease.address.length.into())).unwrap_or(0);
    let network = Ipv4Addr::from_bits(lease.address.address.to_bits() & mask);
    let prefix = (Prefix { address: network, length: lease.address.length }, None);
    let direct = lease.mtu.is_some().then_some(&prefix);
    let route = |&(network, router): &(Prefix<Ipv4Addr>, Option<Ipv4Addr>)| Route {
        destination: Prefix { address: IpAddr::V4(network.address), length: network.length },
        router: router.map(IpAddr::V4),
        source: Some(IpAddr::V4(lease.address.address)),
        mtu: lease.mtu,
    };
    direct.into_iter().chain(&lease.routes).map(route).collect()
}

const fn no_address() -> Failure {
    Failure { phase: Phase::Address, code: Code::NoAddress }
}

#[cfg(test)]
mod tests;
