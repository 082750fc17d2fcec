//! AES-SIV (RFC 5297): what wraps the attributes of DPP.

use crate::Secret;
use aes::{Aes128, Aes192, Aes256};
use aes_siv::{KeyInit, siv::CmacSiv};
use alloc::vec::Vec;

/// Runs the body with the cipher for a key of this length, which is that of two AES keys.
macro_rules! with_key {
    ($key:expr, $cipher:ident => $body:expr) => {
        match $key.len() {
            32 => CmacSiv::<Aes128>::new_from_slice($key).ok().and_then(|mut $cipher| $body),
            48 => CmacSiv::<Aes192>::new_from_slice($key).ok().and_then(|mut $cipher| $body),
            64 => CmacSiv::<Aes256>::new_from_slice($key).ok().and_then(|mut $cipher| $body),
            _ => None,
        }
    };
}

/// Encrypts octets, and authenticates them with these components: 16 octets more come out. Nothing if the key is
/// not of 32, 48 or 64 octets.
#[must_use]
pub fn seal(key: &[u8], components: &[&[u8]], plain: &[u8]) -> Option<Vec<u8>> {
    with_key!(key, cipher => cipher.encrypt(components, plain).ok())
}

/// Decrypts octets; nothing if they or the components are not those of [`seal`].
#[must_use]
pub fn open(key: &[u8], components: &[&[u8]], sealed: &[u8]) -> Option<Secret> {
    with_key!(key, cipher => cipher.decrypt(components, sealed).ok()).map(Secret::from_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn octets(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn rfc_5297_a_1_and_a_2() {
        let key = octets("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
        let header = octets("101112131415161718191a1b1c1d1e1f2021222324252627");
        let sealed = octets("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c");
        let plain = octets("112233445566778899aabbccddee");
        assert_eq!(seal(&key, &[&header], &plain).unwrap(), sealed);
        assert_eq!(open(&key, &[&header], &sealed).unwrap().expose(), plain);

        let key = octets("7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f");
        let first =
            octets("00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100");
        let (second, nonce) = (octets("102030405060708090a0"), octets("09f911029d74e35bd84156c5635688c0"));
        let plain = octets(
            "7468697320697320736f6d6520706c61696e7465787420746f20656e6372797074207573696e67205349562d414553",
        );
        let sealed = octets(
            "7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17dba77ceb094fa663b7a3f748ba8af829\
             ea64ad544a272e9c485b62a3fd5c0d",
        );
        assert_eq!(seal(&key, &[&first, &second, &nonce], &plain).unwrap(), sealed);
    }

    #[test]
    fn an_empty_component_is_another_than_none_and_nothing_forged_opens() {
        for length in [32, 48, 64] {
            let key = vec![7; length];
            let sealed = seal(&key, &[b"header", b""], b"secret").unwrap();
            assert_eq!(sealed.len(), 22);
            assert!(open(&key, &[b"header", b""], &sealed).is_some());
            assert!(open(&key, &[b"header"], &sealed).is_none());
            for at in 0..sealed.len() {
                let mut forged = sealed.clone();
                forged[at] ^= 1;
                assert!(open(&key, &[b"header", b""], &forged).is_none());
                assert!(open(&key, &[b"header", b""], &sealed[..at]).is_none());
            }
        }
        assert!(seal(&[0; 16], &[], b"").is_none());
    }
}
