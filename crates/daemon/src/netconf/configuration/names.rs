//! Where names are looked up: what the file, DHCP for IPv4 and IPv6, and router advertisements say, brought together.

use super::{Addressing, Lease};
use crate::netconf::dhcp6::Information;
use crate::netconf::domain::{self, Pointers};
use lapwing_core::{Duration, Instant};
use lapwing_linux::rtnetlink::RouterOption;
use std::net::{IpAddr, Ipv6Addr};

/// The most name servers that are remembered from router advertisements: a C library asks three.
const MOST: usize = 8;

/// Where names are looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolver {
    /// The name servers.
    pub servers: Vec<IpAddr>,
    /// The domains to search.
    pub search: Vec<String>,
}

/// What a router advertisement says of names (RFC 8106). The lifetime is that of all of them: for ever if
/// none, and over at once if zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advertised {
    /// Name servers.
    Servers {
        /// Their addresses.
        servers: Vec<Ipv6Addr>,
        /// How long.
        lifetime: Option<Duration>,
    },
    /// Domains to search.
    Search {
        /// Their names.
        domains: Vec<String>,
        /// How long.
        lifetime: Option<Duration>,
    },
}

impl From<RouterOption> for Advertised {
    fn from(option: RouterOption) -> Self {
        let lifetime = |seconds: u32| (seconds != u32::MAX).then(|| Duration::from_secs(seconds.into()));
        match option {
            RouterOption::Servers { lifetime: seconds, servers } => {
                Self::Servers { servers, lifetime: lifetime(seconds) }
            }
            RouterOption::Search { lifetime: seconds, names } => {
                Self::Search { domains: domain::list(&names, Pointers::None), lifetime: lifetime(seconds) }
            }
        }
    }
}

/// Something, and when it is over.
type Until<T> = (T, Option<Instant>);

/// What was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    lease: Resolver,
    given: Information,
    servers: Vec<Until<Ipv6Addr>>,
    search: Vec<Until<String>>,
}

impl Names {
    /// What DHCP says from now on, in place of what it said.
    pub(super) fn leased(&mut self, lease: Option<&Lease>) {
        self.lease = lease.map_or_else(Resolver::default, |lease| Resolver {
            servers: lease.dns.iter().copied().map(IpAddr::V4).collect(),
            search: lease.search.clone(),
        });
    }

    /// What servers of DHCPv6 say from now on, in place of what they said.
    pub(super) fn given(&mut self, information: Information) {
        self.given = information;
    }

    /// What a router says.
    pub(super) fn advertised(&mut self, now: Instant, advertised: &Advertised) {
        match advertised {
            Advertised::Servers { servers, lifetime } => {
                let is_fit = |server: &&Ipv6Addr| {
                    !server.is_unspecified() && !server.is_multicast() && !server.is_loopback()
                };
                update(&mut self.servers, MOST, servers.iter().filter(is_fit), now, *lifetime);
            }
            Advertised::Search { domains, lifetime } => {
                update(&mut self.search, domain::MOST, domains.iter(), now, *lifetime);
            }
        }
    }

    /// Forgets what is over.
    pub(super) fn expire(&mut self, now: Instant) {
        let is_left = |end: &Option<Instant>| end.is_none_or(|end| end > now);
        self.servers.retain(|(_, end)| is_left(end));
        self.search.retain(|(_, end)| is_left(end));
    }

    /// When something is over.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let servers = self.servers.iter().filter_map(|(_, end)| *end);
        servers.chain(self.search.iter().filter_map(|(_, end)| *end)).min()
    }

    /// All of it: what the file says goes before what the network says.
    pub(super) fn resolver(&self, addressing: &Addressing) -> Resolver {
        let servers = if addressing.dns.is_empty() {
            let advertised = self.servers.iter().map(|(server, _)| server);
            let advertised = advertised.filter(|server| !self.given.servers.contains(server));
            let six = self.given.servers.iter().chain(advertised).copied().map(IpAddr::V6);
            self.lease.servers.iter().copied().chain(six).collect()
        } else {
            addressing.dns.clone()
        };
        let search = match &addressing.domain {
            Some(domain) => vec![domain.clone()],
            None => {
                let advertised = self.search.iter().map(|(domain, _)| domain);
                let all = self.lease.search.iter().chain(&self.given.search).chain(advertised);
                let mut once = Vec::new();
                for domain in all {
                    if !once.contains(domain) {
                        once.push(domain.clone());
                    }
                }
                once
            }
        };
        Resolver { servers, search }
    }
}

/// Adds to a list, renews what is in it, or takes it out if its lifetime is zero. The older stay if there are
/// too many: a router that says ever new ones cannot drive out the good ones.
fn update<'a, T: Clone + PartialEq + 'a>(
    list: &mut Vec<Until<T>>,
    most: usize,
    new: impl Iterator<Item = &'a T>,
    now: Instant,
    lifetime: Option<Duration>,
) {
    let end = lifetime.map(|lifetime| now + lifetime);
    for value in new {
        if let Some(known) = list.iter_mut().find(|(known, _)| known == value) {
            known.1 = end;
        } else if list.len() < most {
            list.push((value.clone(), end));
        }
    }
    list.retain(|(_, end)| end.is_none_or(|end| end > now));
}
