//! The keys of fast initial link setup, FILS (802.11-2020 12.11.2.5.3).
//!
//! FILS has no 4-way handshake: both nonces travel in the Authentication frames, and the keys protect the
//! association itself.

use super::{
    kdf::Hash,
    keys::{Pmk, PtkInput},
};
use crate::Secret;
use lapwing_frames::suite::{Akm, Cipher};

/// The keys of an association by FILS, in the order in which they are cut from the key stream.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FilsKeys {
    /// ICK: proves the keys to each other (Key-Auth).
    pub ick: Secret,
    /// KEK: encrypts the rest of the association frames with AES-SIV.
    pub kek: Secret,
    /// TK: unicast frames.
    pub tk: Secret,
    /// FILS-FT: the root of fast transition, for its AKMs.
    pub fast_transition: Option<Secret>,
}

/// The hash of an AKM, and its lengths of ICK, KEK and FILS-FT in octets.
const fn lengths(akm: Akm) -> Option<(Hash, u8, u8, u8)> {
    match akm {
        Akm::FilsSha256 => Some((Hash::Sha256, 32, 32, 0)),
        Akm::FilsSha384 => Some((Hash::Sha384, 48, 64, 0)),
        Akm::FtFilsSha256 => Some((Hash::Sha256, 32, 32, 32)),
        Akm::FtFilsSha384 => Some((Hash::Sha384, 48, 64, 48)),
        _ => None,
    }
}

/// The PMK from the rMSK of an EAP re-authentication (12.11.2.5.2), and with perfect forward secrecy from the
/// Diffie-Hellman secret too. Nothing if the AKM is none of FILS.
#[must_use]
pub fn pmk(akm: Akm, input: &PtkInput, rmsk: &Secret, shared: Option<&Secret>) -> Option<Pmk> {
    let (hash, ..) = lengths(akm)?;
    let key = Secret::from_vec([input.snonce, input.anonce].concat());
    let shared = shared.map_or(&[][..], Secret::expose);
    Pmk::new(Secret::new(hash.hmac(key.expose(), &[rmsk.expose(), shared]).as_ref()))
}

impl FilsKeys {
    /// Derives the keys. Nothing if the AKM is none of FILS, or the cipher protects no unicast frames.
    #[must_use]
    pub fn derive(
        akm: Akm,
        pmk: &Pmk,
        pairwise: Cipher,
        input: &PtkInput,
        shared: Option<&Secret>,
    ) -> Option<Self> {
        let (hash, ick, kek, fast_transition) = lengths(akm)?;
        let tk =
            u8::try_from(pairwise.key_length().filter(|_| !pairwise.is_bip() && pairwise != Cipher::Tkip)?)
                .ok()?;
        let context = [
            &input.supplicant.0[..],
            &input.authenticator.0,
            &input.snonce,
            &input.anonce,
            shared.map_or(&[][..], Secret::expose),
        ];
        let stream =
            hash.kdf(pmk.expose(), "FILS PTK Derivation", &context, ick + kek + tk + fast_transition);
        let mut rest = stream.expose();
        let mut cut = |length: u8| {
            let (key, after) = rest.split_at_checked(usize::from(length))?;
            rest = after;
            Some(Secret::new(key))
        };
        Some(Self {
            ick: cut(ick)?,
            kek: cut(kek)?,
            tk: cut(tk)?,
            fast_transition: if fast_transition == 0 { None } else { cut(fast_transition) },
        })
    }
}

#[cfg(test)]
mod tests;
