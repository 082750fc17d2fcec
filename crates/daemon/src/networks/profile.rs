//! The profiles of hotspots: `ap/SSID.ap` in the state directory, as iwd has them.
//!
//! Facts: `iwd.ap(5)`. What iwd has no words for stands in a group of ours, `[Hotspot]`, which iwd passes over.
//! Groups and keys of neither are left alone.

use super::document::{Document, Malformed, Value};
use super::error::{FileError, FileProblem, Problem};
use super::file::{Unfit, netmask, parse, prefixed};
use super::{name, store};
use crate::netconf::settings::Prefix;
use crate::netconf::subnet;
use lapwing_core::kernel::Frequency;
use lapwing_core::{Duration, Secret, dhcp};
use lapwing_frames::Ssid;
use lapwing_frames::channel::{Band, Channel};
use lapwing_frames::suite::Cipher;
use std::fmt;
use std::fs;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::path::Path;

/// Where profiles are in the state directory.
pub const DIRECTORY: &str = "ap";
/// How many profiles are listed: far more than anybody has, and a bound.
const MOST: usize = 256;
/// The lengths of a passphrase that WPA2 can use, in octets.
const WPA2: RangeInclusive<usize> = 8..=63;

/// What a file says of a hotspot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub ssid: Ssid,
    /// How it is protected.
    pub protection: Protection,
    /// The pairwise ciphers, the best first; as usual if none.
    pub pairwise: Vec<Cipher>,
    /// The group cipher; as usual if none.
    pub group: Option<Cipher>,
    /// Where it is to be: on one channel, or with a link in each of these places; it is chosen if none.
    pub links: Vec<Place>,
    /// Whether what came with 802.11n and later is left out.
    pub legacy: bool,
    /// Whether beacons leave the name out.
    pub hidden: bool,
    /// How many clients there may be; as many as usual if none.
    pub client_limit: Option<u16>,
    /// Whether clients are kept from reaching each other.
    pub isolate: bool,
    /// How often the group keys are renewed; as usual if none.
    pub group_key_lifetime: Option<Duration>,
    /// The network of its clients; somebody else sees to their addresses if none.
    pub addresses: Option<Addresses>,
}

/// How a hotspot is protected.
#[derive(Clone, PartialEq, Eq)]
pub enum Protection {
    /// Not at all.
    Open,
    /// Encrypted without a passphrase (OWE).
    Owe,
    /// WPA2-Personal alone.
    Wpa2(Key),
    /// WPA2-Personal and WPA3-Personal, with this passphrase.
    Transition(Secret),
    /// WPA3-Personal alone, with this passphrase.
    Wpa3(Secret),
}

/// What WPA2 makes its keys of.
#[derive(Clone, PartialEq, Eq)]
pub enum Key {
    /// A passphrase of 8 to 63 octets.
    Passphrase(Secret),
    /// The key of 32 octets.
    PreShared(Secret),
}

impl Protection {
    /// Its name in profiles, on D-Bus and on the command line.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Owe => "owe",
            Self::Wpa2(_) => "wpa2",
            Self::Transition(_) => "transition",
            Self::Wpa3(_) => "wpa3",
        }
    }
}

impl fmt::Debug for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a link is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// On a channel of this band.
    Band(Band),
    /// With this primary channel.
    Channel(Channel),
}

impl Place {
    /// The band.
    #[must_use]
    pub const fn band(self) -> Band {
        match self {
            Self::Band(band) => band,
            Self::Channel(channel) => channel.band(),
        }
    }

    /// The frequency of the channel, if it says one.
    #[must_use]
    pub fn frequency(self) -> Option<Frequency> {
        match self {
            Self::Band(_) => None,
            Self::Channel(channel) => Some(Frequency(channel.frequency())),
        }
    }
}

/// The network of a hotspot's clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Where it is.
    pub subnet: Subnet,
    /// The router that clients are told; this machine if none.
    pub gateway: Option<Ipv4Addr>,
    /// The name servers that clients are told; those of this machine if none.
    pub dns: Option<Vec<Ipv4Addr>>,
    /// How long an address is given for; as usual if none.
    pub lease: Option<Duration>,
    /// The first and the last address that is given; all of the network if none.
    pub range: Option<(Ipv4Addr, Ipv4Addr)>,
    /// Whether what clients send elsewhere is passed on, with our address in place of theirs (NAT).
    pub forward: bool,
}

/// Which network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subnet {
    /// The one in which this is our address.
    Own(Prefix<Ipv4Addr>),
    /// One of this length from one of these blocks, or from those of the machine's settings if there are none.
    Chosen {
        /// The blocks.
        pool: Vec<Prefix<Ipv4Addr>>,
        /// The length of the prefix.
        length: u8,
    },
}

impl Default for Addresses {
    fn default() -> Self {
        Self {
            subnet: Subnet::Chosen { pool: Vec::new(), length: subnet::LENGTH },
            gateway: None,
            dns: None,
            lease: None,
            range: None,
            forward: true,
        }
    }
}

impl Addresses {
    /// Our address in the network: not in one that is in use, unless the profile wants that one. None if there is no
    /// room in the blocks. `machine` is what the machine's settings say of blocks.
    #[must_use]
    pub fn own(
        &self,
        ssid: &Ssid,
        machine: &[Prefix<Ipv4Addr>],
        used: &[Prefix<Ipv4Addr>],
    ) -> Option<Prefix<Ipv4Addr>> {
        match &self.subnet {
            Subnet::Own(own) => Some(*own),
            Subnet::Chosen { pool, length } => {
                let pool = if pool.is_empty() { machine } else { pool };
                let pool = if pool.is_empty() { &[subnet::POOL] } else { pool };
                let is_too_small = pool.iter().all(|block| block.length > *length);
                let length = if is_too_small { subnet::LENGTH_IN_SMALL_POOL } else { *length };
                subnet::choose(pool, length, used, ssid.octets())
            }
        }
    }

    /// The settings of the DHCP server, where this is our address.
    #[must_use]
    pub fn server(&self, own: Prefix<Ipv4Addr>) -> dhcp::Settings {
        let mut settings = dhcp::Settings::new(own.address, own.length);
        if let Some((first, last)) = self.range {
            settings.pool = first..=last;
        }
        settings.router = Some(self.gateway.unwrap_or(own.address));
        settings.lease = self.lease.unwrap_or(settings.lease);
        settings
    }
}

impl Profile {
    /// The usual hotspot of this name.
    #[must_use]
    pub fn new(ssid: Ssid, protection: Protection) -> Self {
        Self {
            ssid,
            protection,
            pairwise: Vec::new(),
            group: None,
            links: Vec::new(),
            legacy: false,
            hidden: false,
            client_limit: None,
            isolate: false,
            group_key_lifetime: None,
            addresses: Some(Addresses::default()),
        }
    }

    /// Reads the profile of a network from the state directory.
    ///
    /// # Errors
    /// If the file is not there or cannot be read; the first line that does not fit, or what is missing.
    pub fn load(state: &Path, ssid: &Ssid) -> Result<Self, FileError> {
        let path = state.join(DIRECTORY).join(format!("{}.ap", name::stem(ssid)));
        let fail = |line, problem| FileError { path: path.clone(), line, problem };
        let octets = store::read(&path).map_err(|error| fail(None, error.into()))?;
        let unfit = |unfit: Unfit| fail(unfit.line, FileProblem::Content(unfit.problem));
        let document = Document::parse(octets.expose()).map_err(|malformed| unfit(malformed.into()))?;
        Self::read(ssid.clone(), &document).map_err(unfit)
    }

    /// The networks that have a profile in the state directory.
    #[must_use]
    pub fn names(state: &Path) -> Vec<Ssid> {
        let entries = fs::read_dir(state.join(DIRECTORY)).into_iter().flatten().filter_map(Result::ok);
        let name = |entry: fs::DirEntry| {
            let file = entry.file_name();
            name::ssid(file.as_encoded_bytes().strip_suffix(b".ap")?).ok()
        };
        let mut names: Vec<_> = entries.filter_map(name).take(MOST).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Understands a document.
    ///
    /// # Errors
    /// The first key that does not fit, or what is missing.
    pub fn read(ssid: Ssid, document: &Document) -> Result<Self, Unfit> {
        let hotspot = |key| document.value("Hotspot", key);
        let boolean = |key| hotspot(key).map_or(Ok(false), |value| value.boolean());
        // Parsed so that a mistake in it is told; pairwise keys are not renewed.
        document.value("General", "RekeyTimeout").map(|value| number(&value, 0..=u32::MAX)).transpose()?;
        let legacy = document.value("General", "DisableHT").map_or(Ok(false), |value| value.boolean())?;
        let limit = hotspot("ClientLimit").map(|value| number(&value, 1..=2007)).transpose()?;
        let lifetime = hotspot("GroupKeyLifetime").map(|value| number(&value, 60..=u32::MAX)).transpose()?;
        let cipher = document.value("Security", "GroupCipher").map(|value| ciphers(&value)).transpose()?;
        let pairwise =
            document.value("Security", "PairwiseCiphers").map(|value| ciphers(&value)).transpose()?;
        Ok(Self {
            ssid,
            protection: protection(document)?,
            pairwise: pairwise.unwrap_or_default(),
            group: cipher.and_then(|ciphers| ciphers.first().copied()),
            links: links(document)?,
            legacy,
            hidden: boolean("Hidden")?,
            client_limit: limit.and_then(|limit| u16::try_from(limit).ok()),
            isolate: boolean("Isolate")?,
            group_key_lifetime: lifetime.map(|seconds| Duration::from_secs(seconds.into())),
            addresses: addresses(document)?,
        })
    }
}

fn protection(document: &Document) -> Result<Protection, Unfit> {
    let kind = document.value("Hotspot", "Security");
    let passphrase = |lengths: RangeInclusive<usize>| match document.value("Security", "Passphrase") {
        Some(value) => {
            let text = value.text()?;
            let fits = lengths.contains(&text.len());
            if fits { Ok(Some(text)) } else { Err(value.wrong(Problem::BadPassphrase)) }
        }
        None => Ok(None),
    };
    let key = || match document.value("Security", "PreSharedKey") {
        Some(value) => {
            let octets = value.octets()?;
            if octets.len() == 32 { Ok(Some(octets)) } else { Err(value.wrong(Problem::BadPreSharedKey)) }
        }
        None => Ok(None),
    };
    let name = kind.map(|value| value.plain()).transpose()?;
    Ok(match (name.as_deref(), kind) {
        (Some("open"), _) => Protection::Open,
        (Some("owe"), _) => Protection::Owe,
        (Some("wpa2"), _) => match passphrase(WPA2)? {
            Some(passphrase) => Protection::Wpa2(Key::Passphrase(passphrase)),
            None => Protection::Wpa2(Key::PreShared(key()?.ok_or(Problem::NoSecret)?)),
        },
        (Some("transition"), _) => Protection::Transition(passphrase(WPA2)?.ok_or(Problem::NoPassphrase)?),
        (Some("wpa3"), _) => Protection::Wpa3(passphrase(1..=255)?.ok_or(Problem::NoPassphrase)?),
        (Some(_), Some(value)) => return Err(value.wrong(Problem::BadProtection).into()),
        // With a passphrase, clients of either kind join; SAE cannot use the key made of one.
        (None, _) | (Some(_), None) => match passphrase(WPA2)? {
            Some(passphrase) => Protection::Transition(passphrase),
            None => Protection::Wpa2(Key::PreShared(key()?.ok_or(Problem::NoSecret)?)),
        },
    })
}

fn links(document: &Document) -> Result<Vec<Place>, Malformed> {
    let mut links: Vec<Place> = Vec::new();
    if let Some(value) = document.value("Hotspot", "Links") {
        for word in words(&value)? {
            let link = place(&word).filter(|link| links.iter().all(|other| other.band() != link.band()));
            links.push(link.ok_or_else(|| value.wrong(Problem::BadLink))?);
        }
    } else if let Some(value) = document.value("General", "Channel") {
        let number = u8::try_from(number(&value, 1..=255)?).unwrap_or(u8::MAX);
        let band = if number < 36 { Band::Ghz2 } else { Band::Ghz5 };
        let channel = Channel::new(band, number).ok_or_else(|| value.wrong(Problem::BadChannel))?;
        links.push(Place::Channel(channel));
    }
    Ok(links)
}

/// A band, or a band and a channel's number behind a `/`.
fn place(word: &str) -> Option<Place> {
    let (band, number) = match word.split_once('/') {
        Some((band, number)) => (band, Some(number)),
        None => (word, None),
    };
    let band = match band {
        "2.4GHz" => Band::Ghz2,
        "5GHz" => Band::Ghz5,
        "6GHz" => Band::Ghz6,
        _ => return None,
    };
    match number {
        Some(number) => Channel::new(band, number.parse().ok()?).map(Place::Channel),
        None => Some(Place::Band(band)),
    }
}

/// The ciphers of a list. TKIP is passed over: it is broken, and who lists it lists others too.
fn ciphers(value: &Value<'_>) -> Result<Vec<Cipher>, Malformed> {
    let mut ciphers = Vec::new();
    for word in words(value)? {
        ciphers.push(match word.as_str() {
            "CCMP" | "CCMP-128" => Cipher::Ccmp128,
            "GCMP" | "GCMP-128" => Cipher::Gcmp128,
            "CCMP-256" => Cipher::Ccmp256,
            "GCMP-256" => Cipher::Gcmp256,
            "TKIP" => continue,
            _ => return Err(value.wrong(Problem::BadCipher)),
        });
    }
    ciphers.dedup();
    if ciphers.is_empty() { Err(value.wrong(Problem::BadCipher)) } else { Ok(ciphers) }
}

fn addresses(document: &Document) -> Result<Option<Addresses>, Malformed> {
    let four = |key| document.value("IPv4", key);
    let hotspot = |key| document.value("Hotspot", key).map_or(Ok(true), |value| value.boolean());
    let gives = hotspot("Addresses")?;
    let length = four("Netmask").map(|value| netmask(&value)).transpose()?;
    let mut addresses = Addresses { forward: hotspot("Share")?, ..Addresses::default() };
    if let Some(value) = four("Address") {
        let blocks = blocks(&value)?;
        addresses.subnet = match *blocks.as_slice() {
            // One address alone is our own; with a length it is a block, in iwd too.
            [(address, None)] => {
                let length = length.unwrap_or(subnet::LENGTH);
                if !(1..=30).contains(&length) {
                    return Err(value.wrong(Problem::BadPrefix));
                }
                Subnet::Own(Prefix { address, length })
            }
            _ => {
                let prefix = |&(address, length): &(Ipv4Addr, Option<u8>)| {
                    Ok(Prefix { address, length: length.ok_or_else(|| value.wrong(Problem::BadPrefix))? })
                };
                let pool = blocks.iter().map(prefix).collect::<Result<Vec<_>, _>>()?;
                Subnet::Chosen { pool, length: length.unwrap_or(subnet::LENGTH) }
            }
        };
    } else if let Some(length) = length {
        addresses.subnet = Subnet::Chosen { pool: Vec::new(), length };
    }
    addresses.gateway = four("Gateway").map(|value| parse(&value, Problem::BadAddress)).transpose()?;
    addresses.dns = four("DNSList").map(|value| list(&value)).transpose()?;
    let seconds = four("LeaseTime").map(|value| number(&value, 1..=u32::MAX)).transpose()?;
    addresses.lease = seconds.map(|seconds| Duration::from_secs(seconds.into()));
    if let Some(value) = four("IPRange") {
        addresses.range = match *list(&value)?.as_slice() {
            [first, last] if first <= last => Some((first, last)),
            _ => return Err(value.wrong(Problem::BadRange)),
        };
    }
    Ok(gives.then_some(addresses))
}

/// The addresses of a list, each with the length of its prefix if it has one.
fn blocks(value: &Value<'_>) -> Result<Vec<(Ipv4Addr, Option<u8>)>, Malformed> {
    words(value)?.iter().map(|word| prefixed(value, word, 32)).collect()
}

/// The blocks of addresses that a value of the machine's settings lists.
///
/// # Errors
/// If one has no length, or is none.
pub fn pool(value: &Value<'_>) -> Result<Vec<Prefix<Ipv4Addr>>, Malformed> {
    let length = |length: Option<u8>| length.ok_or_else(|| value.wrong(Problem::BadPrefix));
    blocks(value)?.into_iter().map(|(address, bits)| Ok(Prefix { address, length: length(bits)? })).collect()
}

fn list(value: &Value<'_>) -> Result<Vec<Ipv4Addr>, Malformed> {
    words(value)?.iter().map(|word| word.parse().map_err(|_| value.wrong(Problem::BadAddress))).collect()
}

fn words(value: &Value<'_>) -> Result<Vec<String>, Malformed> {
    let text = value.plain()?;
    Ok(text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

fn number(value: &Value<'_>, range: RangeInclusive<u32>) -> Result<u32, Malformed> {
    let number = parse(value, Problem::BadNumber)?;
    if range.contains(&number) { Ok(number) } else { Err(value.wrong(Problem::BadNumber)) }
}

#[cfg(test)]
mod tests;
