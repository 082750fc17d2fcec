//! Nobody has published keys of FILS: these were calculated by an independent program from the formulas.

use super::*;
use lapwing_frames::MacAddr;
use std::{string::String, vec::Vec};

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| std::format!("{octet:02x}")).collect()
}

fn input() -> PtkInput {
    PtkInput {
        authenticator: MacAddr([0xa0, 0xa1, 0xa1, 0xa3, 0xa4, 0xa5]),
        supplicant: MacAddr([0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5]),
        anonce: core::array::from_fn(|at| 0xe0 + u8::try_from(at).unwrap()),
        snonce: core::array::from_fn(|at| 0xc0 + u8::try_from(at).unwrap()),
    }
}

/// AKM, cipher, forward secrecy, PMK, SHA-256 of the whole key stream, lengths of its parts.
type Row = (Akm, Cipher, bool, &'static str, &'static str, [usize; 4]);

#[rustfmt::skip]
const ROWS: [Row; 8] = [
    (Akm::FilsSha256, Cipher::Ccmp128, false,
        "36e1d76affee86f591b877db760398447c68272b0f1aa4b958bee74ece8eb702",
        "d7ebe3eadeb305ce9ac61cd78f9e39f9a2e44d47d6b9ec53a41aa9c48a9ecb97", [32, 32, 16, 0]),
    (Akm::FilsSha256, Cipher::Ccmp128, true,
        "dbad0e8088aa71e43bb9d0ffcd68de5eeaa0bb941079503393d1cb57e8741c7f",
        "a9cb527cad25015700a6276a3e934b7d68242c408cffe84a32105bf5ddfac10d", [32, 32, 16, 0]),
    (Akm::FilsSha384, Cipher::Gcmp256, false,
        "4b621a6702bfc3a93a63e5eef363460ad4c14a9c3323a98023a00738fa264ed4503b5b17bdffd36eed37d9713584d60e",
        "7ea3b7f229ddffefadae42d769f1c9b99098c4241c120b9a4adaa1f2cbcc0702", [48, 64, 32, 0]),
    (Akm::FilsSha384, Cipher::Gcmp256, true,
        "2ad94bdc996649be8e31d6bcdf69260a29669231d60b62871b99765df32cd0ee8abc83567f8ca6c971a8046fc557fac5",
        "78a75d077c0a9bf67cf14ee2f6020c2794aff95eccf396deeb9714076c112e69", [48, 64, 32, 0]),
    (Akm::FtFilsSha256, Cipher::Ccmp128, false,
        "36e1d76affee86f591b877db760398447c68272b0f1aa4b958bee74ece8eb702",
        "ce2eb7bd020c52b7840b0cb6adbb348088af7c9aeacb9ff98c77ddb3eed15124", [32, 32, 16, 32]),
    (Akm::FtFilsSha256, Cipher::Ccmp128, true,
        "dbad0e8088aa71e43bb9d0ffcd68de5eeaa0bb941079503393d1cb57e8741c7f",
        "982a64e381b004a0cd6ab34f45c21d74e4745d41068cad3d6167b0cd3635bbc1", [32, 32, 16, 32]),
    (Akm::FtFilsSha384, Cipher::Gcmp256, false,
        "4b621a6702bfc3a93a63e5eef363460ad4c14a9c3323a98023a00738fa264ed4503b5b17bdffd36eed37d9713584d60e",
        "18c320feeed2a3f30771a6d8485d5c2b80fdaf9869154426f3cdfb332f96377e", [48, 64, 32, 48]),
    (Akm::FtFilsSha384, Cipher::Gcmp256, true,
        "2ad94bdc996649be8e31d6bcdf69260a29669231d60b62871b99765df32cd0ee8abc83567f8ca6c971a8046fc557fac5",
        "ec4f92889a1a1876081deb87c1458312b2330c4b47cf4d35e69daa6ec79a8d96", [48, 64, 32, 48]),
];

#[test]
fn keys_of_every_fils_akm() {
    let rmsk = Secret::new(&(0..64).collect::<Vec<u8>>());
    let secret = Secret::new(&(0x40..0x60).collect::<Vec<u8>>());
    for (akm, cipher, forward, expected_pmk, stream, lengths) in ROWS {
        let shared = forward.then_some(&secret);
        let pmk = pmk(akm, &input(), &rmsk, shared).unwrap();
        assert_eq!(hex(pmk.expose()), expected_pmk, "{akm} {forward}");
        let keys = FilsKeys::derive(akm, &pmk, cipher, &input(), shared).unwrap();
        let ft = keys.fast_transition.unwrap_or_default();
        let parts = [&keys.ick, &keys.kek, &keys.tk, &ft];
        assert_eq!(parts.map(Secret::len), lengths);
        let whole = parts.map(Secret::expose).concat();
        assert_eq!(hex(Hash::Sha256.digest(&[&whole]).as_ref()), stream, "{akm} {forward}");
    }
}

#[test]
fn other_akms_and_ciphers_have_no_such_keys() {
    let rmsk = Secret::new(&[1; 64]);
    assert!(pmk(Akm::Sae, &input(), &rmsk, None).is_none());
    let pmk = pmk(Akm::FilsSha256, &input(), &rmsk, None).unwrap();
    assert!(FilsKeys::derive(Akm::Psk, &pmk, Cipher::Ccmp128, &input(), None).is_none());
    for cipher in [Cipher::Tkip, Cipher::BipCmac128] {
        assert!(FilsKeys::derive(Akm::FilsSha256, &pmk, cipher, &input(), None).is_none());
    }
}
