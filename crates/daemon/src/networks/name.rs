//! The names of network files: `SSID.psk`, `SSID.open`, and `=HEX.psk` for every other SSID.

use super::document::{hex, hex_digit};
use lapwing_core::network::{Credentials, Network};
use lapwing_frames::Ssid;
use std::ffi::OsStr;
use std::fmt;

/// How a network is protected, as far as its file's name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Security {
    /// `.open`: no secret (open or OWE).
    Open,
    /// `.psk`: a passphrase.
    Personal,
    /// `.8021x`: an account. Such networks are shown, and their files kept as they are; they are not joined yet.
    Enterprise,
}

impl Security {
    /// The extension of the network's file.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Personal => "psk",
            Self::Enterprise => "8021x",
        }
    }
}

/// The name of a network file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName {
    /// The network's name.
    pub ssid: Ssid,
    /// How it is protected.
    pub security: Security,
}

/// What a name in the state directory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A network's.
    Network(FileName),
    /// That of a network which cannot be used; the text says why.
    Unusable(&'static str),
    /// No network's.
    Other,
}

impl FileName {
    /// The name of a network's file.
    #[must_use]
    pub fn of(network: &Network) -> Self {
        let security = match network.credentials {
            Credentials::Open => Security::Open,
            Credentials::Personal(_) => Security::Personal,
        };
        Self { ssid: network.ssid.clone(), security }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(name: &OsStr) -> Parsed {
        let name = name.as_encoded_bytes();
        let Some(dot) = name.iter().position(|&octet| octet == b'.') else { return Parsed::Other };
        let (stem, extension) = name.split_at(dot);
        let security = match extension {
            b".open" => Security::Open,
            b".psk" => Security::Personal,
            b".8021x" => Security::Enterprise,
            _ => return Parsed::Other,
        };
        if stem.is_empty() {
            return Parsed::Other;
        }
        match ssid(stem) {
            Ok(ssid) => Parsed::Network(Self { ssid, security }),
            Err(why) => Parsed::Unusable(why),
        }
    }

    /// Whether this is the form in which the name is written.
    #[must_use]
    pub fn is_written_as(&self, name: &OsStr) -> bool {
        self.to_string().as_bytes() == name.as_encoded_bytes()
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", stem(&self.ssid), self.security.extension())
    }
}

/// The name of a network as part of a file's.
pub(super) fn stem(ssid: &Ssid) -> String {
    let octets = ssid.octets();
    let is_plain = !octets.is_empty() && octets.iter().all(is_plain);
    let digits = hex(octets);
    // Both forms are ASCII.
    let stem = String::from_utf8_lossy(if is_plain { octets } else { digits.expose() });
    format!("{}{stem}", if is_plain { "" } else { "=" })
}

/// The name that part of a file's name stands for, or why there is none.
pub(super) fn ssid(stem: &[u8]) -> Result<Ssid, &'static str> {
    let octets = match stem {
        [b'=', digits @ ..] => {
            from_hex(digits).ok_or("pairs of hexadecimal digits are expected behind '='")?
        }
        stem if stem.iter().all(is_plain) => stem.to_vec(),
        _ => {
            return Err(
                "a name with other characters than letters, digits, ' ', '-' and '_' is written as '=' and \
                 the SSID's octets in hexadecimal",
            );
        }
    };
    match Ssid::new(&octets) {
        Ok(ssid) if ssid.octets().is_empty() => Err("an SSID has at least one octet"),
        Ok(ssid) => Ok(ssid),
        Err(_) => Err("an SSID has at most 32 octets"),
    }
}

fn is_plain(octet: &u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b' ' | b'-' | b'_')
}

fn from_hex(digits: &[u8]) -> Option<Vec<u8>> {
    digits
        .chunks(2)
        .map(|pair| match pair {
            &[high, low] => Some(hex_digit(high)? << 4 | hex_digit(low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(octets: &[u8], security: Security) -> FileName {
        FileName { ssid: Ssid::new(octets).unwrap(), security }
    }

    #[test]
    fn known_names_both_ways() {
        for (text, octets, security) in [
            ("My home_2-G.psk", &b"My home_2-G"[..], Security::Personal),
            ("=636166c3a9.psk", "café".as_bytes(), Security::Personal),
            ("=00ff.open", &[0, 0xff], Security::Open),
            ("work.8021x", b"work", Security::Enterprise),
            ("=2e2e2f6574632f706173737764.open", b"../etc/passwd", Security::Open),
        ] {
            assert_eq!(FileName::parse(OsStr::new(text)), Parsed::Network(name(octets, security)));
            assert_eq!(name(octets, security).to_string(), text);
        }
        // Other spellings are read too, but not written.
        let upper = FileName::parse(OsStr::new("=41C3.open"));
        assert_eq!(upper, Parsed::Network(name(b"A\xc3", Security::Open)));
        assert!(!name(b"A", Security::Open).is_written_as(OsStr::new("=41.open")));
    }

    #[test]
    fn other_names() {
        for other in ["", "home", ".psk", ".known_network.freq", "home.psk.tmp", "hotspot"] {
            assert_eq!(FileName::parse(OsStr::new(other)), Parsed::Other, "{other}");
        }
        for unusable in ["caf\u{e9}.psk", "=4.psk", "=.psk", "=xx.psk", "=4.8021x"] {
            assert!(matches!(FileName::parse(OsStr::new(unusable)), Parsed::Unusable(_)), "{unusable}");
        }
        let long = format!("{}.open", "a".repeat(33));
        assert!(matches!(FileName::parse(OsStr::new(&long)), Parsed::Unusable(_)));
    }

    proptest! {
        #[test]
        fn every_ssid_has_a_name(octets in proptest::collection::vec(any::<u8>(), 1..=32)) {
            for security in [Security::Open, Security::Personal, Security::Enterprise] {
                let written = name(&octets, security).to_string();
                prop_assert!(!written.contains('/') && written.len() <= 255);
                prop_assert_eq!(FileName::parse(OsStr::new(&written)), Parsed::Network(name(&octets, security)));
            }
        }
    }
}
