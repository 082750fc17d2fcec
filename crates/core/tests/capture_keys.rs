//! Handshakes that hostapd and wpa_supplicant had in a lab, with the keys they printed: every MIC, every
//! key, and our supplicant in wpa_supplicant's place.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are tests too"
)]

use lapwing_core::{
    Entropy, Secret,
    crypto::{
        bip,
        keys::{Pmk, Pmkid, Ptk, PtkInput},
        keywrap,
        mpdu::{self, Addresses},
    },
    kernel::Band,
    rsn::{
        Advertised, Candidate, Link, Peer, Plan, Supplicant,
        negotiate::{Capabilities, Offer, Policy, Security, negotiate},
        supplicant::{Output, Setup},
    },
};
use lapwing_frames::{
    LinkId, MacAddr, Ssid,
    eapol::{KeyFrame, KeyInformation as Info},
    element::{Elements, rsn::Rsn},
    kde::{Kde, KeyData},
    suite::{Akm, Cipher},
};
use std::{collections::BTreeMap, io::Read, path::PathBuf};

struct Capture {
    name: &'static str,
    akm: Akm,
    cipher: Cipher,
    bip: Cipher,
    mic: usize,
    handshakes: usize,
}

const fn capture(name: &'static str, akm: Akm, handshakes: usize) -> Capture {
    Capture { name, akm, cipher: Cipher::Ccmp128, bip: Cipher::BipCmac128, mic: 16, handshakes }
}

const CAPTURES: [Capture; 7] = [
    capture("wpa2-psk", Akm::Psk, 2),
    capture("sae-h2e", Akm::Sae, 2),
    capture("sae-loop", Akm::Sae, 2),
    Capture {
        cipher: Cipher::Gcmp256,
        bip: Cipher::BipGmac256,
        mic: 24,
        ..capture("sae-ext-key-group20-gcmp256", Akm::SaeExtKey, 2)
    },
    capture("owe", Akm::Owe, 2),
    capture("mlo-kernel6", Akm::Sae, 1),
    capture("mlo-kernel7", Akm::Sae, 1),
];

fn path(folder: &str, file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(folder).join(file)
}

/// The packets of a gzipped pcap file.
fn packets(folder: &str, file: &str) -> Vec<Vec<u8>> {
    let file = std::fs::File::open(path(folder, file)).unwrap();
    let mut octets = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut octets).unwrap();
    let mut rest = &octets[24..];
    let mut packets = Vec::new();
    while rest.len() >= 16 {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        packets.push(rest[16..16 + length].to_vec());
        rest = &rest[16 + length..];
    }
    packets
}

impl Capture {
    /// The keys that wpa_supplicant printed under a label.
    fn keys(&self, label: &str) -> Vec<Vec<u8>> {
        let file = path("core/tests/data/captures", &format!("{}-keys.txt", self.name));
        let text = std::fs::read_to_string(file).unwrap();
        let lines = text.lines().filter(|line| line.contains(label));
        let hex = |line: &str| {
            let (_, octets) = line.rsplit_once("): ").unwrap();
            octets.split(' ').map(|octet| u8::from_str_radix(octet, 16).unwrap()).collect()
        };
        lines.map(hex).collect()
    }

    /// The key frames on the control port, in their order. Each is in the capture several times.
    fn key_frames(&self) -> Vec<Vec<u8>> {
        let mut frames: Vec<Vec<u8>> = Vec::new();
        for packet in packets("linux/tests/data", &format!("{}-netlink.pcap.gz", self.name)) {
            let found = (0..packet.len().saturating_sub(99)).find_map(|at| {
                let length = usize::from(u16::from_be_bytes([packet[at + 2], packet[at + 3]]));
                let head = matches!(packet[at], 1 | 2) && packet[at + 1] == 3 && packet[at + 4] == 2;
                let octets = packet.get(at..at + 4 + length).filter(|_| head && length >= 95)?;
                KeyFrame::parse(octets, self.mic).ok().filter(|frame| frame.tail.is_empty())?;
                Some(octets.to_vec())
            });
            if let Some(octets) = found
                && !frames.contains(&octets)
            {
                frames.push(octets);
            }
        }
        frames
    }

    /// The frames of the air, without radiotap headers.
    fn air(&self) -> Vec<Vec<u8>> {
        let packets = packets("frames/tests/data/captures", &format!("{}-air.pcap.gz", self.name));
        packets.into_iter().map(|packet| packet[usize::from(packet[2])..].to_vec()).collect()
    }

    /// The addresses of authenticator and supplicant: of the MLDs, or of the EAPOL frames in the air.
    fn addresses(&self, handshake: &Handshake) -> (MacAddr, MacAddr) {
        if let (Some(ap), Some(station)) = (mac_kde(&handshake.first), mac_kde(&handshake.second)) {
            return (ap, station);
        }
        let of = |frame: &[u8], at: usize| MacAddr(frame[at..at + 6].try_into().unwrap());
        let octets = handshake.first.to_octets();
        let air = self.air();
        let frame = air.iter().find(|frame| frame.windows(octets.len()).any(|window| window == octets));
        let frame = frame.unwrap();
        (of(frame, 10), of(frame, 4))
    }
}

fn mac_kde(frame: &KeyFrame) -> Option<MacAddr> {
    KeyData::new(&frame.key_data).find_map(|datum| match datum.unwrap().kde {
        Kde::MacAddress(address) => Some(address),
        _ => None,
    })
}

/// Messages 1 to 4, then group messages 1 and 2.
struct Handshake {
    first: KeyFrame,
    second: KeyFrame,
    third: KeyFrame,
    fourth: KeyFrame,
    group: Vec<(KeyFrame, KeyFrame)>,
}

fn handshakes(capture: &Capture) -> Vec<Handshake> {
    let frames: Vec<KeyFrame> =
        capture.key_frames().iter().map(|octets| KeyFrame::parse(octets, capture.mic).unwrap()).collect();
    let is_first =
        |frame: &KeyFrame| frame.information.contains(Info::ACK) && !frame.information.contains(Info::MIC);
    let starts: Vec<usize> = (0..frames.len()).filter(|at| is_first(&frames[*at])).collect();
    // Message 4 of two handshakes may be equal but for its MIC, never altogether.
    let ends = starts.iter().skip(1).copied().chain([frames.len()]);
    let exchanges = starts.iter().copied().zip(ends).map(|(start, end)| &frames[start..end]);
    exchanges
        .map(|frames| {
            let [first, second, third, fourth, group @ ..] = frames else { panic!("{}", capture.name) };
            let group = group.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
            let (first, second) = (first.clone(), second.clone());
            Handshake { first, second, third: third.clone(), fourth: fourth.clone(), group }
        })
        .collect()
}

/// The PTK of a handshake, by whichever of the printed PMKs makes the MIC of message 2 right.
fn ptk(capture: &Capture, handshake: &Handshake) -> (Pmk, Ptk) {
    let (authenticator, supplicant) = capture.addresses(handshake);
    let (anonce, snonce) = (handshake.first.nonce, handshake.second.nonce);
    let input = PtkInput { authenticator, supplicant, anonce, snonce };
    let found = capture.keys("PMK").into_iter().find_map(|pmk| {
        let pmk = Pmk::new(Secret::from_vec(pmk))?;
        let ptk = Ptk::derive(capture.akm, &pmk, capture.cipher, &input, false)?;
        let second = &handshake.second;
        ptk.verify(&second.to_octets_without_mic(), &second.mic).then_some((pmk, ptk))
    });
    found.unwrap_or_else(|| panic!("{}: no PMK fits", capture.name))
}

#[test]
fn every_mic_and_every_key() {
    for capture in &CAPTURES {
        let handshakes = handshakes(capture);
        assert_eq!(handshakes.len(), capture.handshakes, "{}", capture.name);
        for handshake in &handshakes {
            let (_, ptk) = ptk(capture, handshake);
            let parts = [ptk.kck.expose(), ptk.kek.expose(), ptk.tk.expose()].concat();
            assert!(capture.keys("WPA: PTK").contains(&parts), "{}", capture.name);
            let group = handshake.group.iter().flat_map(|(first, second)| [first, second]);
            for frame in [&handshake.third, &handshake.fourth].into_iter().chain(group) {
                assert!(ptk.verify(&frame.to_octets_without_mic(), &frame.mic), "{}", capture.name);
            }
            let printed: Vec<Vec<u8>> =
                ["GTK", "IGTK", "BIGTK"].iter().flat_map(|label| capture.keys(label)).collect();
            let mut found = 0;
            for frame in [&handshake.third].into_iter().chain(handshake.group.iter().map(|(first, _)| first))
            {
                let plain = keywrap::unwrap(ptk.kek.expose(), &frame.key_data).unwrap();
                for datum in KeyData::new(plain.expose()) {
                    if let Kde::GroupKey(key) = datum.unwrap().kde {
                        assert!(printed.iter().any(|line| line.ends_with(key.key.0)), "{}", capture.name);
                        found += 1;
                    }
                }
            }
            assert!(found >= 1, "{}", capture.name);
        }
    }
}

/// Gives out the nonce that wpa_supplicant had.
struct Scripted([u8; 32]);

impl Entropy for Scripted {
    fn fill(&mut self, octets: &mut [u8]) {
        octets.copy_from_slice(&self.0);
    }
}

fn plan(capture: &Capture, advertised: &Advertised, handshake: &Handshake, mlo: bool) -> Plan {
    let offer = Offer { advertised, privacy: true, band: Some(Band::Band2), multi_link: mlo };
    let capabilities = Capabilities {
        ciphers: vec![capture.cipher, capture.bip],
        // Where the AP offered better, wpa_supplicant was told to take this one.
        akms: Some(vec![capture.akm]),
        sae: true,
        beacon_protection: true,
        extended_key_id: false,
        operating_channel_validation: false,
        overriding: false,
        fast_transition: true,
        tkip: false,
    };
    let policy = match capture.akm {
        Akm::Owe => Policy::Open { owe_only: true },
        _ => {
            Policy::Personal { psk: true, sae: true, hash_to_element_only: false, transition_disabled: false }
        }
    };
    let Security::Protected(plan) = negotiate(&offer, &capabilities, &policy).unwrap() else { panic!() };
    let sent = Elements::new(&handshake.second.key_data).find::<Rsn>().unwrap().unwrap();
    match sent.pmkids() {
        [pmkid] => plan.with_pmkid(Pmkid(*pmkid)),
        _ => plan,
    }
}

#[test]
fn our_supplicant_in_the_place_of_wpa_supplicant() {
    for capture in &CAPTURES {
        for handshake in &handshakes(capture) {
            let (pmk, ptk) = ptk(capture, handshake);
            let (authenticator, station) = capture.addresses(handshake);
            let plain = keywrap::unwrap(ptk.kek.expose(), &handshake.third.key_data).unwrap();
            // The AP's elements as message 3 tells them, and our link addresses as message 2 does.
            let mut links = BTreeMap::new();
            let mut own: BTreeMap<LinkId, MacAddr> = BTreeMap::new();
            for datum in KeyData::new(&handshake.second.key_data) {
                if let Kde::MloLink { link, address, .. } = datum.unwrap().kde {
                    own.insert(link, address);
                }
            }
            for datum in KeyData::new(plain.expose()) {
                if let Kde::MloLink { link, address, rsne, rsnxe } = datum.unwrap().kde {
                    let advertised = Advertised {
                        rsne: rsne.map(<[u8]>::to_vec),
                        rsnxe: rsnxe.map(<[u8]>::to_vec),
                        ..Advertised::default()
                    };
                    let station = own.get(&link).copied().unwrap_or(station);
                    links.insert(
                        link,
                        Link { bssid: address, station, advertised, channel: None, accepted: true },
                    );
                }
            }
            let advertised = match links.values().next() {
                Some(link) => link.advertised.clone(),
                None => Advertised::of(Elements::new(plain.expose())),
            };
            let plan = plan(capture, &advertised, handshake, !links.is_empty());
            let peer = if links.is_empty() {
                Peer::Bss(Link { bssid: authenticator, station, advertised, channel: None, accepted: true })
            } else {
                let association_link = *links.keys().find(|link| !own.contains_key(link)).unwrap();
                Peer::Mld { address: authenticator, station, association_link, links }
            };
            let announced =
                KeyData::new(&handshake.first.key_data).find_map(|datum| match datum.unwrap().kde {
                    Kde::Pmkid(pmkid) => Some(Pmkid(pmkid)),
                    _ => None,
                });
            let mut supplicant = Supplicant::new(Setup {
                ssid: Ssid::new(b"plain").unwrap(),
                peer,
                plan,
                candidates: vec![Candidate { pmkid: announced, pmk }],
                can_replace_pairwise: false,
                protection_is_told: true,
                membership: None,
            });
            let mut entropy = Scripted(handshake.second.nonce);
            let mut handle = |frame: &KeyFrame, encrypted| {
                let mut out = Vec::new();
                supplicant.handle(&mut entropy, &frame.to_octets(), encrypted, &mut out);
                out
            };
            let sent = |out: &[Output]| {
                let octets = out.iter().find_map(|output| match output {
                    Output::SendKeyFrame { octets, .. } => Some(octets.clone()),
                    _ => None,
                });
                KeyFrame::parse(&octets.unwrap_or_else(|| panic!("{}: {out:?}", capture.name)), capture.mic)
                    .unwrap()
            };
            // wpa_supplicant always speaks 802.1X version 1, we speak the AP's: all else is equal, and
            // message 1, which has no MIC, can be given that version.
            let first = KeyFrame { version: 1, ..handshake.first.clone() };
            // To an AP that has no RSNXE we send none; wpa_supplicant does.
            let mut second = handshake.second.clone();
            if capture.name == "sae-loop" {
                let rest = second.key_data.len() - 3;
                assert_eq!(second.key_data.split_off(rest), [244, 1, 0x20]);
                second.mic = ptk.mic(&second.to_octets_without_mic()).unwrap();
            }
            assert_eq!(sent(&handle(&first, false)), second, "{}", capture.name);
            let ours = |theirs: &KeyFrame, version| {
                let frame = KeyFrame { version, ..theirs.clone() };
                KeyFrame { mic: ptk.mic(&frame.to_octets_without_mic()).unwrap(), ..frame }
            };
            let out = handle(&handshake.third, false);
            assert_eq!(sent(&out), ours(&handshake.fourth, handshake.third.version), "{}", capture.name);
            assert_eq!(out.last(), Some(&Output::Secured), "{}", capture.name);
            for (one, two) in &handshake.group {
                assert_eq!(sent(&handle(one, true)), ours(two, one.version), "{}", capture.name);
            }
        }
    }
}

#[test]
fn frames_in_the_air_open_with_the_keys() {
    let mut beacons = 0;
    for capture in &CAPTURES {
        let handshakes = handshakes(capture);
        let air = capture.air();
        let mut opened = 0;
        for handshake in &handshakes {
            let (_, ptk) = ptk(capture, handshake);
            let (ap, station) = capture.addresses(handshake);
            let mlo = mac_kde(&handshake.first).is_some();
            for frame in air.iter().filter(|frame| frame.len() > 34 && frame[0] & 0x0c == 8) {
                let third = MacAddr(frame[16..22].try_into().unwrap());
                let (receiver, transmitter) = if frame[1] & 1 != 0 { (ap, station) } else { (station, ap) };
                let translated = mlo.then_some(Addresses { receiver, transmitter, third });
                opened +=
                    usize::from(mpdu::unprotect(capture.cipher, ptk.tk.expose(), frame, translated).is_ok());
            }
        }
        assert!(
            opened > 0 || air.iter().all(|frame| frame[0] & 0x0c != 8 || frame[1] & 0x40 == 0),
            "{}",
            capture.name
        );
        for key in capture.keys("BIGTK").iter().filter(|key| key.len() == 16) {
            let verified =
                |frame: &&Vec<u8>| frame[0] == 0x80 && bip::verify(capture.bip, key, frame).is_ok();
            beacons += air.iter().filter(verified).count();
        }
    }
    assert!(beacons > 0);
}
