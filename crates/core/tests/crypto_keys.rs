//! Published and computed vectors for MICs, key wrap, the key hierarchy and frame protection.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are tests too"
)]

use lapwing_core::{
    Secret,
    crypto::{
        arc4, bip,
        ft::{Holder, PmkR0},
        kdf::Hash,
        keys::{Pmk, Ptk, PtkInput, pmkid},
        keywrap,
        mic::MicAlgorithm,
        mpdu::{self, MpduError},
    },
};
use lapwing_frames::{
    MacAddr, Ssid,
    suite::{Akm, Cipher},
};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn octets(value: &Value) -> Vec<u8> {
    hex(value.as_str().unwrap())
}

fn address(value: &Value) -> MacAddr {
    MacAddr(octets(value).try_into().unwrap())
}

/// "00-0F-AC:8 (SAE)".
fn akm(value: &Value) -> Akm {
    let text = value.as_str().unwrap();
    let number = text.strip_prefix("00-0F-AC:").unwrap().split(' ').next().unwrap();
    Akm([0, 0x0f, 0xac, number.parse().unwrap()])
}

fn cipher(value: &Value) -> Cipher {
    match value.as_str().unwrap() {
        "CCMP" => Cipher::Ccmp128,
        "GCMP-256" => Cipher::Gcmp256,
        "TKIP" => Cipher::Tkip,
        "BIP-CMAC-128" => Cipher::BipCmac128,
        "BIP-CMAC-256" => Cipher::BipCmac256,
        "BIP-GMAC-128" => Cipher::BipGmac128,
        "BIP-GMAC-256" => Cipher::BipGmac256,
        other => panic!("{other}"),
    }
}

fn pmk(octets: &[u8]) -> Pmk {
    Pmk::new(Secret::new(octets)).unwrap()
}

fn check_ptk(vector: &Value, pmk: &Pmk, authenticator: &str, pairwise: Cipher) {
    let input = PtkInput {
        authenticator: address(&vector[authenticator]),
        supplicant: address(&vector["spa"]),
        anonce: octets(&vector["anonce"]).try_into().unwrap(),
        snonce: octets(&vector["snonce"]).try_into().unwrap(),
    };
    let with_kdk = vector["kdk"].is_string();
    let ptk = Ptk::derive(akm(&vector["akm"]), pmk, pairwise, &input, with_kdk).unwrap();
    let parts = [("kck", &ptk.kck), ("kek", &ptk.kek), ("tk", &ptk.tk), ("kdk", &ptk.kdk)];
    for (name, part) in parts.into_iter().filter(|(name, _)| *name != "kdk" || with_kdk) {
        assert_eq!(part.expose(), octets(&vector[name]), "{} {name}", vector["akm"]);
    }
}

#[test]
fn ptk_of_every_akm() {
    let file = json(include_str!("data/vectors/ptk.json"));
    let mut checked = 0;
    for vector in file["vectors"].as_array().unwrap() {
        check_ptk(vector, &pmk(&octets(&vector["pmk"])), "aa", cipher(&vector["cipher"]));
        checked += 1;
    }
    assert!(checked >= 17);
}

#[test]
fn ptk_of_fast_transition() {
    for vector in json(include_str!("data/vectors/ft.json"))["vectors"].as_array().unwrap() {
        let cipher = if octets(&vector["tk"]).len() == 16 { Cipher::Ccmp128 } else { Cipher::Gcmp256 };
        check_ptk(vector, &pmk(&octets(&vector["pmk_r1"])), "bssid", cipher);
    }
}

#[test]
fn keys_of_fast_transition() {
    let mut akms = Vec::new();
    for vector in json(include_str!("data/vectors/ft.json"))["vectors"].as_array().unwrap() {
        let (akm, station) = (akm(&vector["akm"]), address(&vector["spa"]));
        let holder = Holder {
            ssid: Ssid::new(vector["ssid"].as_str().unwrap().as_bytes()).unwrap(),
            domain: octets(&vector["mdid"]).try_into().unwrap(),
            r0kh: octets(&vector["r0kh_id"]),
            station,
        };
        let r0 = PmkR0::derive(akm, &pmk(&octets(&vector["xxkey"])), &holder).unwrap();
        assert_eq!(r0.name().0.to_vec(), octets(&vector["pmk_r0_name"]), "{akm}");
        let r1 = r0.for_holder(address(&vector["r1kh_id"]), station).unwrap();
        assert_eq!(r1.key.expose(), octets(&vector["pmk_r1"]), "{akm}");
        assert_eq!(r1.name.0.to_vec(), octets(&vector["pmk_r1_name"]), "{akm}");
        let other = r0.for_holder(MacAddr([9; 6]), station).unwrap();
        assert!(other.name != r1.name && other.key != r1.key);
        for length in [0, 49] {
            assert!(
                PmkR0::derive(
                    akm,
                    &pmk(&octets(&vector["xxkey"])),
                    &Holder { r0kh: vec![1; length], ..holder.clone() }
                )
                .is_none(),
                "a holder's name of {length} octets"
            );
        }
        akms.push((akm, octets(&vector["xxkey"]).len()));
        assert!(PmkR0::derive(Akm::Sae, &pmk(&octets(&vector["xxkey"])), &holder).is_none());
    }
    akms.sort_unstable();
    let of_25 = [32, 48, 64].map(|length| (Akm::FtSaeExtKey, length));
    assert_eq!(akms, [&[(Akm::FtPsk, 32), (Akm::Ft8021xSha384, 48)][..], &of_25].concat());
}

#[test]
fn no_ptk_for_what_has_no_handshake() {
    let input = PtkInput {
        authenticator: MacAddr::default(),
        supplicant: MacAddr::default(),
        anonce: [0; 32],
        snonce: [0; 32],
    };
    let derive = |akm, cipher, length: usize| Ptk::derive(akm, &pmk(&vec![1; length]), cipher, &input, false);
    assert!(derive(Akm::Sae, Cipher::Ccmp128, 32).is_some());
    assert!(derive(Akm::FilsSha256, Cipher::Ccmp128, 32).is_none());
    assert!(derive(Akm([1, 2, 3, 4]), Cipher::Ccmp128, 32).is_none());
    for cipher in [Cipher::Tkip, Cipher::Wep40, Cipher::UseGroup, Cipher::BipCmac128] {
        assert!(derive(Akm::Sae, cipher, 32).is_none(), "{cipher}");
    }
    for akm in [Akm::PskSha256, Akm::FtPsk, Akm::Owe, Akm::SaeExtKey] {
        assert!(derive(akm, Cipher::Tkip, 32).is_none(), "{akm}");
    }
    assert!(derive(Akm::Psk, Cipher::Tkip, 32).is_some());
    assert!(Pmk::new(Secret::new(&[1; 33])).is_none());
}

#[test]
fn pmkids() {
    let file = json(include_str!("data/vectors/pmkid.json"));
    for vector in file["vectors"].as_array().unwrap() {
        let akms: &[Akm] = match vector["hash"].as_str() {
            None | Some("sha1") => &[Akm::Ieee8021x, Akm::Psk],
            Some("sha256") => &[Akm::Ieee8021xSha256, Akm::PskSha256, Akm::SuiteB],
            Some("sha384") => &[Akm::SuiteB192, Akm::Ieee8021xSha384],
            Some(other) => panic!("{other}"),
        };
        for akm in akms {
            let name = pmkid(*akm, &octets(&vector["key"]), address(&vector["aa"]), address(&vector["spa"]));
            assert_eq!(name.unwrap().0.to_vec(), octets(&vector["pmkid"]), "{akm}");
        }
    }
    for akm in [Akm::Sae, Akm::SaeExtKey, Akm::Owe, Akm::FtPsk] {
        assert_eq!(pmkid(akm, &[0; 32], MacAddr::default(), MacAddr::default()), None);
    }
}

#[test]
fn mics() {
    let file = json(include_str!("data/vectors/eapol.json"));
    let mut checked = 0;
    for vector in file["mic_vectors"].as_array().unwrap() {
        let name = vector["algorithm"].as_str().unwrap();
        let algorithm = match name.split(' ').next().unwrap() {
            "HMAC-MD5" => MicAlgorithm::HmacMd5,
            "HMAC-SHA1-128" => MicAlgorithm::Hmac(Hash::Sha1),
            "AES-128-CMAC" => MicAlgorithm::AesCmac,
            "HMAC-SHA256-128" => MicAlgorithm::Hmac(Hash::Sha256),
            "HMAC-SHA384-192" => MicAlgorithm::Hmac(Hash::Sha384),
            "HMAC-SHA512-256" => MicAlgorithm::Hmac(Hash::Sha512),
            other => panic!("{other}"),
        };
        let mic = algorithm.compute(&octets(&vector["kck"]), &octets(&vector["frame_mic_zeroed"])).unwrap();
        assert_eq!(mic.octets(), octets(&vector["mic"]), "{name}");
        assert!(mic.matches(&octets(&vector["mic"])));
        for at in 0..mic.octets().len() {
            let mut wrong = mic.octets().to_vec();
            wrong[at] ^= 1;
            assert!(!mic.matches(&wrong), "{name} {at}");
            assert!(!mic.matches(&mic.octets()[..at]), "{name} cut to {at}");
        }
        checked += 1;
    }
    assert_eq!(checked, 6);
}

#[test]
fn rc4_of_the_rfc() {
    let vector = &json(include_str!("data/vectors/first_wpa.json"))["rc4"];
    let key = octets(&vector["key"]);
    let (iv, kek) = key.split_first_chunk().unwrap();
    let stream = octets(&vector["stream_at_256"]);
    assert_eq!(arc4::apply(iv, kek, &vec![0; stream.len()]).unwrap().expose(), stream);
    let plain: Vec<u8> = (0..100).collect();
    for length in 0..plain.len() {
        let sealed = arc4::apply(iv, kek, &plain[..length]).unwrap();
        assert_eq!(arc4::apply(iv, kek, sealed.expose()).unwrap().expose(), &plain[..length]);
    }
    assert!(arc4::apply(iv, &[0; 300], &plain).is_none());
}

#[test]
fn cmac_of_the_rfc() {
    for vector in json(include_str!("data/vectors/cmac_gmac_bip.json"))["cmac"].as_array().unwrap() {
        let key = octets(&vector["key"]);
        let mic = MicAlgorithm::AesCmac.compute(&key, &octets(&vector["msg"]));
        match key.len() {
            16 => assert_eq!(mic.unwrap().octets(), octets(&vector["tag"])),
            _ => assert!(mic.is_none(), "the MIC of key frames is AES-128-CMAC only"),
        }
    }
}

#[test]
fn key_wrap_both_ways() {
    for vector in json(include_str!("data/vectors/aes_keywrap.json"))["vectors"].as_array().unwrap() {
        let (kek, plain) = (octets(&vector["kek"]), octets(&vector["plain"]));
        let wrapped = keywrap::wrap(&kek, &plain).unwrap();
        assert_eq!(wrapped, octets(&vector["wrapped"]));
        assert_eq!(keywrap::unwrap(&kek, &wrapped).unwrap().expose(), plain);
        for at in 0..wrapped.len() {
            let mut wrong = wrapped.clone();
            wrong[at] ^= 0x40;
            assert!(keywrap::unwrap(&kek, &wrong).is_none());
            assert!(keywrap::unwrap(&kek, &wrapped[..at]).is_none());
        }
        assert!(keywrap::wrap(&kek, &plain[..15]).is_none());
        assert!(keywrap::wrap(&kek, &plain[..8]).is_none());
        assert!(keywrap::wrap(&kek[..15], &plain).is_none());
        assert!(keywrap::unwrap(&kek[..15], &wrapped).is_none());
    }
}

#[test]
fn bip_of_the_standard() {
    for vector in json(include_str!("data/vectors/cmac_gmac_bip.json"))["bip"].as_array().unwrap() {
        let (cipher, key) = (cipher(&vector["cipher"]), octets(&vector["igtk"]));
        let frame = octets(&vector["frame_without_mme"]);
        let protected = bip::protect(cipher, &key, 4, 4, &frame).unwrap();
        assert_eq!(protected, octets(&vector["protected_frame"]), "{cipher}");
        let verified = bip::verify(cipher, &key, &protected).unwrap();
        assert_eq!((verified.key_id, verified.packet_number), (4, 4));
        for at in (0..protected.len()).filter(|at| !(2..4).contains(at) && !(22..24).contains(at)) {
            let mut wrong = protected.clone();
            wrong[at] ^= 1;
            assert!(bip::verify(cipher, &key, &wrong).is_err(), "{cipher} {at}");
            assert!(bip::verify(cipher, &key, &protected[..at]).is_err(), "{cipher} cut to {at}");
        }
        assert_eq!(bip::protect(cipher, &key[1..], 4, 4, &frame), Err(MpduError::KeyLength));
        assert_eq!(bip::verify(Cipher::Ccmp128, &key, &protected), Err(MpduError::Cipher));
    }
}

#[test]
fn the_timestamp_of_a_beacon_is_not_protected() {
    let mut beacon = [&[0x80, 0][..], &[0xff; 8], &[2; 12], &[0; 2], &[9; 8], &[100, 0, 1, 0, 0, 0]].concat();
    for (cipher, length) in [(Cipher::BipCmac128, 16), (Cipher::BipGmac256, 32)] {
        let protected = bip::protect(cipher, &vec![5; length], 6, 1, &beacon).unwrap();
        let mut later = protected.clone();
        later[24] ^= 0xff;
        assert!(bip::verify(cipher, &vec![5; length], &later).is_ok());
        later[32] ^= 1;
        assert_eq!(bip::verify(cipher, &vec![5; length], &later), Err(MpduError::Integrity));
    }
    beacon[0] = 0xc0;
    let mut other = bip::protect(Cipher::BipCmac128, &[5; 16], 6, 1, &beacon).unwrap();
    other[24] ^= 1;
    assert_eq!(bip::verify(Cipher::BipCmac128, &[5; 16], &other), Err(MpduError::Integrity));
}

/// 802.11-2020 J.6.4.
#[test]
fn ccmp_of_the_standard() {
    let key = hex("c97c1f67ce371185514a8a19f2bdd52f");
    let header = hex("0848c32c0fd2e128a57c5030f1844408abaea5b8fcba8033");
    let data = hex("f8ba1a55d02f85ae967bb62fb6cda8eb7e78a050");
    let expected = hex(
        "0848c32c0fd2e128a57c5030f1844408abaea5b8fcba80330ce70020769703b5f3d0a2fe9a3dbf2342a643e43246e80c3c04d0197845ce0b16f97623",
    );
    let plain = [header, data].concat();
    let protected = mpdu::protect(Cipher::Ccmp128, &key, 0, 0xb503_9776_e70c, &plain, None).unwrap();
    assert_eq!(protected, expected);
    let opened = mpdu::unprotect(Cipher::Ccmp128, &key, &protected, None).unwrap();
    assert_eq!((opened.key_id, opened.packet_number), (0, 0xb503_9776_e70c));
    assert_eq!(opened.frame[24..], plain[24..]);
}

#[test]
fn every_cipher_opens_what_it_sealed_and_nothing_else() {
    let header = hex("880101020304050611121314151621222324252630120500");
    let plain = [header, vec![0x06, 0x00], b"some data".to_vec()].concat();
    let translated =
        mpdu::Addresses { receiver: MacAddr([1; 6]), transmitter: MacAddr([2; 6]), third: MacAddr([3; 6]) };
    for (cipher, length) in
        [(Cipher::Ccmp128, 16), (Cipher::Ccmp256, 32), (Cipher::Gcmp128, 16), (Cipher::Gcmp256, 32)]
    {
        let key = vec![7; length];
        let sealed = mpdu::protect(cipher, &key, 2, 77, &plain, None).unwrap();
        let opened = mpdu::unprotect(cipher, &key, &sealed, None).unwrap();
        assert_eq!((opened.frame, opened.key_id, opened.packet_number), (plain.clone(), 2, 77));
        // A retransmission changes bits that are not authenticated.
        let mut again = sealed.clone();
        again[1] |= 0x08;
        assert!(mpdu::unprotect(cipher, &key, &again, None).is_ok());
        assert!(mpdu::unprotect(cipher, &key, &sealed, Some(translated)).is_err());
        let between = mpdu::protect(cipher, &key, 2, 77, &plain, Some(translated)).unwrap();
        assert!(mpdu::unprotect(cipher, &key, &between, Some(translated)).is_ok());
        for at in 0..sealed.len() {
            assert!(mpdu::unprotect(cipher, &key, &sealed[..at], None).is_err(), "{cipher} cut to {at}");
        }
        assert!(mpdu::unprotect(cipher, &key[1..], &sealed, None).is_err());
        assert_eq!(mpdu::unprotect(cipher, &key, &plain, None).err(), Some(MpduError::Unprotected));
    }
    assert_eq!(mpdu::protect(Cipher::Tkip, &[0; 32], 0, 0, &plain, None), Err(MpduError::Cipher));
}
