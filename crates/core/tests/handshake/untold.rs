//! Radios that do not say which frames came encrypted: what comes is all said to be in clear.

use crate::messages::handle;
use crate::world::{Case, SAE, World, authenticator_setup, cases, supplicant_setup};
use lapwing_core::rsn::supplicant::{Ignored, Output, Rekeyed};
use lapwing_frames::eapol::{KeyFrame, KeyInformation as Info};

/// Connected, with a radio that can replace its key or not.
fn connected(case: &Case, can_replace_pairwise: bool) -> World {
    let mut setup = supplicant_setup(case);
    setup.protection_is_told = false;
    setup.can_replace_pairwise = can_replace_pairwise;
    let mut world = World::with(setup, authenticator_setup(case), 31);
    world.start();
    world.settle();
    world.check_agreement(case, 0);
    world
}

/// Message 1 as anybody can send it.
fn forged(nonce: [u8; 32], counter: u64) -> Vec<u8> {
    KeyFrame { nonce, ..KeyFrame::new(Info::PAIRWISE.with(Info::ACK), counter, 16) }.to_octets()
}

#[test]
fn every_key_is_renewed() {
    for case in cases() {
        let mut world = connected(&case, true);
        world.renew_group_keys(case.group_keys(1));
        world.settle();
        world.check_agreement(&case, 1);
        world.start();
        world.settle();
        assert_eq!(world.rekeyed, [Rekeyed::Group, Rekeyed::Pairwise], "{case:?}");
        assert_eq!((&world.ignored[..], world.disconnected), (&[][..], false), "{case:?}");
    }
}

#[test]
fn a_forged_message_one_does_not_end_the_connection() {
    let mut world = connected(&SAE, false);
    for nonce in 0..9 {
        let out = handle(&mut world, &forged([nonce; 32], 1_000), false);
        assert!(matches!(out[..], [Output::SendKeyFrame { in_clear: false, .. }]), "{out:?}");
    }
    // Group keys and message 3 are the AP's by their MIC; then a key that cannot be replaced ends it.
    world.renew_group_keys(SAE.group_keys(1));
    world.settle();
    assert_eq!((&world.rekeyed[..], world.disconnected), (&[Rekeyed::Group][..], false));
    world.start();
    world.settle();
    assert_eq!((&world.rekeyed[..], world.disconnected), (&[Rekeyed::Group][..], true));
}

#[test]
fn a_forged_message_one_keeps_nothing_from_being_renewed() {
    let mut world = connected(&SAE, true);
    handle(&mut world, &forged([1; 32], u64::MAX), false);
    world.start();
    let first = world.air.pop_front().unwrap();
    world.deliver(&first);
    handle(&mut world, &forged([2; 32], 1_000), false);
    world.settle();
    assert_eq!(world.rekeyed, [Rekeyed::Pairwise]);
}

#[test]
fn a_repeated_message_three_is_answered_although_its_anonce_was_offered_again() {
    let mut setup = supplicant_setup(&SAE);
    setup.protection_is_told = false;
    let mut world = World::with(setup, authenticator_setup(&SAE), 32);
    world.start();
    for _ in 0..2 {
        let flight = world.air.pop_front().unwrap();
        world.deliver(&flight);
    }
    let third = world.air.pop_front().unwrap();
    let anonce = KeyFrame::parse(&third.octets, 16).unwrap().nonce;
    world.deliver(&third);
    // Message 4 is lost, and the AP repeats itself.
    world.air.clear();
    handle(&mut world, &forged(anonce, 1_000), false);
    world.wait();
    let again = world.air.pop_back().unwrap();
    let out = handle(&mut world, &again.octets, false);
    assert!(matches!(out[..], [Output::SendKeyFrame { .. }]), "{out:?}");
    // A forged one is nobody's.
    let out = handle(
        &mut world,
        &KeyFrame { nonce: [7; 32], ..KeyFrame::parse(&again.octets, 16).unwrap() }.to_octets(),
        false,
    );
    assert_eq!(out, [Output::Ignored(Ignored::Replayed)]);
}
