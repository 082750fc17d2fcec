//! Message integrity codes of EAPOL-Key frames.

use super::kdf::{Digest, Hash};
use aes::Aes128;
use cmac::{Cmac, KeyInit, Mac};
use hmac::Hmac;
use md5::Md5;
use subtle::ConstantTimeEq;

/// How the MIC of a key frame is computed (802.11-2020 table 12-8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MicAlgorithm {
    /// HMAC with this hash; the MIC is as many octets of it as the KCK is long.
    Hmac(Hash),
    /// AES-128-CMAC.
    AesCmac,
    /// HMAC-MD5, where TKIP is the pairwise cipher.
    HmacMd5,
}

impl MicAlgorithm {
    /// The MIC of these octets: as long as the KCK. Nothing if the KCK is of a length that the algorithm
    /// does not take (only AES-CMAC minds).
    #[must_use]
    pub fn compute(self, kck: &[u8], octets: &[u8]) -> Option<Mic> {
        let digest = match self {
            Self::Hmac(hash) => hash.hmac(kck, &[octets]),
            Self::AesCmac => {
                let mut mac = <Cmac<Aes128> as KeyInit>::new_from_slice(kck).ok()?;
                mac.update(octets);
                Digest::new(&mac.finalize().into_bytes())
            }
            Self::HmacMd5 => {
                let mut mac = <Hmac<Md5> as KeyInit>::new_from_slice(kck).ok()?;
                mac.update(octets);
                Digest::new(&mac.finalize().into_bytes())
            }
        };
        Some(Mic { digest, length: kck.len() })
    }
}

/// A computed MIC.
#[derive(Clone)]
pub struct Mic {
    digest: Digest,
    length: usize,
}

impl Mic {
    /// Its octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.digest.get(..self.length).unwrap_or(&self.digest)
    }

    /// Whether these octets are the MIC, compared in constant time.
    #[must_use]
    pub fn matches(&self, octets: &[u8]) -> bool {
        !octets.is_empty() && self.octets().ct_eq(octets).into()
    }
}
