//! What a server gave us.

use crate::netconf::domain::{self, Pointers};
use crate::netconf::settings::{Prefix, is_domain, prefix_length};
use lapwing_core::Duration;
use lapwing_frames::MacAddr;
use lapwing_frames::internet::dhcp::{Message, option};
use lapwing_frames::reader::Reader;
use std::net::Ipv4Addr;

/// A lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The address.
    pub address: Prefix<Ipv4Addr>,
    /// The server.
    pub server: Ipv4Addr,
    /// The link address from which the server (or its relay) answered.
    pub server_hardware: MacAddr,
    /// The link address of the default router, if it was heard.
    pub router_hardware: Option<MacAddr>,
    /// Routes: to which network, and through which router; directly if none.
    pub routes: Vec<(Prefix<Ipv4Addr>, Option<Ipv4Addr>)>,
    /// Name servers.
    pub dns: Vec<Ipv4Addr>,
    /// The domains to search.
    pub search: Vec<String>,
    /// The greatest IPv4 packet, if it is less than what the link takes.
    pub mtu: Option<u16>,
    /// How long it holds; for ever if none.
    pub time: Option<Times>,
}

/// The times of a lease, from when it was asked for. They rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// T1: ask the server for more.
    pub renew: Duration,
    /// T2: ask any server for more.
    pub rebind: Duration,
    /// The end.
    pub end: Duration,
}

/// How many routes and name servers of a message are used.
pub const MOST: usize = 16;

/// The MTUs that are believed. RFC 791 has every host take packets of 576 octets, and whoever says less means
/// to slow us down; the link takes 1500 in any case, so more says nothing.
const MTU: std::ops::Range<u16> = 576..1500;

/// The shortest time that a lease is taken to last: a server that says less would have us ask without pause.
const SHORTEST: u32 = 30;
/// The shortest T1, for the same reason.
const SHORTEST_RENEWAL: u32 = SHORTEST / 2;

impl Lease {
    /// The lease in an offer or an acknowledgement.
    ///
    /// # Errors
    /// What a lease cannot be without, in words.
    pub fn read(message: &Message, server_hardware: MacAddr) -> Result<Self, &'static str> {
        let server = message.address(option::SERVER).ok_or("it names no server")?;
        if !is_host(message.yours) {
            return Err("its address is no host's");
        }
        let length = match message.address(option::MASK) {
            Some(mask) => prefix_length(mask).ok_or("its netmask is none")?,
            // The class of the address, as before there were masks.
            None => match message.yours.octets() {
                [0..=127, ..] => 8,
                [128..=191, ..] => 16,
                [192..=u8::MAX, ..] => 24,
            },
        };
        let time = match message.duration(option::LEASE) {
            None => return Err("it says not how long the address holds"),
            Some(u32::MAX) => None,
            Some(end) => Some(times(message, end.max(SHORTEST))),
        };
        let routes = match message.options.get(&option::ROUTES).map(|value| classless(value)) {
            Some(Some(routes)) => routes,
            // RFC 3442: whoever sends classless routes has the default route among them.
            Some(None) => return Err("its classless routes are cut off"),
            None => message
                .addresses(option::ROUTER)
                .into_iter()
                .find(|&router| is_host(router))
                .map(|router| (Prefix { address: Ipv4Addr::UNSPECIFIED, length: 0 }, Some(router)))
                .into_iter()
                .collect(),
        };
        Ok(Self {
            address: Prefix { address: message.yours, length },
            server,
            server_hardware,
            routes,
            dns: message
                .addresses(option::DNS)
                .into_iter()
                .filter(|&address| is_host(address))
                .take(MOST)
                .collect(),
            search: search(message),
            mtu: message
                .options
                .get(&option::MTU)
                .and_then(|value| <[u8; 2]>::try_from(value.as_slice()).ok())
                .map(u16::from_be_bytes)
                .filter(|mtu| MTU.contains(mtu)),
            router_hardware: None,
            time,
        })
    }

    /// The default router, if there is one.
    #[must_use]
    pub fn router(&self) -> Option<Ipv4Addr> {
        self.routes.iter().find(|(network, _)| network.length == 0).and_then(|&(_, router)| router)
    }
}

fn is_host(address: Ipv4Addr) -> bool {
    !address.is_unspecified()
        && !address.is_broadcast()
        && !address.is_multicast()
        && !address.is_loopback()
        && address.octets().first() != Some(&0)
}

/// T1 and T2 as the server says, if they rise and T1 is not at once; else half and seven eighths (RFC 2131 4.4.5).
fn times(message: &Message, end: u32) -> Times {
    let seconds = |value: u32| Duration::from_secs(u64::from(value));
    let rebind = message
        .duration(option::REBINDING)
        .filter(|&rebind| rebind > SHORTEST_RENEWAL && rebind < end)
        .unwrap_or(end.saturating_sub(end / 8));
    let renew = message
        .duration(option::RENEWAL)
        .filter(|&renew| renew >= SHORTEST_RENEWAL && renew < rebind)
        .unwrap_or((end / 2).min(rebind.saturating_sub(1)));
    Times { renew: seconds(renew), rebind: seconds(rebind), end: seconds(end) }
}

/// Classless static routes (RFC 3442): the length of a prefix, its octets as far as needed, and a router.
fn classless(value: &[u8]) -> Option<Vec<(Prefix<Ipv4Addr>, Option<Ipv4Addr>)>> {
    let mut reader = Reader::new("classless static routes", value);
    let mut routes = Vec::new();
    // What leads to no host, or through none, is passed over.
    let is_fit = |network: Ipv4Addr, length: u8, router: Ipv4Addr| {
        (length == 0 || is_host(network) || network.octets().first() == Some(&0))
            && (router.is_unspecified() || is_host(router))
    };
    while !reader.is_empty() && routes.len() < MOST {
        let length = reader.u8().ok().filter(|&length| length <= 32)?;
        let significant = reader.take(usize::from(length.div_ceil(8))).ok()?;
        let mut octets = [0; 4];
        for (octet, &value) in octets.iter_mut().zip(significant) {
            *octet = value;
        }
        let mask = u32::MAX.checked_shl(32_u32.saturating_sub(u32::from(length))).unwrap_or(0);
        let address = Ipv4Addr::from_bits(u32::from_be_bytes(octets) & mask);
        let router = Ipv4Addr::from(reader.array::<4>().ok()?);
        if is_fit(address, length, router) {
            routes.push((Prefix { address, length }, (!router.is_unspecified()).then_some(router)));
        }
    }
    Some(routes)
}

/// The domains to search: the list of them, else the one domain (RFC 3397 section 2).
fn search(message: &Message) -> Vec<String> {
    let list = message.options.get(&option::SEARCH).map(|value| domain::list(value, Pointers::Backwards));
    list.filter(|list| !list.is_empty()).unwrap_or_else(|| {
        // Some servers end it with a zero.
        let one =
            message.options.get(&option::DOMAIN).map(|value| value.strip_suffix(b"\0").unwrap_or(value));
        one.filter(|one| is_domain(one))
            .map(|one| String::from_utf8_lossy(one).into_owned())
            .into_iter()
            .collect()
    })
}
