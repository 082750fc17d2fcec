//! AP MLDs as hostapd announces them, recorded from the air.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests too")]

#[path = "common/fixtures.rs"]
mod fixtures;

use fixtures::{entry, personal};
use lapwing_core::{
    Duration, Instant,
    radio::Radio,
    sae,
    scan::Table,
    select::{History, Judged, LeftOut, Policy, Target, choose},
};
use lapwing_frames::{
    MacAddr,
    management::{AuthenticationAlgorithm, Body, Management},
};
use std::io::Read;

const NOW: Instant = Instant::after_start(Duration::from_secs(100));

/// The management frames of a capture, each with its frequency from the radiotap header.
fn frames(name: &str) -> Vec<(u32, Vec<u8>)> {
    let path = format!("{}/../frames/tests/data/captures/{name}-air.pcap.gz", env!("CARGO_MANIFEST_DIR"));
    let mut octets = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut octets).unwrap();
    let mut rest = &octets[24..];
    let mut frames = Vec::new();
    while rest.len() >= 16 {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        let packet = &rest[16..16 + length];
        // The recorder writes the time, flags, the rate and the channel.
        let frequency = u32::from(u16::from_le_bytes([packet[18], packet[19]]));
        frames.push((frequency, packet[usize::from(packet[2])..].to_vec()));
        rest = &rest[16 + length..];
    }
    frames
}

/// What a station that has heard the first of these beacons thinks of the network.
fn choice(name: &str, enough: impl Fn(&[u8]) -> bool) -> (Vec<Judged>, Option<Target>) {
    let mut table = Table::new(16);
    let mut channels = vec![];
    for (frequency, frame) in frames(name) {
        let Ok(Management { header, body: Body::Beacon(body) | Body::ProbeResponse(body) }) =
            Management::parse(&frame)
        else {
            continue;
        };
        let mut heard = entry(header.transmitter, frequency, body.elements.clone());
        heard.capability = body.capabilities.0;
        table.insert(heard, NOW).unwrap();
        channels.push(frequency);
        if enough(&body.elements) && table.len() > 1 {
            break;
        }
    }
    let radio = Radio { multi_link: true, ..fixtures::radio(&channels) };
    choose(&table, &personal(b"mlo"), &radio, &History::default(), &Policy::at(NOW))
}

#[test]
fn both_links_of_hostapds_ap_mld_are_asked_for() {
    for name in ["mlo-kernel6", "mlo-kernel7"] {
        let (judged, target) = choice(name, |_| false);
        assert_eq!(judged.len(), 1, "{name}: {judged:?}");
        assert!(judged[0].links.iter().all(|link| link.left_out.is_none()), "{name}: {judged:?}");
        let target = target.unwrap();
        let mld = target.mld().unwrap();
        assert_eq!(mld.links.len(), 2, "{name}");
        // Its Authentication frames bear the address that its beacons announce.
        let mut named = 0;
        for (_, frame) in frames(name) {
            let Ok(Management { header, body: Body::Authentication(body) }) = Management::parse(&frame)
            else {
                continue;
            };
            if body.algorithm == AuthenticationAlgorithm::Sae && target.has_address(header.transmitter) {
                assert_eq!(sae::multi_link_address(&body), Some(mld.address), "{name}: {body:?}");
                named += 1;
            } else if body.algorithm == AuthenticationAlgorithm::Sae {
                let station: MacAddr = sae::multi_link_address(&body).unwrap();
                assert_ne!(station, mld.address, "{name}");
            }
        }
        assert!(named >= 2, "{name}: commit and confirm");
    }
}

#[test]
fn a_link_that_hostapd_counts_down_is_not_asked_for() {
    // Type 2 of the Multi-Link element.
    let counts = |elements: &[u8]| elements.windows(4).any(|it| it[0] == 255 && it[2] == 107 && it[3] == 2);
    for name in ["mlo-link-removal-kernel6", "mlo-link-removal-kernel7"] {
        let (judged, target) = choice(name, counts);
        let going: Vec<_> = judged[0].links.iter().filter_map(|link| link.left_out).collect();
        let others = target.map(|target| target.mld().unwrap().links.len());
        assert_eq!((going, others), (vec![LeftOut::BeingRemoved], Some(1)), "{name}: {judged:?}");
    }
}
