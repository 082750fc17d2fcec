//! Links go and come, and channels change.

use crate::{
    client::{Client, KeyKindName, Outcome},
    world::{World, bss, link, mld, single},
};
use lapwing_core::{
    ap::{Event, Order, Report, Request},
    kernel::{ChannelDefinition, Frequency, KeyKind},
};
use lapwing_frames::{
    MacAddr,
    element::{ChannelSwitch, ElementId, Elements, MultiLink, ReducedNeighborReport},
    management::{ReasonCode, StatusCode},
    suite::Akm,
};

fn joined(beacon_protection: bool) -> (World, Client) {
    let mut setup = mld(&[Akm::Sae]);
    setup.security.as_mut().unwrap().beacon_protection = beacon_protection;
    let mut world = World::new(setup);
    let mut client = Client::new(1, world.known(), Some(Akm::Sae)).with_links();
    assert_eq!(world.join(&mut client).last(), Some(&Outcome::Secured));
    (world, client)
}

/// The removal timers in the beacon of a link.
fn timers(world: &World, on: u8) -> Vec<(u8, u16)> {
    let elements = &world.beacons[&Some(link(on))].elements;
    let found = Elements::new(elements).iter().filter_map(|element| element.parse_as::<MultiLink>());
    let found = found.filter_map(|element| element.unwrap().reconfiguration().cloned());
    found
        .flat_map(|element| {
            let timer = |profile: &lapwing_frames::element::multi_link::PerStaReconfiguration| {
                (profile.number, profile.info.removal_timer.unwrap())
            };
            element.profiles().map(timer).collect::<Vec<_>>()
        })
        .collect()
}

fn neighbors(world: &World, on: u8) -> Vec<u8> {
    let elements = &world.beacons[&Some(link(on))].elements;
    let report = Elements::new(elements).find::<ReducedNeighborReport>().unwrap().unwrap();
    let targets = report.neighbors.iter().flat_map(|neighbor| &neighbor.targets);
    targets.map(|target| target.mld.unwrap().link().unwrap().get()).collect()
}

#[test]
fn a_removal_is_counted_down_in_every_beacon_and_takes_the_link_from_everybody() {
    let (mut world, client) = joined(false);
    let mut plain = Client::new(2, world.known(), Some(Akm::Sae));
    plain.on = Some(link(2));
    assert_eq!(world.join(&mut plain).last(), Some(&Outcome::Secured));
    assert_eq!(neighbors(&world, 0), [1, 2]);

    world.order(Order::RemoveLink { link: link(2), beacons: 3 });
    for left in [3, 2, 1] {
        for on in 0..3 {
            assert_eq!(timers(&world, on), [(2, left)]);
        }
        let requests = world.next();
        if left == 1 {
            let gone = requests.iter().position(|request| {
                matches!(request, Request::RemoveLinkStation { station, link: of }
                    if *station == client.address && *of == link(2))
            });
            let removed =
                requests.iter().position(|request| *request == Request::RemoveLink { link: link(2) });
            assert!(gone.unwrap() < removed.unwrap(), "{requests:?}");
            world.settle(&mut [&mut plain], requests);
        }
    }
    assert_eq!(plain.outcomes.last(), Some(&Outcome::ThrownOut(ReasonCode::LeavingDeauthenticated)));
    assert_eq!(world.ap.client(plain.address), None);
    let state = world.ap.client(client.address).unwrap();
    assert!(state.authorized);
    assert_eq!(state.links.keys().map(|id| id.get()).collect::<Vec<_>>(), [0, 1]);
    assert_eq!((timers(&world, 0), neighbors(&world, 0)), (vec![], vec![1]));
    assert!(!world.beacons.contains_key(&Some(link(2))));
}

#[test]
fn the_last_link_stays() {
    let (mut world, client) = joined(false);
    for id in 0..3 {
        world.order(Order::RemoveLink { link: link(id), beacons: 1 });
    }
    assert_eq!(timers(&world, 2), [(0, 1), (1, 1)]);
    world.next();
    assert_eq!(world.ap.client(client.address).unwrap().links.keys().copied().collect::<Vec<_>>(), [link(2)]);
    world.order(Order::RemoveLink { link: link(2), beacons: 1 });
    let soon = world.now + lapwing_core::Duration::from_secs(1);
    assert!(world.ap.deadline().is_none_or(|due| due > soon), "nothing is counted down");
}

#[test]
fn a_link_comes_back_with_other_keys_and_is_asked_for() {
    let (mut world, mut client) = joined(true);
    let before = world.keys.clone();
    world.order(Order::RemoveLink { link: link(1), beacons: 1 });
    world.next();
    world.order(Order::AddLink(link(1)));
    assert_eq!(neighbors(&world, 0), [1, 2]);
    client.known = world.known();

    // Not without a key of its own, and not twice.
    let address = MacAddr([2, 0, 0, 9, 9, 9]);
    client.keys.retain(|(id, ..), _| *id != Some(link(1)));
    client.reconfigure(&[(link(1), address)], &[]);
    if let Some(crate::client::Sent::Frame { link, bytes, .. }) = client.sent.first() {
        let (link, bytes) = (*link, bytes.clone());
        assert_eq!(world.turn(Event::Frame { link, bytes: &bytes, protected: false }), []);
    }
    world.settle(&mut [&mut client], vec![]);
    assert_eq!(client.outcomes.last(), Some(&Outcome::Reconfigured(vec![(link(1), StatusCode::Success)])));
    assert_eq!(world.ap.client(client.address).unwrap().links[&link(1)], address);
    for kind in [KeyKindName::Group, KeyKindName::Integrity, KeyKindName::Beacon] {
        let wanted = |key: &&lapwing_core::kernel::KeyRequest| {
            key.link == Some(link(1)) && KeyKindName::from(key.kind) == kind
        };
        let now = world.keys.iter().rev().find(wanted).unwrap();
        let then = before.iter().rev().find(wanted).unwrap();
        assert!(now.key != then.key);
        assert!(client.keys[&(Some(link(1)), kind, now.index)] == now.key);
    }
    client.reconfigure(&[(link(1), address)], &[]);
    world.settle(&mut [&mut client], vec![]);
    assert_eq!(
        client.outcomes.last(),
        Some(&Outcome::Reconfigured(vec![(link(1), StatusCode::InvalidParameters)]))
    );

    // The new link is one of those whose keys are renewed.
    client.links.insert(link(1), address);
    let requests = world.order(Order::RenewGroupKeys);
    let sent = requests.iter().filter(|request| matches!(request, Request::SendKeyFrame { .. })).count();
    assert_eq!(sent, 1);
}

#[test]
fn a_link_that_goes_and_comes_during_a_renewal_has_only_its_own_keys() {
    let (mut world, mut client) = joined(false);
    // Nobody answers, so the renewal goes on.
    world.order(Order::RenewGroupKeys);
    world.order(Order::RemoveLink { link: link(1), beacons: 1 });
    while world.beacons.contains_key(&Some(link(1))) {
        world.next();
    }
    world.keys.clear();
    world.order(Order::AddLink(link(1)));
    client.known = world.known();
    client.reconfigure(&[(link(1), MacAddr([2, 0, 0, 9, 9, 9]))], &[]);
    client.keys.clear();
    world.settle(&mut [&mut client], vec![]);
    assert_eq!(world.keys.len(), 2);
    for key in &world.keys {
        assert!(client.keys.get(&(key.link, key.kind.into(), key.index)) == Some(&key.key), "{key:?}");
    }
}

#[test]
fn a_client_gives_links_up_but_not_all() {
    let (mut world, mut client) = joined(false);
    client.reconfigure(&[], &[link(0), link(1), link(2)]);
    world.settle(&mut [&mut client], vec![]);
    assert_eq!(
        client.outcomes.last(),
        Some(&Outcome::Reconfigured(vec![
            (link(0), StatusCode::Success),
            (link(1), StatusCode::Success),
            (link(2), StatusCode::InvalidParameters),
        ]))
    );
    assert_eq!(world.ap.client(client.address).unwrap().links.len(), 1);
    // It is spoken to on the link that is left.
    let requests = world.order(Order::ThrowOut(ReasonCode::Inactivity));
    assert!(matches!(requests[..], [Request::SendFrame { link: Some(id), .. }, ..] if id == link(2)));
}

#[test]
fn group_keys_are_renewed_when_every_client_has_them() {
    let (mut world, mut client) = joined(true);
    let mut plain = Client::new(2, world.known(), Some(Akm::Sae));
    assert_eq!(world.join(&mut plain).last(), Some(&Outcome::Secured));
    world.using.clear();
    let requests = world.order(Order::RenewGroupKeys);
    assert!(world.using.is_empty(), "nobody has them yet");
    world.settle(&mut [&mut client], requests.clone());
    assert!(world.using.is_empty(), "one does not have them yet");
    world.settle(&mut [&mut plain], requests);
    assert_eq!(client.outcomes.last(), Some(&Outcome::Rekeyed));
    assert_eq!(plain.outcomes.last(), Some(&Outcome::Rekeyed));
    assert_eq!(world.using.len(), 9);
    assert_eq!(world.using[..3], [(Some(link(0)), 2), (Some(link(0)), 5), (Some(link(0)), 7)]);
    for key in world.keys.iter().filter(|key| !matches!(key.kind, KeyKind::Pairwise { .. })) {
        assert!(client.keys[&(key.link, key.kind.into(), key.index)] == key.key);
    }
    assert_eq!(world.reports.last(), Some(&Report::GroupKeysRenewed));
}

#[test]
fn a_client_that_does_not_take_the_group_keys_is_thrown_out_and_holds_nobody_up() {
    let (mut world, _) = joined(false);
    world.using.clear();
    world.order(Order::RenewGroupKeys);
    while world.ap.clients().next().is_some() {
        world.next();
    }
    assert_eq!(world.using.len(), 6);
}

#[test]
fn keys_renewed_during_a_handshake_reach_the_client_after_it() {
    let mut world = World::new(single(&[Akm::Psk]));
    let mut client = Client::new(1, world.known(), Some(Akm::Psk));
    world.with_means(|means| client.authenticate(means));
    world.settle(&mut [&mut client], vec![]);
    world.with_means(|means| client.associate(means));
    // As far as message 4, which waits while the keys are renewed.
    for _ in 0..10 {
        let sent = std::mem::take(&mut client.sent);
        for sent in sent {
            let requests = match sent {
                crate::client::Sent::Frame { link, bytes, protected } => {
                    world.turn(Event::Frame { link, bytes: &bytes, protected })
                }
                crate::client::Sent::KeyFrame { bytes, in_clear } => {
                    let from = client.address;
                    if client.outcomes.last() == Some(&Outcome::Secured) {
                        world.order(Order::RenewGroupKeys);
                    }
                    world.turn(Event::KeyFrame { from, bytes: &bytes, protected: !in_clear })
                }
            };
            world.deliver_all(&mut client, &requests);
        }
    }
    assert_eq!(client.outcomes.last(), Some(&Outcome::Rekeyed));
    assert_eq!(world.using.last(), Some(&(None, 5)));
}

#[test]
fn a_channel_switch_is_announced_then_done() {
    let (mut world, _) = joined(false);
    let to = ChannelDefinition::narrow(Frequency(5220));
    let requests = world.order(Order::SwitchChannel { link: Some(link(1)), to, beacons: 4 });
    let [Request::SwitchChannel { during, after, beacons: 4, .. }] = &requests[..] else {
        panic!("{requests:?}");
    };
    let announced = Elements::new(&during.tail).find::<ChannelSwitch>().unwrap().unwrap();
    assert_eq!((announced.channel, announced.count), (44, 4));
    assert_eq!(during.channel, bss(1, 5180).channel);
    assert_eq!(after.channel, to);
    assert_eq!(Elements::new(&after.tail).find::<ChannelSwitch>(), Ok(None));
    assert_eq!(world.order(Order::SwitchChannel { link: Some(link(1)), to, beacons: 4 }), []);
    let requests = world.turn(Event::ChannelSwitched { link: Some(link(1)), channel: to });
    assert_eq!(requests.len(), 2, "the others name the new channel");
}

/// The frame around the profile has nothing to inherit from: Linux ended the connection, as a link without a WMM element
/// cannot be used.
#[test]
fn the_profile_of_a_link_that_is_added_is_whole() {
    let (mut world, mut client) = joined(false);
    client.reconfigure(&[], &[link(2)]);
    world.settle(&mut [&mut client], vec![]);
    client.reconfigure(&[(link(2), MacAddr([2, 0, 0, 9, 9, 9]))], &[]);
    world.settle(&mut [&mut client], vec![]);
    let expected = Outcome::Reconfigured(vec![(link(2), StatusCode::Success)]);
    assert_eq!(client.outcomes.last(), Some(&expected));
    let profile = &client.profiles_of_added[&link(2)];
    // Supported rates and WMM, which all links have in common, and no Non-Inheritance element.
    for id in [ElementId::Plain(1), ElementId::Plain(221)] {
        assert!(profile.contains(&id), "{id:?} in {profile:?}");
    }
    assert!(!profile.contains(&ElementId::Extended(56)));
}
