//! What a step of the explorer costs, with the rules that look on: every order of things, and walks. One thread.
// A benchmark may fail by panicking.
#![allow(clippy::unwrap_used)]

use divan::{Bencher, counter::ItemsCount};
use lapwing_world::explore::scene::Scene;
use lapwing_world::explore::{Explored, Limits, explore, walk};
use std::sync::atomic::AtomicBool;

fn main() {
    divan::main();
}

/// One of each kind of world, and those that the explorer takes by itself.
const SCENES: &[&str] = &[
    "crowd",
    "external-sae",
    "mlo-pmksa",
    "mlo-three",
    "removed-link+connected",
    "small-attacker",
    "small-firmware",
    "small-links",
    "small-links+connected",
    "small-mind",
    "small-reconnect",
    "small-two",
];

/// As many states as take a few hundredths of a second.
const STATES: u64 = 5_000;
const WALKS: u64 = 20;
const LENGTH: usize = 400;

fn states(scene: &Scene) -> u64 {
    let limits = Limits { states: STATES, threads: 1, ..Limits::default() };
    let explored = explore(scene, Explored::new(scene), &limits, &AtomicBool::new(false), &mut |_| {});
    assert!(explored.failure.is_none());
    explored.progress.steps
}

fn walks(scene: &Scene) -> u64 {
    (0..WALKS).map(|seed| walk(scene, seed, LENGTH).steps).sum()
}

/// The same work each time: so many steps.
fn measure(bencher: Bencher<'_, '_>, name: &str, work: fn(&Scene) -> u64) {
    let scene = Scene::named(name, 1).unwrap();
    let steps = work(&scene);
    bencher.counter(ItemsCount::new(steps)).bench(|| work(&scene));
}

#[divan::bench(args = SCENES, sample_count = 20, sample_size = 1)]
fn every_order(bencher: Bencher<'_, '_>, name: &str) {
    measure(bencher, name, states);
}

#[divan::bench(args = SCENES, sample_count = 20, sample_size = 1)]
fn walked(bencher: Bencher<'_, '_>, name: &str) {
    measure(bencher, name, walks);
}
