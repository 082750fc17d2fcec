//! What the keys of a network file mean, and what is written back into it.

use super::document::{Document, Malformed, Value, hex};
use super::error::Problem;
use super::name::{FileName, Security};
use super::sealing;
use crate::netconf::settings::{Addressing, Prefix, StaticIpv4, StaticIpv6, is_domain};
use lapwing_core::{
    Secret,
    network::{Credentials, FirstGroup, Network, OwnAddress, Personal, Proven, TransitionDisable},
    station::Learned,
};
use lapwing_frames::{MacAddr, Ssid};
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network from its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownNetwork {
    /// The name that its file has or gets.
    pub name: FileName,
    /// What the station needs of it.
    pub network: Network,
    /// How it is addressed.
    pub addressing: Addressing,
}

/// The groups for which password elements are kept, with the octets of one (x and y).
const ELEMENTS: [(u16, &str, usize); 3] =
    [(19, "SAE-PT-Group19", 64), (20, "SAE-PT-Group20", 96), (21, "SAE-PT-Group21", 132)];

/// The names of the Transition Disable bits in a file.
const MODES: [(u8, &str); 3] = [
    (TransitionDisable::WPA3_PERSONAL, "personal"),
    (TransitionDisable::WPA3_ENTERPRISE, "enterprise"),
    (TransitionDisable::ENHANCED_OPEN, "open"),
];

/// From which passphrase the keys in the file were computed: keys of another are not used.
const DERIVED_FROM: (&str, &str) = ("Lapwing", "DerivedFrom");

/// Where a file does not fit; no line if something is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The line, from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: Problem,
}

impl From<Malformed> for Unfit {
    fn from(malformed: Malformed) -> Self {
        Self { line: Some(malformed.line), problem: malformed.problem }
    }
}

impl From<Problem> for Unfit {
    fn from(problem: Problem) -> Self {
        Self { line: None, problem }
    }
}

impl KnownNetwork {
    /// Understands a document.
    ///
    /// # Errors
    /// The first key that does not fit, or what is missing.
    pub fn read(name: FileName, document: &Document) -> Result<Self, Unfit> {
        let said = |key| document.value("Settings", key).map(|value| value.boolean()).transpose();
        let boolean = |key, default| said(key).map(|said| said.unwrap_or(default));
        let network = Network {
            ssid: name.ssid.clone(),
            credentials: match name.security {
                Security::Open => Credentials::Open,
                Security::Personal => Credentials::Personal(personal(&name.ssid, document)?),
                Security::Enterprise => return Err(Problem::Enterprise.into()),
            },
            hidden: boolean("Hidden", false)?,
            autoconnect: boolean("AutoConnect", true)?,
            last_joined: None,
            known_frequencies: Vec::new(),
            transition_disable: transition_disable(document)?,
            proven: Proven::default(),
            bssid: None,
            first_group: match said("UseDefaultEccGroup")? {
                None => FirstGroup::Usual,
                Some(true) => FirstGroup::Cheapest,
                Some(false) => FirstGroup::Strongest,
            },
            address: own_address(document)?,
        };
        Ok(Self { name, network, addressing: addressing(document)? })
    }
}

/// With which address of ours it is joined. What the file says of one that is never drawn is checked all the same.
fn own_address(document: &Document) -> Result<OwnAddress, Malformed> {
    let drawn =
        document.value("Settings", "AlwaysRandomizeAddress").map_or(Ok(false), |value| value.boolean())?;
    let Some(value) = document.value("Settings", "AddressOverride") else {
        return Ok(if drawn { OwnAddress::Drawn } else { OwnAddress::OfName });
    };
    let address = parse::<MacAddr>(&value, Problem::BadMacAddress)?;
    if address.is_group() || address.is_zero() {
        return Err(value.wrong(Problem::BadMacAddress));
    }
    Ok(OwnAddress::Fixed(address))
}

/// Writes what was learned into a document. Returns whether that changed it.
#[must_use]
pub fn learn(document: &mut Document, name: &FileName, learned: &Learned) -> bool {
    let before = document.clone();
    let disabled = learned.transition_disable;
    if disabled != TransitionDisable::default() {
        let known = transition_disable(document).unwrap_or_default();
        let modes: Vec<_> = MODES
            .iter()
            .filter(|(bit, _)| disabled.has(*bit) || known.has(*bit))
            .map(|&(_, mode)| mode)
            .collect();
        document.set("Settings", "TransitionDisable", b"true");
        document.set("Settings", "DisabledTransitionModes", modes.join(" ").as_bytes());
    }
    if name.security == Security::Personal {
        let mut derived = false;
        if let Some(psk) = &learned.psk {
            document.set("Security", "PreSharedKey", hex(psk.expose()).expose());
            derived = true;
        }
        for (group, element) in &learned.password_elements {
            if let Some((_, key, length)) = ELEMENTS.iter().find(|(known, ..)| known == group)
                && element.len() == *length
            {
                document.set("Security", key, hex(element.expose()).expose());
                derived = true;
            }
        }
        if derived && let Ok(Some(mark)) = mark(&name.ssid, document) {
            document.set(DERIVED_FROM.0, DERIVED_FROM.1, mark.expose());
        }
    }
    *document != before
}

/// Writes the secret, a passphrase or else a key, and the settings of a network that a person entered. What was computed from another
/// secret goes.
pub fn enter(document: &mut Document, network: &Network) {
    if let Credentials::Personal(Personal { passphrase, psk, .. }) = &network.credentials
        && (passphrase.is_some() || psk.is_some())
    {
        document.remove("Security", "PreSharedKey");
        for (_, key, _) in ELEMENTS {
            document.remove("Security", key);
        }
        unmark(document);
        match (passphrase, psk) {
            (Some(passphrase), _) => document.set("Security", "Passphrase", passphrase.expose()),
            (None, Some(psk)) => {
                document.remove("Security", "Passphrase");
                document.set("Security", "PreSharedKey", hex(psk.expose()).expose());
            }
            (None, None) => {}
        }
    }
    if network.hidden {
        document.set("Settings", "Hidden", b"true");
    }
}

fn personal(ssid: &Ssid, document: &Document) -> Result<Personal, Unfit> {
    let value = |key| document.value("Security", key);
    if sealing::is_sealed(document) {
        return Err(Problem::Encrypted.into());
    }
    let passphrase = value("Passphrase")
        .map(|value| {
            let text = value.text()?;
            let fits = (1..=255).contains(&text.len());
            if fits { Ok(text) } else { Err(value.wrong(Problem::BadPassphrase)) }
        })
        .transpose()?;
    let octets = |key, length, problem| {
        value(key)
            .map(|value| {
                let octets = value.octets()?;
                if octets.len() == length { Ok(octets) } else { Err(value.wrong(problem)) }
            })
            .transpose()
    };
    let mut psk = octets("PreSharedKey", 32, Problem::BadPreSharedKey)?;
    let mut password_elements = Vec::new();
    for (group, key, length) in ELEMENTS {
        if let Some(element) = octets(key, length, Problem::BadPasswordElement)? {
            password_elements.push((group, element));
        }
    }
    if passphrase.is_none() && psk.is_none() {
        return Err(Problem::NoSecret.into());
    }
    // Somebody edits the passphrase and leaves the keys that were computed from the old one.
    let known = document.value(DERIVED_FROM.0, DERIVED_FROM.1).map(|value| value.text()).transpose()?;
    if let (Some(known), Some(mark)) = (known, mark(ssid, document)?)
        && known != mark
    {
        psk = None;
        password_elements.clear();
    }
    let password_identifier = value("PasswordIdentifier").map(|value| value.text()).transpose()?;
    Ok(Personal {
        passphrase,
        psk,
        password_identifier: password_identifier.map(|text| text.expose().to_vec()),
        password_elements,
    })
}

/// Removes the mark of the passphrase.
pub(super) fn unmark(document: &mut Document) {
    document.remove(DERIVED_FROM.0, DERIVED_FROM.1);
    if document.pairs().all(|(group, ..)| group != DERIVED_FROM.0) {
        document.remove_group(DERIVED_FROM.0);
    }
}

/// A mark of the passphrase and identifier that derived keys belong to; none if there is no passphrase.
fn mark(ssid: &Ssid, document: &Document) -> Result<Option<Secret>, Malformed> {
    let Some(passphrase) = document.value("Security", "Passphrase") else { return Ok(None) };
    let identifier =
        document.value("Security", "PasswordIdentifier").map(|value| value.text()).transpose()?;
    let identifier = identifier.unwrap_or_default();
    Ok(Some(marked([ssid.octets(), passphrase.text()?.expose(), identifier.expose()])))
}

/// A mark of a network's secret: what was seen with one secret says nothing of another. None for open networks.
#[must_use]
pub fn secret_mark(network: &Network) -> Option<String> {
    let Credentials::Personal(personal) = &network.credentials else { return None };
    let secret = personal.passphrase.as_ref().or(personal.psk.as_ref())?;
    let identifier = personal.password_identifier.as_deref().unwrap_or_default();
    let digits = marked([network.ssid.octets(), secret.expose(), identifier]);
    Some(String::from_utf8_lossy(digits.expose()).into_owned())
}

fn marked(parts: [&[u8]; 3]) -> Secret {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hex(hash.finalize().get(..8).unwrap_or_default())
}

fn transition_disable(document: &Document) -> Result<TransitionDisable, Malformed> {
    let mut bits = 0;
    let value = |key| document.value("Settings", key);
    if let Some(enabled) = value("TransitionDisable")
        && enabled.boolean()?
        && let Some(modes) = value("DisabledTransitionModes")
    {
        // The manual page says commas, the program writes spaces.
        for word in modes.plain()?.split([' ', ',']).filter(|word| !word.is_empty()) {
            let mode = MODES.iter().find(|(_, mode)| *mode == word);
            bits |= mode.ok_or_else(|| modes.wrong(Problem::BadTransitionMode))?.0;
        }
    }
    Ok(TransitionDisable(bits))
}

fn addressing(document: &Document) -> Result<Addressing, Malformed> {
    let four = |key| document.value("IPv4", key);
    let six = |key| document.value("IPv6", key);
    let mut addressing = Addressing::default();
    let gateway = four("Gateway").map(|value| parse(&value, Problem::BadAddress)).transpose()?;
    let prefix = four("Netmask").map(|value| netmask(&value)).transpose()?;
    match four("Address") {
        Some(value) => {
            let (address, length) = prefixed::<Ipv4Addr>(&value, &value.plain()?, 32)?;
            let length = length.or(prefix).unwrap_or(24);
            addressing.ipv4 = Some(StaticIpv4 { address: Prefix { address, length }, gateway });
        }
        None => {
            if let Some(value) = four("Gateway").or_else(|| four("Netmask")) {
                return Err(value.wrong(Problem::NoAddress));
            }
        }
    }
    if let Some(value) = six("Address") {
        let (address, length) = prefixed::<Ipv6Addr>(&value, &value.plain()?, 128)?;
        let gateway = six("Gateway").map(|value| parse(&value, Problem::BadAddress)).transpose()?;
        let address = Prefix { address, length: length.unwrap_or(128) };
        addressing.ipv6 = Some(StaticIpv6 { address, gateway });
    }
    addressing.ipv6_enabled = six("Enabled").map_or(Ok(true), |value| value.boolean())?;
    addressing.send_hostname = four("SendHostname").map_or(Ok(false), |value| value.boolean())?;
    for value in [four("DNS"), six("DNS")].into_iter().flatten() {
        for word in value.plain()?.split([' ', ',']).filter(|word| !word.is_empty()) {
            addressing.dns.push(IpAddr::from_str(word).map_err(|_| value.wrong(Problem::BadAddress))?);
        }
    }
    for value in [four("DomainName"), six("DomainName")].into_iter().flatten() {
        let domain = value.plain()?;
        if !is_domain(domain.as_bytes()) {
            return Err(value.wrong(Problem::BadDomain));
        }
        addressing.domain = Some(domain);
    }
    Ok(addressing)
}

pub(super) fn parse<T: FromStr>(value: &Value<'_>, problem: Problem) -> Result<T, Malformed> {
    value.plain()?.parse().map_err(|_| value.wrong(problem))
}

/// An address that a value holds, and the prefix length behind a `/` if there is one.
pub(super) fn prefixed<T: FromStr>(
    value: &Value<'_>,
    text: &str,
    longest: u8,
) -> Result<(T, Option<u8>), Malformed> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address = address.parse().map_err(|_| value.wrong(Problem::BadAddress))?;
    let length = length.map(|length| match length.parse() {
        Ok(length) if length <= longest => Ok(length),
        _ => Err(value.wrong(Problem::BadPrefix)),
    });
    Ok((address, length.transpose()?))
}

pub(super) fn netmask(value: &Value<'_>) -> Result<u8, Malformed> {
    let mask: Ipv4Addr = parse(value, Problem::BadPrefix)?;
    crate::netconf::settings::prefix_length(mask).ok_or_else(|| value.wrong(Problem::BadPrefix))
}

#[cfg(test)]
mod tests;
