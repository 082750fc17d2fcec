//! Many clients at once, each with a radio of its own, through the air.

use super::{World, bss, mld, setup};
use crate::air::KeyPrint;
use crate::ap::tests::client::{KeyKindName, Outcome};
use crate::ap::{Ap, ApLinks, ApSecurity, ApSetup};
use crate::parts::{ApInput, ApOutput};
use lapwing_core::{Duration, Instant};
use lapwing_frames::MacAddr;
use lapwing_frames::suite::Akm;

/// From one frame to the next: all have their say before a message is repeated.
const FRAME: Duration = Duration::from_micros(100);

/// Has so many join at once. How many frames the AP sent, and how long all of it took in the world.
fn join(count: u8, links: ApLinks) -> (usize, Duration) {
    let with_links = !matches!(links, ApLinks::Single(_));
    let setup = ApSetup { links, client_limit: u16::from(count), ..setup(ApSecurity::Wpa3) };
    let mut ap = Ap::new(setup.clone());
    let mut worlds: Vec<World> = (0..count)
        .map(|number| {
            let mut world = World::new(setup.clone(), Some(Akm::Sae), with_links);
            world.client.address = MacAddr([2, 0, 0, 1, 1, number]);
            for (id, address) in &mut world.client.links {
                *address = MacAddr([2, 0, 0, 2, id.get(), number]);
            }
            world
        })
        .collect();
    let (mut now, mut sent) = (Instant::default(), 0);
    for world in &mut worlds {
        let mut means = lapwing_core::Means {
            entropy: &mut world.entropy,
            curves: &lapwing_core::curve::sham::ShamCurves,
        };
        world.client.authenticate(&mut means);
    }
    while worlds.iter().any(|world| !world.client.sent.is_empty()) {
        for world in worlds.iter_mut().filter(|world| !world.client.sent.is_empty()) {
            let transmission = world.client.sent.remove(0);
            let transmission = world.transmission(transmission);
            now = now + FRAME;
            world.now = now;
            std::mem::swap(&mut world.ap, &mut ap);
            let out = world.turn(ApInput::Received(transmission));
            std::mem::swap(&mut world.ap, &mut ap);
            let outcomes = world.client.outcomes.len();
            for output in out {
                if let ApOutput::Transmit(transmission) = output {
                    (sent, now) = (sent + 1, now + FRAME);
                    world.hear(transmission);
                }
            }
            let pairwise = (None, KeyKindName::Pairwise, 0);
            world.key = world.client.keys.get(&pairwise).map(|key| KeyPrint::of(key.expose()));
            let news = world.client.outcomes.get(outcomes..).unwrap_or_default();
            if news.contains(&Outcome::Authenticated) {
                let mut means = lapwing_core::Means {
                    entropy: &mut world.entropy,
                    curves: &lapwing_core::curve::sham::ShamCurves,
                };
                world.client.associate(&mut means);
            }
        }
    }
    for world in &worlds {
        let expected = [Outcome::Authenticated, Outcome::Associated, Outcome::Secured];
        assert_eq!(world.client.outcomes, expected, "{}", world.client.address);
        let truth = ap.truth(world.client.address).unwrap();
        assert!(truth.authorized && truth.pairwise == world.key && truth.pairwise.is_some());
    }
    (sent, now.since(Instant::default()))
}

#[test]
fn two_hundred_clients_join_at_once_and_take_no_more_than_as_many_times_one() {
    for links in [ApLinks::Single(bss(0, 5180)), mld()] {
        let (few_frames, few_time) = join(50, links.clone());
        let (many_frames, many_time) = join(200, links);
        // Tokens, commit, confirm, response, messages 1 and 3.
        assert!(few_frames <= 6 * 50 && many_frames <= 6 * 200, "{few_frames}, {many_frames}");
        // Tokens are asked for from the fifth on: a few of the first fifty need none.
        assert!(many_time <= few_time * 4 + FRAME * 100, "{few_time:?}, {many_time:?}");
    }
}
