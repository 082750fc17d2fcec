//! The key hierarchy of fast BSS transition (802.11-2020 12.7.1.6): PMK-R0, PMK-R1, their names, and the integrity
//! code of the Fast BSS Transition element (13.8.4, 13.8.5).

use super::{
    kdf::Hash,
    keys::{KeySchedule, Pmk, Pmkid},
    mic::Mic,
};
use crate::Secret;
use core::fmt;
use lapwing_frames::{MacAddr, Ssid, suite::Akm};

/// The longest name of a holder of PMK-R0 in octets.
pub const MAX_R0KH_ID: usize = 48;

/// The hash that an AKM derives its keys with; `key_length` is that of the key which everything begins with.
const fn hash(akm: Akm, key_length: usize) -> Option<Hash> {
    match (akm, key_length) {
        (Akm::Ft8021x | Akm::FtPsk | Akm::FtSae, 32) | (Akm::FtSaeExtKey, 32) => Some(Hash::Sha256),
        (Akm::Ft8021xSha384 | Akm::FtSaeExtKey, 48) => Some(Hash::Sha384),
        (Akm::FtSaeExtKey, 64) => Some(Hash::Sha512),
        _ => None,
    }
}

/// A name of 16 octets: the beginning of a hash.
fn name(hash: Hash, parts: &[&[u8]]) -> Option<Pmkid> {
    hash.digest(parts).first_chunk().copied().map(Pmkid)
}

/// Whose key a PMK-R0 is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holder {
    /// The network.
    pub ssid: Ssid,
    /// The mobility domain.
    pub domain: [u8; 2],
    /// The name of the holder of PMK-R0 (R0KH-ID), 1 to 48 octets.
    pub r0kh: alloc::vec::Vec<u8>,
    /// The station (S0KH-ID).
    pub station: MacAddr,
}

/// The key of a mobility domain that a station and the AP of its first association there have.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PmkR0 {
    akm: Akm,
    key: Secret,
    name: Pmkid,
}

impl fmt::Debug for PmkR0 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PmkR0").field("akm", &self.akm).field("name", &self.name).finish_non_exhaustive()
    }
}

impl PmkR0 {
    /// Derives it from the pre-shared key, or the PMK of SAE. Nothing if the AKM is none of fast transition, or the
    /// key or the holder's name has a length that there is not.
    #[must_use]
    pub fn derive(akm: Akm, key: &Pmk, holder: &Holder) -> Option<Self> {
        let key = key.expose();
        let hash = hash(akm, key.len())?;
        let Holder { ssid, domain, r0kh, station } = holder;
        if !(1..=MAX_R0KH_ID).contains(&r0kh.len()) {
            return None;
        }
        let ssid = ssid.octets();
        let (ssid_length, r0kh_length) = (u8::try_from(ssid.len()).ok()?, u8::try_from(r0kh.len()).ok()?);
        let context: [&[u8]; 6] = [&[ssid_length], ssid, domain, &[r0kh_length], r0kh, &station.0];
        let octets = hash.kdf(key, "FT-R0", &context, u8::try_from(key.len() + 16).ok()?);
        let (own, salt) = octets.expose().split_at_checked(key.len())?;
        Some(Self { akm, key: Secret::new(own), name: name(hash, &[b"FT-R0N", salt])? })
    }

    /// The AKM that it is for.
    #[must_use]
    pub const fn akm(&self) -> Akm {
        self.akm
    }

    /// Its name (PMKR0Name).
    #[must_use]
    pub const fn name(&self) -> Pmkid {
        self.name
    }

    /// The key of one AP of the domain: `r1kh` names it (R1KH-ID).
    #[must_use]
    pub fn for_holder(&self, r1kh: MacAddr, station: MacAddr) -> Option<PmkR1> {
        let key = self.key.expose();
        let hash = hash(self.akm, key.len())?;
        let derived = hash.kdf(key, "FT-R1", &[&r1kh.0, &station.0], u8::try_from(key.len()).ok()?);
        let name = name(hash, &[b"FT-R1N", &self.name.0, &r1kh.0, &station.0])?;
        Some(PmkR1 { key: Pmk::new(derived)?, name })
    }
}

/// The key that a station shares with one AP of a mobility domain: what a PTK is derived from.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PmkR1 {
    /// The key.
    pub key: Pmk,
    /// Its name (PMKR1Name).
    pub name: Pmkid,
}

impl fmt::Debug for PmkR1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PmkR1").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Which frame an integrity code is for: the number of the message in the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// The Reassociation Request.
    Request = 5,
    /// The Reassociation Response.
    Response = 6,
}

/// What an integrity code covers, each element whole.
#[derive(Clone, Copy, Debug)]
pub struct Covered<'a> {
    /// The station.
    pub station: MacAddr,
    /// The AP.
    pub ap: MacAddr,
    /// The frame.
    pub message: Message,
    /// The RSNE.
    pub rsne: &'a [u8],
    /// The Mobility Domain element.
    pub mobility_domain: &'a [u8],
    /// The Fast BSS Transition element, its integrity code zero.
    pub fast_transition: &'a [u8],
    /// The elements of a resource request, one after the other.
    pub resources: &'a [u8],
    /// The RSNXE; empty if there is none.
    pub rsnxe: &'a [u8],
}

impl Covered<'_> {
    /// The integrity code under the key confirmation key.
    #[must_use]
    pub fn mic(&self, schedule: &KeySchedule, kck: &Secret) -> Option<Mic> {
        let number = [self.message as u8];
        let parts: [&[u8]; 8] = [
            &self.station.0,
            &self.ap.0,
            &number,
            self.rsne,
            self.mobility_domain,
            self.fast_transition,
            self.resources,
            self.rsnxe,
        ];
        schedule.mic.compute(kck.expose(), &parts.concat())
    }
}
