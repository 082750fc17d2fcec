//! The key hierarchy: PMK, PTK and their names (802.11-2020 12.7.1).

use super::{
    arc4,
    kdf::{Hash, prf_sha1},
    keywrap,
    mic::MicAlgorithm,
};
use crate::Secret;
use alloc::vec::Vec;
use core::fmt;
use lapwing_frames::{
    MacAddr,
    suite::{Akm, Cipher},
};

/// The name of a PMK.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pmkid(pub [u8; 16]);

impl fmt::Debug for Pmkid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// A pairwise master key: what SAE, OWE, 802.1X or a passphrase gives, and what a 4-way handshake proves.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pmk(Secret);

impl Pmk {
    /// A PMK of these octets, if it has one of the lengths that there are: 32, 48 or 64.
    #[must_use]
    pub fn new(octets: Secret) -> Option<Self> {
        matches!(octets.len(), 32 | 48 | 64).then_some(Self(octets))
    }

    /// The octets.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

/// The function that a PTK is derived with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Derivation {
    PrfSha1,
    Kdf(Hash),
    /// KDF with the label and the order of inputs of fast transition (12.7.1.6.5).
    FastTransition(Hash),
}

/// What an AKM says about the keys of its handshakes (802.11-2020 table 12-8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeySchedule {
    derivation: Derivation,
    kck: u8,
    kek: u8,
    /// How the MIC is computed.
    pub mic: MicAlgorithm,
    /// The key descriptor version in the key information.
    pub version: u8,
}

impl KeySchedule {
    /// The schedule of an AKM whose handshake is EAPOL-Key; some depend on the length of the PMK in
    /// octets. Nothing for AKMs that are unknown, without such a handshake, or for a length that the AKM
    /// does not have.
    #[must_use]
    pub const fn of(akm: Akm, pmk_length: usize) -> Option<Self> {
        use Derivation::{FastTransition, Kdf, PrfSha1};
        use Hash::{Sha1, Sha256, Sha384, Sha512};
        use MicAlgorithm::{AesCmac, Hmac};
        let (derivation, kck, kek, mic, version) = match (akm, pmk_length) {
            (Akm::Ieee8021x | Akm::Psk, _) => (PrfSha1, 16, 16, Hmac(Sha1), 2),
            (Akm::Ieee8021xSha256 | Akm::PskSha256, _) => (Kdf(Sha256), 16, 16, AesCmac, 3),
            (Akm::Ft8021x | Akm::FtPsk, _) => (FastTransition(Sha256), 16, 16, AesCmac, 3),
            (Akm::Sae, _) => (Kdf(Sha256), 16, 16, AesCmac, 0),
            (Akm::FtSae, _) => (FastTransition(Sha256), 16, 16, AesCmac, 0),
            (Akm::SuiteB, _) => (Kdf(Sha256), 16, 16, Hmac(Sha256), 0),
            (Akm::SuiteB192 | Akm::Ieee8021xSha384, _) => (Kdf(Sha384), 24, 32, Hmac(Sha384), 0),
            (Akm::Ft8021xSha384, _) => (FastTransition(Sha384), 24, 32, Hmac(Sha384), 0),
            (Akm::Owe | Akm::SaeExtKey | Akm::Dpp, 32) => (Kdf(Sha256), 16, 16, Hmac(Sha256), 0),
            (Akm::Owe | Akm::SaeExtKey | Akm::Dpp, 48) => (Kdf(Sha384), 24, 32, Hmac(Sha384), 0),
            (Akm::Owe | Akm::SaeExtKey | Akm::Dpp, 64) => (Kdf(Sha512), 32, 32, Hmac(Sha512), 0),
            (Akm::FtSaeExtKey, 32) => (FastTransition(Sha256), 16, 16, Hmac(Sha256), 0),
            (Akm::FtSaeExtKey, 48) => (FastTransition(Sha384), 24, 32, Hmac(Sha384), 0),
            (Akm::FtSaeExtKey, 64) => (FastTransition(Sha512), 32, 32, Hmac(Sha512), 0),
            _ => return None,
        };
        Some(Self { derivation, kck, kek, mic, version })
    }

    /// The same with this pairwise cipher: with TKIP, an AKM of WPA2 has the MIC and the key data encryption of the
    /// first WPA (802.11-2020 12.7.2 b).
    #[must_use]
    pub const fn with_pairwise(self, pairwise: Cipher) -> Self {
        match (pairwise, self.version) {
            (Cipher::Tkip, 2) => Self { mic: MicAlgorithm::HmacMd5, version: 1, ..self },
            _ => self,
        }
    }

    /// The length of the MIC in octets, which is that of the KCK.
    #[must_use]
    pub const fn mic_length(&self) -> usize {
        self.kck as usize
    }
}

/// What both sides contribute to a PTK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PtkInput {
    /// The authenticator's address; that of the MLD for a multi-link device.
    pub authenticator: MacAddr,
    /// The supplicant's address; that of the MLD for a multi-link device.
    pub supplicant: MacAddr,
    /// The authenticator's nonce.
    pub anonce: [u8; 32],
    /// The supplicant's nonce.
    pub snonce: [u8; 32],
}

/// A pairwise transient key, in its parts.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Ptk {
    /// What it was derived by.
    pub schedule: KeySchedule,
    /// Key confirmation key: computes MICs.
    pub kck: Secret,
    /// Key encryption key: wraps key data.
    pub kek: Secret,
    /// Temporal key: encrypts frames.
    pub tk: Secret,
    /// Key derivation key, for ranging; empty unless asked for.
    pub kdk: Secret,
}

impl Ptk {
    /// Derives the PTK; `pmk` is the PMK-R1 for a fast transition AKM. Nothing if the AKM has no 4-way
    /// handshake or the cipher is no pairwise cipher that Lapwing uses; TKIP is used with the AKMs of WPA2 only.
    #[must_use]
    pub fn derive(akm: Akm, pmk: &Pmk, pairwise: Cipher, input: &PtkInput, with_kdk: bool) -> Option<Self> {
        const LABEL: &str = "Pairwise key expansion";
        let pmk = pmk.expose();
        let schedule = KeySchedule::of(akm, pmk.len())?.with_pairwise(pairwise);
        if pairwise == Cipher::Tkip && schedule.version != 1 {
            return None;
        }
        let tk = u8::try_from(pairwise.key_length().filter(|_| !pairwise.is_bip())?).ok()?;
        let total = schedule.kck.checked_add(schedule.kek)?.checked_add(tk)?;
        let total = total.checked_add(if with_kdk { 32 } else { 0 })?;
        let PtkInput { authenticator, supplicant, anonce, snonce } = input;
        let (low, high) = (authenticator.min(supplicant), authenticator.max(supplicant));
        let sorted: [&[u8]; 4] = [&low.0, &high.0, anonce.min(snonce), anonce.max(snonce)];
        let key = match schedule.derivation {
            Derivation::PrfSha1 => prf_sha1(pmk, LABEL, &sorted, total),
            Derivation::Kdf(hash) => hash.kdf(pmk, LABEL, &sorted, total),
            Derivation::FastTransition(hash) => {
                hash.kdf(pmk, "FT-PTK", &[snonce, anonce, &authenticator.0, &supplicant.0], total)
            }
        };
        let mut rest = key.expose();
        let mut part = |length: u8| {
            let (part, after) = rest.split_at_checked(usize::from(length))?;
            rest = after;
            Some(Secret::new(part))
        };
        let (kck, kek, tk) = (part(schedule.kck)?, part(schedule.kek)?, part(tk)?);
        Some(Self { schedule, kck, kek, tk, kdk: part(if with_kdk { 32 } else { 0 })? })
    }

    /// The key data of a frame with this initialisation vector in clear, if their encryption proves anything and is
    /// right; that of descriptor version 1 proves nothing.
    #[must_use]
    pub fn decrypt(&self, iv: &[u8; 16], key_data: &[u8]) -> Option<Secret> {
        match self.schedule.version {
            1 => arc4::apply(iv, self.kek.expose(), key_data),
            _ => keywrap::unwrap(self.kek.expose(), key_data),
        }
    }

    /// The MIC of a whole key frame whose MIC field is zero.
    #[must_use]
    pub fn mic(&self, frame_without_mic: &[u8]) -> Option<Vec<u8>> {
        let mic = self.schedule.mic.compute(self.kck.expose(), frame_without_mic)?;
        Some(mic.octets().to_vec())
    }

    /// Whether the MIC of a frame is right.
    #[must_use]
    pub fn verify(&self, frame_without_mic: &[u8], mic: &[u8]) -> bool {
        let computed = self.schedule.mic.compute(self.kck.expose(), frame_without_mic);
        computed.is_some_and(|computed| computed.matches(mic))
    }
}

/// The PMKID of a PMK (802.11-2020 12.7.1.3). For the Suite B AKMs `key` is the KCK, for all others the
/// PMK. Nothing for AKMs whose PMKID comes out of their authentication (SAE, OWE, FILS) or that have
/// names of another kind (fast transition).
#[must_use]
pub fn pmkid(akm: Akm, key: &[u8], authenticator: MacAddr, supplicant: MacAddr) -> Option<Pmkid> {
    let hash = match akm {
        Akm::Ieee8021x | Akm::Psk => Hash::Sha1,
        Akm::Ieee8021xSha256 | Akm::PskSha256 | Akm::SuiteB => Hash::Sha256,
        Akm::SuiteB192 | Akm::Ieee8021xSha384 => Hash::Sha384,
        _ => return None,
    };
    let name = hash.hmac(key, &[b"PMK Name", &authenticator.0, &supplicant.0]);
    name.first_chunk().copied().map(Pmkid)
}
