//! The paths of our objects: those of iwd, because its clients take them apart.

use crate::networks::FileName;
use crate::networks::name::Security;
use lapwing_frames::{MacAddr, Ssid};

/// The object that manages all others.
pub const ROOT: &str = "/";
/// The daemon itself.
pub const DAEMON: &str = "/net/connman/iwd";

/// A radio.
#[must_use]
pub fn radio(wiphy: u32) -> String {
    format!("{DAEMON}/{wiphy}")
}

/// An interface.
#[must_use]
pub fn device(wiphy: u32, ifindex: u32) -> String {
    format!("{DAEMON}/{wiphy}/{ifindex}")
}

/// A network that an interface hears.
#[must_use]
pub fn network(device: &str, name: &FileName) -> String {
    [device, "/", &element(name)].concat()
}

/// A BSS of a network.
#[must_use]
pub fn bss(network: &str, bssid: MacAddr) -> String {
    [network, "/", &hex(&bssid.0)].concat()
}

/// A known network.
#[must_use]
pub fn known(name: &FileName) -> String {
    format!("{DAEMON}/{}", element(name))
}

/// A profile of others' hotspots, as iwd has it: beside the daemon.
#[must_use]
pub fn passpoint(id: u32) -> String {
    format!("/{id:08x}_{PASSPOINT}")
}

/// The kind of such a profile, as iwd names it.
pub const PASSPOINT: &str = "hotspot";

/// The kind of a network, as iwd names it.
#[must_use]
pub const fn kind(security: Security) -> &'static str {
    match security {
        Security::Open => "open",
        Security::Personal => "psk",
        Security::Enterprise => "8021x",
    }
}

/// The name of a network for people. D-Bus carries text without NUL only, so what is no such text is replaced;
/// octets that have to be exact are in the path.
#[must_use]
pub fn label(ssid: &Ssid) -> String {
    String::from_utf8_lossy(ssid.octets()).replace('\0', "\u{fffd}")
}

fn element(name: &FileName) -> String {
    [&hex(name.ssid.octets()), "_", kind(name.security)].concat()
}

fn hex(octets: &[u8]) -> String {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' - 10 + value };
    let mut digits = Vec::with_capacity(octets.len() * 2);
    for octet in octets {
        digits.extend_from_slice(&[digit(octet >> 4), digit(octet & 15)]);
    }
    // Digits are text.
    String::from_utf8(digits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_iwd() {
        let name = FileName { ssid: Ssid::new(b"sae-net").unwrap(), security: Security::Personal };
        let device = device(1, 5);
        let network = network(&device, &name);
        assert_eq!(network, "/net/connman/iwd/1/5/7361652d6e6574_psk");
        let bss = bss(&network, MacAddr([2, 0, 0, 0, 0, 0]));
        assert_eq!(bss, "/net/connman/iwd/1/5/7361652d6e6574_psk/020000000000");
        assert_eq!(known(&name), "/net/connman/iwd/7361652d6e6574_psk");
        assert_eq!(radio(1), "/net/connman/iwd/1");
        assert_eq!(passpoint(0x12_34ab), "/001234ab_hotspot");
    }

    #[test]
    fn labels_are_text_without_nul() {
        let label = |octets: &[u8]| label(&Ssid::new(octets).unwrap());
        assert_eq!(label("café/\"\\".as_bytes()), "café/\"\\");
        assert_eq!(label(b"a\0b\xff"), "a\u{fffd}b\u{fffd}");
    }
}
