//! Two hundred clients that join at once: nobody is refused, each costs the same, and as little memory as is stated in
//! docs/benchmarks.md. A program of its own, since it counts what is allocated.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are tests too"
)]
#![allow(dead_code, reason = "client and world of the access point's tests have more than is needed here")]

#[path = "../common/client.rs"]
mod client;
#[path = "../common/crowd.rs"]
mod crowd;
#[path = "../ap/world.rs"]
mod world;

use cap::Cap;
use client::Outcome;
use crowd::{clients, join_all, setup};
use std::alloc::System;
use world::World;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// How much memory a copy of the access point takes, and how many frames it took per client.
fn cost(count: u16, links: bool) -> (usize, usize) {
    let mut world = World::new(setup(count, links));
    let mut clients = clients(&world, count);
    let tally = join_all(&mut world, &mut clients);
    assert_eq!(tally.refusals, [], "nobody is refused");
    assert!(tally.tokens > usize::from(count) / 2, "they did come at once");
    for client in &clients {
        let expected = [Outcome::Authenticated, Outcome::Associated, Outcome::Secured];
        assert_eq!(client.outcomes, expected, "{}", client.address);
        assert!(world.ap.client(client.address).unwrap().authorized);
    }
    // Half a minute later, when all exchanges are over but none is forgotten.
    world.wait(lapwing_core::Duration::from_secs(30));
    let before = ALLOCATOR.allocated();
    let copy = world.ap.clone();
    let memory = ALLOCATOR.allocated() - before;
    drop(copy);
    (memory, tally.frames_to_ap)
}

#[test]
fn two_hundred_clients_at_once_are_all_let_in_and_each_costs_the_same() {
    for (links, at_most) in [(false, 4_000), (true, 8_000)] {
        let ((hundred, few), (both, many)) = (cost(100, links), cost(200, links));
        let each = (both - hundred) / 100;
        println!("{each} octets for each client, links: {links}");
        assert!(each <= at_most, "{each} octets for each client, links: {links}");
        assert!(both <= 2 * hundred, "no more than linear: {hundred}, {both}");
        // Commit twice, confirm, association, messages 2 and 4: six, and five if no token is asked for.
        assert!(few <= 6 * 100 && many <= 6 * 200, "{few}, {many}");
    }
}
