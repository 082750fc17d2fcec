//! The whole table of the supplicant's transitions: every state meets every kind of frame.

use crate::world::{Flight, SAE, World, supplicant_setup};
use lapwing_core::rsn::{
    Supplicant,
    supplicant::{Ignored, Output, Waiting},
};
use lapwing_frames::eapol::{KeyFrame, KeyInformation as Info};

/// The first handshake's messages 1 and 3, and group message 1, as the AP sends them.
fn recorded() -> (World, [Flight; 3]) {
    let mut world = World::new(&SAE, 31);
    world.start();
    let mut sent = Vec::new();
    while sent.len() < 2 || !world.air.is_empty() {
        let flight = world.air.pop_front().unwrap();
        world.deliver(&flight);
        if !flight.to_ap {
            sent.push(flight);
        }
    }
    world.renew_group_keys(SAE.group_keys(1));
    sent.push(world.air.pop_front().unwrap());
    (world, sent.try_into().ok().unwrap())
}

#[test]
fn every_state_meets_every_frame() {
    let (_, [first, third, group]) = recorded();
    let mut rekey = KeyFrame::parse(&first.octets, 16).unwrap();
    (rekey.replay_counter, rekey.nonce) = (77, [5; 32]);
    let rekey = rekey.to_octets();
    let forged = KeyFrame::new(Info(0x13c8), 80, 16).to_octets();
    let request = KeyFrame::new(Info(0x0908), 80, 16).to_octets();
    let entropy = || lapwing_core::entropy::SeededEntropy(31);
    // The nonce of the AP comes from the same seed first.
    let advanced = || {
        let mut entropy = entropy();
        let _: [u8; 32] = lapwing_core::entropy::random(&mut entropy);
        entropy
    };
    let step = |station: &mut Supplicant, octets: &[u8], encrypted| {
        let mut out = Vec::new();
        station.handle(&mut advanced(), octets, encrypted, &mut out);
        out
    };
    let waiting_first = Supplicant::new(supplicant_setup(&SAE));
    let mut waiting_third = waiting_first.clone();
    step(&mut waiting_third, &first.octets, false);
    let mut established = waiting_third.clone();
    assert!(step(&mut established, &third.octets, false).contains(&Output::Secured));
    let mut rekeying = established.clone();
    step(&mut rekeying, &rekey, true);
    assert_eq!(rekeying.waiting_for(), Waiting::MessageThreeOfRekeying);

    // What a state says to a frame: answered, or ignored with this reason.
    let frames: [(&[u8], bool); 6] = [
        (&first.octets, false),
        (&rekey, true),
        (&third.octets, false),
        (&group.octets, true),
        (&forged, false),
        (&request, false),
    ];
    use Ignored::{Mic, NotForSupplicant, OtherAnonce, Replayed, TooEarly, Unencrypted};
    let (no, yes) = (|why: Ignored| Some(why), None);
    let table = [
        (&waiting_first, [yes, yes, no(TooEarly), no(TooEarly), no(TooEarly), no(NotForSupplicant)]),
        (&waiting_third, [yes, yes, yes, no(TooEarly), no(OtherAnonce), no(NotForSupplicant)]),
        (&established, [no(Unencrypted), yes, no(Replayed), yes, no(OtherAnonce), no(NotForSupplicant)]),
        (&rekeying, [no(Unencrypted), yes, no(Replayed), yes, no(OtherAnonce), no(NotForSupplicant)]),
    ];
    for (state, answers) in table {
        for ((octets, encrypted), expected) in frames.into_iter().zip(answers) {
            let mut station = state.clone();
            let out = step(&mut station, octets, encrypted);
            match expected {
                Some(why) => {
                    assert_eq!(out, [Output::Ignored(why)], "{:?}", state.waiting_for());
                    assert!(station == *state, "what is ignored changes nothing");
                }
                None => assert!(
                    out.iter().any(|output| matches!(output, Output::SendKeyFrame { .. })),
                    "{:?} {out:?}",
                    state.waiting_for()
                ),
            }
        }
    }
    // A right counter and nonce with a wrong MIC, in the two states that would take message 3.
    for state in [&waiting_third, &established] {
        let mut wrong = KeyFrame::parse(&third.octets, 16).unwrap();
        wrong.replay_counter = 90;
        let mut station = state.clone();
        assert_eq!(step(&mut station, &wrong.to_octets(), false), [Output::Ignored(Mic)]);
        assert!(station == *state);
    }
}
