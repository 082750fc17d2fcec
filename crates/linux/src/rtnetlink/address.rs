//! IP addresses of interfaces.

use super::{ip, octets, short};
use crate::netlink::{Attributes, Builder, DecodeError};
use core::net::{IpAddr, Ipv4Addr};
use lapwing_frames::Reader;

/// Attributes of an address (`linux/if_addr.h`).
mod attr {
    pub(super) const ADDRESS: u16 = 1;
    pub(super) const LOCAL: u16 = 2;
    pub(super) const BROADCAST: u16 = 4;
    pub(super) const CACHE_INFO: u16 = 6;
    pub(super) const FLAGS: u16 = 8;
    pub(super) const ROUTE_PRIORITY: u16 = 9;
    pub(super) const PROTOCOL: u16 = 11;
}

/// `IFA_F_NOPREFIXROUTE`.
const NO_PREFIX_ROUTE: u32 = 0x200;
/// `IFA_F_DADFAILED`.
const DUPLICATE: u32 = 0x08;
/// `IFA_F_TENTATIVE`.
const TENTATIVE: u32 = 0x40;
/// `IFA_F_PERMANENT`.
const PERMANENT: u32 = 0x80;
/// A lifetime without end.
const FOREVER: u32 = u32::MAX;

/// An address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The interface.
    pub ifindex: u32,
    /// The address.
    pub address: IpAddr,
    /// The length of its prefix in bits.
    pub prefix: u8,
    /// The broadcast address, for IPv4.
    pub broadcast: Option<Ipv4Addr>,
    /// How far it reaches: 0 everywhere, 253 the link, 254 the host.
    pub scope: u8,
    /// How long it may be used, in seconds; none for ever.
    pub valid_seconds: Option<u32>,
    /// How long it may be used for new connections, in seconds; none for ever.
    pub preferred_seconds: Option<u32>,
    /// The metric of the route to its prefix, if not the kernel's default.
    pub metric: Option<u32>,
    /// `IFA_F_…`.
    pub flags: u32,
    /// Who made it: 1 to 3 are the kernel, programs choose others; none before Linux 5.18.
    pub protocol: Option<u8>,
}

impl Address {
    /// An address without end of life, to be filled in further.
    #[must_use]
    pub const fn new(ifindex: u32, address: IpAddr, prefix: u8) -> Self {
        Self {
            ifindex,
            address,
            prefix,
            broadcast: None,
            scope: 0,
            valid_seconds: None,
            preferred_seconds: None,
            metric: None,
            flags: 0,
            protocol: None,
        }
    }

    /// Without a route to its prefix made by the kernel.
    #[must_use]
    pub const fn without_prefix_route(mut self) -> Self {
        self.flags |= NO_PREFIX_ROUTE;
        self
    }

    /// Whether duplicate address detection still runs (IPv6).
    #[must_use]
    pub const fn is_tentative(&self) -> bool {
        self.flags & TENTATIVE != 0
    }

    /// Whether another host on the link has it (IPv6).
    #[must_use]
    pub const fn is_duplicate(&self) -> bool {
        self.flags & DUPLICATE != 0
    }

    /// Whether it was set by hand or by a program without end of life.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        self.flags & PERMANENT != 0
    }

    /// Decodes a message from `struct ifaddrmsg` on; nothing for other families than IP.
    ///
    /// # Errors
    /// The first field that does not decode.
    pub fn decode(message: &[u8]) -> Result<Option<Self>, DecodeError> {
        let mut reader = Reader::new("address", message);
        let [_family, prefix, flags, scope] = reader.array().map_err(short)?;
        let ifindex = u32::from_ne_bytes(reader.array().map_err(short)?);
        let (mut address, mut local) = (None, None);
        let mut found = Self::new(ifindex, IpAddr::V4(Ipv4Addr::UNSPECIFIED), prefix);
        found.flags = flags.into();
        found.scope = scope;
        for attribute in Attributes::new("address", reader.peek()) {
            let attribute = attribute?;
            match attribute.kind {
                attr::ADDRESS => address = ip(attribute.payload),
                attr::LOCAL => local = ip(attribute.payload),
                attr::BROADCAST => found.broadcast = Some(attribute.array::<4>()?.into()),
                attr::FLAGS => found.flags = attribute.u32()?,
                attr::PROTOCOL => found.protocol = Some(attribute.u8()?),
                attr::ROUTE_PRIORITY => found.metric = Some(attribute.u32()?),
                attr::CACHE_INFO => {
                    // Two more fields say when it was made and changed.
                    let [a, b, c, d, e, f, g, h, ..] = attribute.array::<16>()?;
                    let lifetime = |octets| Some(u32::from_ne_bytes(octets)).filter(|&s| s != FOREVER);
                    found.preferred_seconds = lifetime([a, b, c, d]);
                    found.valid_seconds = lifetime([e, f, g, h]);
                }
                _ => {}
            }
        }
        // With a peer, the plain attribute is the peer's address.
        Ok(local.or(address).map(|address| Self { address, ..found }))
    }

    pub(super) fn message(&self, kind: u16) -> Builder {
        let (family, octets) = octets(self.address);
        let [a, b, c, d] = self.ifindex.to_ne_bytes();
        let mut message = Builder::new(kind, &[family, self.prefix, 0, self.scope, a, b, c, d]);
        message.bytes(attr::LOCAL, &octets).bytes(attr::ADDRESS, &octets);
        if let Some(broadcast) = self.broadcast {
            message.bytes(attr::BROADCAST, &broadcast.octets());
        }
        if self.flags != 0 {
            message.u32(attr::FLAGS, self.flags);
        }
        if let Some(metric) = self.metric {
            message.u32(attr::ROUTE_PRIORITY, metric);
        }
        if let Some(protocol) = self.protocol {
            message.u8(attr::PROTOCOL, protocol);
        }
        if self.valid_seconds.is_some() || self.preferred_seconds.is_some() {
            let preferred = self.preferred_seconds.unwrap_or(FOREVER);
            let valid = self.valid_seconds.unwrap_or(FOREVER);
            message.u32_list(attr::CACHE_INFO, [preferred, valid, 0, 0]);
        }
        message
    }
}
