//! The 4-way handshake, both sides, from message 1 to keys on both.

use divan::Bencher;
use lapwing_core::{
    Instant, Secret,
    crypto::keys::Pmk,
    entropy::SeededEntropy,
    kernel::{Band, KeyKind, KeyRequest},
    rsn::{
        Advertised, Authenticator, Candidate, Link, Peer, Supplicant,
        authenticator::{Output as ApOutput, Setup as ApSetup},
        negotiate::{Capabilities, Offer, Policy, Security, negotiate},
        supplicant::{Output, Setup},
    },
};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{
        Element,
        rsn::{Rsn, RsnCapabilities},
    },
    suite::{Akm, Cipher},
};

fn main() {
    divan::main();
}

fn setups(akm: Akm, cipher: Cipher) -> (Setup, ApSetup) {
    let mut rsne = Vec::new();
    Rsn::new(cipher, vec![cipher], vec![akm], RsnCapabilities::MFPC).write(&mut rsne);
    let advertised = Advertised { rsne: Some(rsne), ..Advertised::default() };
    let offer = Offer { advertised: &advertised, privacy: true, band: Some(Band::Band5), multi_link: false };
    let capabilities = Capabilities {
        ciphers: vec![cipher, Cipher::BipCmac128],
        akms: None,
        sae: true,
        beacon_protection: false,
        extended_key_id: false,
        operating_channel_validation: false,
        overriding: false,
        fast_transition: true,
        tkip: false,
    };
    let policy =
        Policy::Personal { psk: true, sae: true, hash_to_element_only: false, transition_disabled: false };
    let Ok(Security::Protected(plan)) = negotiate(&offer, &capabilities, &policy) else {
        unreachable!("this offer suits")
    };
    let key = |kind, index, cipher: Cipher| KeyRequest {
        kind,
        link: None,
        index,
        cipher,
        key: Secret::from_vec(vec![index; cipher.key_length().unwrap_or_default()]),
        sequence: [0; 6],
    };
    let pmk = Pmk::new(Secret::new(&[7; 32])).expect("32 octets are a PMK");
    let ssid = Ssid::new(b"net").expect("it is short");
    let link =
        Link { bssid: MacAddr([2; 6]), station: MacAddr([4; 6]), advertised, channel: None, accepted: true };
    let (peer, candidates) = (Peer::Bss(link), vec![Candidate { pmkid: None, pmk }]);
    let ap = ApSetup {
        ssid: ssid.clone(),
        peer: peer.clone(),
        akm,
        pairwise: cipher,
        rsne: plan.rsne(),
        rsnxe: plan.rsnxe(),
        selection: None,
        candidates: candidates.clone(),
        announced: None,
        operating_channel_validation: false,
        ssid_protection: false,
        extended_key_id: false,
        transition_disable: None,
        group_keys: vec![key(KeyKind::Group, 1, cipher), key(KeyKind::Integrity, 4, Cipher::BipCmac128)],
        membership: None,
    };
    let station = Setup {
        ssid,
        peer,
        plan,
        candidates,
        can_replace_pairwise: true,
        protection_is_told: true,
        membership: None,
    };
    (station, ap)
}

#[divan::bench(args = [2, 8, 24])]
fn both_sides(bencher: Bencher<'_, '_>, akm: u8) {
    let akm = Akm([0, 0x0f, 0xac, akm]);
    let cipher = if akm == Akm::SaeExtKey { Cipher::Gcmp256 } else { Cipher::Ccmp128 };
    bencher.with_inputs(|| setups(akm, cipher)).bench_values(|(station, ap)| {
        let mut entropy = SeededEntropy(1);
        let (mut station, mut ap) = (Supplicant::new(station), Authenticator::new(ap));
        let mut from_ap = Vec::new();
        ap.start(Instant::default(), &mut entropy, &mut from_ap);
        while !from_ap.is_empty() {
            let mut from_station = Vec::new();
            for output in from_ap.drain(..) {
                if let ApOutput::SendKeyFrame { octets, .. } = output {
                    station.handle(&mut entropy, &octets, false, &mut from_station);
                }
            }
            for output in from_station {
                if let Output::SendKeyFrame { octets, .. } = output {
                    ap.handle(Instant::default(), &octets, false, &mut from_ap);
                }
            }
        }
        assert!(station.is_established() && ap.is_established());
    });
}
