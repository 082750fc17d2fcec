//! Addresses and link numbers.

use crate::reader::{ParseError, Problem, Reader};
use core::{fmt, str::FromStr};

/// A 48-bit MAC address: of a station, a BSS (BSSID), a link, or a multi-link device (MLD).
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(pub [u8; 6]);

impl MacAddr {
    /// `ff:ff:ff:ff:ff:ff`.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// Reads six octets.
    ///
    /// # Errors
    /// If fewer are left.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        reader.array().map(Self)
    }

    /// Whether the group bit (I/G) is set.
    #[must_use]
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// Whether the address is locally administered.
    #[must_use]
    pub const fn is_local(self) -> bool {
        self.0[0] & 2 != 0
    }

    /// Whether all octets are zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        matches!(self.0, [0, 0, 0, 0, 0, 0])
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By hand, since thousands are written after a scan.
        let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' - 10 + value };
        let mut text = [b':'; 17];
        for (place, octet) in text.chunks_mut(3).zip(self.0) {
            if let [high, low, ..] = place {
                (*high, *low) = (digit(octet >> 4), digit(octet & 15));
            }
        }
        f.write_str(core::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MacAddr {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = ParseError {
            what: "MAC address",
            at: 0,
            problem: Problem::Invalid("six pairs of hexadecimal digits with colons are expected"),
        };
        let mut octets = [0; 6];
        let mut parts = text.split(':');
        for octet in &mut octets {
            let part = parts.next().ok_or(wrong)?;
            if part.len() != 2 || !part.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(wrong);
            }
            *octet = u8::from_str_radix(part, 16).map_err(|_| wrong)?;
        }
        if parts.next().is_some() {
            return Err(wrong);
        }
        Ok(Self(octets))
    }
}

/// The number of a link of a multi-link device, 0 to 14 (802.11be 9.4.2.312; 15 means "unknown").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(u8);

impl LinkId {
    /// The number of links that an MLD can have.
    pub const COUNT: u8 = 15;

    /// A link number, or nothing if it is 15 or more.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Debug for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "link {}", self.0)
    }
}

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_both_ways() {
        let address: MacAddr = "02:00:00:00:01:fe".parse().unwrap();
        assert_eq!(address, MacAddr([2, 0, 0, 0, 1, 0xfe]));
        assert_eq!(std::format!("{address}"), "02:00:00:00:01:fe");
        for wrong in ["", "02:00:00:00:01", "02:00:00:00:01:fe:00", "2:0:0:0:1:fe", "+2:00:00:00:01:fe"] {
            assert!(wrong.parse::<MacAddr>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn fifteen_is_no_link() {
        assert_eq!(LinkId::new(14).map(LinkId::get), Some(14));
        assert_eq!(LinkId::new(15), None);
    }
}
