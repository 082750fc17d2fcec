//! Requests: values to messages.

use super::link::{UP, attr};
use super::{Address, AddressGeneration, IPV6, LinkMode, OperState, Route, RouteProtocol, kind};
use crate::netlink::{self, Builder, Expect, flags};
use core::fmt;
use lapwing_frames::MacAddr;

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// All interfaces: [`Reply::Links`](super::Reply::Links).
    ReadLinks,
    /// Sets an interface up or down.
    SetUp {
        /// The interface.
        ifindex: u32,
        /// Up or down.
        up: bool,
    },
    /// Sets what an interface does when it gets a carrier, and the state it is in. A station's interface is
    /// dormant until its port opens.
    SetOperation {
        /// The interface.
        ifindex: u32,
        /// The mode.
        mode: LinkMode,
        /// The state; the kernel takes [`OperState::Dormant`] and [`OperState::Up`].
        state: OperState,
    },
    /// Sets the MAC address; most drivers want the interface down.
    SetMacAddress {
        /// The interface.
        ifindex: u32,
        /// The address.
        address: MacAddr,
    },
    /// Sets how IPv6 interface identifiers are made.
    SetAddressGeneration {
        /// The interface.
        ifindex: u32,
        /// How.
        mode: AddressGeneration,
    },
    /// All addresses: [`Reply::Addresses`](super::Reply::Addresses).
    ReadAddresses,
    /// Adds an address, or renews its lifetimes.
    SetAddress(Address),
    /// Removes an address.
    DelAddress(Address),
    /// All routes that this program made: [`Reply::Routes`](super::Reply::Routes). An old kernel gives all.
    ReadRoutes {
        /// The program; [`RouteProtocol::Unspecified`] for all routes.
        protocol: RouteProtocol,
    },
    /// The IPv6 of all interfaces: [`Reply::Ipv6`](super::Reply::Ipv6).
    ReadIpv6,
    /// Adds a route, or replaces the one with the same destination and metric.
    SetRoute(Route),
    /// Removes a route.
    DelRoute(Route),
}

/// A part of a request is longer than an attribute can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeError;

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of the request is too long for a netlink attribute")
    }
}

impl std::error::Error for EncodeError {}

/// `struct ifinfomsg`, with only these flags changed.
fn link(kind: u16, ifindex: u32, flags: u32, change: u32) -> Builder {
    let mut header = [0; 16];
    for (place, octet) in
        header.iter_mut().skip(4).zip([ifindex, flags, change].into_iter().flat_map(u32::to_ne_bytes))
    {
        *place = octet;
    }
    Builder::new(kind, &header)
}

impl Request {
    /// What answers it.
    #[must_use]
    pub const fn expect(&self) -> Expect {
        match self {
            Self::ReadLinks | Self::ReadAddresses | Self::ReadRoutes { .. } | Self::ReadIpv6 => Expect::Dump,
            _ => Expect::Acknowledgement,
        }
    }

    /// The flags beside the usual ones.
    pub(super) const fn flags(&self) -> u16 {
        match self {
            Self::SetAddress(_) | Self::SetRoute(_) => flags::CREATE | flags::REPLACE,
            _ => 0,
        }
    }

    /// The message.
    ///
    /// # Errors
    /// If a part is too long; none is.
    pub fn encode(&self) -> Result<netlink::Request, EncodeError> {
        let message = match *self {
            Self::ReadLinks => link(kind::GET_LINK, 0, 0, 0),
            Self::SetUp { ifindex, up } => link(kind::SET_LINK, ifindex, if up { UP } else { 0 }, UP),
            Self::SetOperation { ifindex, mode, state } => {
                let mut message = link(kind::SET_LINK, ifindex, 0, 0);
                message.u8(attr::LINK_MODE, mode.0).u8(attr::OPER_STATE, state.0);
                message
            }
            Self::SetMacAddress { ifindex, address } => {
                let mut message = link(kind::SET_LINK, ifindex, 0, 0);
                message.mac(attr::ADDRESS, address);
                message
            }
            Self::SetAddressGeneration { ifindex, mode } => {
                let mut message = link(kind::SET_LINK, ifindex, 0, 0);
                message.nest(attr::AF_SPEC, |families| {
                    families.nest(IPV6.into(), |inet6| {
                        inet6.u8(attr::INET6_ADDRESS_GENERATION, mode.0);
                    });
                });
                message
            }
            // A header without a family, which the kernel takes for all of them.
            Self::ReadAddresses => Builder::new(kind::GET_ADDRESS, &[0; 8]),
            Self::SetAddress(address) => address.message(kind::NEW_ADDRESS),
            Self::DelAddress(address) => address.message(kind::DEL_ADDRESS),
            Self::ReadIpv6 => {
                Builder::new(kind::GET_LINK, &[IPV6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            }
            Self::ReadRoutes { protocol } => {
                Builder::new(kind::GET_ROUTE, &[0, 0, 0, 0, 0, protocol.0, 0, 0, 0, 0, 0, 0])
            }
            Self::SetRoute(route) => route.message(kind::NEW_ROUTE),
            Self::DelRoute(route) => route.message(kind::DEL_ROUTE),
        };
        message.finish().ok_or(EncodeError)
    }
}
