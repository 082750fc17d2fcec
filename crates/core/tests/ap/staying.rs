//! An association stands until its client, or its silence, ends it.

use crate::{
    client::{Client, Outcome, Sent},
    world::{World, link, mld, single},
};
use lapwing_core::{
    Duration,
    ap::{Event, Order, Request},
};
use lapwing_frames::{
    MacAddr,
    element::TimeoutInterval,
    management::{Action, Body, Management, ReasonCode, StatusCode},
    suite::Akm,
};
use std::collections::BTreeSet;

fn joined() -> (World, Client) {
    let mut world = World::new(mld(&[Akm::Sae]));
    let mut client = Client::new(1, world.known(), Some(Akm::Sae)).with_links();
    assert_eq!(world.join(&mut client).last(), Some(&Outcome::Secured));
    (world, client)
}

/// The frames among requests.
fn frames(requests: &[Request]) -> Vec<Management> {
    let frames = requests.iter().filter_map(|request| match request {
        Request::SendFrame { bytes, .. } => Some(Management::parse_decrypted(bytes).unwrap()),
        _ => None,
    });
    frames.collect()
}

#[test]
fn a_goodbye_without_protection_is_not_obeyed() {
    let (mut world, mut client) = joined();
    client.deauthenticate(false);
    world.settle(&mut [&mut client], vec![]);
    assert!(world.ap.client(client.address).unwrap().authorized);
    client.deauthenticate(true);
    world.settle(&mut [&mut client], vec![]);
    assert_eq!(world.ap.client(client.address), None);
}

#[test]
fn without_frame_protection_a_goodbye_needs_none() {
    let mut world = World::new(single(&[]));
    let mut client = Client::new(1, world.known(), None);
    world.join(&mut client);
    client.deauthenticate(false);
    world.settle(&mut [&mut client], vec![]);
    assert_eq!(world.ap.client(client.address), None);
}

#[test]
fn a_client_that_comes_back_without_its_keys_waits_for_the_query_and_joins() {
    let (mut world, mut client) = joined();
    let old = world.pairwise(client.address);
    // From other addresses on its links, as a kernel that begins anew.
    for address in client.links.values_mut() {
        address.0[3] = 0x77;
    }
    for akm in [Some(Akm::Sae), None] {
        if akm.is_some() {
            client.cached = None;
        }
        client.outcomes.clear();
        world.with_means(|means| client.authenticate(means));
        world.settle(&mut [&mut client], vec![]);
        assert_eq!(client.outcomes, [Outcome::Authenticated], "the answer goes where the frame came from");
        world.with_means(|means| client.associate(means));
        let Some(Sent::Frame { link, bytes, protected }) = client.sent.pop() else { panic!() };
        let requests = world.turn(Event::Frame { link, bytes: &bytes, protected });
        // The query goes to the client as it was known before.
        let [query, refusal] = &frames(&requests)[..] else { panic!("{requests:?}") };
        assert!(matches!(query.body, Body::Action(Action::SaQueryRequest(_))));
        assert_eq!(query.header.receiver, client.address);
        let Body::AssociationResponse(refusal) = &refusal.body else { panic!() };
        assert_eq!(refusal.status, StatusCode::RefusedTemporarily);
        let comeback = refusal.elements().find::<TimeoutInterval>().unwrap().unwrap();
        assert!((1..=1000).contains(&comeback.value));
        // What was asked before stays as it is until the time is up.
        assert!(world.ap.client(client.address).unwrap().authorized);
        world.wait(Duration::from_micros(u64::from(comeback.value) * 1024));
        assert!(!world.ap.client(client.address).unwrap().associated);
        client.outcomes.clear();
        world.with_means(|means| client.associate(means));
        world.settle(&mut [&mut client], vec![]);
        assert_eq!(client.outcomes, [Outcome::Associated, Outcome::Secured]);
        assert_eq!(world.ap.client(client.address).unwrap().links, client.links);
    }
    assert!(old != world.pairwise(client.address));
}

#[test]
fn who_only_pretends_to_come_back_changes_nothing() {
    let (mut world, mut client) = joined();
    let mut other = Client::new(1, world.known(), None).with_links();
    other.links = client.links.keys().map(|id| (*id, MacAddr([2, 6, 6, 6, 6, id.get()]))).collect();
    world.with_means(|means| other.authenticate(means));
    let Some(Sent::Frame { link, bytes, protected }) = other.sent.pop() else { panic!() };
    world.turn(Event::Frame { link, bytes: &bytes, protected });
    world.with_means(|means| other.associate(means));
    let Some(Sent::Frame { link, bytes, protected }) = other.sent.pop() else { panic!() };
    let requests = world.turn(Event::Frame { link, bytes: &bytes, protected });
    // The one with the keys answers.
    world.settle(&mut [&mut client], requests);
    world.wait(Duration::from_secs(20));
    let state = world.ap.client(client.address).unwrap();
    assert!(state.authorized);
    assert_eq!(state.links, client.links);
}

#[test]
fn a_client_without_protection_that_authenticates_again_begins_anew() {
    let mut world = World::new(single(&[]));
    let mut client = Client::new(1, world.known(), None);
    world.join(&mut client);
    world.with_means(|means| client.authenticate(means));
    let Some(Sent::Frame { link, bytes, protected }) = client.sent.pop() else { panic!() };
    let requests = world.turn(Event::Frame { link, bytes: &bytes, protected });
    assert!(requests.contains(&Request::RemoveStation { station: client.address }));
    assert!(!world.ap.client(client.address).unwrap().associated);
}

#[test]
fn an_answer_that_was_lost_is_given_again() {
    let mut world = World::new(mld(&[Akm::Sae]));
    let mut client = Client::new(1, world.known(), Some(Akm::Sae)).with_links();
    world.with_means(|means| client.authenticate(means));
    world.settle(&mut [&mut client], vec![]);
    for _ in 0..2 {
        world.with_means(|means| client.associate(means));
        let Some(Sent::Frame { link, bytes, protected }) = client.sent.pop() else { panic!() };
        world.turn(Event::Frame { link, bytes: &bytes, protected });
    }
    world.with_means(|means| client.associate(means));
    world.settle(&mut [&mut client], vec![]);
    assert_eq!(client.outcomes.last(), Some(&Outcome::Secured));
}

#[test]
fn a_query_of_a_client_is_answered() {
    let (mut world, mut client) = joined();
    client.query();
    let Some(Sent::Frame { link, bytes, .. }) = client.sent.pop() else { panic!() };
    let answer = frames(&world.turn(Event::Frame { link, bytes: &bytes, protected: true }));
    assert!(matches!(&answer[..], [frame] if matches!(&frame.body,
        Body::Action(Action::SaQueryResponse(query)) if query.transaction == [1, 2])));
    assert_eq!(world.turn(Event::Frame { link, bytes: &bytes, protected: false }), []);
}

#[test]
fn a_stranger_is_told_that_it_is_one() {
    let (mut world, client) = joined();
    let from = MacAddr([2, 5, 5, 5, 5, 5]);
    let told = frames(&world.turn(Event::Stranger { link: Some(link(1)), from }));
    assert!(matches!(&told[..], [frame] if matches!(&frame.body,
        Body::Deauthentication(departure) if departure.reason == ReasonCode::InvalidClass3Frame)));
    assert_eq!(world.turn(Event::Stranger { link: Some(link(1)), from: client.address }), []);
    // Where the kernel does not say the link, it is told on each, by the address that the AP has there.
    let told = world.turn(Event::Stranger { link: None, from });
    let on = told.iter().map(|request| match request {
        Request::SendFrame { link, .. } => *link,
        other => panic!("{other:?}"),
    });
    assert_eq!(on.collect::<Vec<_>>(), [0, 1, 2].map(|number| Some(link(number))));
    let senders: BTreeSet<_> = frames(&told).iter().map(|frame| frame.header.transmitter).collect();
    assert_eq!(senders.len(), 3);
}

#[test]
fn who_is_silent_for_too_long_is_let_go() {
    let (mut world, mut client) = joined();
    let requests = world.turn(Event::Silent { station: client.address });
    assert_eq!(world.ap.client(client.address), None);
    world.settle(&mut [&mut client], requests);
    assert_eq!(client.outcomes.last(), Some(&Outcome::ThrownOut(ReasonCode::Inactivity)));
    assert_eq!(world.turn(Event::Silent { station: client.address }), []);
}

#[test]
fn a_stop_says_goodbye_first() {
    let (mut world, mut client) = joined();
    let requests = world.order(Order::Stop);
    let end = requests.iter().position(|request| matches!(request, Request::StopBss { .. })).unwrap();
    let goodbye = requests.iter().position(|request| matches!(request, Request::SendFrame { .. })).unwrap();
    let removed =
        requests.iter().position(|request| matches!(request, Request::RemoveStation { .. })).unwrap();
    assert!(goodbye < removed && removed < end);
    world.settle(&mut [&mut client], requests);
    assert_eq!(client.outcomes.last(), Some(&Outcome::ThrownOut(ReasonCode::LeavingDeauthenticated)));
    assert!(world.beacons.is_empty());
    // And begins again, with the PMKSAs of before.
    world.turn(Event::Start);
    assert_eq!(world.beacons.len(), 3);
    assert_eq!(world.join(&mut client).last(), Some(&Outcome::Secured));
}

#[test]
fn forgotten_pmksas_are_refused_and_made_anew() {
    let (mut world, mut client) = joined();
    client.deauthenticate(true);
    world.settle(&mut [&mut client], vec![]);
    world.order(Order::ForgetPmksas);
    assert_eq!(world.join(&mut client).last(), Some(&Outcome::Refused(StatusCode::InvalidPmkid)));
    client.cached = None;
    assert_eq!(world.join(&mut client).last(), Some(&Outcome::Secured));
}

#[test]
fn what_the_kernel_refuses_ends_with_its_client() {
    for what in ["station", "link", "key"] {
        let (mut world, client) = joined();
        let refused = world.requests.iter().find(|request| match request {
            Request::AddStation(_) => what == "station",
            Request::AddLinkStation { .. } => what == "link",
            Request::InstallKey(key) => what == "key" && key.link.is_none(),
            _ => false,
        });
        let refused = refused.unwrap().clone();
        world.turn(Event::Refused(&refused));
        assert_eq!(world.ap.client(client.address), None, "{what}");
    }
}
