//! Addresses that another program sets: what there is to be set is collected here, handed over as a whole, and
//! counts when the other program has said that it is done.

use super::calls::First;
use super::{Daemon, Now};
use crate::control::{Addressed, Answer, CallError, ConfigurationId, Family, News, Unneeded};
use crate::kernel::{Command, Kernel};
use crate::netconf::configuration::{Action, Route};
use crate::netconf::lifetimes::Until;
use crate::netconf::settings::{Addressing, Prefix};
use crate::netconf::{Configuration, Resolver};
use lapwing_core::attempt::{AttemptId, Phase};
use lapwing_core::failure::{Code, Failure};
use lapwing_core::station::Event;
use lapwing_core::{Duration, Instant};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use tracing::{info, warn};

/// How long the other program may take: as long as clients of D-Bus wait.
const PATIENCE: Duration = Duration::from_secs(25);

/// The addressing of one connection as another program is told of it. Whose connection it is, network configuration knows:
/// with a roam that becomes another attempt's.
#[derive(Debug)]
pub(super) struct Handed {
    fixed: BTreeSet<Family>,
    /// With the end of what holds for a time.
    addresses: BTreeMap<Prefix<IpAddr>, Until>,
    routes: BTreeSet<Route>,
    resolver: Resolver,
    /// The families that are different from what was told of them last.
    untold: BTreeSet<Family>,
    /// The orders without an answer.
    open: BTreeMap<Family, (ConfigurationId, Instant)>,
    /// Whether the station waits for the end of the orders.
    waits: bool,
}

impl Handed {
    pub(super) fn new(addressing: &Addressing) -> Self {
        let fixed =
            [addressing.ipv4.as_ref().map(|_| Family::V4), addressing.ipv6.as_ref().map(|_| Family::V6)];
        Self {
            fixed: fixed.into_iter().flatten().collect(),
            addresses: BTreeMap::new(),
            routes: BTreeSet::new(),
            resolver: Resolver::default(),
            untold: BTreeSet::new(),
            open: BTreeMap::new(),
            waits: false,
        }
    }

    /// When an order has waited long enough.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.open.values().map(|(_, until)| *until).min()
    }

    /// The connection has an address: the station is to know, once all of it is set.
    pub(super) const fn wait(&mut self) {
        self.waits = true;
    }

    /// What the station is to know of this attempt's addresses, if it has waited long enough.
    fn goes_on(&mut self, attempt: AttemptId) -> Option<Event> {
        let goes_on = self.open.is_empty() && std::mem::take(&mut self.waits);
        goes_on.then_some(Event::Configured(attempt))
    }

    /// Takes what network configuration wants done. Returns whether it is the other program's to do.
    fn take(&mut self, now: Instant, action: &Action) -> bool {
        match action {
            Action::SetAddress { address, lifetimes } => {
                self.addresses.insert(*address, lifetimes.from(now));
                self.untold.insert(Family::of(address.address));
            }
            Action::RemoveAddress(address) => {
                self.addresses.remove(address);
                self.untold.insert(Family::of(address.address));
            }
            Action::SetRoute(route) => {
                // One to the same destination is replaced.
                self.routes.retain(|other| other.destination != route.destination);
                self.routes.insert(*route);
                self.untold.insert(Family::of(route.destination.address));
            }
            Action::RemoveRoute(route) => {
                self.routes.remove(route);
                self.untold.insert(Family::of(route.destination.address));
            }
            Action::Resolve(resolver) => {
                self.resolver = resolver.clone().unwrap_or_default();
                // Each family is told of its own name servers.
                self.untold.extend(self.addresses.keys().map(|address| Family::of(address.address)));
            }
            _ => return false,
        }
        true
    }

    fn addressed(&self, now: Instant, family: Family) -> Addressed {
        let of = |address: &IpAddr| Family::of(*address) == family;
        let addresses = self.addresses.iter().filter(|(prefix, _)| of(&prefix.address));
        let addresses: Vec<_> = addresses.map(|(prefix, end)| (*prefix, end.left(now))).collect();
        let direct = addresses.iter().filter_map(|(address, _)| on_link(*address));
        let routes = direct.chain(self.routes.iter().filter(|route| of(&route.destination.address)).copied());
        Addressed {
            family,
            fixed: self.fixed.contains(&family),
            routes: routes.collect(),
            servers: self.resolver.servers.iter().copied().filter(of).collect(),
            domains: if addresses.is_empty() { Vec::new() } else { self.resolver.search.clone() },
            addresses,
        }
    }
}

/// The route to the network that an address is in, which the kernel makes where it sets the address itself.
fn on_link(address: Prefix<IpAddr>) -> Option<Route> {
    let IpAddr::V4(own) = address.address else { return None };
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(address.length.into())).unwrap_or(0);
    let network = std::net::Ipv4Addr::from_bits(own.to_bits() & mask);
    let destination = Prefix { address: IpAddr::V4(network), length: address.length };
    (address.length < 32).then_some(Route {
        destination,
        router: None,
        source: Some(address.address),
        mtu: None,
    })
}

impl<K: Kernel> Daemon<K> {
    /// Another program sets addresses from now on, or none does any more. Connections that have theirs keep them.
    pub(super) fn hand_over(&mut self, now: Now, on: bool) -> First {
        if !self.options.network_configuration {
            return Err(CallError::NotSupported(
                "Network configuration is switched off: addresses are another program's already.".to_owned(),
            ));
        }
        if self.handover != on {
            info!("addresses are set by {}", if on { "another program" } else { "ourselves again" });
        }
        self.handover = on;
        if !on {
            self.take_over(now);
        }
        Ok(Some(Answer::Done))
    }

    /// The other program is gone: what it had to set is set here.
    fn take_over(&mut self, now: Now) {
        let ifindices: Vec<_> = self.interfaces.keys().copied().collect();
        for ifindex in ifindices {
            let Some(interface) = self.interfaces.get_mut(&ifindex) else { continue };
            let Some(handed) = interface.handed.take() else { continue };
            let name = interface.name.clone();
            let attempt = interface.configuration.as_ref().map(Configuration::attempt);
            for (address, end) in handed.addresses {
                let lifetimes = end.left(now.clock);
                self.kernel.perform(Command::SetAddress { ifindex, address, lifetimes });
            }
            for route in handed.routes {
                self.kernel.perform(Command::SetRoute { ifindex, route });
            }
            if handed.resolver != Resolver::default() {
                self.kernel.perform(Command::Resolve { name, resolver: Some(handed.resolver) });
            }
            if let Some(attempt) = attempt.filter(|_| handed.waits) {
                self.turn(now, ifindex, Event::Configured(attempt));
            }
        }
    }

    /// Whether what network configuration wants is the other program's to do; then it is noted.
    pub(super) fn is_handed(&mut self, now: Now, ifindex: u32, action: &Action) -> bool {
        let handed = self.interfaces.get_mut(&ifindex).and_then(|interface| interface.handed.as_mut());
        handed.is_some_and(|handed| handed.take(now.clock, action))
    }

    /// Hands over what has changed, if another program sets addresses. Returns what the station is to know now.
    pub(super) fn order(&mut self, now: Now, ifindex: u32) -> Option<Event> {
        let interface = self.interfaces.get_mut(&ifindex)?;
        let attempt = interface.configuration.as_ref()?.attempt();
        let handed = interface.handed.as_mut()?;
        for family in std::mem::take(&mut handed.untold) {
            self.orders = self.orders.saturating_add(1);
            let id = ConfigurationId(self.orders);
            if let Some((before, _)) = handed.open.insert(family, (id, now.clock + PATIENCE)) {
                self.desk.tell(News::ConfigureUnwanted { id: before, why: Unneeded::Superseded });
            }
            let addressed = Box::new(handed.addressed(now.clock, family));
            self.desk.tell(News::Configure { id, ifindex, addressed });
        }
        handed.goes_on(attempt)
    }

    /// Takes the answer to [`News::Configure`]: whether it was done. One that nothing waits for changes nothing.
    pub fn addressed(&mut self, now: Now, id: ConfigurationId, is_done: bool) {
        let found = self.interfaces.iter_mut().find_map(|(&ifindex, interface)| {
            let attempt = interface.configuration.as_ref()?.attempt();
            let handed = interface.handed.as_mut()?;
            let family = handed.open.iter().find(|(_, (open, _))| *open == id).map(|(family, _)| *family)?;
            handed.open.remove(&family);
            Some((ifindex, attempt, if is_done { handed.goes_on(attempt) } else { None }))
        });
        match found {
            Some((ifindex, attempt, _)) if !is_done => self.not_addressed(now, ifindex, attempt),
            Some((ifindex, _, Some(event))) => self.turn(now, ifindex, event),
            Some(_) | None => {}
        }
        self.follow(now);
    }

    /// The other program did not do it: without addresses a connection is of no use, as with iwd.
    fn not_addressed(&mut self, now: Now, ifindex: u32, attempt: AttemptId) {
        warn!("interface {ifindex}: the program that sets addresses did not: leaving the network");
        let why = Failure { phase: Phase::Address, code: Code::NoAddress };
        self.turn(now, ifindex, Event::Unconfigured(attempt, why));
        self.turn(now, ifindex, Event::Disconnect);
    }

    /// Ends the orders that waited too long.
    pub(super) fn orders_overdue(&mut self, now: Now) {
        let overdue: Vec<_> = self
            .interfaces
            .values()
            .filter_map(|interface| interface.handed.as_ref())
            .flat_map(|handed| handed.open.values())
            .filter(|(_, until)| *until <= now.clock)
            .map(|(id, _)| *id)
            .collect();
        for id in overdue {
            self.desk.tell(News::ConfigureUnwanted { id, why: Unneeded::TimedOut });
            self.addressed(now, id, false);
        }
    }

    /// The connection has ended: nothing is waited for any more, and all that was handed over goes.
    pub(super) fn end_orders(&mut self, now: Now, ifindex: u32) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let Some(handed) = interface.handed.take() else { return };
        for (id, _) in handed.open.values() {
            self.desk.tell(News::ConfigureUnwanted { id: *id, why: Unneeded::Aborted });
        }
        for family in handed.untold.iter().copied() {
            self.orders = self.orders.saturating_add(1);
            // Nobody waits for the answer.
            let addressed = Box::new(handed.addressed(now.clock, family));
            self.desk.tell(News::Configure { id: ConfigurationId(self.orders), ifindex, addressed });
        }
    }
}
