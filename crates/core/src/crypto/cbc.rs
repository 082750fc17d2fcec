//! AES-128 in CBC mode with the padding of PKCS #7 (RFC 5652 6.3): the encrypted settings of WSC.
//!
//! The mode authenticates nothing: whoever decrypts has a keyed hash inside to check.

use crate::Secret;
use aes::{
    Aes128, Block,
    cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit},
};
use alloc::vec::Vec;

const BLOCK: usize = 16;

fn xor(block: &mut Block, with: &[u8]) {
    block.iter_mut().zip(with).for_each(|(octet, with)| *octet ^= with);
}

fn block_of(octets: &[u8]) -> Block {
    let mut block = Block::default();
    xor(&mut block, octets);
    block
}

/// The initialisation vector, and the octets under the key: up to 16 more than there were.
#[must_use]
pub fn encrypt(key: &[u8; BLOCK], iv: [u8; BLOCK], plain: &[u8]) -> Vec<u8> {
    let cipher = Aes128::new(&(*key).into());
    let padding = BLOCK.saturating_sub(plain.len() % BLOCK);
    let mut padded = Vec::with_capacity(plain.len().saturating_add(BLOCK));
    padded.extend_from_slice(plain);
    padded.resize(plain.len().saturating_add(padding), u8::try_from(padding).unwrap_or(0));
    let padded = Secret::from_vec(padded);
    let mut out = iv.to_vec();
    let mut before: Block = iv.into();
    for chunk in padded.expose().chunks(BLOCK) {
        xor(&mut before, chunk);
        cipher.encrypt_block(&mut before);
        out.extend_from_slice(&before);
    }
    out
}

/// The octets; nothing if there is no whole number of blocks behind the vector, or no padding at the end.
#[must_use]
pub fn decrypt(key: &[u8; BLOCK], octets: &[u8]) -> Option<Secret> {
    let cipher = Aes128::new(&(*key).into());
    let (iv, encrypted) = octets.split_first_chunk::<BLOCK>()?;
    if encrypted.is_empty() || !encrypted.len().is_multiple_of(BLOCK) {
        return None;
    }
    let mut out = Vec::with_capacity(encrypted.len());
    let mut before = iv.as_slice();
    for chunk in encrypted.chunks(BLOCK) {
        let mut block = block_of(chunk);
        cipher.decrypt_block(&mut block);
        xor(&mut block, before);
        out.extend_from_slice(&block);
        before = chunk;
    }
    let mut out = Secret::from_vec(out);
    let length =
        out.expose().last().copied().map(usize::from).filter(|length| (1..=BLOCK).contains(length))?;
    let (plain, padding) = out.expose().split_at_checked(out.len().checked_sub(length)?)?;
    if padding.iter().any(|octet| usize::from(*octet) != length) {
        return None;
    }
    out = Secret::new(plain);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn nist_sp_800_38a_f_2_1() {
        let key = 0x2b7e_1516_28ae_d2a6_abf7_1588_09cf_4f3c_u128.to_be_bytes();
        let iv = 0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f_u128.to_be_bytes();
        let plain =
            [0x6bc1_bee2_2e40_9f96_e93d_7e11_7393_172a_u128, 0xae2d_8a57_1e03_ac9c_9eb7_6fac_45af_8e51];
        let expected =
            [0x7649_abac_8119_b246_cee9_8e9b_12e9_197d_u128, 0x5086_cb9b_5072_19ee_95db_113a_9176_78b2];
        let octets = encrypt(&key, iv, &plain.map(u128::to_be_bytes).concat());
        assert_eq!(octets[..16], iv);
        assert_eq!(octets[16..48], expected.map(u128::to_be_bytes).concat());
        assert_eq!(octets.len(), 64, "a whole block of padding");
    }

    #[test]
    fn every_length_both_ways_and_nothing_without_padding() {
        for length in 0..40 {
            let plain = vec![9; length];
            let octets = encrypt(&[1; 16], [2; 16], &plain);
            assert_eq!(decrypt(&[1; 16], &octets).unwrap().expose(), plain);
            for cut in 0..octets.len() {
                let part = decrypt(&[1; 16], &octets[..cut]);
                assert!(part.is_none_or(|part| part.len() < length.max(1)), "{length} {cut}");
            }
        }
    }
}
