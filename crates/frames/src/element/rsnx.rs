//! The RSN Extension element (244).

use super::{Element, ElementId, bits};
use crate::reader::ParseError;
use alloc::{vec, vec::Vec};
use core::fmt;

open_enum! {
    /// The number of a bit of the Extended RSN Capabilities field, counted from the low bit of its first
    /// octet (802.11-2020 9.4.2.241 and its amendments).
    pub enum RsnxCapability: u8 {
        /// Protected target wake time operations.
        ProtectedTwt = 4,
        /// SAE with hash-to-element.
        SaeH2e = 5,
        /// SAE public key, of the Wi-Fi Alliance.
        SaePk = 6,
        /// Secure long training fields: pairwise keys have a key derivation key.
        SecureLtf = 8,
        /// Secure round trip time measurement.
        SecureRtt = 9,
        /// Protection of range negotiation and measurement frames (over 20 MHz excepted).
        UrnmMfprX20 = 10,
        /// Signalling and payload protected A-MSDUs.
        SppAmsdu = 14,
        /// Protection of range negotiation and measurement frames.
        UrnmMfpr = 15,
        /// PASN derives a key encryption key.
        KekInPasn = 18,
        /// The SSID is checked in the 4-way handshake.
        SsidProtection = 21,
        /// Association frames are encrypted.
        AssociationFrameEncryption = 27,
        /// 802.1X in authentication frames.
        Ieee8021xInAuthentication = 28,
        /// Privacy in PMKSA caching.
        PmksaCachingPrivacy = 29,
        /// SAE password identifiers that change with each use.
        SaePasswordIdChange = 34,
        /// Enhanced privacy protection key exchange without authentication.
        UnauthenticatedEppke = 36,
    }
}

/// The RSN Extension element: capabilities for which the RSNE has no bits left.
///
/// The low four bits of the first octet say how many octets there are, less one. An element that is
/// shorter than it says has no capabilities at all.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Rsnx(Vec<u8>);

impl Rsnx {
    /// An element with these capabilities, as short as possible. Capabilities beyond bit 127 do not fit
    /// its length and are left out.
    #[must_use]
    pub fn new(capabilities: &[RsnxCapability]) -> Self {
        let mut octets = vec![0];
        for capability in capabilities.iter().filter(|capability| (4..128).contains(&capability.0)) {
            bits::set_bit(&mut octets, usize::from(capability.0));
        }
        let length = u8::try_from(octets.len()).unwrap_or(16);
        if let Some(first) = octets.first_mut() {
            *first |= length.saturating_sub(1) & 0x0f;
        }
        Self(octets)
    }

    /// Whether it has this capability.
    #[must_use]
    pub fn has(&self, capability: RsnxCapability) -> bool {
        capability.0 >= 4 && bits::bit(self.field(), usize::from(capability.0))
    }

    /// The capabilities, lowest number first.
    pub fn capabilities(&self) -> impl Iterator<Item = RsnxCapability> + '_ {
        bits::bits(self.field())
            .filter_map(|bit| u8::try_from(bit).ok())
            .filter(|&bit| bit >= 4)
            .map(RsnxCapability)
    }

    /// The octets of the body.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// The octets that the length in the first of them covers.
    fn field(&self) -> &[u8] {
        let length = self.0.first().map_or(0, |&first| usize::from(first & 0x0f).saturating_add(1));
        self.0.get(..length).unwrap_or_default()
    }
}

impl Element for Rsnx {
    const ID: ElementId = ElementId::Plain(244);

    fn parse(body: &[u8]) -> Result<Self, ParseError> {
        Ok(Self(body.to_vec()))
    }

    fn write_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl fmt::Display for Rsnx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, capability) in self.capabilities().enumerate() {
            write!(f, "{}{capability}", if number == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Rsnx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rsnx({self})")
    }
}
