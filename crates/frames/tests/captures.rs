//! Every frame of real networks, from the air to types and back, octet for octet.
//!
//! The captures were made on simulated radios with hostapd and wpa_supplicant, in every kind of
//! personal network and with two links of a multi-link device.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy takes only #[test] functions for tests"
)]

use flate2::read::GzDecoder;
use lapwing_frames::{
    data::{CipherHeader, Data},
    eapol::KeyFrame,
    element::{
        AnyElement, EhtCapabilities, Elements, HeCapabilities, MultiLink, ReducedNeighborReport,
        eht::EhtSender, inheritance::inherit, multi_link::ProfileKind,
    },
    management::{Action, Body, Management},
};
use pcap_file::pcap::PcapReader;
use std::{collections::BTreeMap, fs, path::Path};

/// The frames of a capture without their radiotap headers.
fn frames_of(path: &Path) -> Vec<Vec<u8>> {
    let mut reader = PcapReader::new(GzDecoder::new(fs::File::open(path).unwrap())).unwrap();
    let mut frames = vec![];
    while let Some(packet) = reader.next_packet() {
        let packet = packet.unwrap();
        let length = usize::from(u16::from_le_bytes([packet.data[2], packet.data[3]]));
        frames.push(packet.data[length..].to_vec());
    }
    frames
}

/// Name and frames of every capture.
fn captures() -> Vec<(String, Vec<Vec<u8>>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), frames_of(&path)))
        .collect()
}

/// The elements of a body, if it ends with some.
fn elements_of(body: &Body) -> Option<Elements<'_>> {
    match body {
        Body::AssociationRequest(body) => Some(body.elements()),
        Body::AssociationResponse(body) | Body::ReassociationResponse(body) => Some(body.elements()),
        Body::ReassociationRequest(body) => Some(body.elements()),
        Body::ProbeRequest(body) => Some(body.elements()),
        Body::ProbeResponse(body) | Body::Beacon(body) => Some(body.elements()),
        Body::Disassociation(body) | Body::Deauthentication(body) => Some(body.elements()),
        Body::Authentication(body) => body.elements(),
        Body::Action(_) | Body::ActionNoAck(_) | Body::Other { .. } | Body::Protected { .. } => None,
    }
}

/// How often each kind of frame or element was seen.
type Counts = BTreeMap<String, usize>;

fn count(counts: &mut Counts, what: impl Into<String>) {
    *counts.entry(what.into()).or_default() += 1;
}

fn check_elements(elements: Elements<'_>, name: &str, counts: &mut Counts) {
    elements.check().unwrap();
    let mut written = vec![];
    for element in elements.typed() {
        assert!(!matches!(element, AnyElement::Malformed { .. }), "{name}: {element}");
        count(counts, format!("element {}", element.name()));
        element.write(&mut written);
    }
    assert_eq!(written, elements.octets(), "{name}");
}

fn check_management(octets: &[u8], name: &str, counts: &mut Counts) {
    let frame = Management::parse(octets).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut written = vec![];
    frame.write(&mut written);
    assert_eq!(written, octets, "{name}: {frame:?}");
    if let Body::Protected { subtype, octets } = &frame.body {
        let (header, _) = CipherHeader::split(octets).unwrap();
        assert!(header.extended_iv(), "{name}");
        count(counts, format!("protected {subtype:?}"));
        return;
    }
    count(counts, format!("{:?}", frame.body.subtype()));
    if let Body::Action(Action::Other { category, .. }) = &frame.body {
        count(counts, format!("action of another kind: {category:?}"));
    }
    if let Some(elements) = elements_of(&frame.body) {
        check_elements(elements, name, counts);
        check_links(&frame.body, elements, name, counts);
    }
}

/// The complete profiles of other links: their elements are in order, and with what they inherit they say what
/// works on the link.
fn check_links(body: &Body, elements: Elements<'_>, name: &str, counts: &mut Counts) {
    let Some(MultiLink::Basic(basic)) = elements.find::<MultiLink>().unwrap() else { return };
    let (kind, sender) = match body {
        Body::AssociationResponse(_) | Body::ReassociationResponse(_) => {
            (ProfileKind::AssociationResponse, EhtSender::Ap)
        }
        Body::AssociationRequest(_) | Body::ReassociationRequest(_) => {
            (ProfileKind::Other, EhtSender::Station)
        }
        _ => (ProfileKind::Other, EhtSender::Ap),
    };
    for profile in basic.profiles_by_link().unwrap().values() {
        let complete = profile.complete_profile(kind).unwrap();
        check_elements(complete.elements, name, counts);
        let effective = inherit(elements, complete.elements).unwrap();
        let effective = Elements::new(&effective);
        assert_eq!(effective.find::<MultiLink>(), Ok(None));
        let he = effective.find::<HeCapabilities>().unwrap().expect("HE on every link");
        let eht = effective.find::<EhtCapabilities>().unwrap().expect("EHT on every link");
        assert!(eht.mcs(&he, sender).unwrap().receive_streams() > 0);
        count(counts, "complete profile of a link");
    }
    if let Some(report) = elements.find::<ReducedNeighborReport>().unwrap() {
        for neighbor in &report.neighbors {
            assert!(neighbor.channel().is_some(), "{name}: {neighbor:?}");
            assert!(neighbor.targets.iter().all(|target| target.mld.is_some_and(|mld| mld.link().is_some())));
        }
    }
}

fn check_data(octets: &[u8], name: &str, counts: &mut Counts) {
    let frame = Data::parse(octets).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut written = vec![];
    frame.write(&mut written);
    assert_eq!(written, octets, "{name}: {frame:?}");
    if frame.is_protected() {
        let (header, _) = CipherHeader::split(&frame.body).unwrap();
        assert!(header.extended_iv() && header.packet_number() > 0, "{name}");
        count(counts, "protected data");
    } else if let Some((0x888e, packet)) = frame.ethernet() {
        // AKM 24 on group 20 uses SHA-384, whose MIC is longer.
        let mic_length = if name.contains("group20") { 24 } else { 16 };
        let key_frame = KeyFrame::parse(packet, mic_length).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(key_frame.to_octets(), packet, "{name}");
        count(counts, "EAPOL-Key");
    } else {
        count(counts, "other data");
    }
}

#[test]
fn every_frame_is_rebuilt_octet_for_octet() {
    let captures = captures();
    assert_eq!(captures.len(), 13);
    let mut counts = Counts::new();
    for (name, frames) in &captures {
        assert!(!frames.is_empty(), "{name}");
        for octets in frames {
            match octets[0] & 0xc {
                0x0 => check_management(octets, name, &mut counts),
                0x8 => check_data(octets, name, &mut counts),
                _ => count(&mut counts, "control frame, not looked at"),
            }
        }
    }
    for (what, count) in &counts {
        println!("{count:6} {what}");
    }
    for what in [
        "Beacon(8)",
        "ProbeRequest(4)",
        "ProbeResponse(5)",
        "Authentication(11)",
        "AssociationRequest(0)",
        "AssociationResponse(1)",
        "Deauthentication(12)",
        "Action(13)",
        "protected Deauthentication(12)",
        "protected Action(13)",
        "complete profile of a link",
        "EAPOL-Key",
        "protected data",
        "element MultiLink",
        "element ReducedNeighborReport",
        "element Rsn",
        "element EhtOperation",
    ] {
        assert!(counts.get(what).is_some_and(|&count| count > 0), "no {what}");
    }
}

#[test]
fn every_frame_cut_anywhere_is_an_error_or_a_shorter_frame() {
    let mut seen = std::collections::BTreeSet::new();
    for octets in captures().into_iter().flat_map(|(_, frames)| frames) {
        // Thousands of beacons are alike: one of each length is enough.
        if !seen.insert((octets[0], octets.len())) {
            continue;
        }
        for length in 0..octets.len() {
            let cut = &octets[..length];
            let mut written = vec![];
            if let Ok(frame) = Management::parse(cut) {
                frame.write(&mut written);
                if let Some(elements) = elements_of(&frame.body) {
                    elements.typed().for_each(|element| element.write(&mut vec![]));
                }
            } else if let Ok(frame) = Data::parse(cut) {
                frame.write(&mut written);
            } else {
                continue;
            }
            assert_eq!(written, cut);
        }
    }
    assert!(seen.len() > 20);
}

#[test]
fn a_link_removal_counts_down() {
    let mut removals = 0;
    for (name, frames) in captures().iter().filter(|(name, _)| name.contains("link-removal")) {
        let mut last = BTreeMap::new();
        for frame in frames.iter().filter(|octets| octets[0] == 0x80) {
            let Body::Beacon(beacon) = Management::parse(frame).unwrap().body else { panic!("a beacon") };
            let bssid = &frame[16..22];
            for raw in beacon.elements() {
                let Some(Ok(MultiLink::Reconfiguration(reconfiguration))) = raw.parse_as::<MultiLink>()
                else {
                    continue;
                };
                let profiles = reconfiguration.profiles_by_link().unwrap();
                assert_eq!(profiles.len(), 1, "{name}");
                let timer = profiles.values().next().unwrap().info.removal_timer.unwrap();
                if let Some(before) = last.insert(bssid.to_vec(), timer) {
                    assert!(timer <= before, "{name}");
                }
                removals += 1;
            }
        }
    }
    assert!(removals > 0);
}
