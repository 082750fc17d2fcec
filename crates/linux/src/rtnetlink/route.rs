//! Routes of the main table.

use super::{IPV4, IPV6, ip, octets, short};
use crate::netlink::{Attributes, Builder, DecodeError};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use lapwing_frames::Reader;

/// Attributes of a route (`linux/rtnetlink.h`).
mod attr {
    pub(super) const DESTINATION: u16 = 1;
    pub(super) const INTERFACE: u16 = 4;
    pub(super) const GATEWAY: u16 = 5;
    pub(super) const PRIORITY: u16 = 6;
    pub(super) const PREFERRED_SOURCE: u16 = 7;
    pub(super) const METRICS: u16 = 8;
    pub(super) const TABLE: u16 = 15;
}

/// `RTAX_MTU` in the nest of metrics.
const MTU: u16 = 2;
/// `RT_TABLE_MAIN`.
const MAIN: u8 = 254;
/// `RTN_UNICAST`.
const UNICAST: u8 = 1;
/// `RT_SCOPE_LINK`.
const SCOPE_LINK: u8 = 253;

lapwing_frames::open_enum! {
    /// Who made a route.
    pub enum RouteProtocol: u8 {
        /// Unknown.
        Unspecified = 0,
        /// The kernel, for an address.
        Kernel = 2,
        /// By hand at boot.
        Boot = 3,
        /// By hand.
        Static = 4,
        /// A router advertisement.
        RouterAdvertisement = 9,
        /// DHCP.
        Dhcp = 16,
    }
}

/// A unicast route of the main table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The interface; 0 if the route has several.
    pub ifindex: u32,
    /// Where to: the unspecified address with prefix 0 is the default route.
    pub destination: IpAddr,
    /// The length of the destination's prefix in bits.
    pub prefix: u8,
    /// The router; none if the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// The source address of packets that take it.
    pub source: Option<IpAddr>,
    /// The smallest metric wins.
    pub metric: Option<u32>,
    /// The greatest packet that takes it, in octets, if it is less than what the interface takes.
    pub mtu: Option<u16>,
    /// Who made it.
    pub protocol: RouteProtocol,
}

impl Route {
    /// Whether it is a default route.
    #[must_use]
    pub const fn is_default(&self) -> bool {
        self.prefix == 0
    }

    /// Decodes a message from `struct rtmsg` on; nothing for other families than IP, other tables, and
    /// routes that are not unicast.
    ///
    /// # Errors
    /// The first field that does not decode.
    pub fn decode(message: &[u8]) -> Result<Option<Self>, DecodeError> {
        let mut reader = Reader::new("route", message);
        let [family, prefix, _source, _tos, table, protocol, _scope, kind] = reader.array().map_err(short)?;
        reader.take(4).map_err(short)?;
        let destination = match family {
            IPV4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IPV6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            _ => return Ok(None),
        };
        let mut table = u32::from(table);
        let protocol = RouteProtocol(protocol);
        let mut route = Self {
            ifindex: 0,
            destination,
            prefix,
            gateway: None,
            source: None,
            metric: None,
            mtu: None,
            protocol,
        };
        for attribute in Attributes::new("route", reader.peek()) {
            let attribute = attribute?;
            match attribute.kind {
                attr::DESTINATION => route.destination = ip(attribute.payload).unwrap_or(destination),
                attr::INTERFACE => route.ifindex = attribute.u32()?,
                attr::GATEWAY => route.gateway = ip(attribute.payload),
                attr::PRIORITY => route.metric = Some(attribute.u32()?),
                attr::PREFERRED_SOURCE => route.source = ip(attribute.payload),
                attr::METRICS => {
                    let mtu = attribute.nested("route metrics").find(MTU);
                    // More than any packet says nothing.
                    route.mtu = mtu.map(|mtu| mtu.u32()).transpose()?.and_then(|mtu| mtu.try_into().ok());
                }
                attr::TABLE => table = attribute.u32()?,
                _ => {}
            }
        }
        Ok((table == u32::from(MAIN) && kind == UNICAST).then_some(route))
    }

    pub(super) fn message(&self, kind: u16) -> Builder {
        let (family, destination) = octets(self.destination);
        // IPv4 wants to be told that a route without a router ends on the link.
        let scope = if self.gateway.is_none() && family == IPV4 { SCOPE_LINK } else { 0 };
        let header = [family, self.prefix, 0, 0, MAIN, self.protocol.0, scope, UNICAST, 0, 0, 0, 0];
        let mut message = Builder::new(kind, &header);
        if self.prefix != 0 {
            message.bytes(attr::DESTINATION, &destination);
        }
        message.u32(attr::INTERFACE, self.ifindex);
        if let Some(gateway) = self.gateway {
            message.bytes(attr::GATEWAY, &octets(gateway).1);
        }
        if let Some(source) = self.source {
            message.bytes(attr::PREFERRED_SOURCE, &octets(source).1);
        }
        if let Some(metric) = self.metric {
            message.u32(attr::PRIORITY, metric);
        }
        if let Some(mtu) = self.mtu {
            message.nest(attr::METRICS, |metrics| {
                metrics.u32(MTU, mtu.into());
            });
        }
        message
    }
}
