//! What a server gave us.

use crate::netconf::domain::{self, Pointers};
use crate::netconf::lifetimes::Until;
use lapwing_core::{Duration, Instant};
use lapwing_frames::MacAddr;
use lapwing_frames::internet::dhcp6::{Association, FOREVER, Field, Message, StatusCode};
use std::collections::BTreeMap;
use std::net::Ipv6Addr;

/// What routers say is to be had of servers (RFC 4861 4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// Nothing, or no router has said anything.
    #[default]
    Nothing,
    /// Everything but addresses (the O flag).
    Information,
    /// Addresses too (the M flag, with which the other says nothing).
    Addresses,
}

/// What a server says of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Information {
    /// Name servers.
    pub servers: Vec<Ipv6Addr>,
    /// Domains to search.
    pub search: Vec<String>,
}

/// The most addresses and name servers of a message that are used.
pub(super) const MOST: usize = 8;

/// The shortest T1: a server that says less would have us ask without pause.
const SHORTEST_RENEWAL: Duration = Duration::from_secs(15);

/// The addresses that a server gave, and when more time is to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    /// The server's DUID.
    pub(super) server: Vec<u8>,
    pub(super) addresses: BTreeMap<Ipv6Addr, Until>,
    /// What was said with them.
    pub(super) information: Information,
    /// T1; never if none.
    pub(super) renew: Option<Instant>,
    /// T2; never if none.
    pub(super) rebind: Option<Instant>,
}

/// Addresses that were given in a network, for the return to it: a lost connection ends no lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// To whom they were given: the interface's address.
    pub(super) hardware: MacAddr,
    pub(super) lease: Lease,
}

/// The leases of how many networks are kept: more than are left and come back to within the time of a lease.
const MOST_KEPT: usize = 16;

/// The leases of networks whose connections were lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leases<N>(BTreeMap<N, Kept>);

impl<N> Default for Leases<N> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<N: Ord + Clone> Leases<N> {
    /// Keeps a lease in place of the one that there was of this network. Of too many, the one that ends first goes.
    pub fn keep(&mut self, network: N, kept: Kept) {
        self.0.insert(network, kept);
        // The end of the last address; one without an end comes last.
        let end = |kept: &Kept| {
            kept.lease.addresses.values().map(|until| (until.valid.is_none(), until.valid)).max()
        };
        while self.0.len() > MOST_KEPT {
            let first = self.0.iter().min_by_key(|(_, kept)| end(kept)).map(|(network, _)| network.clone());
            let Some(first) = first else { return };
            self.0.remove(&first);
        }
    }

    /// The lease of this network, which is not kept here any longer.
    pub fn take(&mut self, network: &N) -> Option<Kept> {
        self.0.remove(network)
    }
}

impl Lease {
    /// What a message of a server gives, counted from this moment: nothing, in words, if it gives no address.
    pub(super) fn read(
        since: Instant,
        server: &[u8],
        association: &Association,
    ) -> Result<Self, &'static str> {
        match association.code() {
            StatusCode::Success => {}
            StatusCode::NoAddresses => return Err("it has no address for us"),
            StatusCode::NotOnLink => return Err("it says that the addresses do not fit the link"),
            _ => return Err("it refuses the addresses"),
        }
        // RFC 8415 21.4: then the association is to be treated as if it were not there.
        if association.renew > association.rebind && association.rebind > 0 {
            return Err("it wants more time to be asked for of anybody before it is asked itself");
        }
        let fits = association.addresses.iter().filter(|given| {
            let code = given.status.as_ref().map_or(StatusCode::Success, |status| status.code);
            is_host(given.address)
                && given.preferred <= given.valid
                && given.valid > 0
                && code == StatusCode::Success
        });
        let until = |seconds: u32| (seconds != FOREVER).then(|| since + Duration::from_secs(seconds.into()));
        let fits: Vec<_> = fits.take(MOST).collect();
        let addresses: BTreeMap<_, _> = fits
            .iter()
            .map(|given| {
                (given.address, Until { preferred: until(given.preferred), valid: until(given.valid) })
            })
            .collect();
        if addresses.is_empty() {
            return Err("it gives no address that a host can have");
        }
        // RFC 8415 14.2: of the address that is preferred for the shortest time, if the server leaves it to us.
        let shortest =
            fits.iter().map(|given| if given.preferred == 0 { given.valid } else { given.preferred }).min();
        let shortest = shortest.filter(|&seconds| seconds != FOREVER);
        let shortest = shortest.map(|seconds| Duration::from_secs(seconds.into()));
        let chosen = |said: u32, numerator: u32| match said {
            0 => shortest.map(|shortest| shortest * numerator / 10),
            FOREVER => None,
            said => Some(Duration::from_secs(said.into())),
        };
        let renew = chosen(association.renew, 5).map(|renew| renew.max(SHORTEST_RENEWAL));
        let rebind = chosen(association.rebind, 8).map(|rebind| rebind.max(renew.unwrap_or_default()));
        let at = |after: Option<Duration>| after.map(|after| since + after);
        let (server, information) = (server.to_vec(), Information::default());
        Ok(Self { server, addresses, information, renew: at(renew), rebind: at(rebind) })
    }

    /// The addresses whose time is over at this moment, which are no longer among the others.
    pub(super) fn end(&mut self, now: Instant) -> Vec<Ipv6Addr> {
        let is_over = |until: &Until| until.valid.is_some_and(|valid| now >= valid);
        self.addresses.extract_if(.., |_, until| is_over(until)).map(|(address, _)| address).collect()
    }

    /// When the next address is over; never if none.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.addresses.values().filter_map(|until| until.valid).min()
    }
}

impl Information {
    /// What a message of a server says.
    pub(super) fn read(message: &Message) -> Self {
        let mut this = Self::default();
        for field in &message.fields {
            match field {
                Field::NameServers(servers) => {
                    let fits = servers.iter().copied().filter(|&server| {
                        !server.is_unspecified() && !server.is_multicast() && !server.is_loopback()
                    });
                    this.servers.extend(fits);
                    this.servers.truncate(MOST);
                }
                Field::Search(names) => this.search = domain::list(names, Pointers::None),
                _ => {}
            }
        }
        this
    }
}

/// Whether a host can have this address of a server.
fn is_host(address: Ipv6Addr) -> bool {
    !address.is_unspecified()
        && !address.is_multicast()
        && !address.is_loopback()
        && !address.is_unicast_link_local()
}
