//! What an attacker, or an AP that errs, can send; each test is a rule.

use crate::world::{
    AP, Case, FULL, MLO, PLAIN, SAE, World, authenticator_setup, cases, pmk, supplicant_setup,
};
use lapwing_core::{
    Secret,
    crypto::{
        keys::{Ptk, PtkInput},
        keywrap,
    },
    entropy::SeededEntropy,
    rsn::{
        Authenticator, Link, Peer, Supplicant,
        supplicant::{HandshakeFailure as Failure, Ignored, Output, Rekeyed, Waiting},
    },
};
use lapwing_frames::{
    LinkId, MacAddr, Ssid,
    eapol::{DescriptorType, KeyFrame, KeyInformation as Info},
    kde::{GroupKeyKind, KeyData, pad},
    management::ReasonCode,
    suite::Akm,
};

/// A world whose message 3 is in the air, and the keys that both sides have by then.
pub(crate) fn before_third(case: &Case) -> (World, KeyFrame, Ptk) {
    let mut world = World::new(case, 11);
    world.start();
    let first = world.air.pop_front().unwrap();
    world.deliver(&first);
    let second = world.air.pop_front().unwrap();
    world.deliver(&second);
    let third = world.air.pop_front().unwrap();
    let length = [16, 24, 32]
        .into_iter()
        .find(|length| KeyFrame::parse(&third.octets, *length).is_ok_and(|frame| frame.tail.is_empty()));
    let length = length.unwrap();
    let frame = KeyFrame::parse(&third.octets, length).unwrap();
    let snonce = KeyFrame::parse(&second.octets, length).unwrap().nonce;
    let input =
        PtkInput { authenticator: AP, supplicant: case.peer().station(), anonce: frame.nonce, snonce };
    let ptk = Ptk::derive(case.akm, &pmk(7, case.pmk_length).pmk, case.cipher, &input, false).unwrap();
    (world, frame, ptk)
}

/// A frame with its MIC made right, as only the AP can.
pub(crate) fn signed(frame: &KeyFrame, ptk: &Ptk) -> Vec<u8> {
    KeyFrame { mic: ptk.mic(&frame.to_octets_without_mic()).unwrap(), ..frame.clone() }.to_octets()
}

fn plain(frame: &KeyFrame, ptk: &Ptk) -> Vec<u8> {
    keywrap::unwrap(ptk.kek.expose(), &frame.key_data).unwrap().expose().to_vec()
}

/// Message 3 with other key data: the pieces for which `keep` holds, then `more`.
pub(crate) fn with_data(frame: &KeyFrame, ptk: &Ptk, keep: impl Fn(&[u8]) -> bool, more: &[u8]) -> Vec<u8> {
    let old = plain(frame, ptk);
    let pieces = KeyData::new(&old).map(|datum| datum.unwrap().octets).filter(|octets| keep(octets));
    let mut data = pieces.flatten().copied().chain(more.iter().copied()).collect();
    pad(&mut data);
    signed(&KeyFrame { key_data: keywrap::wrap(ptk.kek.expose(), &data).unwrap(), ..frame.clone() }, ptk)
}

pub(crate) fn handle(world: &mut World, octets: &[u8], encrypted: bool) -> Vec<Output> {
    let mut out = Vec::new();
    world.station.handle(&mut world.entropy, octets, encrypted, &mut out);
    out
}

pub(crate) fn broken(case: &Case, change: impl Fn(&KeyFrame, &Ptk) -> Vec<u8>) -> Failure {
    let (mut world, frame, ptk) = before_third(case);
    let octets = change(&frame, &ptk);
    let out = handle(&mut world, &octets, false);
    let [Output::Broken(why)] = out[..] else { panic!("{case:?}: {out:?}") };
    assert_eq!(world.station.waiting_for(), Waiting::Broken(why));
    // Nothing helps afterwards, not even the right message.
    let again = handle(&mut world, &signed(&KeyFrame { replay_counter: 99, ..frame }, &ptk), false);
    assert_eq!(again, [Output::Ignored(Ignored::AfterFailure)]);
    why
}

pub(crate) fn starts(kind: u8) -> impl Fn(&[u8]) -> bool {
    move |octets: &[u8]| {
        octets.get(..6).is_none_or(|head| head[0] != 0xdd || head[2..6] != [0, 0x0f, 0xac, kind])
    }
}

#[test]
fn nothing_is_decrypted_before_the_mic() {
    for case in cases() {
        let (mut world, frame, _) = before_third(&case);
        // Key data that would not even unwrap: the MIC is what is complained about.
        let forged = KeyFrame { key_data: vec![0xee; 56], ..frame.clone() };
        assert_eq!(handle(&mut world, &forged.to_octets(), false), [Output::Ignored(Ignored::Mic)]);
        let bare = Info(frame.information.0 & !Info::MIC.0);
        let bare = KeyFrame { information: bare, ..frame.clone() }.to_octets();
        assert_eq!(handle(&mut world, &bare, false), [Output::Ignored(Ignored::EncryptedWithoutMic)]);
        // A forged counter was not believed: the honest message still counts.
        let high = KeyFrame { replay_counter: u64::MAX, ..frame.clone() };
        assert_eq!(handle(&mut world, &high.to_octets(), false), [Output::Ignored(Ignored::Mic)]);
        assert!(handle(&mut world, &frame.to_octets(), false).contains(&Output::Secured), "{case:?}");
    }
}

#[test]
fn krack_no_key_is_installed_again() {
    for case in cases() {
        let (mut world, frame, ptk) = before_third(&case);
        let first = handle(&mut world, &frame.to_octets(), false);
        assert!(first.iter().any(|output| matches!(output, Output::InstallKey(_))));
        assert_eq!(
            handle(&mut world, &frame.to_octets(), false),
            [Output::Ignored(Ignored::Replayed)],
            "a replayed message 3 is not even answered"
        );
        for counter in 10..20 {
            for encrypted in [false, true] {
                let again = KeyFrame { replay_counter: counter * 2 + u64::from(encrypted), ..frame.clone() };
                let out = handle(&mut world, &signed(&again, &ptk), encrypted);
                let [Output::SendKeyFrame { in_clear, .. }] = out[..] else { panic!("{case:?} {out:?}") };
                assert_eq!(in_clear, !encrypted);
            }
        }
    }
}

#[test]
fn krack_group_keys_are_not_installed_again_under_any_index() {
    for case in [PLAIN, SAE, MLO] {
        let mut world = World::connected(&case, 12);
        let old = case.group_keys(0);
        world.renew_group_keys(old.clone());
        world.settle();
        assert!(world.rekeyed.is_empty(), "the same keys are no renewal");
        let moved = old.into_iter().map(|mut key| {
            key.index += 1;
            key.sequence = [0; 6];
            key
        });
        world.renew_group_keys(moved.collect());
        world.settle();
        assert!(world.rekeyed.is_empty(), "nor under another index");
        assert_eq!(world.taken, 2, "they are answered all the same");
    }
}

#[test]
fn a_forged_message_one_does_not_spoil_the_handshake() {
    let (mut world, third, _) = before_third(&SAE);
    for forged in 0..3 {
        let information = Info::PAIRWISE.with(Info::ACK);
        let first = KeyFrame { nonce: [forged; 32], ..KeyFrame::new(information, u64::MAX, 16) };
        let out = handle(&mut world, &first.to_octets(), false);
        assert!(matches!(out[..], [Output::SendKeyFrame { .. }]));
    }
    assert!(handle(&mut world, &third.to_octets(), false).contains(&Output::Secured));
}

#[test]
fn the_snonce_is_kept_until_a_handshake_completes_and_then_renewed() {
    let mut world = World::new(&SAE, 13);
    let snonce = |world: &mut World, encrypted, anonce| {
        let information = Info::PAIRWISE.with(Info::ACK);
        let first = KeyFrame { nonce: [anonce; 32], ..KeyFrame::new(information, 50, 16) };
        match &handle(world, &first.to_octets(), encrypted)[..] {
            [Output::SendKeyFrame { octets, .. }] => KeyFrame::parse(octets, 16).unwrap().nonce,
            other => panic!("{other:?}"),
        }
    };
    let first = snonce(&mut world, false, 1);
    assert_eq!(first, snonce(&mut world, false, 1));
    assert_eq!(first, snonce(&mut world, false, 2));
    world.start();
    world.settle();
    world.check_agreement(&SAE, 0);
    assert_ne!(first, snonce(&mut world, true, 1));
}

#[test]
fn once_there_is_a_key_frames_in_clear_are_dropped() {
    let mut world = World::connected(&SAE, 14);
    let first = KeyFrame::new(Info::PAIRWISE.with(Info::ACK), 1_000, 16).to_octets();
    assert_eq!(handle(&mut world, &first, false), [Output::Ignored(Ignored::Unencrypted)]);
    world.renew_group_keys(SAE.group_keys(1));
    let group = world.air.pop_front().unwrap();
    assert_eq!(handle(&mut world, &group.octets, false), [Output::Ignored(Ignored::Unencrypted)]);
    assert!(handle(&mut world, &group.octets, true).contains(&Output::Rekeyed(Rekeyed::Group)));
}

#[test]
fn frames_of_another_shape_are_passed_over() {
    let (mut world, third, ptk) = before_third(&SAE);
    let first = KeyFrame { nonce: [1; 32], ..KeyFrame::new(Info::PAIRWISE.with(Info::ACK), 50, 16) };
    let of =
        |frame: &KeyFrame, information: u16| KeyFrame { information: Info(information), ..frame.clone() };
    for frame in [&first, &third] {
        let bits = frame.information.0;
        for version in [1, 2, 3] {
            let other = signed(&of(frame, bits | version), &ptk);
            assert_eq!(handle(&mut world, &other, false), [Output::Ignored(Ignored::DescriptorVersion)]);
        }
        for index in 1..=3 {
            let other = signed(&of(frame, bits | index << 4), &ptk);
            assert_eq!(handle(&mut world, &other, false), [Output::Ignored(Ignored::KeyIndex)]);
        }
        let smk = signed(&of(frame, bits | Info::SMK.0), &ptk);
        assert_eq!(handle(&mut world, &smk, false), [Output::Ignored(Ignored::Descriptor)]);
        let wpa = KeyFrame { descriptor: DescriptorType::Wpa, ..frame.clone() };
        assert_eq!(handle(&mut world, &signed(&wpa, &ptk), false), [Output::Ignored(Ignored::Descriptor)]);
        for bit in [Info::REQUEST, Info::ERROR] {
            let request = signed(&of(frame, bits | bit.0), &ptk);
            assert_eq!(handle(&mut world, &request, false), [Output::Ignored(Ignored::NotForSupplicant)]);
        }
    }
    // A message 1 of no MLD, or of another one.
    let mut world = World::new(&MLO, 22);
    for data in [&[][..], &[0xdd, 10, 0, 0x0f, 0xac, 3, 9, 9, 9, 9, 9, 9]] {
        let first = KeyFrame { key_data: data.to_vec(), ..first.clone() };
        assert_eq!(handle(&mut world, &first.to_octets(), false), [Output::Ignored(Ignored::OtherMld)]);
    }
}

#[test]
fn few_messages_one_are_kept() {
    let (mut world, third, _) = before_third(&SAE);
    for forged in 0..4 {
        let first = KeyFrame { nonce: [forged; 32], ..KeyFrame::new(Info::PAIRWISE.with(Info::ACK), 50, 16) };
        assert!(matches!(handle(&mut world, &first.to_octets(), false)[..], [Output::SendKeyFrame { .. }]));
    }
    assert_eq!(handle(&mut world, &third.to_octets(), false), [Output::Ignored(Ignored::OtherAnonce)]);
}

#[test]
fn a_rekeying_comes_under_the_key_and_with_new_counters() {
    let mut world = World::connected(&SAE, 14);
    let old = KeyFrame { nonce: [5; 32], ..KeyFrame::new(Info::PAIRWISE.with(Info::ACK), 1, 16) };
    assert_eq!(handle(&mut world, &old.to_octets(), true), [Output::Ignored(Ignored::Replayed)]);
    world.start();
    for _ in 0..2 {
        let flight = world.air.pop_front().unwrap();
        world.deliver(&flight);
    }
    let third = world.air.pop_front().unwrap().octets;
    assert_eq!(handle(&mut world, &third, false), [Output::Ignored(Ignored::Unencrypted)]);
    assert!(handle(&mut world, &third, true).contains(&Output::Rekeyed(Rekeyed::Pairwise)));
}

#[test]
fn krack_a_rekeying_to_the_same_key_installs_nothing() {
    // Both sides repeat their nonces, so that the second handshake ends with the key of the first.
    let (_, template, old) = before_third(&SAE);
    let data = plain(&template, &old);
    let mut world = World::new(&SAE, 23);
    let mut installed = Vec::new();
    for (round, encrypted) in [(1, false), (2, true)] {
        world.entropy = SeededEntropy(5);
        let nonce = [6; 32];
        let first = KeyFrame { nonce, ..KeyFrame::new(Info::PAIRWISE.with(Info::ACK), 100 * round, 16) };
        let out = handle(&mut world, &first.to_octets(), encrypted);
        let [Output::SendKeyFrame { octets, .. }] = &out[..] else { panic!("{out:?}") };
        let snonce = KeyFrame::parse(octets, 16).unwrap().nonce;
        let input = PtkInput { authenticator: AP, supplicant: SAE.peer().station(), anonce: nonce, snonce };
        let ptk = Ptk::derive(SAE.akm, &pmk(7, 32).pmk, SAE.cipher, &input, false).unwrap();
        let key_data = keywrap::wrap(ptk.kek.expose(), &data).unwrap();
        let third = KeyFrame { nonce, key_data, replay_counter: 100 * round + 1, ..template.clone() };
        let out = handle(&mut world, &signed(&third, &ptk), encrypted);
        assert!(matches!(out.last(), Some(Output::Secured | Output::Rekeyed(_))), "{out:?}");
        installed.push(out.iter().filter(|output| matches!(output, Output::InstallKey(_))).count());
    }
    assert!(installed[0] >= 3 && installed[1] == 0, "{installed:?}");
}

#[test]
fn a_pmkid_of_another_key_is_not_accepted() {
    let mut setup = authenticator_setup(&SAE);
    setup.announced = pmk(9, 32).pmkid;
    let mut world = World::with(supplicant_setup(&SAE), setup.clone(), 15);
    world.start();
    world.settle();
    assert_eq!(world.ignored, [Ignored::UnknownPmkid]);
    // The second candidate is the one that is named.
    let mut station = supplicant_setup(&SAE);
    station.candidates.push(pmk(9, 32));
    setup.candidates = vec![pmk(9, 32)];
    let mut world = World::with(station, setup, 15);
    world.start();
    world.settle();
    world.check_agreement(&SAE, 0);
    // WPA2 knows one key only, whatever the AP calls it; and zeros mean no name.
    for (case, name) in [(PLAIN, [5; 16]), (SAE, [0; 16])] {
        let mut setup = authenticator_setup(&case);
        setup.announced = Some(lapwing_core::crypto::keys::Pmkid(name));
        let mut world = World::with(supplicant_setup(&case), setup, 15);
        world.start();
        world.settle();
        world.check_agreement(&case, 0);
    }
}

#[test]
fn a_wrong_passphrase_is_silence_after_message_two() {
    let mut station = supplicant_setup(&PLAIN);
    station.candidates = vec![pmk(8, 32)];
    let mut world = World::with(station, authenticator_setup(&PLAIN), 16);
    world.start();
    world.settle();
    world.wait();
    world.settle();
    assert_eq!(world.station.waiting_for(), Waiting::MessageThree { answered: 2 });
    assert!(world.ap_ignored.iter().all(|why| why.contains("passphrase")) && world.ap_ignored.len() == 2);
}

#[test]
fn elements_of_message_three_are_those_of_the_beacon() {
    let other = |case: &Case, change: fn(&mut Link)| {
        let mut ap = authenticator_setup(case);
        match &mut ap.peer {
            Peer::Bss(link) => change(link),
            // A rejected link is compared too.
            Peer::Mld { links, .. } => change(links.get_mut(&LinkId::new(2).unwrap()).unwrap()),
        }
        let mut world = World::with(supplicant_setup(case), ap, 17);
        world.start();
        world.settle();
        assert!(world.secured == 0 && world.station_radio.pairwise().is_none());
        world.broken.unwrap()
    };
    for (case, link) in [(SAE, None), (MLO, LinkId::new(2)), (FULL, LinkId::new(2))] {
        let changed = |link: &mut Link| *link.advertised.rsne.as_mut().unwrap().last_mut().unwrap() ^= 1;
        assert_eq!(other(&case, changed), Failure::Rsne(link));
        assert_eq!(other(&case, |link| link.advertised.rsnxe = None), Failure::Rsnxe(link));
        let changed = |link: &mut Link| link.advertised.rsnxe = Some(vec![244, 1, 0]);
        assert_eq!(other(&case, changed), Failure::Rsnxe(link));
        assert_eq!(Failure::Rsne(link).reason(), ReasonCode::HandshakeElementMismatch);
    }
    for change in [
        (|link| link.advertised.rsne_override = None) as fn(&mut Link),
        |link| link.advertised.rsne_override2 = None,
        |link| link.advertised.rsnxe_override = None,
    ] {
        assert_eq!(other(&FULL, change), Failure::Override(LinkId::new(2)));
    }
    let moved = |link: &mut Link| link.bssid = MacAddr([9; 6]);
    assert_eq!(other(&MLO, moved), Failure::LinkAddress(LinkId::new(2).unwrap()));
}

#[test]
fn a_beacon_without_its_rsnxe_is_found_out() {
    // Somebody hides the RSNXE, so that SAE is done without hash-to-element; message 3 still has it.
    for case in [SAE, MLO] {
        let mut station = supplicant_setup(&case);
        match &mut station.peer {
            Peer::Bss(link) => link.advertised.rsnxe = None,
            Peer::Mld { links, .. } => {
                links.values_mut().for_each(|link| link.advertised.rsnxe = None);
            }
        }
        let mut world = World::with(station, authenticator_setup(&case), 17);
        world.start();
        world.settle();
        assert!(matches!(world.broken, Some(Failure::Rsnxe(_))), "{:?}", world.broken);
        assert!(world.secured == 0 && world.station_radio.pairwise().is_none());
    }
}

#[test]
fn only_a_network_of_the_newer_kind_closes_the_older_way() {
    // Whoever knows a WPA2 passphrase must not have WPA2 forbidden for good in the network's file.
    for (akm, told, heard) in [
        (Akm::Psk, 0x0f, None),
        (Akm::PskSha256, 0x01, None),
        (Akm::Sae, 0x01, Some(0x01)),
        (Akm::Sae, 0x0f, Some(0x03)),
        (Akm::SaeExtKey, 0x0c, None),
        (Akm::Owe, 0x0f, Some(0x08)),
        (Akm::Owe, 0x07, None),
    ] {
        let case = Case { akm, ..SAE };
        let kde = [0xdd, 5, 0x50, 0x6f, 0x9a, 0x20, told];
        let (mut world, frame, ptk) = before_third(&case);
        let is_old = |octets: &[u8]| octets.get(..6).is_none_or(|head| head[2..] != [0x50, 0x6f, 0x9a, 0x20]);
        let out = handle(&mut world, &with_data(&frame, &ptk, is_old, &kde), false);
        let announced = out.iter().find_map(|output| match output {
            Output::TransitionDisable(bitmap) => Some(*bitmap),
            _ => None,
        });
        assert!(out.contains(&Output::Secured));
        assert_eq!(announced, heard, "{akm} {told:#x}");
    }
}

#[test]
fn every_link_must_be_named_and_have_its_keys() {
    let two = LinkId::new(2).unwrap();
    let without = |frame: &KeyFrame, ptk: &Ptk| {
        with_data(frame, ptk, |octets| starts(19)(octets) || octets[6] & 0x0f != 2, &[])
    };
    assert_eq!(broken(&MLO, without), Failure::LinkMissing(two));
    assert_eq!(broken(&MLO, |frame, ptk| with_data(frame, ptk, starts(3), &[])), Failure::OtherMld);
    let twice = |frame: &KeyFrame, ptk: &Ptk| {
        let old = plain(frame, ptk);
        let link = KeyData::new(&old).map(|datum| datum.unwrap().octets).find(|octets| !starts(19)(octets));
        with_data(frame, ptk, |_| true, link.unwrap())
    };
    assert!(matches!(broken(&MLO, twice), Failure::KeyData(_)));
    for (kde, kind) in [(16, GroupKeyKind::Data), (17, GroupKeyKind::Integrity)] {
        let first = LinkId::new(0);
        let why = broken(&MLO, move |frame, ptk| with_data(frame, ptk, starts(kde), &[]));
        assert_eq!(why, Failure::GroupKeyMissing(kind, first));
    }
    for (kde, kind) in [(1, GroupKeyKind::Data), (9, GroupKeyKind::Integrity)] {
        let why = broken(&SAE, move |frame, ptk| with_data(frame, ptk, starts(kde), &[]));
        assert_eq!(why, Failure::GroupKeyMissing(kind, None));
    }
}

#[test]
fn group_keys_have_the_length_and_index_of_their_kind() {
    let key = |head: &[u8], length: usize| {
        let body = [&[0, 0x0f, 0xac][..], head, &vec![1; length]].concat();
        [&[0xdd, u8::try_from(body.len()).unwrap()], &body[..]].concat()
    };
    for (more, why) in [
        (key(&[1, 1, 0], 15), Failure::GroupKeyLength(GroupKeyKind::Data, None)),
        (key(&[1, 1, 0], 32), Failure::GroupKeyLength(GroupKeyKind::Data, None)),
        (key(&[9, 4, 0, 0, 0, 0, 0, 0, 0], 17), Failure::GroupKeyLength(GroupKeyKind::Integrity, None)),
        (key(&[9, 6, 0, 0, 0, 0, 0, 0, 0], 16), Failure::GroupKeyIndex(GroupKeyKind::Integrity, None)),
        (key(&[14, 4, 0, 0, 0, 0, 0, 0, 0], 16), Failure::GroupKeyIndex(GroupKeyKind::Beacon, None)),
        (key(&[14, 6, 1, 0, 0, 0, 0, 0, 0], 16), Failure::GroupKeyIndex(GroupKeyKind::Beacon, None)),
    ] {
        assert_eq!(broken(&SAE, |frame, ptk| with_data(frame, ptk, |_| true, &more)), why);
    }
}

#[test]
fn message_three_is_wholly_checked_before_message_four() {
    let without = |bit: Info| {
        move |frame: &KeyFrame, ptk: &Ptk| {
            signed(&KeyFrame { information: Info(frame.information.0 & !bit.0), ..frame.clone() }, ptk)
        }
    };
    for bit in [Info::INSTALL, Info::SECURE, Info::ENCRYPTED] {
        assert_eq!(broken(&SAE, without(bit)), Failure::KeyInformation);
    }
    let other_length =
        |frame: &KeyFrame, ptk: &Ptk| signed(&KeyFrame { key_length: 32, ..frame.clone() }, ptk);
    assert_eq!(broken(&SAE, other_length), Failure::KeyLength);
    let garbage =
        |frame: &KeyFrame, ptk: &Ptk| signed(&KeyFrame { key_data: vec![3; 32], ..frame.clone() }, ptk);
    assert_eq!(broken(&SAE, garbage), Failure::KeyUnwrap);
    let cut = |frame: &KeyFrame, ptk: &Ptk| with_data(frame, ptk, |_| true, &[5, 200, 1, 2, 3, 4, 5, 6]);
    assert!(matches!(broken(&SAE, cut), Failure::KeyData(_)));
    let second = |frame: &KeyFrame, ptk: &Ptk| with_data(frame, ptk, |_| true, &[48, 2, 1, 0]);
    assert_eq!(broken(&SAE, second), Failure::SecondRsne);
}

#[test]
fn the_ssid_and_the_channel_are_bound() {
    let case = Case { ssid_protection: true, channel_validation: true, ..SAE };
    let mut ap = authenticator_setup(&case);
    ap.ssid = Ssid::new(b"other").unwrap();
    let mut world = World::with(supplicant_setup(&case), ap, 18);
    world.start();
    world.settle();
    assert_eq!(world.broken, Some(Failure::Ssid));
    let none = |frame: &KeyFrame, ptk: &Ptk| with_data(frame, ptk, |octets| octets[0] != 0, &[]);
    assert_eq!(broken(&case, none), Failure::Ssid);
    let none = |frame: &KeyFrame, ptk: &Ptk| with_data(frame, ptk, starts(13), &[]);
    assert_eq!(broken(&case, none), Failure::OperatingChannel);
    let moved = [0xdd, 7, 0, 0x0f, 0xac, 13, 115, 149, 0];
    let other = move |frame: &KeyFrame, ptk: &Ptk| with_data(frame, ptk, starts(13), &moved);
    assert_eq!(broken(&case, other), Failure::OperatingChannel);
    // The AP checks as well.
    let mut station = supplicant_setup(&case);
    if let Peer::Bss(link) = &mut station.peer {
        link.channel.as_mut().unwrap().primary = 149;
    }
    let mut world = World::with(station, authenticator_setup(&case), 18);
    world.start();
    world.settle();
    assert!(world.disconnected && world.secured == 0);
}

#[test]
fn a_malformed_group_message_is_not_answered() {
    for kde in [&[5, 200, 1][..], &[0xdd, 7, 0, 0x0f, 0xac, 1, 1, 0, 9], &[]] {
        let (mut world, frame, ptk) = before_third(&SAE);
        handle(&mut world, &frame.to_octets(), false);
        let information = Info(frame.information.0 & !Info::PAIRWISE.0 & !Info::INSTALL.0);
        let group = KeyFrame { information, replay_counter: 40, ..frame };
        let out = handle(&mut world, &with_data(&group, &ptk, |_| false, kde), true);
        assert!(matches!(out[..], [Output::Ignored(Ignored::Group(_))]), "{out:?}");
    }
}

#[test]
fn group_keys_in_clear_are_not_taken() {
    for missing in [Info::ENCRYPTED, Info::SECURE] {
        let (mut world, frame, ptk) = before_third(&SAE);
        handle(&mut world, &frame.to_octets(), false);
        let information = frame.information.0 & !Info::PAIRWISE.0 & !Info::INSTALL.0 & !missing.0;
        let group = KeyFrame { information: Info(information), replay_counter: 40, ..frame };
        let out = handle(&mut world, &with_data(&group, &ptk, |_| true, &[]), true);
        assert_eq!(out, [Output::Ignored(Ignored::Group(Failure::KeyInformation))]);
    }
}

#[test]
fn group_keys_and_a_new_index_are_bound_too() {
    // The operating channel in the group handshake.
    let case = Case { channel_validation: true, ..SAE };
    let moved = [0xdd, 7, 0, 0x0f, 0xac, 13, 115, 149, 0];
    for more in [&[][..], &moved] {
        let (mut world, frame, ptk) = before_third(&case);
        handle(&mut world, &frame.to_octets(), false);
        let information = Info(frame.information.0 & !Info::PAIRWISE.0 & !Info::INSTALL.0);
        let group = KeyFrame { information, replay_counter: 40, ..frame };
        let out = handle(&mut world, &with_data(&group, &ptk, starts(13), more), true);
        assert_eq!(out, [Output::Ignored(Ignored::Group(Failure::OperatingChannel))]);
    }
    // A message 3 that comes again cannot move the pairwise key to the other index.
    let (mut world, frame, ptk) = before_third(&Case { extended_key_id: true, ..SAE });
    assert!(handle(&mut world, &frame.to_octets(), false).contains(&Output::Secured));
    let used =
        plain(&frame, &ptk).windows(7).find(|kde| kde[..6] == [0xdd, 6, 0, 0x0f, 0xac, 10]).unwrap()[6];
    let other = [0xdd, 6, 0, 0x0f, 0xac, 10, used ^ 1, 0];
    let again = KeyFrame { replay_counter: 40, ..frame };
    let out = handle(&mut world, &with_data(&again, &ptk, starts(10), &other), true);
    assert_eq!(out, [Output::Broken(Failure::PairwiseIndex)]);
}

#[test]
fn keys_of_a_removed_link_are_passed_over() {
    let mut world = World::connected(&MLO, 19);
    world.station.remove_link(LinkId::new(0).unwrap());
    world.renew_group_keys(MLO.group_keys(1));
    let flight = world.air.pop_front().unwrap();
    let out = world.deliver(&flight);
    let links = out.iter().filter_map(|output| match output {
        Output::InstallKey(key) => Some(key.link),
        _ => None,
    });
    assert_eq!(links.collect::<Vec<_>>(), [LinkId::new(1); 3]);
    world.settle();
    assert_eq!(world.taken, 1);
}

#[test]
fn a_radio_that_cannot_replace_its_key_connects_anew() {
    let mut setup = supplicant_setup(&SAE);
    setup.can_replace_pairwise = false;
    let mut world = World::with(setup, authenticator_setup(&SAE), 20);
    world.start();
    world.settle();
    world.check_agreement(&SAE, 0);
    world.start();
    world.settle();
    assert!(world.disconnected && world.rekeyed.is_empty());
}

#[test]
fn an_authenticator_wants_message_two_before_message_four() {
    // CVE-2023-52161: message 4 alone must not open the port.
    let mut world = World::new(&SAE, 21);
    world.start();
    let information = Info::PAIRWISE.with(Info::MIC).with(Info::SECURE);
    let fourth = KeyFrame::new(information, 1, 16).to_octets();
    let mut out = Vec::new();
    world.ap.handle(world.now, &fourth, false, &mut out);
    assert!(matches!(out[..], [lapwing_core::rsn::authenticator::Output::Ignored(_)]), "{out:?}");
    assert!(!world.ap.is_established());
}

#[test]
fn frames_of_every_length_and_any_content_are_survived() {
    let (mut world, third, _) = before_third(&FULL);
    let octets = third.to_octets();
    for length in 0..octets.len() {
        for fill in [0, 0xff] {
            let mut cut = octets[..length].to_vec();
            assert!(matches!(handle(&mut world, &cut, false)[..], [Output::Ignored(Ignored::Malformed(_))]));
            cut.resize(octets.len(), fill);
            if cut != octets {
                assert!(matches!(handle(&mut world, &cut, true)[..], [Output::Ignored(_)]));
            }
        }
    }
    assert!(handle(&mut world, &octets, false).contains(&Output::Secured));
}

#[test]
fn secrets_and_machines_are_values() {
    fn value<T: Clone + PartialEq + Eq + core::hash::Hash>() {}
    value::<Supplicant>();
    value::<Authenticator>();
    value::<Secret>();
}
