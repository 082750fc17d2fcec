//! Good and bad lines.

use crate::world::{Case, FULL, Flight, MLO, PLAIN, SAE, World, cases};
use lapwing_core::{
    entropy::{SeededEntropy, random},
    rsn::supplicant::{Rekeyed, Waiting},
};

#[test]
fn every_kind_of_handshake_on_a_good_line() {
    for case in cases() {
        let mut world = World::new(&case, 1);
        assert_eq!(world.station.waiting_for(), Waiting::MessageOne);
        world.start();
        world.settle();
        world.check_agreement(&case, 0);
        let closes = case.akm.is_sae().then_some(1);
        assert_eq!(world.transition_disable, closes, "only SAE closes WPA2-Personal");
        assert_eq!((world.ap_secured, world.ignored.len()), (1, 0), "{case:?} {:?}", world.ignored);
        assert_eq!(world.station.waiting_for(), Waiting::Nothing);
        assert_eq!(world.ap.deadline(), None);
    }
}

#[test]
fn group_keys_are_renewed_on_every_link() {
    for case in cases() {
        let mut world = World::connected(&case, 2);
        for generation in 1..6 {
            world.renew_group_keys(case.group_keys(generation));
            world.settle();
            world.check_agreement(&case, generation);
        }
        assert_eq!((world.taken, world.rekeyed.len()), (5, 5), "{case:?}");
        assert!(world.rekeyed.iter().all(|which| *which == Rekeyed::Group));
    }
}

#[test]
fn the_pairwise_key_is_renewed() {
    for case in cases() {
        let mut world = World::connected(&case, 3);
        for _ in 0..3 {
            let before = world.station_radio.pairwise().cloned();
            world.start();
            world.settle();
            world.check_agreement(&case, 0);
            assert!(world.station_radio.pairwise() != before.as_ref());
        }
        assert_eq!(world.rekeyed, [Rekeyed::Pairwise; 3], "{case:?}");
        assert_eq!(world.ap_secured, 4);
    }
}

/// One seed decides what is lost, repeated, delayed and replayed.
fn bad_line(case: &Case, seed: u64) {
    let mut world = World::new(case, seed);
    let mut dice = SeededEntropy(seed ^ 0x5eed);
    let mut roll = move |sides: u8| random::<1>(&mut dice)[0] % sides;
    let mut heard: Vec<Flight> = Vec::new();
    let mut generation = 0;
    world.start();
    for step in 0..200 {
        // Faults at first, then a calm in which all must settle.
        let faults = step < 60;
        if let Some(place) = (!world.air.is_empty()).then(|| usize::from(roll(4)) % world.air.len()) {
            let place = if faults { place } else { 0 };
            let flight = world.air.remove(place).unwrap();
            heard.push(flight.clone());
            match roll(8) {
                0 | 1 if faults => {}
                2 if faults => {
                    world.deliver(&flight);
                    world.deliver(&flight);
                }
                3 if faults => {
                    let mut forged = flight.clone();
                    let at = usize::from(roll(255)) % forged.octets.len();
                    forged.octets[at] ^= 1 << roll(8);
                    forged.key = None;
                    world.deliver(&forged);
                    world.deliver(&flight);
                }
                4 if faults => {
                    let old = heard[usize::from(roll(255)) % heard.len()].clone();
                    world.deliver(&old);
                    world.deliver(&flight);
                }
                _ => {
                    world.deliver(&flight);
                }
            }
        } else {
            if world.ap.is_established() && world.ap.deadline().is_none() && generation < 3 {
                generation += 1;
                world.renew_group_keys(case.group_keys(generation));
            }
            world.wait();
        }
        assert_eq!(world.broken, None, "{case:?} {seed}: an honest AP broke the handshake");
        assert!(world.secured <= 1 && world.ap_secured <= 1);
        if world.disconnected {
            return;
        }
    }
    world.check_agreement(case, generation);
}

#[test]
fn thousands_of_bad_lines() {
    let mut connected = 0;
    for seed in 0..800 {
        for case in [PLAIN, SAE, MLO] {
            bad_line(&case, seed);
            connected += 1;
        }
    }
    for seed in 0..200 {
        bad_line(&FULL, seed);
        connected += 1;
    }
    assert_eq!(connected, 2_600);
}

#[test]
fn a_lost_message_four_is_answered_again_in_clear() {
    let mut world = World::new(&SAE, 4);
    world.start();
    while world.secured == 0 {
        let flight = world.air.pop_front().unwrap();
        world.deliver(&flight);
    }
    let lost = world.air.pop_front().unwrap();
    assert!(lost.to_ap && world.air.is_empty());
    world.wait();
    let third = world.air.pop_front().unwrap();
    assert!(third.key.is_none(), "the AP has no key yet");
    world.deliver(&third);
    assert!(world.air[0].key.is_none(), "nor could it read an encrypted answer");
    world.settle();
    world.check_agreement(&SAE, 0);
}

#[test]
fn an_authenticator_gives_up_after_four_tries() {
    let mut world = World::new(&SAE, 5);
    world.start();
    for _ in 0..4 {
        assert!(!world.disconnected);
        world.air.clear();
        world.wait();
    }
    assert!(world.disconnected);
    world.wait();
    assert!(world.air.is_empty());
}

#[test]
fn a_group_handshake_without_an_answer_ends_the_association() {
    let mut world = World::connected(&SAE, 6);
    world.renew_group_keys(SAE.group_keys(1));
    for _ in 0..4 {
        world.air.clear();
        world.wait();
    }
    assert!(world.disconnected);
}

#[test]
fn the_same_seed_gives_the_same_state() {
    let run = |seed| World::connected(&MLO, seed).station;
    assert!(run(9) == run(9));
    assert!(run(9) != run(10));
}

#[test]
fn a_group_key_that_was_replaced_is_not_installed_again() {
    for case in [PLAIN, SAE, MLO] {
        let mut world = World::connected(&case, 11);
        // The second has the indices of the first; the radio of this world refuses a key that it had.
        for generation in [2, 0, 1, 2, 0] {
            world.renew_group_keys(case.group_keys(generation));
            world.settle();
        }
        assert_eq!(world.taken, 5, "every message is answered");
        assert_eq!(world.rekeyed.len(), 2, "{case:?}");
    }
}

#[test]
fn a_nonce_that_comes_again_does_not_put_a_new_key_over_the_one_in_use() {
    let case = Case { extended_key_id: true, ..SAE };
    let mut world = World::connected(&case, 12);
    let before = world.station_radio.pairwise().cloned();
    // The AP draws its nonce first: the same as at the beginning. The station's is another.
    world.entropy = SeededEntropy(12);
    world.start();
    world.entropy = SeededEntropy(13);
    world.settle();
    assert_eq!((world.broken, world.rekeyed.as_slice()), (None, &[Rekeyed::Pairwise][..]));
    world.check_agreement(&case, 0);
    assert!(world.station_radio.pairwise() != before.as_ref());
}
