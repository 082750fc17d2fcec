//! rtnetlink: interfaces, addresses and routes.
//!
//! The same shape as [`crate::nl80211`]: [`Request`] to message and message to [`Reply`] or [`Event`] are
//! pure, [`Rtnetlink`] is the socket.

mod address;
mod driver;
mod ipv6;
mod link;
mod request;
mod route;
mod router;

pub use address::Address;
pub use driver::{Incoming, Rtnetlink};
pub use ipv6::Ipv6State;
pub use link::{AddressGeneration, Link, LinkMode, OperState};
pub use request::{EncodeError, Request};
pub use route::{Route, RouteProtocol};
pub use router::{Advertisement, RouterOption};

use crate::netlink::DecodeError;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use lapwing_frames::ParseError;

/// Kinds of message (`linux/rtnetlink.h`).
mod kind {
    pub(super) const NEW_LINK: u16 = 16;
    pub(super) const DEL_LINK: u16 = 17;
    pub(super) const GET_LINK: u16 = 18;
    pub(super) const SET_LINK: u16 = 19;
    pub(super) const NEW_ADDRESS: u16 = 20;
    pub(super) const DEL_ADDRESS: u16 = 21;
    pub(super) const GET_ADDRESS: u16 = 22;
    pub(super) const NEW_ROUTE: u16 = 24;
    pub(super) const DEL_ROUTE: u16 = 25;
    pub(super) const GET_ROUTE: u16 = 26;
    pub(super) const NEW_ROUTER_OPTION: u16 = 68;
}

/// `AF_INET`.
const IPV4: u8 = 2;
/// `AF_INET6`.
const IPV6: u8 = 10;

/// What the kernel answers to a [`Request`] that it accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Done.
    Done,
    /// Interfaces.
    Links(Vec<Link>),
    /// Addresses of all interfaces.
    Addresses(Vec<Address>),
    /// Routes of the main table.
    Routes(Vec<Route>),
    /// The IPv6 of all interfaces.
    Ipv6(Vec<Ipv6State>),
}

/// A change that the kernel reports, whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An interface appeared or changed.
    Link(Link),
    /// An interface is gone.
    LinkRemoved(Link),
    /// An address was added or changed.
    Address(Address),
    /// An address is gone.
    AddressRemoved(Address),
    /// A route was added or changed.
    Route(Route),
    /// A route is gone.
    RouteRemoved(Route),
    /// A router said where names are looked up.
    Advertisement(Advertisement),
    /// The IPv6 of an interface changed: a router said something new of itself, for one.
    Ipv6(Ipv6State),
}

impl Event {
    /// Decodes a message of this kind, from the family's own header on; nothing for what Lapwing has no use
    /// for: other kinds, other tables, wireless extensions.
    ///
    /// # Errors
    /// The first field that does not decode.
    pub fn decode(kind: u16, message: &[u8]) -> Result<Option<Self>, DecodeError> {
        Ok(match kind {
            kind::NEW_LINK => match Ipv6State::decode(message)? {
                Some(state) => Some(Self::Ipv6(state)),
                None => Link::decode(message)?.map(Self::Link),
            },
            kind::DEL_LINK => Link::decode(message)?.map(Self::LinkRemoved),
            kind::NEW_ADDRESS => Address::decode(message)?.map(Self::Address),
            kind::DEL_ADDRESS => Address::decode(message)?.map(Self::AddressRemoved),
            kind::NEW_ROUTE => Route::decode(message)?.map(Self::Route),
            kind::DEL_ROUTE => Route::decode(message)?.map(Self::RouteRemoved),
            kind::NEW_ROUTER_OPTION => Advertisement::decode(message)?.map(Self::Advertisement),
            _ => None,
        })
    }
}

/// An error of a fixed header.
const fn short(error: ParseError) -> DecodeError {
    DecodeError { what: error.what, attribute: None, problem: error.problem }
}

/// The address in an attribute, by its length; nothing if it has another.
fn ip(octets: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(octets).map(Ipv4Addr::from).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(octets).map(Ipv6Addr::from).map(IpAddr::from)).ok()
}

/// The octets of an address in network byte order, and its family.
fn octets(address: IpAddr) -> (u8, Vec<u8>) {
    match address {
        IpAddr::V4(address) => (IPV4, address.octets().to_vec()),
        IpAddr::V6(address) => (IPV6, address.octets().to_vec()),
    }
}

#[cfg(test)]
mod tests;
