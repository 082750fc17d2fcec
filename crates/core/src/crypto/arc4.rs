//! RC4 as descriptor version 1 encrypts key data with it: the key is the frame's initialisation vector and the KEK, and
//! the first 256 octets of the stream are thrown away (802.11-2020 12.7.2 j).
//!
//! It is broken, as is what it is used for; whoever gets here was told.

use crate::Secret;
use alloc::vec::Vec;
use rc4::{KeyInit, Rc4, StreamCipher};
use zeroize::Zeroizing;

/// How much of the stream is thrown away.
const DISCARDED: usize = 256;

/// Encrypts or decrypts key data, which is the same. Nothing if the key has a length that RC4 does not take.
#[must_use]
pub fn apply(iv: &[u8; 16], kek: &[u8], key_data: &[u8]) -> Option<Secret> {
    let key = Zeroizing::new([iv.as_slice(), kek].concat());
    let mut stream = Rc4::new_from_slice(&key).ok()?;
    stream.apply_keystream(&mut *Zeroizing::new([0; DISCARDED]));
    let mut octets: Vec<u8> = key_data.to_vec();
    stream.apply_keystream(&mut octets);
    Some(Secret::from_vec(octets))
}
