//! What the kernel says, late, not at all or otherwise than wished, and what comes of it.

use crate::{
    client::{Client, KeyKindName, Outcome, Sent},
    world::{World, link, mld, single},
};
use lapwing_core::{
    Duration,
    ap::{Event, Order, Reply, Report, Request, Setup},
};
use lapwing_frames::{
    MacAddr,
    management::{ReasonCode, StatusCode},
    suite::Akm,
};

fn protecting_beacons() -> Setup {
    let mut setup = mld(&[Akm::Sae]);
    setup.security.as_mut().unwrap().beacon_protection = true;
    setup
}

fn reads(requests: &[Request]) -> usize {
    requests.iter().filter(|request| matches!(request, Request::ReadPacketNumber { .. })).count()
}

fn hear(world: &mut World, client: &mut Client) -> Vec<Request> {
    let mut all = vec![];
    for sent in std::mem::take(&mut client.sent) {
        all.extend(match sent {
            Sent::Frame { link, bytes, protected } => {
                world.turn(Event::Frame { link, bytes: &bytes, protected })
            }
            Sent::KeyFrame { bytes, in_clear } => {
                let from = client.address;
                world.turn(Event::KeyFrame { from, bytes: &bytes, protected: !in_clear })
            }
        });
    }
    all
}

/// A client that was sent message 1 and has not answered.
fn half_way(world: &mut World, client: &mut Client) {
    world.with_means(|means| client.authenticate(means));
    world.settle(&mut [client], vec![]);
    world.with_means(|means| client.associate(means));
    let requests = hear(world, client);
    world.deliver_all(client, &requests);
}

#[test]
fn message_three_says_how_far_the_group_keys_in_use_are() {
    for setup in [protecting_beacons(), single(&[Akm::Sae]), single(&[Akm::Psk]), single(&[Akm::Owe])] {
        let akm = setup.security.as_ref().unwrap().akms[0];
        let links = setup.structure.mld_address().is_some();
        let mut world = World::new(setup);
        world.packet_number = Some(0x0102_0304_0506);
        let client = Client::new(1, world.known(), Some(akm));
        let mut client = if links { client.with_links() } else { client };
        assert_eq!(world.join(&mut client).last(), Some(&Outcome::Secured));
        let group: Vec<_> =
            client.packet_numbers.iter().filter(|((_, kind, _), _)| *kind != KeyKindName::Pairwise).collect();
        assert!(!group.is_empty() && group.iter().all(|(_, number)| **number == 0x0102_0304_0506), "{akm}");

        // Keys that nothing was sent with yet need no question.
        let requests = world.order(Order::RenewGroupKeys);
        assert_eq!(reads(&requests), 0);
        world.settle(&mut [&mut client], requests);
        assert_eq!(client.outcomes.last(), Some(&Outcome::Rekeyed));
        let new = |((_, kind, index), _): &(&(_, KeyKindName, u8), &u64)| {
            *kind != KeyKindName::Pairwise && [2, 5, 7].contains(index)
        };
        assert!(client.packet_numbers.iter().filter(new).all(|(_, number)| *number == 0));
    }
}

#[test]
fn a_kernel_that_does_not_answer_holds_nobody_up() {
    let mut world = World::new(protecting_beacons());
    world.packet_number = None;
    let mut client = Client::new(1, world.known(), Some(Akm::Sae)).with_links();
    half_way(&mut world, &mut client);
    let requests = hear(&mut world, &mut client);
    assert_eq!((reads(&requests), requests.len()), (9, 9), "{requests:?}");
    // Message 2 again asks for nothing again.
    let started = world.now;
    let requests = world.next();
    assert_eq!(world.now, started + Duration::from_millis(50));
    assert!(matches!(requests[..], [Request::SendKeyFrame { .. }]), "{requests:?}");
    assert!(world.reports.contains(&Report::PacketNumbersUnread(client.address)));
    world.settle(&mut [&mut client], requests);
    assert_eq!(client.outcomes.last(), Some(&Outcome::Secured));

    // The answers come after all: they are for those who come later.
    let request = Request::ReadPacketNumber { link: Some(link(1)), index: 6 };
    assert_eq!(world.turn(Event::Answered { request: &request, reply: Reply::PacketNumber(77) }), []);
    let mut other = Client::new(2, world.known(), Some(Akm::Sae)).with_links();
    half_way(&mut world, &mut other);
    hear(&mut world, &mut other);
    let requests = world.next();
    world.settle(&mut [&mut other], requests);
    assert_eq!(other.packet_numbers[&(Some(link(1)), KeyKindName::Beacon, 6)], 77);
}

#[test]
fn a_kernel_that_refuses_to_say_it_holds_nobody_up_either() {
    let mut world = World::new(single(&[Akm::Psk]));
    world.packet_number = None;
    let mut client = Client::new(1, world.known(), Some(Akm::Psk));
    half_way(&mut world, &mut client);
    let requests = hear(&mut world, &mut client);
    assert_eq!(reads(&requests), 2);
    let mut after = vec![];
    for request in &requests {
        after.extend(world.turn(Event::Refused(request)));
    }
    world.settle(&mut [&mut client], after);
    assert_eq!(client.outcomes.last(), Some(&Outcome::Secured));
    assert!(world.reports.contains(&Report::PacketNumbersUnread(client.address)));
}

#[test]
fn many_who_come_at_once_ask_for_each_key_once() {
    let mut world = World::new(protecting_beacons());
    world.packet_number = None;
    let mut clients: Vec<_> =
        (1..5).map(|number| Client::new(number, world.known(), Some(Akm::Sae)).with_links()).collect();
    for client in &mut clients {
        half_way(&mut world, client);
    }
    let asked: Vec<_> = clients.iter_mut().flat_map(|client| hear(&mut world, client)).collect();
    assert_eq!(reads(&asked), 9);
    world.packet_number = Some(5);
    let mut requests = vec![];
    for request in &asked {
        requests.extend(world.turn(Event::Answered { request, reply: Reply::PacketNumber(5) }));
    }
    let mut all: Vec<_> = clients.iter_mut().collect();
    world.settle(&mut all, requests);
    assert!(clients.iter().all(|client| client.outcomes.last() == Some(&Outcome::Secured)));
}

#[test]
fn the_keys_of_a_link_that_is_added_say_how_far_they_are() {
    let mut world = World::new(protecting_beacons());
    let mut client = Client::new(1, world.known(), Some(Akm::Sae)).with_links();
    world.join(&mut client);
    client.reconfigure(&[], &[link(2)]);
    world.settle(&mut [&mut client], vec![]);
    for number in [Some(9), None] {
        world.packet_number = number;
        client.packet_numbers.clear();
        client.reconfigure(&[(link(2), MacAddr([2, 0, 0, 9, 9, 9]))], &[]);
        let again = client.sent.clone();
        let requests = hear(&mut world, &mut client);
        assert_eq!(reads(&requests), 3);
        if number.is_none() {
            // One at a time; and the station gives up after 100 ms.
            client.sent = again;
            assert_eq!(hear(&mut world, &mut client), []);
            let asked = world.now;
            let requests = world.next();
            assert!(world.now < asked + Duration::from_millis(100));
            world.settle(&mut [&mut client], requests);
        } else {
            world.deliver_all(&mut client, &requests);
        }
        let expected = Outcome::Reconfigured(vec![(link(2), StatusCode::Success)]);
        assert_eq!(client.outcomes.last(), Some(&expected));
        let told: Vec<_> = client.packet_numbers.values().copied().collect();
        assert_eq!(told, [9, 9, 9], "the numbers that are known");
        client.reconfigure(&[], &[link(2)]);
        world.settle(&mut [&mut client], vec![]);
    }
}

#[test]
fn no_message_one_before_the_response_is_acknowledged() {
    for (setup, akm) in [(mld(&[Akm::Sae]), Some(Akm::Sae)), (single(&[Akm::Psk]), Some(Akm::Psk))] {
        let links = setup.structure.mld_address().is_some();
        let mut world = World::new(setup);
        world.acknowledges = None;
        let client = Client::new(1, world.known(), akm);
        let mut client = if links { client.with_links() } else { client };
        let sends = |requests: &[Request]| {
            requests.iter().filter(|request| matches!(request, Request::SendKeyFrame { .. })).count()
        };
        world.with_means(|means| client.authenticate(means));
        world.settle(&mut [&mut client], vec![]);
        world.with_means(|means| client.associate(means));
        let association = client.sent.clone();
        let requests = hear(&mut world, &mut client);
        assert_eq!(sends(&requests), 0);
        let response = requests.iter().find(|request| matches!(request, Request::SendFrame { .. })).unwrap();

        // Not acknowledged: it is not associated, and may ask again.
        let after = world.turn(Event::Sent { request: response, acknowledged: false });
        assert_eq!(after, [Request::RemoveStation { station: client.address }]);
        assert!(!world.ap.client(client.address).unwrap().associated);
        assert_eq!(world.turn(Event::Sent { request: response, acknowledged: true }), []);

        client.sent = association;
        let requests = hear(&mut world, &mut client);
        let response = requests.iter().find(|request| matches!(request, Request::SendFrame { .. })).unwrap();
        let after = world.turn(Event::Sent { request: response, acknowledged: true });
        assert_eq!(sends(&after), 1);
        assert_eq!(world.turn(Event::Sent { request: response, acknowledged: true }), [], "once");
        assert_eq!(world.turn(Event::Sent { request: response, acknowledged: false }), [], "it was heard");
        world.deliver_all(&mut client, &requests);
        world.settle(&mut [&mut client], after);
        assert_eq!(client.outcomes.last(), Some(&Outcome::Secured));
    }
}

#[test]
fn a_driver_that_says_nothing_of_acknowledgements_delays_and_no_more() {
    let mut world = World::new(mld(&[Akm::Sae]));
    world.acknowledges = None;
    let mut client = Client::new(1, world.known(), Some(Akm::Sae)).with_links();
    half_way(&mut world, &mut client);
    let started = world.now;
    let requests = world.next();
    assert_eq!(world.now, started + Duration::from_millis(200));
    world.settle(&mut [&mut client], requests);
    assert_eq!(client.outcomes.last(), Some(&Outcome::Secured));
}

#[test]
fn a_client_that_the_kernel_has_no_room_for_is_told_so() {
    let mut world = World::new(mld(&[Akm::Sae]));
    world.acknowledges = None;
    let mut client = Client::new(1, world.known(), Some(Akm::Sae)).with_links();
    world.with_means(|means| client.authenticate(means));
    world.settle(&mut [&mut client], vec![]);
    world.with_means(|means| client.associate(means));
    let requests = hear(&mut world, &mut client);
    let refused = requests.iter().find(|request| matches!(request, Request::AddStation(_))).unwrap();
    world.deliver_all(&mut client, &requests);
    let after = world.turn(Event::Refused(refused));
    world.deliver_all(&mut client, &after);
    assert_eq!(client.outcomes.last(), Some(&Outcome::ThrownOut(ReasonCode::NoMoreStas)));
    assert_eq!(world.ap.client(client.address), None);
}

#[test]
fn isolation_that_the_driver_does_not_know_is_reported_if_it_was_wanted() {
    for isolate in [true, false] {
        let mut world = World::new(single(&[]));
        world.turn(Event::Refused(&Request::IsolateClients { link: None, isolate }));
        let broken = world.reports.iter().any(|report| matches!(report, Report::Broken(_)));
        assert_eq!(broken, isolate);
    }
}

/// The request that begins a link, or adds it.
fn beginning(requests: &[Request], id: u8, added: bool) -> &Request {
    requests
        .iter()
        .find(|request| match request {
            Request::AddLink { link: of, .. } => added && *of == link(id),
            Request::StartBss(announcement) => !added && announcement.link == Some(link(id)),
            _ => false,
        })
        .unwrap()
}

fn broken(world: &World) -> bool {
    world.reports.iter().any(|report| matches!(report, Report::Broken(_)))
}

#[test]
fn an_ap_mld_goes_on_without_the_links_that_the_kernel_refuses() {
    for added in [true, false] {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut world = World::new(mld(&[Akm::Sae]));
            let requests = std::mem::take(&mut world.requests);
            for (index, id) in order[..2].iter().enumerate() {
                let after = world.turn(Event::Refused(beginning(&requests, *id, added)));
                assert!(world.reports.contains(&Report::LinkRefused(link(*id))));
                assert!(after.contains(&Request::RemoveLink { link: link(*id) }), "{order:?}");
                let staying: Vec<_> = world.ap.on_air().filter_map(|(id, _)| id).collect();
                assert_eq!(staying.len(), 2 - index);
                assert!(!staying.contains(&link(*id)));
                // Whatever else was asked for it is refused as well, and means nothing.
                let reports = world.reports.len();
                let others = requests.iter().filter(|request| match request {
                    Request::StartBss(announcement) => announcement.link == Some(link(*id)),
                    Request::IsolateClients { link: of, .. } => *of == Some(link(*id)),
                    Request::InstallKey(key) => key.link == Some(link(*id)),
                    _ => false,
                });
                for other in others {
                    assert_eq!(world.turn(Event::Refused(other)), []);
                }
                assert_eq!((world.reports.len(), broken(&world)), (reports, false), "{order:?}");
            }
            // Beacons and association name one link.
            let mut client = Client::new(1, world.known(), Some(Akm::Sae)).with_links();
            let heard = &client.known.bss;
            assert_eq!(heard.keys().copied().collect::<Vec<_>>(), [Some(link(order[2]))]);
            assert_eq!(world.join(&mut client).last(), Some(&Outcome::Secured), "{order:?}");
            assert_eq!(world.ap.client(client.address).unwrap().links.len(), 1);
            // The last one is the access point.
            world.turn(Event::Refused(beginning(&requests, order[2], added)));
            assert!(broken(&world), "{order:?}");
        }
    }
}

#[test]
fn a_link_that_the_kernel_refused_can_be_tried_again() {
    let mut world = World::new(mld(&[Akm::Sae]));
    let requests = std::mem::take(&mut world.requests);
    world.turn(Event::Refused(beginning(&requests, 1, false)));
    let again = world.order(Order::AddLink(link(1)));
    assert_eq!(world.ap.on_air().count(), 3);
    world.turn(Event::Refused(beginning(&again, 1, true)));
    let refusals = world.reports.iter().filter(|report| **report == Report::LinkRefused(link(1)));
    assert_eq!((refusals.count(), world.ap.on_air().count(), broken(&world)), (2, 2, false));
}

#[test]
fn a_single_access_point_that_cannot_begin_is_broken() {
    let mut world = World::new(single(&[Akm::Sae]));
    let requests = std::mem::take(&mut world.requests);
    let start = requests.iter().find(|request| matches!(request, Request::StartBss(_))).unwrap();
    assert!(!world.turn(Event::Refused(start)).iter().any(|it| matches!(it, Request::RemoveLink { .. })));
    assert!(broken(&world));
}
