//! The networks that the registrar hands over (WSC 2.0.5 table 36).

use crate::{
    Secret,
    network::{Credentials, Network, Personal},
};
use alloc::vec::Vec;
use core::fmt;
use lapwing_frames::{
    MacAddr, ParseError, Ssid,
    wsc::{Attributes, AuthenticationTypes, EncryptionTypes, Type},
};

/// No registrar has more to give: those that have two bands give two.
const MAX_CREDENTIALS: usize = 8;

/// A network and how to get in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Credential {
    /// Its name.
    pub ssid: Ssid,
    /// How to authenticate; several bits if any will do.
    pub authentication: AuthenticationTypes,
    /// How to encrypt; several bits if any will do.
    pub encryption: EncryptionTypes,
    /// The passphrase, or the key in 64 hexadecimal digits.
    pub key: Secret,
    /// The address of the enrollee that it is for.
    pub address: Option<MacAddr>,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("ssid", &self.ssid)
            .field("authentication", &self.authentication)
            .field("encryption", &self.encryption)
            .finish_non_exhaustive()
    }
}

impl Credential {
    /// Reads the value of a Credential attribute.
    ///
    /// # Errors
    /// If an attribute is missing, cut short or malformed.
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        let attributes = Attributes::parse(octets)?;
        // Some registrars count a terminating zero into the key.
        let key = attributes.find(Type::NetworkKey).unwrap_or_default();
        Ok(Self {
            ssid: Ssid::new(&attributes.get::<Vec<u8>>(Type::Ssid)?)?,
            authentication: AuthenticationTypes(attributes.get(Type::AuthenticationType)?),
            encryption: EncryptionTypes(attributes.get(Type::EncryptionType)?),
            key: Secret::new(key.strip_suffix(&[0]).unwrap_or(key)),
            address: attributes.get(Type::MacAddress)?,
        })
    }

    /// All that are for this enrollee, and can be read.
    #[must_use]
    pub fn all(attributes: Attributes<'_>, enrollee: MacAddr) -> Vec<Self> {
        let credentials = attributes.iter().filter(|attribute| attribute.kind == Type::Credential);
        credentials
            .filter_map(|attribute| Self::parse(attribute.value).ok())
            .filter(|credential| credential.address.is_none_or(|address| address == enrollee))
            .take(MAX_CREDENTIALS)
            .collect()
    }

    /// The network, if it is of a kind that Lapwing joins: open, or personal with a passphrase or its key.
    #[must_use]
    pub fn network(&self) -> Option<Network> {
        if self.ssid.is_hidden() {
            return None;
        }
        let any = |types: &[AuthenticationTypes]| types.iter().any(|one| self.authentication.has(*one));
        let credentials = if any(&[AuthenticationTypes::WPA2_PERSONAL, AuthenticationTypes::WPA_PERSONAL]) {
            Credentials::Personal(self.personal()?)
        } else if any(&[AuthenticationTypes::OPEN]) && !self.encryption.has(EncryptionTypes::WEP) {
            Credentials::Open
        } else {
            return None;
        };
        Some(Network::new(self.ssid.clone(), credentials))
    }

    fn personal(&self) -> Option<Personal> {
        let key = self.key.expose();
        match key.len() {
            // What a person can type and a file can hold.
            8..=63 if key.iter().all(|octet| (0x20..0x7f).contains(octet)) => {
                Some(Personal { passphrase: Some(self.key.clone()), ..Personal::default() })
            }
            64 => {
                let text =
                    core::str::from_utf8(key).ok().filter(|_| key.iter().all(u8::is_ascii_hexdigit))?;
                let octets = (0..64).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok());
                let psk = octets.collect::<Option<Vec<u8>>>()?;
                Some(Personal { psk: Some(Secret::from_vec(psk)), ..Personal::default() })
            }
            _ => None,
        }
    }
}
