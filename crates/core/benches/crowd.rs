//! Many clients that join an access point at once: the cost of one must not grow with their number.
//!
//! Multiplications of points are those of sham curves, since they would hide all else; the clients' own work is in
//! the figure.
// Helpers of tests, and a benchmark may fail by panicking.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, dead_code)]

#[path = "../tests/common/client.rs"]
mod client;
#[path = "../tests/common/crowd.rs"]
mod crowd;
#[path = "../tests/ap/world.rs"]
mod world;

use divan::{Bencher, counter::ItemsCount};
use world::World;

fn main() {
    divan::main();
}

fn join(bencher: Bencher<'_, '_>, count: u16, links: bool) {
    bencher
        .counter(ItemsCount::new(count))
        .with_inputs(|| {
            let world = World::new(crowd::setup(count, links));
            let clients = crowd::clients(&world, count);
            (world, clients)
        })
        .bench_values(|(mut world, mut clients)| {
            let tally = crowd::join_all(&mut world, &mut clients);
            assert!(tally.refusals.is_empty());
            (world, clients)
        });
}

#[divan::bench(args = [10, 50, 200, 1_000], sample_count = 10)]
fn one_bss(bencher: Bencher<'_, '_>, count: u16) {
    join(bencher, count, false);
}

#[divan::bench(args = [10, 50, 200, 1_000], sample_count = 10)]
fn three_links(bencher: Bencher<'_, '_>, count: u16) {
    join(bencher, count, true);
}
