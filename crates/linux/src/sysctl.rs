//! The settings of an interface's IPv6 below `/proc/sys/net/ipv6/conf`, and whether IPv4 packets are passed on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const IPV4_FORWARDING: &str = "/proc/sys/net/ipv4/ip_forward";

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ipv6Setting {
    /// Whether router advertisements are followed: 0 no, 1 unless it forwards, 2 always.
    AcceptRouterAdvertisements,
    /// Whether addresses are made from advertised prefixes: 0 or 1.
    Autoconfiguration,
    /// Whether IPv6 is off: 0 or 1.
    Disable,
    /// Temporary addresses (RFC 8981): 0 none, 1 made, 2 preferred.
    TemporaryAddresses,
    /// The metric of default routes from router advertisements.
    RouterAdvertisementMetric,
    /// The longest prefix of a route in a router advertisement that is followed (RFC 4191).
    LongestAdvertisedRoute,
}

impl Ipv6Setting {
    const fn file(self) -> &'static str {
        match self {
            Self::AcceptRouterAdvertisements => "accept_ra",
            Self::Autoconfiguration => "autoconf",
            Self::Disable => "disable_ipv6",
            Self::TemporaryAddresses => "use_tempaddr",
            Self::RouterAdvertisementMetric => "ra_defrtr_metric",
            Self::LongestAdvertisedRoute => "accept_ra_rt_info_max_plen",
        }
    }
}

/// Writes a setting of the interface with this name.
///
/// # Errors
/// `InvalidInput` if the name cannot be one; `NotFound` if the kernel has no IPv6, or not this interface or
/// setting; others of the file system.
pub fn write(interface: &str, setting: Ipv6Setting, value: u32) -> io::Result<()> {
    fs::write(path(interface, setting)?, value.to_string())
}

/// Reads a setting of the interface with this name.
///
/// # Errors
/// Those of [`write()`]; `InvalidData` if the kernel's value is no number.
pub fn read(interface: &str, setting: Ipv6Setting) -> io::Result<i64> {
    let text = fs::read_to_string(path(interface, setting)?)?;
    text.trim().parse().map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Whether the machine passes IPv4 packets on from one interface to another (`net.ipv4.ip_forward`).
///
/// # Errors
/// Those of the file system.
pub fn forwards() -> io::Result<bool> {
    Ok(fs::read_to_string(IPV4_FORWARDING)?.trim() != "0")
}

/// Sets whether the machine passes IPv4 packets on.
///
/// # Errors
/// Those of the file system.
pub fn set_forwarding(on: bool) -> io::Result<()> {
    fs::write(IPV4_FORWARDING, if on { "1" } else { "0" })
}

fn path(interface: &str, setting: Ipv6Setting) -> io::Result<PathBuf> {
    // The kernel allows no other names for interfaces, but "all" and "default" mean something else here.
    let special = matches!(interface, "" | "." | ".." | "all" | "default");
    if special || interface.contains(['/', '\0']) || interface.len() > 15 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(Path::new("/proc/sys/net/ipv6/conf").join(interface).join(setting.file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_the_folder() {
        for name in ["", "..", "../all", "all", "default", "a/b", "a name that is too long"] {
            let error = read(name, Ipv6Setting::Disable).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{name}");
        }
        assert!(path("wlan0", Ipv6Setting::Autoconfiguration).unwrap().ends_with("wlan0/autoconf"));
    }
}
