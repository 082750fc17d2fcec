//! Addresses and routes in the kernel's words.

use crate::netconf::configuration::Route;
use crate::netconf::settings::Prefix;
use lapwing_linux::rtnetlink::{self, Address, RouteProtocol};
use std::net::{IpAddr, Ipv4Addr};

/// The mark of our addresses and routes, by which a later process finds them again. A number that nobody has
/// in `/etc/iproute2/rt_protos`.
pub(super) const OURS: RouteProtocol = RouteProtocol(76);

/// An address of ours.
pub(super) fn address(ifindex: u32, address: Prefix<IpAddr>, metric: u32) -> Address {
    let mut new = Address::new(ifindex, address.address, address.length);
    new.metric = Some(metric);
    new.protocol = Some(OURS.0);
    if address.address.is_ipv6() && address.length == 128 {
        // Of a server: which others are on the link, routers say (RFC 8415 21.6, RFC 5942 4).
        new = new.without_prefix_route();
    }
    if let IpAddr::V4(four) = address.address
        && address.length < 31
    {
        let host_bits = u32::MAX.checked_shr(u32::from(address.length)).unwrap_or(0);
        new.broadcast = Some(Ipv4Addr::from_bits(four.to_bits() | host_bits));
    }
    new
}

/// A route of ours.
pub(super) fn route(ifindex: u32, route: Route, metric: u32) -> rtnetlink::Route {
    rtnetlink::Route {
        ifindex,
        destination: route.destination.address,
        prefix: route.destination.length,
        gateway: route.router,
        source: route.source,
        metric: Some(metric),
        mtu: route.mtu,
        protocol: OURS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_broadcast_address() {
        for (text, length, broadcast) in [
            ("192.0.2.7", 24, Some("192.0.2.255")),
            ("10.0.0.1", 8, Some("10.255.255.255")),
            ("192.0.2.7", 31, None),
            ("2001:db8::1", 64, None),
        ] {
            let new = address(3, Prefix { address: text.parse().unwrap(), length }, 600);
            assert_eq!(new.broadcast.map(|address| address.to_string()).as_deref(), broadcast);
            assert_eq!((new.ifindex, new.metric), (3, Some(600)));
        }
    }
}
