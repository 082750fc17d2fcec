//! Networks as other programs write them down: wpa_supplicant and NetworkManager.
//!
//! What comes from a foreign file is bounded and judged here; what cannot be carried over is said for each network, so
//! that nobody finds out later.

pub mod network_manager;
pub mod wpa_supplicant;

use super::document::{Document, hex};
use super::file::{KnownNetwork, Unfit};
use super::name::{FileName, Security};
use crate::netconf::settings::Addressing;
use lapwing_core::Secret;
use lapwing_core::network::{Credentials, Personal};
use lapwing_frames::Ssid;
use std::fmt::Write as _;
use std::net::IpAddr;

/// The most octets of a foreign file that are read.
pub const MAX_OCTETS: usize = 1024 * 1024;
/// The most networks that one file may have.
pub const MAX_NETWORKS: usize = 4096;
/// The most sentences about one network.
const MAX_LEFT_OUT: usize = 50;

/// A network that another program knows, or the reason why it cannot be known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// What it is called there: its SSID, or what else names it.
    pub name: String,
    /// What is carried over, or why nothing is.
    pub outcome: Result<Carried, String>,
}

/// What is carried over of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The name that its file gets.
    pub name: FileName,
    /// How to get in.
    pub credentials: Credentials,
    /// Whether it does not announce its name.
    pub hidden: bool,
    /// Whether it is joined without being asked.
    pub autoconnect: bool,
    /// How it is addressed.
    pub addressing: Addressing,
    /// What is not carried over, and why: a sentence each.
    pub left_out: Vec<String>,
}

impl Carried {
    /// A network of this name of which nothing else is known.
    #[must_use]
    pub fn new(ssid: Ssid, security: Security) -> Self {
        Self {
            name: FileName { ssid, security },
            credentials: Credentials::Open,
            hidden: false,
            autoconnect: true,
            addressing: Addressing::default(),
            left_out: Vec::new(),
        }
    }

    /// What another program is told of a network that is known here.
    #[must_use]
    pub fn of(known: &KnownNetwork) -> Self {
        Self {
            credentials: known.network.credentials.clone(),
            hidden: known.network.hidden,
            autoconnect: known.network.autoconnect,
            addressing: known.addressing.clone(),
            ..Self::new(known.name.ssid.clone(), known.name.security)
        }
    }

    /// Its secret.
    pub(super) const fn secret(&self) -> Option<&Personal> {
        match &self.credentials {
            Credentials::Open => None,
            Credentials::Personal(personal) => Some(personal),
        }
    }

    /// Says what is not carried over.
    pub(super) fn leave_out(&mut self, sentence: impl Into<String>) {
        if self.left_out.len() < MAX_LEFT_OUT {
            self.left_out.push(sentence.into());
        }
    }

    /// The network file.
    ///
    /// # Errors
    /// If this would be no network that can be joined.
    pub fn document(&self) -> Result<Document, Unfit> {
        let mut document = Document::default();
        if let Some(secret) = self.secret() {
            if let Some(passphrase) = &secret.passphrase {
                document.set("Security", "Passphrase", passphrase.expose());
            }
            if let Some(psk) = &secret.psk {
                document.set("Security", "PreSharedKey", hex(psk.expose()).expose());
            }
            if let Some(identifier) = &secret.password_identifier {
                document.set("Security", "PasswordIdentifier", identifier);
            }
        }
        if self.hidden {
            document.set("Settings", "Hidden", b"true");
        }
        if !self.autoconnect {
            document.set("Settings", "AutoConnect", b"false");
        }
        self.write_addressing(&mut document);
        // What would not be read must not be written.
        KnownNetwork::read(self.name.clone(), &Document::parse(document.octets().expose())?)?;
        Ok(document)
    }

    fn write_addressing(&self, document: &mut Document) {
        let mut set = |group: &str, key: &str, text: String| document.set(group, key, text.as_bytes());
        let addressing = &self.addressing;
        if let Some(four) = &addressing.ipv4 {
            set("IPv4", "Address", four.address.address.to_string());
            set("IPv4", "Netmask", netmask(four.address.length).to_string());
            if let Some(gateway) = four.gateway {
                set("IPv4", "Gateway", gateway.to_string());
            }
        }
        let list = |is: fn(&IpAddr) -> bool| {
            let servers = addressing.dns.iter().filter(|server| is(server)).map(ToString::to_string);
            servers.collect::<Vec<_>>().join(" ")
        };
        let (four, six) = (list(IpAddr::is_ipv4), list(IpAddr::is_ipv6));
        if !four.is_empty() {
            set("IPv4", "DNS", four);
        }
        if let Some(domain) = &addressing.domain {
            set("IPv4", "DomainName", domain.clone());
        }
        if addressing.send_hostname {
            set("IPv4", "SendHostname", "true".to_owned());
        }
        if !addressing.ipv6_enabled {
            set("IPv6", "Enabled", "false".to_owned());
        }
        if let Some(address) = &addressing.ipv6 {
            set("IPv6", "Address", address.address.to_string());
            if let Some(gateway) = address.gateway {
                set("IPv6", "Gateway", gateway.to_string());
            }
        }
        if !six.is_empty() {
            set("IPv6", "DNS", six);
        }
    }
}

/// The netmask of a prefix.
fn netmask(length: u8) -> std::net::Ipv4Addr {
    let bits = u32::MAX.checked_shl(32_u32.saturating_sub(length.into())).unwrap_or(0);
    bits.into()
}

/// A name as a person may read it: its text, or else its octets.
#[must_use]
pub fn shown(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) if !text.is_empty() && text.chars().all(|letter| !letter.is_control()) => text.to_owned(),
        _ => format!("={}", String::from_utf8_lossy(hex(octets).expose())),
    }
}

/// A passphrase or a key of 64 hexadecimal digits, as both programs have them in one place.
fn secret(text: &[u8]) -> Result<Personal, String> {
    let digits = text.len() == 64 && text.iter().all(u8::is_ascii_hexdigit);
    if digits {
        return Ok(Personal { psk: octets(text), ..Personal::default() });
    }
    if !(1..=255).contains(&text.len()) || std::str::from_utf8(text).is_err() || text.contains(&0) {
        return Err("its passphrase is no text of 1 to 255 octets".to_owned());
    }
    Ok(Personal { passphrase: Some(Secret::new(text)), ..Personal::default() })
}

/// The octets that pairs of digits stand for.
fn octets(digits: &[u8]) -> Option<Secret> {
    let digit = super::document::hex_digit;
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let mut octets = Vec::with_capacity(digits.len() / 2);
    for pair in digits.chunks_exact(2) {
        let &[high, low] = pair else { return None };
        let Some((high, low)) = digit(high).zip(digit(low)) else {
            drop(Secret::from_vec(octets));
            return None;
        };
        octets.push(high << 4 | low);
    }
    Some(Secret::from_vec(octets))
}

/// Digits for octets, in a text that is no secret.
fn digits(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        // Writing into a text does not fail.
        let _done = write!(text, "{octet:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
