//! Octets of real frames to types, in bytes per second: beacons of one network and of a multi-link device.
#![allow(missing_docs, reason = "a program without readers")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a capture without beacons is a bug"
)]

use divan::{Bencher, black_box, counter::BytesCount};
use flate2::read::GzDecoder;
use lapwing_frames::{
    element::{EhtCapabilities, HeOperation, HtOperation, MultiLink, ReducedNeighborReport, Rsn},
    management::{Body, Management},
};
use pcap_file::pcap::PcapReader;
use std::{fmt, fs, path::Path};

fn main() {
    divan::main();
}

/// The largest beacon of a capture, without radiotap.
#[derive(Clone, Copy)]
struct Capture(&'static str);

impl fmt::Display for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

const CAPTURES: [Capture; 2] = [Capture("wpa2-psk"), Capture("mlo-kernel6")];

impl Capture {
    fn beacon(self) -> Vec<u8> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures");
        let file = fs::File::open(folder.join(format!("{self}-air.pcap.gz"))).unwrap();
        let mut reader = PcapReader::new(GzDecoder::new(file)).unwrap();
        let mut beacon = vec![];
        while let Some(packet) = reader.next_packet() {
            let data = packet.unwrap().data;
            let frame = &data[usize::from(u16::from_le_bytes([data[2], data[3]]))..];
            if frame[0] == 0x80 && frame.len() > beacon.len() {
                beacon = frame.to_vec();
            }
        }
        assert!(!beacon.is_empty(), "{self} has no beacon");
        beacon
    }
}

fn beacon_of(octets: &[u8]) -> Management {
    Management::parse(black_box(octets)).unwrap()
}

/// The header and the fixed fields, and a walk over the elements that types none.
#[divan::bench(args = CAPTURES)]
fn walk(bencher: Bencher<'_, '_>, capture: Capture) {
    let octets = capture.beacon();
    bencher.counter(BytesCount::of_slice(&octets)).bench_local(|| {
        let frame = beacon_of(&octets);
        let Body::Beacon(beacon) = &frame.body else { panic!("a beacon") };
        beacon.elements().iter().count()
    });
}

/// What selection asks of a beacon: the elements that it needs, each looked up.
#[divan::bench(args = CAPTURES)]
fn find_what_selection_needs(bencher: Bencher<'_, '_>, capture: Capture) {
    let octets = capture.beacon();
    bencher.counter(BytesCount::of_slice(&octets)).bench_local(|| {
        let frame = beacon_of(&octets);
        let Body::Beacon(beacon) = &frame.body else { panic!("a beacon") };
        let elements = beacon.elements();
        (
            elements.find::<Rsn>(),
            elements.find::<HtOperation>(),
            elements.find::<HeOperation>(),
            elements.find::<EhtCapabilities>(),
            elements.find::<MultiLink>(),
            elements.find::<ReducedNeighborReport>(),
        )
    });
}

/// Every element as its type, with the check that it would be written back as it was.
#[divan::bench(args = CAPTURES)]
fn type_every_element(bencher: Bencher<'_, '_>, capture: Capture) {
    let octets = capture.beacon();
    bencher.counter(BytesCount::of_slice(&octets)).bench_local(|| {
        let frame = beacon_of(&octets);
        let Body::Beacon(beacon) = &frame.body else { panic!("a beacon") };
        beacon.elements().typed().count()
    });
}
