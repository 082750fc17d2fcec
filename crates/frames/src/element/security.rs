//! Small elements of SAE, OWE and frame protection.

use super::{
    Element, ElementId,
    layout::{Counted, Field, show_octets},
};
use crate::{
    address::MacAddr,
    reader::{ParseError, Problem, Reader},
    ssid::Ssid,
    suite::Akm,
};
use alloc::vec::Vec;
use core::fmt;

fields! {
    /// Management MIC (76): protects a group management frame by BIP.
    pub struct ManagementMic {
        /// The key ID: 4 or 5, of beacons 6 or 7.
        key_id: u16,
        /// The packet number, little endian.
        ipn: [u8; 6],
        /// The MIC.
        mic: Mic,
    }
}
element!(ManagementMic, "Management MIC", ElementId::Plain(76));

/// The MIC of BIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mic {
    /// Of BIP-CMAC-128.
    Octets8([u8; 8]),
    /// Of the other ciphers.
    Octets16([u8; 16]),
}

impl Mic {
    /// The octets.
    #[must_use]
    pub const fn octets(&self) -> &[u8] {
        match self {
            Self::Octets8(octets) => octets,
            Self::Octets16(octets) => octets,
        }
    }
}

impl Field for Mic {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        if reader.remaining() > 8 {
            reader.array().map(Self::Octets16)
        } else {
            reader.array().map(Self::Octets8)
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.octets());
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_octets(self.octets(), f)
    }
}

fields! {
    /// OWE Diffie-Hellman Parameter (255/32, RFC 8110 section 4.3).
    pub struct OweDhParameter {
        /// The group, a number of IANA.
        group: u16,
        /// The public key: the x coordinate.
        public_key: Vec<u8>,
    }
}
element!(OweDhParameter, "OWE Diffie-Hellman Parameter", ElementId::Extended(32));

/// SAE Password Identifier (255/33): which of several passwords is meant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PasswordIdentifier(Vec<u8>);

impl PasswordIdentifier {
    /// The most octets that fit the element.
    pub const MAX: usize = 254;

    /// An identifier of these octets, UTF-8 by the standard.
    ///
    /// # Errors
    /// If there are more than [`Self::MAX`].
    pub fn new(octets: &[u8]) -> Result<Self, ParseError> {
        if octets.len() > Self::MAX {
            return Err(ParseError {
                what: "Password Identifier",
                at: Self::MAX,
                problem: Problem::Invalid("an identifier has at most 254 octets"),
            });
        }
        Ok(Self(octets.to_vec()))
    }

    /// The octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl Element for PasswordIdentifier {
    const ID: ElementId = ElementId::Extended(33);

    fn parse(body: &[u8]) -> Result<Self, ParseError> {
        Self::new(body)
    }

    fn write_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl fmt::Display for PasswordIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for PasswordIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

fields! {
    /// Rejected Groups (255/92): the groups of SAE that the peer refused before.
    pub struct RejectedGroups {
        /// The groups, numbers of IANA.
        groups: Vec<u16>,
    }
}
element!(RejectedGroups, "Rejected Groups", ElementId::Extended(92));

fields! {
    /// Anti-Clogging Token Container (255/93).
    pub struct AntiCloggingToken {
        /// The token, a secret of whoever gave it: sent back as it came.
        token: Vec<u8>,
    }
}
element!(AntiCloggingToken, "Anti-Clogging Token Container", ElementId::Extended(93));

fields! {
    /// AKM Suite Selector (255/114): which AKM a SAE commit is for.
    pub struct AkmSuiteSelector {
        /// The AKM.
        akm: Akm,
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(AkmSuiteSelector, "AKM Suite Selector", ElementId::Extended(114));

/// An SSID with an octet in front that counts it.
impl Field for Ssid {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let octets = Counted::read(reader)?;
        Self::new(&octets).map_err(|_| reader.invalid("an SSID has at most 32 octets"))
    }

    fn write(&self, out: &mut Vec<u8>) {
        // At most 32 by construction.
        out.push(u8::try_from(self.octets().len()).unwrap_or(u8::MAX));
        out.extend_from_slice(self.octets());
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

fields! {
    /// Where the other BSS of an OWE transition is, if on another channel.
    pub struct OweTransitionChannel {
        /// Its operating class.
        operating_class: u8,
        /// Its channel number.
        channel: u8,
    }
}

fields! {
    /// OWE Transition Mode of the Wi-Fi Alliance: the open and the OWE BSS of a network name each other.
    pub struct OweTransition {
        /// The other BSS.
        bssid: MacAddr,
        /// Its SSID.
        ssid: Ssid,
        /// Its channel, if not this one.
        channel: Option<OweTransitionChannel>,
        /// What a later version appends.
        tail: Vec<u8>,
    }
}
element!(OweTransition, "OWE Transition Mode", ElementId::VENDOR, prefix & [0x50, 0x6f, 0x9a, 0x1c]);

bit_set! {
    /// Transition Disable (a KDE of the Wi-Fi Alliance, 50-6F-9A type 0x20): modes that the network has
    /// left behind, so that a station will not fall back to them there.
    pub struct TransitionDisable: u8 {
        /// WPA3-Personal: no PSK any more.
        WPA3_PERSONAL = 1,
        /// SAE-PK: no plain SAE any more.
        SAE_PK = 1 << 1,
        /// WPA3-Enterprise: no WPA2-Enterprise any more.
        WPA3_ENTERPRISE = 1 << 2,
        /// Enhanced Open: no open network any more.
        ENHANCED_OPEN = 1 << 3,
    }
}
