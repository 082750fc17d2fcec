//! What an AP MLD and a station with links must tell each other, rule by rule.

use super::{
    messages::{before_third, broken, handle, signed, starts, with_data},
    world::{MLO, World, authenticator_setup, pmk, supplicant_setup},
};
use lapwing_core::{
    crypto::keys::Ptk,
    rsn::{
        Link, Peer,
        supplicant::{HandshakeFailure as Failure, Output, Setup},
    },
};
use lapwing_frames::{
    LinkId, MacAddr,
    eapol::KeyFrame,
    kde::{GroupKey, GroupKeyKind, Kde, KeyOctets},
};
use std::collections::BTreeMap;

fn id(number: u8) -> LinkId {
    LinkId::new(number).unwrap()
}

fn octets(kde: &Kde<'_>) -> Vec<u8> {
    let mut octets = vec![];
    kde.write(&mut octets);
    octets
}

const STRANGER: MacAddr = MacAddr([2, 9, 9, 9, 9, 9]);

#[test]
fn message_three_names_the_mld_that_message_one_named() {
    let other = octets(&Kde::MacAddress(STRANGER));
    let why = broken(&MLO, move |frame, ptk| with_data(frame, ptk, starts(3), &other));
    assert_eq!(why, Failure::OtherMld);
}

#[test]
fn links_and_keys_beyond_those_that_were_asked_for_are_passed_over() {
    let (mut world, frame, ptk) = before_third(&MLO);
    let mut more = octets(&Kde::MloLink { link: id(9), address: STRANGER, rsne: None, rsnxe: None });
    let key = |link, kind, key_id| {
        let packet_number = Some([0; 6]);
        octets(&Kde::GroupKey(GroupKey {
            kind,
            link,
            key_id,
            transmit: false,
            packet_number: packet_number.filter(|_| link.is_some() || kind != GroupKeyKind::Data),
            key: KeyOctets(&[7; 16]),
        }))
    };
    more.extend(key(Some(id(9)), GroupKeyKind::Data, 1));
    // Of a link that the AP has refused, and of a BSS without links.
    more.extend(key(Some(id(2)), GroupKeyKind::Data, 1));
    more.extend(key(None, GroupKeyKind::Data, 1));
    let out = handle(&mut world, &with_data(&frame, &ptk, |_| true, &more), false);
    assert!(out.contains(&Output::Secured), "{out:?}");
    let accepted: Vec<_> = world.station.links().collect();
    for output in &out {
        if let Output::InstallKey(key) = output {
            assert!(key.link.is_none_or(|link| accepted.contains(&link)), "{key:?}");
            assert_eq!(key.link.is_none(), key.cipher == MLO.cipher && key.index == 0, "{key:?}");
        }
    }
}

/// What becomes of a handshake in which the station believes something else about its links.
fn with_station(change: impl Fn(&mut BTreeMap<LinkId, Link>)) -> World {
    let mut station: Setup = supplicant_setup(&MLO);
    if let Peer::Mld { links, .. } = &mut station.peer {
        change(links);
    }
    let mut world = World::with(station, authenticator_setup(&MLO), 31);
    world.start();
    world.settle();
    world
}

#[test]
fn an_authenticator_wants_every_link_that_was_asked_for_in_message_two() {
    let unchanged = with_station(|_| {});
    assert!(unchanged.ap_secured == 1 && !unchanged.disconnected);
    type Change = fn(&mut BTreeMap<LinkId, Link>);
    let changes: [(&str, Change); 4] = [
        ("one fewer", |links| drop(links.remove(&id(0)))),
        ("without the refused one", |links| drop(links.remove(&id(2)))),
        ("one more", |links| {
            let link = links[&id(0)].clone();
            links.insert(id(9), link);
        }),
        ("another address", |links| links.get_mut(&id(0)).unwrap().station = STRANGER),
    ];
    for (name, change) in changes {
        let world = with_station(change);
        assert!(world.ap_secured == 0 && world.disconnected && !world.ap.is_established(), "{name}");
    }
}

/// The keys of both sides, from their nonces.
fn keys(first: &KeyFrame, second: &KeyFrame) -> Ptk {
    let peer = MLO.peer();
    let input = lapwing_core::crypto::keys::PtkInput {
        authenticator: peer.address(),
        supplicant: peer.station(),
        anonce: first.nonce,
        snonce: second.nonce,
    };
    Ptk::derive(MLO.akm, &pmk(7, MLO.pmk_length).pmk, MLO.cipher, &input, false).unwrap()
}

#[test]
fn an_authenticator_wants_the_stations_mld_in_messages_two_and_four() {
    let own = octets(&Kde::MacAddress(MLO.peer().station()));
    let stranger = octets(&Kde::MacAddress(STRANGER));
    let renamed = |frame: &KeyFrame| {
        let at = frame.key_data.windows(own.len()).position(|window| window == own).unwrap();
        let mut frame = frame.clone();
        frame.key_data.splice(at..at + own.len(), stranger.iter().copied());
        frame
    };
    for message in [2, 4] {
        let mut world = World::new(&MLO, 32);
        world.start();
        let first = world.air.pop_front().unwrap();
        world.deliver(&first);
        let mut flight = world.air.pop_front().unwrap();
        let length = if MLO.pmk_length > 32 { 24 } else { 16 };
        let parse = |octets: &[u8]| KeyFrame::parse(octets, length).unwrap();
        let ptk = keys(&parse(&first.octets), &parse(&flight.octets));
        if message == 4 {
            world.deliver(&flight);
            let third = world.air.pop_front().unwrap();
            world.deliver(&third);
            flight = world.air.pop_front().unwrap();
        }
        let right = flight.clone();
        flight.octets = signed(&renamed(&parse(&flight.octets)), &ptk);
        world.deliver(&flight);
        assert!(world.ap_secured == 0 && !world.ap.is_established(), "message {message}");
        // Message 2 was the station's, which lies; message 4 may come again, and right.
        assert_eq!(world.disconnected, message == 2);
        world.deliver(&right);
        assert_eq!(world.ap_secured, usize::from(message == 4));
    }
}

#[test]
fn a_link_that_is_gone_is_named_no_more_and_another_carries_on() {
    let mut world = World::connected(&MLO, 33);
    let before: Vec<_> = world.station.links().collect();
    let association = world.station.setup().peer.association_link().unwrap();
    world.station.remove_link(association);
    let peer = &world.station.setup().peer;
    assert!(world.station.links().all(|link| link != association));
    assert_eq!(world.station.links().count(), before.len() - 1);
    assert!(peer.association_link() != Some(association) && peer.own_address(association).is_none());
    // Twice, and what never was, changes nothing.
    let same = world.station.clone();
    world.station.remove_link(association);
    world.station.remove_link(id(14));
    assert!(world.station == same);
}
