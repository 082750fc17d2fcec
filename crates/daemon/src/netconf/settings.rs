//! How a network is addressed: the values that files, leases and the kernel share.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address and the length of its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix<A> {
    /// The address.
    pub address: A,
    /// The number of leading bits that name the network.
    pub length: u8,
}

impl<A: fmt::Display> fmt::Display for Prefix<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// A static IPv4 address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticIpv4 {
    /// The address.
    pub address: Prefix<Ipv4Addr>,
    /// The router.
    pub gateway: Option<Ipv4Addr>,
}

/// A static IPv6 address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticIpv6 {
    /// The address.
    pub address: Prefix<Ipv6Addr>,
    /// The router.
    pub gateway: Option<Ipv6Addr>,
}

/// How a network wants to be addressed: what its file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressing {
    /// A static IPv4 address; DHCP if none.
    pub ipv4: Option<StaticIpv4>,
    /// A static IPv6 address; router advertisements if none.
    pub ipv6: Option<StaticIpv6>,
    /// Whether IPv6 is used at all.
    pub ipv6_enabled: bool,
    /// Name servers in place of those of DHCP.
    pub dns: Vec<IpAddr>,
    /// The domain in place of that of DHCP.
    pub domain: Option<String>,
    /// Whether DHCP tells the server our host name.
    pub send_hostname: bool,
}

impl Default for Addressing {
    fn default() -> Self {
        Self {
            ipv4: None,
            ipv6: None,
            ipv6_enabled: true,
            dns: Vec::new(),
            domain: None,
            send_hostname: false,
        }
    }
}

/// The length of the prefix that a netmask stands for, if it is one.
#[must_use]
pub const fn prefix_length(mask: Ipv4Addr) -> Option<u8> {
    let bits = mask.to_bits();
    let length = bits.leading_ones();
    // All ones are in front.
    if length == bits.count_ones() { Some(length as u8) } else { None }
}

/// Whether a text can stand as a domain in a resolver's configuration, and be nothing but that.
#[must_use]
pub fn is_domain(text: &[u8]) -> bool {
    let is_fit = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_');
    (1..=253).contains(&text.len()) && text.iter().all(is_fit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netmasks() {
        for (mask, length) in [
            ("0.0.0.0", Some(0)),
            ("255.255.254.0", Some(23)),
            ("255.255.255.255", Some(32)),
            ("255.0.255.0", None),
            ("0.0.0.255", None),
        ] {
            assert_eq!(prefix_length(mask.parse().unwrap()), length, "{mask}");
        }
    }
}
