//! Whatever anybody sends: it is answered or passed over by rule, and costs little.

use crate::{
    client::{Client, Outcome, Sent},
    world::{MLD, World, bss, link, mld, single},
};
use lapwing_core::{
    Duration, Means,
    ap::{Event, Order, Request, Setup},
    curve::sham::ShamCurves,
    entropy::{Entropy, SeededEntropy},
};
use lapwing_frames::{
    MacAddr,
    management::{Body, Header, Management, StatusCode},
    suite::Akm,
};

/// The frames of a whole life of a client, from its first to its last.
fn life(world: &mut World, client: &mut Client) -> Vec<Sent> {
    let mut all = vec![];
    let mut go = |world: &mut World, client: &mut Client| {
        while !client.sent.is_empty() {
            for sent in std::mem::take(&mut client.sent) {
                all.push(sent.clone());
                let requests = hear(world, client.address, &sent);
                world.deliver_all(client, &requests);
            }
        }
    };
    world.with_means(|means| client.authenticate(means));
    go(world, client);
    world.with_means(|means| client.associate(means));
    go(world, client);
    client.query();
    if client.is_mld() {
        client.reconfigure(&[], &[link(2)]);
    }
    go(world, client);
    client.deauthenticate(true);
    go(world, client);
    all
}

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

#[test]
fn frames_cut_at_any_length_in_any_state_open_no_port() {
    for setup in [mld(&[Akm::Sae]), single(&[Akm::Owe])] {
        let links = setup.structure.mld_address().is_some();
        let akm = setup.security.as_ref().unwrap().akms[0];
        let mut world = World::new(setup);
        let client = || Client::new(1, World::new(mld(&[Akm::Sae])).known(), Some(Akm::Sae));
        let mut client = if links { client().with_links() } else { Client::new(1, world.known(), Some(akm)) };
        let frames = life(&mut world, &mut client);
        assert!(frames.len() >= 6, "{}", frames.len());
        for (place, sent) in frames.iter().enumerate() {
            let length = match sent {
                Sent::Frame { bytes, .. } | Sent::KeyFrame { bytes, .. } => bytes.len(),
            };
            // The state in front of this frame, and each shorter frame there.
            let mut before = World::new((*world.setup).clone());
            for sent in &frames[..place] {
                hear(&mut before, client.address, sent);
            }
            for cut in 0..length {
                let mut copy = before.ap.clone();
                let mut entropy = SeededEntropy(1);
                let mut means = Means { entropy: &mut entropy, curves: &ShamCurves };
                let mut opened = false;
                let mut perform = |action| {
                    opened |=
                        matches!(action, lapwing_core::ap::Action::Request(Request::AuthorizeStation { .. }));
                };
                let now = before.now;
                match sent {
                    Sent::Frame { link, bytes, protected } => {
                        let event = Event::Frame { link: *link, bytes: &bytes[..cut], protected: *protected };
                        copy.turn(now, event, &mut means, &mut perform);
                    }
                    Sent::KeyFrame { bytes, in_clear } => {
                        let event = Event::KeyFrame {
                            from: client.address,
                            bytes: &bytes[..cut],
                            protected: !in_clear,
                        };
                        copy.turn(now, event, &mut means, &mut perform);
                    }
                }
                assert!(!opened, "frame {place} cut to {cut}");
            }
        }
    }
}

#[test]
fn frames_in_any_order_from_anybody_at_any_time() {
    for seed in 0..30 {
        let links = seed % 2 == 0;
        let setup = if links { mld(&[Akm::Sae, Akm::Owe]) } else { single(&[Akm::Psk, Akm::Sae]) };
        let mut world = World::new(setup);
        let client = Client::new(1, world.known(), Some(Akm::Sae));
        let mut client = if links { client.with_links() } else { client };
        let frames = life(&mut world, &mut client);
        let mut entropy = SeededEntropy(seed);
        let mut draw = |below: usize| {
            let mut octets = [0; 8];
            entropy.fill(&mut octets);
            usize::try_from(u64::from_le_bytes(octets) % u64::try_from(below).unwrap()).unwrap()
        };
        for _ in 0..300 {
            match draw(12) {
                0 => {
                    let orders = [
                        Order::RenewGroupKeys,
                        Order::RenewPairwiseKey(client.address),
                        Order::RemoveLink { link: link(1), beacons: 2 },
                        Order::AddLink(link(1)),
                        Order::ForgetPmksas,
                        Order::Stop,
                    ];
                    world.order(orders[draw(orders.len())]);
                    world.turn(Event::Start);
                }
                1 => world.now = world.now + Duration::from_millis(u64::try_from(draw(2000)).unwrap()),
                2 => {
                    world.turn(Event::Stranger { link: client.on, from: client.address });
                }
                _ => {
                    let mut sent = frames[draw(frames.len())].clone();
                    // Now and then an octet is another one, and whose it is.
                    let (Sent::Frame { bytes, .. } | Sent::KeyFrame { bytes, .. }) = &mut sent;
                    if draw(3) == 0 {
                        let at = draw(bytes.len());
                        bytes[at] ^= u8::try_from(draw(256)).unwrap();
                    }
                    if let (Sent::Frame { protected, .. }, 0) = (&mut sent, draw(2)) {
                        *protected = false;
                    }
                    hear(&mut world, client.address, &sent);
                }
            }
            assert!(world.ap.clients().count() <= 300);
        }
        // And then all is as ever.
        world.wait(Duration::from_secs(120));
        world.order(Order::AddLink(link(1)));
        client.known = world.known();
        client.cached = None;
        assert_eq!(world.join(&mut client).last(), Some(&Outcome::Secured), "{seed}");
    }
}

fn address(number: u32) -> MacAddr {
    let [_, a, b, c] = number.to_be_bytes();
    MacAddr([2, 0, 9, a, b, c])
}

#[test]
fn a_flood_of_authentications_is_bounded_and_spares_who_is_in() {
    let mut world = World::new(single(&[]));
    let mut client = Client::new(1, world.known(), None);
    world.join(&mut client);
    for number in 0..1000 {
        let mut other = Client::new(2, world.known(), None);
        other.address = address(number);
        world.with_means(|means| other.authenticate(means));
        let sent = other.sent.pop().unwrap();
        assert_eq!(hear(&mut world, other.address, &sent).len(), 1);
    }
    assert_eq!(world.ap.clients().count(), 65);
    assert!(world.ap.client(client.address).unwrap().associated);
    world.wait(Duration::from_secs(60));
    assert_eq!(world.ap.clients().collect::<Vec<_>>(), [client.address]);
    assert_eq!(world.ap.deadline(), None, "nothing is waited for");
}

#[test]
fn a_flood_of_commits_is_asked_for_tokens_and_leaves_no_clients() {
    let mut world = World::new(mld(&[Akm::Sae]));
    let mut asked = 0;
    for number in 0..50 {
        let mut other = Client::new(2, world.known(), Some(Akm::Sae)).with_links();
        other.address = address(number);
        world.with_means(|means| other.authenticate(means));
        let sent = other.sent.pop().unwrap();
        for request in hear(&mut world, other.address, &sent) {
            let Request::SendFrame { bytes, .. } = request else { panic!("{request:?}") };
            let Body::Authentication(answer) = Management::parse(&bytes).unwrap().body else { panic!() };
            asked += usize::from(answer.status == StatusCode::AntiCloggingTokenRequired);
        }
    }
    assert_eq!((asked, world.ap.clients().count()), (45, 0));
    // An honest one gets through all the same.
    let mut client = Client::new(1, world.known(), Some(Akm::Sae)).with_links();
    assert_eq!(world.join(&mut client).last(), Some(&Outcome::Secured));
    world.wait(Duration::from_secs(120));
    assert_eq!(world.ap.deadline(), None, "nothing is waited for");
}

#[test]
fn impossible_addresses_are_passed_over() {
    let mut world = World::new(mld(&[]));
    let own = bss(0, 0).bssid;
    let mut client = Client::new(1, world.known(), None).with_links();
    for wrong in [MLD, MacAddr::default(), MacAddr::BROADCAST, MacAddr([3, 0, 0, 0, 0, 1])] {
        client.address = wrong;
        world.with_means(|means| client.authenticate(means));
        let sent = client.sent.pop().unwrap();
        assert_eq!(hear(&mut world, wrong, &sent), []);
    }
    for (receiver, transmitter) in
        [(own, own), (own, MLD), (own, MacAddr::BROADCAST), (address(1), address(2))]
    {
        let mut bytes = vec![];
        let body = Body::Authentication(lapwing_frames::management::Authentication {
            algorithm: lapwing_frames::management::AuthenticationAlgorithm::Open,
            transaction: 1,
            status: StatusCode::Success,
            payload: vec![],
        });
        Management { header: Header::new(receiver, transmitter, own), body }.write(&mut bytes);
        assert_eq!(world.turn(Event::Frame { link: Some(link(0)), bytes: &bytes, protected: false }), []);
    }
    assert_eq!(world.ap.clients().count(), 0);
}

#[test]
fn links_that_contradict_each_other_are_refused_whole() {
    let same = |client: &mut Client| {
        let address = client.links[&link(0)];
        client.links.insert(link(1), address);
    };
    let group = |client: &mut Client| {
        client.links.insert(link(1), MacAddr::BROADCAST);
    };
    let unknown = |client: &mut Client| {
        client.links.insert(link(7), MacAddr([2, 2, 2, 2, 2, 2]));
    };
    let silent = |client: &mut Client| client.links.clear();
    for change in [same, group, unknown, silent] as [fn(&mut Client); 4] {
        let mut world = World::new(Setup { ..mld(&[]) });
        let mut client = Client::new(1, world.known(), None).with_links();
        world.with_means(|means| client.authenticate(means));
        world.settle(&mut [&mut client], vec![]);
        let own = client.links[&link(0)];
        change(&mut client);
        if client.links.is_empty() {
            // No Multi-Link element in the request, from the address on the link.
            client.address = own;
        }
        world.with_means(|means| client.associate(means));
        let sent = client.sent.pop().unwrap();
        let requests = hear(&mut world, client.address, &sent);
        let [Request::SendFrame { bytes, .. }] = &requests[..] else { panic!("{requests:?}") };
        let Body::AssociationResponse(response) = Management::parse(bytes).unwrap().body else { panic!() };
        assert_eq!(response.status, StatusCode::UnspecifiedFailure);
    }
}
