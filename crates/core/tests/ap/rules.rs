//! Rules for what no honest client sends, and for clients that become other clients.

use crate::{
    client::{Client, Outcome, Sent},
    world::{MLD, World, bss, link, mld, single},
};
use lapwing_core::{
    Duration,
    ap::{Event, Request},
};
use lapwing_frames::{
    LinkId, MacAddr,
    element::{Element, Elements, MultiLink, multi_link::ProfileKind},
    kde,
    management::{
        Action, Body, Header, Management, ReasonCode, StatusCode,
        action::{Category, MappingRequest, MappingTeardown, SaQuery},
    },
    suite::Akm,
};

fn hear(world: &mut World, from: MacAddr, sent: &Sent) -> Vec<Request> {
    match sent {
        Sent::Frame { link, bytes, protected } => {
            world.turn(Event::Frame { link: *link, bytes, protected: *protected })
        }
        Sent::KeyFrame { bytes, in_clear } => {
            world.turn(Event::KeyFrame { from, bytes, protected: !in_clear })
        }
    }
}

fn say(world: &mut World, client: &mut Client) -> Vec<Request> {
    let all = std::mem::take(&mut client.sent);
    all.iter().flat_map(|sent| hear(world, client.address, sent)).collect()
}

/// The bodies of the frames among requests.
fn bodies(requests: &[Request]) -> Vec<Body> {
    let frames = requests.iter().filter_map(|request| match request {
        Request::SendFrame { bytes, .. } => Some(Management::parse_decrypted(bytes).unwrap().body),
        _ => None,
    });
    frames.collect()
}

fn joined(links: bool) -> (World, Client) {
    let mut world = World::new(if links { mld(&[Akm::Sae]) } else { single(&[Akm::Sae]) });
    let client = Client::new(1, world.known(), Some(Akm::Sae));
    let mut client = if links { client.with_links() } else { client };
    assert_eq!(world.join(&mut client).last(), Some(&Outcome::Secured));
    (world, client)
}

#[test]
fn every_action_is_obeyed_refused_given_back_or_passed_over() {
    let other = |category, action| Action::Other { category: Category(category), action, octets: vec![7, 8] };
    let query = Action::SaQueryRequest(SaQuery { transaction: [1, 2], elements: vec![] });
    let mapping = Action::MappingRequest(MappingRequest { dialog_token: 9, elements: vec![] });
    let teardown = Action::MappingTeardown(MappingTeardown { elements: vec![] });
    let status = StatusCode::DeniedTidToLinkMapping;
    for links in [false, true] {
        let actions = [
            (other(50, 3), Some(other(50 | 0x80, 3))),
            (other(10, 6), Some(other(10 | 0x80, 6))),
            (other(126, 0), Some(other(254, 0))),
            // A frame that was given back is not given back again.
            (other(0x80 | 37, 0), None),
            (teardown.clone(), None),
            (
                mapping.clone(),
                Some(if links {
                    Action::MappingResponse(lapwing_frames::management::action::MappingResponse {
                        dialog_token: 9,
                        status,
                        elements: vec![],
                    })
                } else {
                    let octets = vec![9];
                    Action::Other { category: Category(0x80 | 37), action: 0, octets }
                }),
            ),
            (query.clone(), Some(Action::SaQueryResponse(SaQuery { transaction: [1, 2], elements: vec![] }))),
        ];
        for (action, expected) in actions {
            // Without keys nobody is listened to: a stranger, one who authenticated, one who is half way.
            let mut world = World::new(if links { mld(&[Akm::Sae]) } else { single(&[Akm::Sae]) });
            let client = Client::new(1, world.known(), Some(Akm::Sae));
            let mut client = if links { client.with_links() } else { client };
            let act = |world: &mut World, client: &mut Client, protected| {
                let waiting = std::mem::take(&mut client.sent);
                client.act(action.clone(), protected);
                let requests = say(world, client);
                client.sent = waiting;
                bodies(&requests)
            };
            assert_eq!(act(&mut world, &mut client, true), []);
            world.with_means(|means| client.authenticate(means));
            world.settle(&mut [&mut client], vec![]);
            assert_eq!(act(&mut world, &mut client, true), []);
            world.with_means(|means| client.associate(means));
            let requests = say(&mut world, &mut client);
            assert_eq!(act(&mut world, &mut client, true), []);
            world.settle(&mut [&mut client], requests);
            assert_eq!(client.outcomes.last(), Some(&Outcome::Secured));
            assert_eq!(act(&mut world, &mut client, false), [], "in clear");
            let expected: Vec<_> = expected.into_iter().map(Body::Action).collect();
            assert_eq!(act(&mut world, &mut client, true), expected, "{action:?}");
            assert!(world.ap.client(client.address).unwrap().authorized);
        }
    }
}

#[test]
fn who_validates_the_channel_and_is_elsewhere_is_not_heard() {
    let mut setup = mld(&[Akm::Sae]);
    setup.security.as_mut().unwrap().operating_channel_validation = true;
    let mut world = World::new(setup);
    let mut client = Client::new(1, world.known(), Some(Akm::Sae)).with_links();
    let here = kde::OperatingChannel { operating_class: 81, primary: 1, segment1: 0 };
    client.operating_channel = Some(here);
    assert_eq!(world.join(&mut client).last(), Some(&Outcome::Secured));
    client.reconfigure(&[], &[link(2)]);
    world.settle(&mut [&mut client], vec![]);
    let address = MacAddr([2, 0, 0, 9, 9, 9]);
    for elsewhere in [None, Some(kde::OperatingChannel { primary: 6, ..here })] {
        client.operating_channel = elsewhere;
        client.query();
        assert_eq!(say(&mut world, &mut client), []);
        client.reconfigure(&[(link(2), address)], &[]);
        assert_eq!(say(&mut world, &mut client), []);
    }
    client.operating_channel = Some(here);
    client.query();
    assert_eq!(say(&mut world, &mut client).len(), 1);
    client.reconfigure(&[(link(2), address)], &[]);
    world.settle(&mut [&mut client], vec![]);
    let expected = Outcome::Reconfigured(vec![(link(2), StatusCode::Success)]);
    assert_eq!(client.outcomes.last(), Some(&expected));
}

#[test]
fn nobody_has_our_addresses() {
    let mut world = World::new(mld(&[]));
    let ours: Vec<MacAddr> = (0..3).map(|number| bss(number, 0).bssid).chain([MLD]).collect();
    for address in ours {
        let mut client = Client::new(1, world.known(), None).with_links();
        client.address = address;
        world.with_means(|means| client.authenticate(means));
        assert_eq!(say(&mut world, &mut client), [], "as an MLD: {address}");
        let mut client = Client::new(1, world.known(), None);
        client.address = address;
        world.with_means(|means| client.authenticate(means));
        assert_eq!(say(&mut world, &mut client), [], "as a plain client: {address}");
        // On a link: that link is refused.
        let mut client = Client::new(1, world.known(), None).with_links();
        client.links.insert(link(1), address);
        world.join(&mut client);
        let expected = StatusCode::InvalidParameters;
        assert_eq!(client.status_of_links.get(&link(1)), Some(&expected), "{address}");
        assert_eq!(world.ap.client(client.address).unwrap().links.len(), 2);
        client.deauthenticate(false);
        say(&mut world, &mut client);
    }
}

#[test]
fn a_link_address_of_another_client_is_refused_for_that_link() {
    let (mut world, first) = joined(true);
    let mut second = Client::new(2, world.known(), Some(Akm::Sae)).with_links();
    second.links.insert(link(2), first.links[&link(2)]);
    assert_eq!(world.join(&mut second).last(), Some(&Outcome::Secured));
    assert_eq!(second.status_of_links[&link(2)], StatusCode::InvalidParameters);
    assert_eq!(world.ap.client(second.address).unwrap().links.len(), 2);
    assert_eq!(world.ap.client(first.address).unwrap().links, first.links);
    // Nor is it to be had later.
    for taken in [first.links[&link(2)], first.address, bss(2, 0).bssid, MLD] {
        second.reconfigure(&[(link(2), taken)], &[]);
        world.settle(&mut [&mut second], vec![]);
        let refused = Outcome::Reconfigured(vec![(link(2), StatusCode::InvalidParameters)]);
        assert_eq!(second.outcomes.last(), Some(&refused), "{taken}");
    }
}

/// A frame as the kernel gives it from a client that it knows: MLD addresses in place of those of the link.
fn rewritten(sent: Sent, station: MacAddr) -> Sent {
    let Sent::Frame { link, bytes, protected } = sent else { panic!() };
    let mut frame = Management::parse_decrypted(&bytes).unwrap();
    frame.header = Header::new(MLD, station, MLD);
    let mut bytes = vec![];
    frame.write(&mut bytes);
    Sent::Frame { link, bytes, protected }
}

/// Has a device come back as another client from an address that the first has on the link.
fn come_back(world: &mut World, first: &Client, second: &mut Client) -> Vec<Body> {
    world.with_means(|means| second.authenticate(means));
    while !second.sent.is_empty() {
        for sent in std::mem::take(&mut second.sent) {
            let requests = hear(world, first.address, &rewritten(sent, first.address));
            for request in requests {
                // The kernel translates back: the device on the air is the second.
                let Request::SendFrame { bytes, .. } = request else { continue };
                world.with_means(|means| second.on_frame(means, &bytes));
            }
        }
    }
    assert_eq!(second.outcomes.last(), Some(&Outcome::Authenticated));
    world.with_means(|means| second.associate(means));
    let sent = rewritten(second.sent.pop().unwrap(), first.address);
    let requests = hear(world, first.address, &sent);
    // It hears the response, whatever it is, and then it is asked again.
    second.sent.push(sent);
    bodies(&requests)
}

#[test]
fn a_device_that_comes_back_without_links_is_another_client() {
    for half_way in [true, false] {
        let mut world = World::new(mld(&[Akm::Sae]));
        let mut first = Client::new(1, world.known(), Some(Akm::Sae)).with_links();
        if half_way {
            world.with_means(|means| first.authenticate(means));
            world.settle(&mut [&mut first], vec![]);
            world.with_means(|means| first.associate(means));
            say(&mut world, &mut first);
            assert!(!world.ap.client(first.address).unwrap().authorized);
        } else {
            world.join(&mut first);
        }
        // The same device, plain: its address is that of the link, and so are those in SAE.
        let mut second = Client::new(2, world.known(), Some(Akm::Sae));
        second.address = first.links[&link(0)];
        let answers = come_back(&mut world, &first, &mut second);
        if half_way {
            // Nothing of the unfinished attempt is left.
            assert!(matches!(&answers[..], [Body::Deauthentication(_), ..] | [Body::AssociationResponse(_)]));
        } else {
            assert!(matches!(
                &answers[..],
                [Body::Action(Action::SaQueryRequest(_)), Body::AssociationResponse(_)]
            ));
            world.wait(Duration::from_millis(1100));
            assert_eq!(world.ap.client(first.address), None, "it did not answer");
            let Some(Sent::Frame { link, bytes, .. }) = second.sent.pop() else { panic!() };
            // By now the kernel does not know it: the addresses are those of the air.
            let mut frame = Management::parse_decrypted(&bytes).unwrap();
            frame.header = Header::new(bss(0, 0).bssid, second.address, bss(0, 0).bssid);
            let mut bytes = vec![];
            frame.write(&mut bytes);
            let requests = world.turn(Event::Frame { link, bytes: &bytes, protected: false });
            world.deliver_all(&mut second, &requests);
        }
        assert_eq!(world.ap.client(first.address), None);
        let known = world.ap.client(second.address).unwrap();
        assert!(known.associated && known.links.is_empty());
    }
}

#[test]
fn a_device_that_only_says_that_it_is_another_takes_nothing_from_the_first() {
    let (mut world, mut first) = joined(true);
    let mut second = Client::new(2, world.known(), Some(Akm::Sae));
    second.address = first.links[&link(0)];
    come_back(&mut world, &first, &mut second);
    let requests = world.next();
    world.settle(&mut [&mut first], requests);
    world.wait(Duration::from_secs(20));
    assert!(world.ap.client(first.address).unwrap().authorized, "it answered the query");
    assert_eq!(world.ap.client(second.address), None);
}

/// The association request of a client with other octets for its Multi-Link element.
fn with_element(client: &mut Client, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Sent {
    let Some(Sent::Frame { link, bytes, protected }) = client.sent.pop() else { panic!() };
    let mut frame = Management::parse_decrypted(&bytes).unwrap();
    let Body::AssociationRequest(request) = &mut frame.body else { panic!() };
    let elements = Elements::new(&request.elements);
    let own = elements.find_raw::<MultiLink>().unwrap().octets.to_vec();
    let others = elements.iter().filter(|element| element.id != MultiLink::ID);
    let mut octets: Vec<u8> = others.flat_map(|element| element.octets.to_vec()).collect();
    octets.extend(change(own));
    request.elements = octets;
    let mut bytes = vec![];
    frame.write(&mut bytes);
    Sent::Frame { link, bytes, protected }
}

fn status_of(requests: &[Request]) -> (StatusCode, Vec<(LinkId, StatusCode)>) {
    let body = bodies(requests).into_iter().find_map(|body| match body {
        Body::AssociationResponse(response) => Some(response),
        _ => None,
    });
    let response = body.unwrap();
    let element = response.elements().find::<MultiLink>().unwrap();
    let profiles = element.iter().flat_map(|element| element.basic().unwrap().profiles_by_link().unwrap());
    let status = |(id, profile): (LinkId, &lapwing_frames::element::multi_link::PerStaProfile)| {
        (id, profile.complete_profile(ProfileKind::AssociationResponse).unwrap().status.unwrap())
    };
    (response.status, profiles.map(status).collect())
}

#[test]
fn elements_about_links_that_are_doubled_or_nested_are_refused() {
    let doubled = |own: Vec<u8>| [own.clone(), own].concat();
    let none = |_| vec![];
    for change in [doubled, none] as [fn(Vec<u8>) -> Vec<u8>; 2] {
        let mut world = World::new(mld(&[]));
        let mut client = Client::new(1, world.known(), None).with_links();
        world.with_means(|means| client.authenticate(means));
        world.settle(&mut [&mut client], vec![]);
        world.with_means(|means| client.associate(means));
        let sent = with_element(&mut client, change);
        let requests = hear(&mut world, client.address, &sent);
        assert_eq!(status_of(&requests), (StatusCode::UnspecifiedFailure, vec![]));
    }
    // One in the profile of a link, about itself: that link is refused, in so many words.
    let mut world = World::new(mld(&[]));
    let mut client = Client::new(1, world.known(), None).with_links();
    world.with_means(|means| client.authenticate(means));
    world.settle(&mut [&mut client], vec![]);
    world.with_means(|means| client.associate(means));
    let sent = with_element(&mut client, |own| {
        let mut element = Elements::new(&own).find::<MultiLink>().unwrap().unwrap();
        let MultiLink::Basic(basic) = &mut element else { panic!() };
        for profile in &mut basic.links {
            if let lapwing_frames::element::multi_link::Subelement::PerSta(profile) = profile
                && profile.number == 1
            {
                MultiLink::address_only(MLD).write(&mut profile.profile);
            }
        }
        let mut octets = vec![];
        element.write(&mut octets);
        octets
    });
    let requests = hear(&mut world, client.address, &sent);
    let expected = vec![(link(1), StatusCode::InvalidParameters), (link(2), StatusCode::Success)];
    assert_eq!(status_of(&requests), (StatusCode::Success, expected));
}

#[test]
fn an_association_on_another_link_than_the_authentication_is_refused() {
    let mut world = World::new(mld(&[Akm::Sae]));
    let mut client = Client::new(1, world.known(), Some(Akm::Sae)).with_links();
    world.with_means(|means| client.authenticate(means));
    world.settle(&mut [&mut client], vec![]);
    world.with_means(|means| client.associate(means));
    let Some(Sent::Frame { bytes, .. }) = client.sent.pop() else { panic!() };
    let mut frame = Management::parse_decrypted(&bytes).unwrap();
    (frame.header.receiver, frame.header.bssid) = (bss(1, 0).bssid, bss(1, 0).bssid);
    let mut bytes = vec![];
    frame.write(&mut bytes);
    let requests = world.turn(Event::Frame { link: Some(link(1)), bytes: &bytes, protected: false });
    assert_eq!(status_of(&requests).0, StatusCode::UnspecifiedFailure);
    // To a link that there is not, and to another AP's address: silence.
    for (on, receiver) in [(7, bss(1, 0).bssid), (1, MacAddr([2, 5, 5, 5, 5, 5]))] {
        frame.header.receiver = receiver;
        let mut bytes = vec![];
        frame.write(&mut bytes);
        assert_eq!(world.turn(Event::Frame { link: Some(link(on)), bytes: &bytes, protected: false }), []);
    }
}

#[test]
fn association_ids_are_lowest_first_and_used_again() {
    let mut world = World::new(single(&[]));
    let mut clients: Vec<_> = (1..=70).map(|number| Client::new(number, world.known(), None)).collect();
    for client in &mut clients[..64] {
        world.join(client);
    }
    let id = |world: &World| {
        world.requests.iter().rev().find_map(|request| match request {
            Request::AddStation(new) => Some(new.association_id.number()),
            _ => None,
        })
    };
    assert_eq!(id(&world), Some(64));
    let [.., outside] = &mut clients[..] else { panic!() };
    world.join(outside);
    assert_eq!(outside.outcomes.last(), Some(&Outcome::Refused(StatusCode::DeniedNoMoreStas)));
    for number in [40, 7] {
        clients[number - 1].deauthenticate(false);
        say(&mut world, &mut clients[number - 1]);
    }
    for expected in [7, 40] {
        let place = if expected == 7 { 65 } else { 66 };
        world.join(&mut clients[place]);
        assert_eq!(id(&world), Some(expected));
    }
    // Who asks again keeps nothing of before, and gets the lowest that is free: its own.
    let again = &mut clients[65];
    world.with_means(|means| again.associate(means));
    let requests = say(&mut world, again);
    assert!(matches!(requests[..], [Request::RemoveStation { .. }, Request::AddStation(_), ..]));
    assert_eq!(id(&world), Some(7));
    // A goodbye to each, and one to who only authenticated, whom the kernel does not know.
    let requests = world.order(lapwing_core::ap::Order::ThrowOut(ReasonCode::Unspecified));
    assert_eq!(requests.len(), 2 * 64 + 1);
}
