//! Published and computed vectors for the hashes and key derivation functions.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are tests too"
)]

use lapwing_core::crypto::kdf::{Hash, passphrase_to_psk, prf_sha1};
use serde_json::Value;

fn vectors(text: &str) -> Vec<Value> {
    serde_json::from_str::<Value>(text).unwrap()["vectors"].as_array().unwrap().clone()
}

fn octets(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn what_has_hashed_a_secret_is_wiped() {
    // HMAC, HKDF and PBKDF2 are made of these; a passphrase or a key is in their buffers.
    fn wiped<T: zeroize::ZeroizeOnDrop>() {}
    wiped::<sha1::Sha1>();
    wiped::<sha2::Sha256>();
    wiped::<sha2::Sha384>();
    wiped::<sha2::Sha512>();
}

#[test]
fn prf_and_kdf() {
    let vectors = vectors(include_str!("data/vectors/prf_kdf.json"));
    assert!(vectors.len() > 10);
    for vector in vectors {
        let (key, data, expected) =
            (octets(&vector["key"]), octets(&vector["data"]), octets(&vector["output"]));
        let label = vector["label"].as_str().unwrap();
        let name = vector["function"].as_str().unwrap();
        let output = match name.split_once("SHA").unwrap().1.split_once('-') {
            None => prf_sha1(&key, label, &[&data], u8::try_from(expected.len()).unwrap()),
            Some((hash, bits)) => {
                let hash = match hash {
                    "256" => Hash::Sha256,
                    "384" => Hash::Sha384,
                    "512" => Hash::Sha512,
                    other => panic!("{other}"),
                };
                hash.kdf_bits(&key, label, &[&data], bits.parse().unwrap())
            }
        };
        assert_eq!(output.expose(), expected, "{name}");
    }
}

#[test]
fn context_in_parts_is_the_same_as_in_one() {
    let whole = Hash::Sha256.kdf(b"key", "label", &[b"onetwo"], 48);
    assert!(whole == Hash::Sha256.kdf(b"key", "label", &[b"one", b"", b"two"], 48));
    assert!(prf_sha1(b"key", "label", &[b"onetwo"], 48) == prf_sha1(b"key", "label", &[b"on", b"etwo"], 48));
}

#[test]
fn passphrases() {
    for vector in vectors(include_str!("data/vectors/pbkdf2_psk.json")) {
        let (passphrase, ssid) = (vector["passphrase"].as_str().unwrap(), vector["ssid"].as_str().unwrap());
        let psk = passphrase_to_psk(passphrase.as_bytes(), ssid.as_bytes());
        assert_eq!(psk.expose(), octets(&vector["psk"]), "{passphrase}");
    }
}

/// RFC 5869 A.1 to A.3.
#[test]
fn hkdf_of_the_rfc() {
    let hex = |text: &str| octets(&Value::String(text.into()));
    let ikm = [0x0b; 22];
    let salt: Vec<u8> = (0..=0x0c).collect();
    let info: Vec<u8> = (0xf0..=0xf9).collect();
    let key = Hash::Sha256.hkdf_extract(&salt, &[&ikm]);
    assert_eq!(*key, hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"));
    let okm = Hash::Sha256.hkdf_expand(&key, &info, 42);
    let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
    assert_eq!(okm.expose(), hex(expected));
    let key = Hash::Sha256.hkdf_extract(&[], &[&ikm[..11], &ikm[11..]]);
    let okm = Hash::Sha256.hkdf_expand(&key, &[], 42);
    let expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8";
    assert_eq!(okm.expose(), hex(expected));
}

#[test]
fn digests_have_the_length_of_their_hash() {
    for hash in [Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512] {
        assert_eq!(hash.digest(&[b"a"]).len(), hash.output_length());
        assert_eq!(*hash.digest(&[b"ab"]), *hash.digest(&[b"a", b"b"]));
    }
    let empty = octets(&Value::String("da39a3ee5e6b4b0d3255bfef95601890afd80709".into()));
    assert_eq!(*Hash::Sha1.digest(&[]), empty);
}
