//! What a beacon costs: the table of BSSs as it grows and beyond its bound, and a choice among 1,000.
// A benchmark may fail by panicking.
#![allow(clippy::unwrap_used)]

use divan::{Bencher, counter::ItemsCount};
use lapwing_core::{
    Duration, Instant, Secret,
    kernel::{Frequency, ScanEntry},
    network::{Credentials, Network, Personal},
    radio::{Channel, Radio, RadioKind},
    scan::Table,
    select::{self, History, Policy},
};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{Element, ElementId, Rsn, RsnCapabilities, Rsnx, RsnxCapability, write_raw},
    suite::{Akm, Cipher},
};

fn main() {
    divan::main();
}

const NOW: Instant = Instant::after_start(Duration::from_secs(100));

/// An AP of a transition network, with the elements of a usual beacon.
fn beacon(number: u32) -> ScanEntry {
    let mut elements = vec![];
    write_raw(ElementId::Plain(0), b"home", &mut elements);
    write_raw(ElementId::Plain(1), &[0x8c, 0x12, 0x98, 0x24, 0xb0, 0x48, 0x60, 0x6c], &mut elements);
    write_raw(ElementId::Plain(11), &[3, 0, 40, 0, 0], &mut elements);
    write_raw(ElementId::Plain(45), &[0; 26], &mut elements);
    let capabilities = RsnCapabilities::default().with(RsnCapabilities::MFPC);
    let mut rsn = Rsn::new(Cipher::Ccmp128, vec![Cipher::Ccmp128], vec![Akm::Psk, Akm::Sae], capabilities);
    rsn.set_group_management(Cipher::BipCmac128);
    rsn.write(&mut elements);
    Rsnx::new(&[RsnxCapability::SaeH2e]).write(&mut elements);
    write_raw(ElementId::Plain(61), &[36, 5, 0, 0, 0, 0], &mut elements);
    write_raw(ElementId::Plain(191), &[0; 12], &mut elements);
    let [a, b, c, d] = number.wrapping_mul(2_654_435_761).to_be_bytes();
    ScanEntry {
        bssid: MacAddr([2, 0, a, b, c, d]),
        frequency: Frequency(5180),
        beacon_interval: 100,
        capability: 0x11,
        signal_mbm: Some(-4000 - i32::try_from(number % 5000).unwrap()),
        age: Duration::from_millis(u64::from(number % 1000)),
        elements,
        beacon_elements: None,
        associated: false,
        mld: None,
    }
}

fn fill(table: &mut Table, beacons: Vec<ScanEntry>) {
    for beacon in beacons {
        table.insert(beacon, NOW).unwrap();
    }
}

/// A table that holds all of them: the cost of one must not grow with their number.
#[divan::bench(args = [10, 100, 1_000, 5_000])]
fn insert_each_of(bencher: Bencher<'_, '_>, count: u32) {
    bencher
        .counter(ItemsCount::new(count))
        .with_inputs(|| (Table::new(5_000), (0..count).map(beacon).collect()))
        .bench_values(|(mut table, beacons)| {
            fill(&mut table, beacons);
            table
        });
}

/// The table of the product, at its bound and far beyond it.
#[divan::bench(args = [1_000, 5_000, 20_000])]
fn insert_each_of_bounded(bencher: Bencher<'_, '_>, count: u32) {
    bencher
        .counter(ItemsCount::new(count))
        .with_inputs(|| (Table::default(), (0..count).map(beacon).collect()))
        .bench_values(|(mut table, beacons)| {
            fill(&mut table, beacons);
            table
        });
}

#[divan::bench(args = [10, 100, 1_000])]
fn choose_among(bencher: Bencher<'_, '_>, count: u32) {
    let mut table = Table::default();
    fill(&mut table, (0..count).map(beacon).collect());
    let network = Network::new(
        Ssid::new(b"home").unwrap(),
        Credentials::Personal(Personal {
            passphrase: Some(Secret::new(b"correct horse battery")),
            ..Personal::default()
        }),
    );
    let channel =
        Channel { frequency: Frequency(5180), disabled: false, no_initiating_radiation: false, radar: false };
    let radio = Radio {
        kind: RadioKind::SoftMac,
        ciphers: vec![Cipher::Ccmp128, Cipher::BipCmac128],
        akms: None,
        channels: vec![channel],
        max_scan_ssids: 4,
        max_scan_elements: 500,
        sae: true,
        control_port: true,
        beacon_protection: true,
        extended_key_id: false,
        can_replace_pairwise_key: true,
        operating_channel_validation: false,
        multi_link: false,
        random_scan_address: false,
        spp_amsdu: false,
        extended_capabilities: vec![],
    };
    let history = History::default();
    let (_, target) = select::choose(&table, &network, &radio, &history, &Policy::at(NOW));
    assert!(target.is_some());
    bencher
        .counter(ItemsCount::new(count))
        .bench(|| select::choose(&table, &network, &radio, &history, &Policy::at(NOW)));
}
