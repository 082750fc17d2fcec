//! EAPOL: the 802.1X frames that carry key handshakes (802.1X-2020 11.3, 802.11-2020 12.7.2).
//!
//! Numbers in EAPOL are big endian.

use crate::reader::{ParseError, Problem, Reader};
use alloc::vec::Vec;

open_enum! {
    /// The type of an EAPOL frame.
    pub enum PacketType: u8 {
        /// An EAP packet.
        Eap = 0,
        /// The supplicant asks the authenticator to begin.
        Start = 1,
        /// The supplicant leaves.
        Logoff = 2,
        /// A key frame.
        Key = 3,
    }
}

open_enum! {
    /// The descriptor of a key frame.
    pub enum DescriptorType: u8 {
        /// RSN: WPA2 and everything after it.
        Rsn = 2,
        /// The first WPA.
        Wpa = 254,
    }
}

/// An EAPOL frame of any type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Packet<'a> {
    /// The version of 802.1X that the sender speaks: 1, 2 or 3, which do not differ for us.
    pub version: u8,
    /// What the body is.
    pub kind: PacketType,
    /// The body, as long as the header says.
    pub body: &'a [u8],
    /// Header and body: what a message integrity code is computed over.
    pub octets: &'a [u8],
    /// What came after the body: the padding of a short Ethernet frame.
    pub padding: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads the header and splits body from padding.
    ///
    /// # Errors
    /// If there are fewer octets than the header and its length ask for.
    pub fn parse(octets: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("EAPOL frame", octets);
        let (version, kind) = (reader.u8()?, PacketType(reader.u8()?));
        let length = reader.u16_be()?;
        let body = reader.take(usize::from(length))?;
        let whole = octets.get(..reader.position()).unwrap_or(octets);
        Ok(Self { version, kind, body, octets: whole, padding: reader.rest() })
    }
}

/// The Key Information field (802.11-2020 12.7.2 b), with names for its bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyInformation(pub u16);

impl KeyInformation {
    /// The key is pairwise; clear in the group key handshake.
    pub const PAIRWISE: Self = Self(1 << 3);
    /// Install the pairwise key (message 3). In a group key frame of the first WPA it says that the key may be sent
    /// with, which only an independent BSS needs.
    pub const INSTALL: Self = Self(1 << 6);
    /// The authenticator wants an answer; it is set in all of its messages and in none of the supplicant's.
    pub const ACK: Self = Self(1 << 7);
    /// The frame has a message integrity code.
    pub const MIC: Self = Self(1 << 8);
    /// The sender has the pairwise key.
    pub const SECURE: Self = Self(1 << 9);
    /// A MIC failed (TKIP only).
    pub const ERROR: Self = Self(1 << 10);
    /// The supplicant asks for a handshake.
    pub const REQUEST: Self = Self(1 << 11);
    /// The key data are encrypted.
    pub const ENCRYPTED: Self = Self(1 << 12);
    /// Obsolete: the SMK handshake.
    pub const SMK: Self = Self(1 << 13);

    /// The descriptor version in the low three bits: 0 "as the AKM says", 1 HMAC-MD5 and RC4, 2 HMAC-SHA1
    /// and AES, 3 AES-CMAC and AES.
    #[must_use]
    pub const fn version(self) -> u8 {
        (self.0 & 7) as u8
    }

    /// The same bits with this descriptor version (0 to 7).
    #[must_use]
    pub const fn with_version(self, version: u8) -> Self {
        Self(self.0 & !7 | (version & 7) as u16)
    }

    /// The key index in bits 4 and 5: that of the group key in the first WPA. RSN leaves it zero.
    #[must_use]
    pub const fn index(self) -> u8 {
        ((self.0 >> 4) & 3) as u8
    }

    /// The same bits with this key index (0 to 3).
    #[must_use]
    pub const fn with_index(self, index: u8) -> Self {
        Self(self.0 & !(3 << 4) | ((index & 3) as u16) << 4)
    }

    /// Whether every bit of `bits` is set.
    #[must_use]
    pub const fn contains(self, bits: Self) -> bool {
        self.0 & bits.0 == bits.0
    }

    /// Both sets of bits.
    #[must_use]
    pub const fn with(self, bits: Self) -> Self {
        Self(self.0 | bits.0)
    }
}

/// An EAPOL-Key frame.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyFrame {
    /// The 802.1X version of the header.
    pub version: u8,
    /// The descriptor type.
    pub descriptor: DescriptorType,
    /// The key information.
    pub information: KeyInformation,
    /// The length of the pairwise key in octets; zero in messages that carry none.
    pub key_length: u16,
    /// The replay counter.
    pub replay_counter: u64,
    /// The nonce of the sender, or zero.
    pub nonce: [u8; 32],
    /// The initialisation vector of RC4; zero with AES key wrap.
    pub iv: [u8; 16],
    /// Where the receive counter of the group key starts: a packet number in little endian and two zeros.
    pub receive_sequence: [u8; 8],
    /// Eight octets without a meaning.
    pub reserved: [u8; 8],
    /// The message integrity code: 0, 16, 24 or 32 octets, which only the AKM tells.
    pub mic: Vec<u8>,
    /// The key data, encrypted if the key information says so.
    pub key_data: Vec<u8>,
    /// Octets of the body behind the key data. The standard has none; the MIC covers them.
    pub tail: Vec<u8>,
}

impl KeyFrame {
    /// A frame with these octets zero that a writer seldom sets, and room for a MIC of this length.
    #[must_use]
    pub fn new(information: KeyInformation, replay_counter: u64, mic_length: usize) -> Self {
        Self {
            version: 2,
            descriptor: DescriptorType::Rsn,
            information,
            key_length: 0,
            replay_counter,
            nonce: [0; 32],
            iv: [0; 16],
            receive_sequence: [0; 8],
            reserved: [0; 8],
            mic: alloc::vec![0; mic_length],
            key_data: Vec::new(),
            tail: Vec::new(),
        }
    }

    /// Parses an EAPOL frame that carries a key frame; octets behind its body are padding.
    ///
    /// # Errors
    /// If it is cut short, or is no key frame.
    pub fn parse(octets: &[u8], mic_length: usize) -> Result<Self, ParseError> {
        let packet = Packet::parse(octets)?;
        if packet.kind != PacketType::Key {
            let problem = Problem::Invalid("the frame is not of type 3, EAPOL-Key");
            return Err(ParseError { what: "EAPOL frame", at: 1, problem });
        }
        let mut reader = Reader::new("EAPOL-Key frame", packet.body);
        Ok(Self {
            version: packet.version,
            descriptor: DescriptorType(reader.u8()?),
            information: KeyInformation(reader.u16_be()?),
            key_length: reader.u16_be()?,
            replay_counter: reader.u64_be()?,
            nonce: reader.array()?,
            iv: reader.array()?,
            receive_sequence: reader.array()?,
            reserved: reader.array()?,
            mic: reader.take(mic_length)?.to_vec(),
            key_data: {
                let length = reader.u16_be()?;
                reader.take(usize::from(length))?.to_vec()
            },
            tail: reader.rest().to_vec(),
        })
    }

    /// The frame as it is sent: 802.1X header, then the key frame.
    ///
    /// Key data and tail beyond what 16 bits can count cannot be said in the format and are cut off.
    #[must_use]
    pub fn to_octets(&self) -> Vec<u8> {
        const FIXED: usize = 79;
        let room = usize::from(u16::MAX).saturating_sub(FIXED).saturating_sub(self.mic.len());
        let data = self.key_data.get(..room).unwrap_or(&self.key_data);
        let tail = self.tail.get(..room.saturating_sub(data.len())).unwrap_or(&self.tail);
        let length =
            FIXED.saturating_add(self.mic.len()).saturating_add(data.len()).saturating_add(tail.len());
        let mut out = Vec::with_capacity(length.saturating_add(4));
        out.extend([self.version, PacketType::Key.0]);
        out.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        out.push(self.descriptor.0);
        out.extend(self.information.0.to_be_bytes());
        out.extend(self.key_length.to_be_bytes());
        out.extend(self.replay_counter.to_be_bytes());
        out.extend(self.nonce);
        out.extend(self.iv);
        out.extend(self.receive_sequence);
        out.extend(self.reserved);
        out.extend(&self.mic);
        out.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend(data);
        out.extend(tail);
        out
    }

    /// The frame with zeros for the MIC: what the MIC is computed over.
    #[must_use]
    pub fn to_octets_without_mic(&self) -> Vec<u8> {
        let mut octets = self.to_octets();
        octets.iter_mut().skip(81).take(self.mic.len()).for_each(|octet| *octet = 0);
        octets
    }
}

#[cfg(test)]
mod tests;
