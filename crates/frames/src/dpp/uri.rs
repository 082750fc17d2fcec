//! The bootstrapping URI, which a QR code shows (Easy Connect 3.0 5.2.1).

use super::{
    base64::{self, Alphabet},
    key::PublicKey,
};
use crate::{
    address::MacAddr,
    channel::{Channel, Width},
    reader::{ParseError, Reader},
};
use alloc::{format, string::String, vec::Vec};
use core::fmt;

/// Nobody scans a longer one: the largest QR code holds fewer characters.
pub const MAX_URI: usize = 4296;

/// What a device says about itself out of band.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Uri {
    /// Its key.
    pub key: PublicKey,
    /// Its address.
    pub address: Option<MacAddr>,
    /// The channels on which it listens; none means that it may be on any.
    pub channels: Vec<Channel>,
    /// The version of the protocol that it speaks; none means 1.
    pub version: Option<u8>,
    /// A text for a person, such as a serial number.
    pub information: Option<String>,
    /// Where it is reached over IP.
    pub host: Option<String>,
}

impl Uri {
    /// What a device with this key says that says nothing else.
    #[must_use]
    pub const fn new(key: PublicKey) -> Self {
        Self { key, address: None, channels: Vec::new(), version: None, information: None, host: None }
    }

    /// Reads a URI. Channels that are not known here are left out, and fields that are not known skipped.
    ///
    /// # Errors
    /// If it is none of the protocol, has no key or one that cannot be read, a field twice or a malformed one,
    /// or text behind its end.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let error = |why| Reader::new("DPP URI", text.as_bytes()).invalid(why);
        if text.len() > MAX_URI {
            return Err(error("longer than any QR code"));
        }
        let body = text.strip_prefix("DPP:").ok_or_else(|| error("it does not begin with DPP:"))?;
        // Each field ends with a semicolon, and the whole with one more.
        let body = body.strip_suffix(";;").ok_or_else(|| error("it does not end with ;;"))?;
        let (mut key, mut address, mut channels) = (None, None, None);
        let (mut version, mut information, mut host) = (None, None, None);
        for field in body.split(';') {
            let (name, value) = field.split_once(':').ok_or_else(|| error("a field without a name"))?;
            if value.is_empty() {
                return Err(error("a field without a value"));
            }
            let twice = match name {
                "K" => {
                    let der = base64::decode(Alphabet::Standard, value);
                    let der = der.ok_or_else(|| error("the key is not in base64"))?;
                    key.replace(PublicKey::from_der(&der)?).is_some()
                }
                "M" => {
                    let mac = parse_address(value).ok_or_else(|| error("the address is malformed"))?;
                    address.replace(mac).is_some()
                }
                "C" => {
                    let list = parse_channels(value).ok_or_else(|| error("the channels are malformed"))?;
                    channels.replace(list).is_some()
                }
                "V" => {
                    let number = value.parse().ok().filter(|_| digits(value));
                    version.replace(number.ok_or_else(|| error("the version is no number"))?).is_some()
                }
                "I" => information.replace(String::from(value)).is_some(),
                "H" => host.replace(String::from(value)).is_some(),
                _ => false,
            };
            if twice {
                return Err(error("a field is there twice"));
            }
        }
        Ok(Self {
            key: key.ok_or_else(|| error("it has no key"))?,
            address,
            channels: channels.unwrap_or_default(),
            version,
            information,
            host,
        })
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit())
}

fn parse_address(text: &str) -> Option<MacAddr> {
    if text.len() != 12 || !text.bytes().all(|octet| octet.is_ascii_hexdigit()) {
        return None;
    }
    let number = u64::from_str_radix(text, 16).ok()?;
    let [_, _, octets @ ..] = number.to_be_bytes();
    Some(MacAddr(octets)).filter(|address| !address.is_group() && !address.is_zero())
}

/// `class/channel`, with commas between; a channel alone is of the class before it.
fn parse_channels(text: &str) -> Option<Vec<Channel>> {
    let mut list = Vec::new();
    let mut class = None;
    for item in text.split(',') {
        let number = match item.split_once('/') {
            Some((of, number)) => {
                class = Some(of.parse().ok().filter(|_| digits(of))?);
                number
            }
            None => item,
        };
        let number = number.parse().ok().filter(|_| digits(number))?;
        list.extend(Channel::in_operating_class(class?, number));
    }
    Some(list)
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DPP:K:{};", base64::encode(Alphabet::Standard, &self.key.to_der()))?;
        if let Some(MacAddr([a, b, c, d, e, last])) = self.address {
            write!(f, "M:{a:02x}{b:02x}{c:02x}{d:02x}{e:02x}{last:02x};")?;
        }
        let channels: Vec<String> = self
            .channels
            .iter()
            .filter_map(|channel| {
                Some(format!("{}/{}", channel.operating_class(Width::Mhz20)?, channel.number()))
            })
            .collect();
        if !channels.is_empty() {
            write!(f, "C:{};", channels.join(","))?;
        }
        for (name, text) in [("I", &self.information), ("H", &self.host)] {
            // A semicolon would end the field, and there is no way to write one.
            if let Some(text) = text.as_ref().filter(|text| !text.is_empty() && !text.contains(';')) {
                write!(f, "{name}:{text};")?;
            }
        }
        if let Some(version) = self.version {
            write!(f, "V:{version};")?;
        }
        f.write_str(";")
    }
}
