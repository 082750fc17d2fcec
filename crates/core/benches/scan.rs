//! What a beacon costs: the table of BSSs as it grows and beyond its bound, and a choice among 1,000.
// A benchmark may fail by panicking.
#![allow(clippy::unwrap_used)]

#[path = "../tests/common/fixtures.rs"]
mod fixtures;

use divan::{Bencher, counter::ItemsCount};
use fixtures::{entry, named, personal, radio, rsn};
use lapwing_core::{
    Duration, Instant,
    kernel::ScanEntry,
    scan::Table,
    select::{self, History, Policy},
};
use lapwing_frames::{
    MacAddr,
    element::{Element, ElementId, RsnCapabilities, Rsnx, RsnxCapability, write_raw},
    suite::Akm,
};

fn main() {
    divan::main();
}

const NOW: Instant = Instant::after_start(Duration::from_secs(100));

/// An AP of a transition network, with the elements of a usual beacon.
fn beacon(number: u32) -> ScanEntry {
    let mut elements = named(b"home");
    write_raw(ElementId::Plain(1), &[0x8c, 0x12, 0x98, 0x24, 0xb0, 0x48, 0x60, 0x6c], &mut elements);
    write_raw(ElementId::Plain(11), &[3, 0, 40, 0, 0], &mut elements);
    write_raw(ElementId::Plain(45), &[0; 26], &mut elements);
    elements.extend(rsn(&[Akm::Psk, Akm::Sae], RsnCapabilities::default().with(RsnCapabilities::MFPC)));
    Rsnx::new(&[RsnxCapability::SaeH2e]).write(&mut elements);
    write_raw(ElementId::Plain(61), &[36, 5, 0, 0, 0, 0], &mut elements);
    write_raw(ElementId::Plain(191), &[0; 12], &mut elements);
    let [a, b, c, d] = number.wrapping_mul(2_654_435_761).to_be_bytes();
    ScanEntry {
        signal_mbm: Some(-4000 - i32::try_from(number % 5000).unwrap()),
        age: Duration::from_millis(u64::from(number % 1000)),
        ..entry(MacAddr([2, 0, a, b, c, d]), 5180, elements)
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
    let network = personal(b"home");
    let radio = radio(&[5180]);
    let history = History::default();
    let (_, target) = select::choose(&table, &network, &radio, &history, &Policy::at(NOW));
    assert!(target.is_some());
    bencher
        .counter(ItemsCount::new(count))
        .bench(|| select::choose(&table, &network, &radio, &history, &Policy::at(NOW)));
}
