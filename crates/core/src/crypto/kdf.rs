//! Hashes, HMAC and the key derivation functions of 802.11.

use crate::Secret;
use alloc::vec::Vec;
use core::ops::Deref;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Digest as _;
use zeroize::Zeroize;

/// A hash function that 802.11 derives keys with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hash {
    /// SHA-1: WPA2-Personal and 802.1X of the first generation.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// The result of a hash or of an HMAC, wiped on drop.
#[derive(Clone)]
pub struct Digest {
    octets: [u8; 64],
    length: usize,
}

impl Digest {
    pub(super) fn new(result: &[u8]) -> Self {
        let mut octets = [0; 64];
        octets.iter_mut().zip(result).for_each(|(to, from)| *to = *from);
        Self { octets, length: result.len().min(64) }
    }
}

impl Deref for Digest {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or(&self.octets)
    }
}

impl Drop for Digest {
    fn drop(&mut self) {
        self.octets.zeroize();
    }
}

/// Runs the body with the type of the hash function.
macro_rules! with_hash {
    ($hash:expr, $name:ident => $body:expr) => {
        match $hash {
            Hash::Sha1 => {
                type $name = sha1::Sha1;
                $body
            }
            Hash::Sha256 => {
                type $name = sha2::Sha256;
                $body
            }
            Hash::Sha384 => {
                type $name = sha2::Sha384;
                $body
            }
            Hash::Sha512 => {
                type $name = sha2::Sha512;
                $body
            }
        }
    };
}

impl Hash {
    /// The length of its output in octets.
    #[must_use]
    pub const fn output_length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The hash of these parts, one after the other.
    #[must_use]
    pub fn digest(self, parts: &[&[u8]]) -> Digest {
        with_hash!(self, H => {
            let mut hash = H::new();
            parts.iter().for_each(|part| hash.update(part));
            Digest::new(&hash.finalize())
        })
    }

    /// HMAC of these parts, one after the other (RFC 2104).
    #[must_use]
    pub fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Digest {
        with_hash!(self, H => {
            let mut mac = <Hmac<H> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of every length");
            parts.iter().for_each(|part| mac.update(part));
            Digest::new(&mac.finalize().into_bytes())
        })
    }

    /// KDF-Hash-n of 802.11-2020 12.7.1.6.2 with n in bits; `context` is the concatenation of its parts.
    ///
    /// If n is no multiple of eight, the low bits of the last octet are zero.
    #[must_use]
    pub fn kdf_bits(self, key: &[u8], label: &str, context: &[&[u8]], bits: u16) -> Secret {
        let length = usize::from(bits).div_ceil(8);
        let mut output = stretch(length, |index, _| {
            let (counter, bits) = ((index + 1).to_le_bytes(), bits.to_le_bytes());
            let mut parts: Vec<&[u8]> = Vec::with_capacity(context.len() + 3);
            parts.extend([&counter[..], label.as_bytes()]);
            parts.extend(context);
            parts.push(&bits);
            self.hmac(key, &parts)
        });
        if let (Some(last), spare @ 1..) = (output.last_mut(), (8 - bits % 8) % 8) {
            *last &= 0xff << spare;
        }
        Secret::from_vec(output)
    }

    /// KDF-Hash-n with n given in octets.
    #[must_use]
    pub fn kdf(self, key: &[u8], label: &str, context: &[&[u8]], octets: u8) -> Secret {
        self.kdf_bits(key, label, context, u16::from(octets) * 8)
    }

    /// HKDF-Extract (RFC 5869 2.2); `input` is the concatenation of its parts.
    #[must_use]
    pub fn hkdf_extract(self, salt: &[u8], input: &[&[u8]]) -> Digest {
        self.hmac(salt, input)
    }

    /// HKDF-Expand (RFC 5869 2.3) to this many octets; the RFC's limit of 255 blocks is above 255 octets.
    #[must_use]
    pub fn hkdf_expand(self, key: &[u8], info: &[u8], octets: u8) -> Secret {
        Secret::from_vec(stretch(usize::from(octets), |index, previous| {
            let counter = u8::try_from(index + 1).unwrap_or(u8::MAX);
            self.hmac(key, &[previous.map_or(&[], |block| block), info, &[counter]])
        }))
    }
}

/// PRF-n of 802.11-2020 12.7.1.2, on SHA-1, with n in octets; `data` is the concatenation of its parts.
#[must_use]
pub fn prf_sha1(key: &[u8], label: &str, data: &[&[u8]], octets: u8) -> Secret {
    Secret::from_vec(stretch(usize::from(octets), |index, _| {
        let counter = [u8::try_from(index).unwrap_or(u8::MAX)];
        let mut parts: Vec<&[u8]> = Vec::with_capacity(data.len() + 3);
        parts.extend([label.as_bytes(), &[0]]);
        parts.extend(data);
        parts.push(&counter);
        Hash::Sha1.hmac(key, &parts)
    }))
}

/// The pre-shared key of a passphrase (802.11-2020 J.4.1): PBKDF2 with 4096 rounds of HMAC-SHA1.
///
/// Slow on purpose: some milliseconds. The caller keeps the result.
#[must_use]
pub fn passphrase_to_psk(passphrase: &[u8], ssid: &[u8]) -> Secret {
    let mut psk = [0; 32];
    pbkdf2::pbkdf2_hmac::<sha1::Sha1>(passphrase, ssid, 4096, &mut psk);
    let secret = Secret::new(&psk);
    psk.zeroize();
    secret
}

/// Blocks one after the other until there are `length` octets; `block` is told its index and the block before.
fn stretch(length: usize, mut block: impl FnMut(u16, Option<&Digest>) -> Digest) -> Vec<u8> {
    // Reserved at once, so that no copy of key material is left behind by a growing vector.
    let mut output = Vec::with_capacity(length + 64);
    let mut previous = None;
    let mut index = 0;
    while output.len() < length {
        let next = block(index, previous.as_ref());
        output.extend_from_slice(&next);
        previous = Some(next);
        index += 1;
    }
    // The octets cut off are wiped with the vector: zeroize covers its whole capacity.
    output.truncate(length);
    output
}
