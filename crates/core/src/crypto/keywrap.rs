//! AES key wrap (RFC 3394): the encryption of key data.

use crate::Secret;
use aes_kw::{KeyInit, KwAes128, KwAes192, KwAes256};
use alloc::{vec, vec::Vec};
use zeroize::Zeroize;

/// Runs the body with the cipher for a key encryption key of this length.
macro_rules! with_kek {
    ($kek:expr, $cipher:ident => $body:expr) => {
        match $kek.len() {
            16 => KwAes128::new_from_slice($kek).ok().and_then(|$cipher| $body),
            24 => KwAes192::new_from_slice($kek).ok().and_then(|$cipher| $body),
            32 => KwAes256::new_from_slice($kek).ok().and_then(|$cipher| $body),
            _ => None,
        }
    };
}

/// Wraps octets, whose number must be a multiple of eight and at least sixteen; nothing if it is not, or
/// if the key is not of 16, 24 or 32 octets.
#[must_use]
pub fn wrap(kek: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    if plain.len() < 16 || !plain.len().is_multiple_of(8) {
        return None;
    }
    let mut out = vec![0; plain.len().checked_add(8)?];
    with_kek!(kek, cipher => cipher.wrap_key(plain, &mut out).ok().map(<[u8]>::len))?;
    Some(out)
}

/// Unwraps octets; nothing if their length cannot be right or their integrity check fails.
#[must_use]
pub fn unwrap(kek: &[u8], wrapped: &[u8]) -> Option<Secret> {
    if wrapped.len() < 24 || !wrapped.len().is_multiple_of(8) {
        return None;
    }
    let mut out = vec![0; wrapped.len().checked_sub(8)?];
    let done = with_kek!(kek, cipher => cipher.unwrap_key(wrapped, &mut out).ok().map(<[u8]>::len));
    if done.is_none() {
        out.zeroize();
    }
    done.map(|_| Secret::from_vec(out))
}
