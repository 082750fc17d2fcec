//! Everybody who may join does, and nobody else.

use crate::{
    client::{Client, KeyKindName, Outcome},
    world::{World, bss, link, mld, single, ssid},
};
use lapwing_core::{
    ap::{FrameProtection, Request, Security, Setup},
    curve::Group,
    kernel::KeyKind,
    sae::Password,
};
use lapwing_frames::{
    LinkId,
    management::{ReasonCode, StatusCode},
    suite::{Akm, Cipher},
};

/// Both sides hold the same keys, and the AP's port is open.
fn assert_agreed(world: &World, client: &Client) {
    let state = world.ap.client(client.address).unwrap();
    assert!(state.associated && state.authorized);
    let own = |wanted| {
        client.keys.iter().rev().find(|((_, kind, _), _)| *kind == wanted).map(|(_, key)| key.clone())
    };
    assert!(own(KeyKindName::Pairwise).is_some());
    assert!(own(KeyKindName::Pairwise) == world.pairwise(client.address));
    for key in world.keys.iter().filter(|key| !matches!(key.kind, KeyKind::Pairwise { .. })) {
        let has_link = if client.is_mld() {
            key.link.is_some_and(|id| state.links.contains_key(&id))
        } else {
            key.link == client.on
        };
        let link = key.link.filter(|_| client.is_mld());
        let has = client.keys.get(&(link, key.kind.into(), key.index));
        let wants = has_link && (state.frame_protection || key.kind == KeyKind::Group);
        assert_eq!(has.is_some_and(|has| *has == key.key), wants, "{key:?}");
    }
}

#[test]
fn every_akm_joins_a_bss_and_by_its_pmksa_again() {
    for akm in [Akm::Psk, Akm::PskSha256, Akm::Sae, Akm::SaeExtKey, Akm::Owe] {
        for groups in [vec![Group::P256], vec![Group::P384], vec![Group::P521]] {
            let mut setup = single(&[akm]);
            setup.security.as_mut().unwrap().groups = groups.clone();
            let mut world = World::new(setup);
            let mut client = Client::new(1, world.known(), Some(akm));
            client.groups = groups;
            let expected = [Outcome::Authenticated, Outcome::Associated, Outcome::Secured];
            assert_eq!(world.join(&mut client), expected, "{akm}");
            assert_agreed(&world, &client);
            client.deauthenticate(true);
            world.settle(&mut [&mut client], vec![]);
            assert_eq!(world.ap.client(client.address), None);
            assert_eq!(client.cached.is_some(), !akm.is_psk());
            assert_eq!(world.join(&mut client), expected, "{akm} with its PMKSA");
            assert_agreed(&world, &client);
        }
    }
}

#[test]
fn every_akm_of_links_joins_an_ap_mld_with_all_links() {
    for akm in [Akm::Sae, Akm::SaeExtKey, Akm::Owe] {
        let mut setup = mld(&[akm]);
        setup.security.as_mut().unwrap().beacon_protection = true;
        let mut world = World::new(setup);
        let mut client = Client::new(1, world.known(), Some(akm)).with_links();
        let expected = [Outcome::Authenticated, Outcome::Associated, Outcome::Secured];
        assert_eq!(world.join(&mut client), expected, "{akm}");
        assert_agreed(&world, &client);
        assert_eq!(world.ap.client(client.address).unwrap().links, client.links);
        assert_eq!(client.keys.len(), 1 + 3 * 3);
        client.deauthenticate(true);
        world.settle(&mut [&mut client], vec![]);
        assert_eq!(world.join(&mut client), expected, "{akm} with its PMKSA");
        assert_agreed(&world, &client);
    }
}

#[test]
fn a_plain_client_joins_any_link_of_an_ap_mld() {
    for number in 0..3 {
        let mut world = World::new(mld(&[Akm::Sae]));
        let mut client = Client::new(1, world.known(), Some(Akm::Sae));
        client.on = Some(link(number));
        let expected = [Outcome::Authenticated, Outcome::Associated, Outcome::Secured];
        assert_eq!(world.join(&mut client), expected);
        assert_agreed(&world, &client);
        assert!(world.ap.client(client.address).unwrap().links.is_empty());
        assert_eq!(links_of_key_frames(&world), [Some(link(number)); 2], "where a plain client hears them");
    }
    let mut world = World::new(mld(&[Akm::Sae]));
    world.join(&mut Client::new(1, world.known(), Some(Akm::Sae)).with_links());
    assert_eq!(links_of_key_frames(&world), [None; 2], "a client with links hears each");
}

fn links_of_key_frames(world: &World) -> Vec<Option<LinkId>> {
    let link = |request: &Request| match request {
        Request::SendKeyFrame { link, .. } => Some(*link),
        _ => None,
    };
    world.requests.iter().filter_map(link).collect()
}

#[test]
fn an_open_network_takes_everybody() {
    for setup in [single(&[]), mld(&[])] {
        let mut world = World::new(setup);
        let mut client = Client::new(1, world.known(), None);
        assert_eq!(world.join(&mut client), [Outcome::Authenticated, Outcome::Associated]);
        assert!(world.ap.client(client.address).unwrap().authorized);
        assert!(world.keys.is_empty());
    }
}

#[test]
fn a_network_in_transition_takes_both() {
    let mut world = World::new(single(&[Akm::Psk, Akm::Sae]));
    for (number, akm) in [(1, Akm::Psk), (2, Akm::Sae)] {
        let mut client = Client::new(number, world.known(), Some(akm));
        assert_eq!(world.join(&mut client).last(), Some(&Outcome::Secured), "{akm}");
        assert_agreed(&world, &client);
    }
}

#[test]
fn strong_ciphers_extended_key_ids_and_channel_validation() {
    let mut setup = mld(&[Akm::SaeExtKey]);
    let security = setup.security.take().unwrap();
    setup.security = Some(Security {
        pairwise: vec![Cipher::Gcmp256],
        group: Cipher::Gcmp256,
        group_management: Cipher::BipGmac256,
        beacon_protection: true,
        extended_key_id: true,
        ssid_protection: true,
        operating_channel_validation: true,
        transition_disable: Some(1),
        ..security
    });
    let mut world = World::new(setup);
    let mut client = Client::new(1, world.known(), Some(Akm::SaeExtKey)).with_links();
    client.operating_channel = bss(0, 2412).channel.operating_channel();
    assert_eq!(world.join(&mut client).last(), Some(&Outcome::Secured));
    assert_agreed(&world, &client);
    client.outcomes.clear();
    let requests = world.order(lapwing_core::ap::Order::RenewPairwiseKey(client.address));
    world.settle(&mut [&mut client], requests);
    assert_eq!(client.outcomes, [Outcome::Rekeyed]);
    assert_agreed(&world, &client);
}

#[test]
fn a_wrong_passphrase_gets_nowhere() {
    let mut world = World::new(single(&[Akm::Sae]));
    let mut client = Client::new(1, world.known(), Some(Akm::Sae));
    client.passphrase = b"wrong horse battery".to_vec();
    world.join(&mut client);
    assert!(matches!(client.outcomes[..], [Outcome::Failed(_)]), "{:?}", client.outcomes);
    assert_eq!(world.ap.client(client.address), None);

    let mut world = World::new(single(&[Akm::Psk]));
    let mut client = Client::new(1, world.known(), Some(Akm::Psk));
    client.passphrase = b"wrong horse battery".to_vec();
    assert_eq!(world.join(&mut client), [Outcome::Authenticated, Outcome::Associated]);
    while world.ap.client(client.address).is_some() {
        let requests = world.next();
        world.settle(&mut [&mut client], requests);
    }
    assert_eq!(client.outcomes.last(), Some(&Outcome::ThrownOut(ReasonCode::FourWayHandshakeTimeout)));
    assert!(world.pairwise(client.address).is_none());
}

#[test]
fn password_identifiers_tell_passwords_apart() {
    let mut setup = single(&[Akm::Sae]);
    let security = setup.security.as_mut().unwrap();
    security.passwords.push(Password::new(ssid().octets(), b"for guests only", Some(b"guests")));
    let mut world = World::new(setup);
    for (identifier, password, joins) in [
        (None, crate::client::PASSPHRASE, true),
        (Some(&b"guests"[..]), &b"for guests only"[..], true),
        (Some(&b"guests"[..]), crate::client::PASSPHRASE, false),
        (Some(&b"nobody"[..]), &b"for guests only"[..], false),
    ] {
        let mut client = Client::new(1, world.known(), Some(Akm::Sae));
        world.with_means(|means| client.authenticate(means));
        // The client's machine with the password that is meant, in place of the one without a name.
        let setup = lapwing_core::sae::station::Setup {
            own: client.address,
            peer: client.peer_address(),
            akm: Akm::Sae,
            method: lapwing_core::sae::Method::HashToElement,
            groups: vec![Group::P256],
        };
        let password = Password::new(ssid().octets(), password, identifier);
        let mut sae = lapwing_core::sae::Sae::new(setup, password);
        client.sent.clear();
        let first = world.with_means(|means| sae.start(means));
        client.sae = Some(sae);
        client.follow_sae(first);
        world.settle(&mut [&mut client], vec![]);
        assert_eq!(client.outcomes.last() == Some(&Outcome::Authenticated), joins, "{identifier:?}");
        world.ap = lapwing_core::ap::AccessPoint::new(world.setup.clone());
        world.turn(lapwing_core::ap::Event::Start);
    }
}

#[test]
fn the_pmksa_of_an_mld_is_not_that_of_its_bss() {
    let mut world = World::new(mld(&[Akm::Sae]));
    let mut client = Client::new(1, world.known(), Some(Akm::Sae)).with_links();
    assert_eq!(world.join(&mut client).last(), Some(&Outcome::Secured));
    client.deauthenticate(true);
    world.settle(&mut [&mut client], vec![]);
    client.links.clear();
    assert_eq!(world.join(&mut client), [Outcome::Authenticated, Outcome::Refused(StatusCode::InvalidPmkid)]);
    client.cached = None;
    assert_eq!(world.join(&mut client).last(), Some(&Outcome::Secured));
    assert_agreed(&world, &client);
}

#[test]
fn a_client_that_leaves_its_links_behind_is_another_client() {
    // A handshake that was not finished must not be continued with other addresses.
    let mut world = World::new(mld(&[Akm::Sae]));
    let mut client = Client::new(1, world.known(), Some(Akm::Sae)).with_links();
    world.with_means(|means| client.authenticate(means));
    world.settle(&mut [&mut client], vec![]);
    world.with_means(|means| client.associate(means));
    let [crate::client::Sent::Frame { link, bytes, .. }] = &client.sent[..] else { panic!() };
    let (link, bytes) = (*link, bytes.clone());
    client.sent.clear();
    world.turn(lapwing_core::ap::Event::Frame { link, bytes: &bytes, protected: false });
    assert!(!world.ap.client(client.address).unwrap().authorized);
    client.links.clear();
    assert_eq!(world.join(&mut client).last(), Some(&Outcome::Secured));
    assert_agreed(&world, &client);
    assert!(world.ap.client(client.address).unwrap().links.is_empty());
}

#[test]
fn what_does_not_fit_is_refused_by_its_status() {
    let strict = |change: fn(&mut Security)| {
        let mut setup = single(&[Akm::Psk]);
        change(setup.security.as_mut().unwrap());
        setup
    };
    let of_client = |setup: Setup, akm, change: fn(&mut Security)| {
        // The client heard another setup than the AP has.
        let mut heard = Setup { ..setup.clone() };
        heard.security = heard.security.map(|mut security| {
            change(&mut security);
            security
        });
        let known = World::new(heard).known();
        let mut world = World::new(setup);
        let mut client = Client::new(1, known, Some(akm));
        world.join(&mut client);
        client.outcomes.last().cloned()
    };
    let nothing = |_: &mut Security| {};
    let gcmp = |security: &mut Security| security.pairwise = vec![Cipher::Gcmp256];
    let group = |security: &mut Security| security.group = Cipher::Gcmp256;
    let sha256 = |security: &mut Security| security.akms = vec![Akm::PskSha256];
    let unprotected = |security: &mut Security| security.frame_protection = FrameProtection::No;
    let required = |security: &mut Security| security.frame_protection = FrameProtection::Required;
    let gmac = |security: &mut Security| security.group_management = Cipher::BipGmac256;
    let refused = |status| Some(Outcome::Refused(status));
    assert_eq!(of_client(strict(nothing), Akm::Psk, nothing), Some(Outcome::Secured));
    assert_eq!(of_client(strict(nothing), Akm::Psk, gcmp), refused(StatusCode::InvalidPairwiseCipher));
    assert_eq!(of_client(strict(nothing), Akm::Psk, group), refused(StatusCode::InvalidGroupCipher));
    assert_eq!(of_client(strict(nothing), Akm::PskSha256, sha256), refused(StatusCode::InvalidAkm));
    assert_eq!(
        of_client(strict(required), Akm::Psk, unprotected),
        refused(StatusCode::RobustManagementPolicyViolation)
    );
    assert_eq!(of_client(strict(nothing), Akm::Psk, gmac), refused(StatusCode::CipherRejectedByPolicy));
    // SAE was announced, and not done.
    let mut world = World::new(single(&[Akm::Sae]));
    let mut client = Client::new(1, world.known(), Some(Akm::Sae));
    client.akm = None;
    world.with_means(|means| client.authenticate(means));
    world.settle(&mut [&mut client], vec![]);
    client.akm = Some(Akm::Sae);
    world.with_means(|means| client.associate(means));
    world.settle(&mut [&mut client], vec![]);
    assert_eq!(client.outcomes.last(), Some(&Outcome::Refused(StatusCode::InvalidAkm)));
    // And where there is none.
    let mut world = World::new(single(&[Akm::Psk]));
    let mut client = Client::new(1, World::new(single(&[Akm::Sae])).known(), Some(Akm::Sae));
    assert_eq!(world.join(&mut client), []);
    assert_eq!(world.ap.client(client.address), None);
}

#[test]
fn a_full_access_point_says_so() {
    let mut world = World::new(Setup { client_limit: 2, ..single(&[]) });
    for number in 1..=3 {
        let mut client = Client::new(number, world.known(), None);
        let last = world.join(&mut client).pop().unwrap();
        let expected =
            if number < 3 { Outcome::Associated } else { Outcome::Refused(StatusCode::DeniedNoMoreStas) };
        assert_eq!(last, expected);
    }
    // Who is in may come again.
    let mut client = Client::new(2, world.known(), None);
    assert_eq!(world.join(&mut client).pop(), Some(Outcome::Associated));
}

#[test]
fn a_link_that_cannot_be_had_is_refused_alone() {
    let mut world = World::new(mld(&[Akm::Sae]));
    let known = world.known();
    world.order(lapwing_core::ap::Order::RemoveLink { link: link(2), beacons: 1 });
    world.next();
    let mut client = Client::new(1, known, Some(Akm::Sae)).with_links();
    assert_eq!(world.join(&mut client).last(), Some(&Outcome::Secured));
    assert_eq!(client.status_of_links[&link(2)], StatusCode::RequestDeclined);
    assert_eq!(client.status_of_links[&link(1)], StatusCode::Success);
    let state = world.ap.client(client.address).unwrap();
    assert_eq!(state.links.keys().copied().collect::<Vec<_>>(), [link(0), link(1)]);
}

#[test]
fn the_kernel_is_told_of_a_client_before_it_is_answered() {
    let mut world = World::new(mld(&[Akm::Sae]));
    let mut client = Client::new(1, world.known(), Some(Akm::Sae)).with_links();
    world.with_means(|means| client.authenticate(means));
    world.settle(&mut [&mut client], vec![]);
    world.requests.clear();
    world.with_means(|means| client.associate(means));
    world.settle(&mut [&mut client], vec![]);
    let kinds: Vec<&str> = world
        .requests
        .iter()
        .map(|request| match request {
            Request::AddStation(new) => {
                assert_eq!(new.link_address, Some(client.links[&link(0)]));
                assert_eq!((new.station, new.link), (client.address, Some(link(0))));
                "station"
            }
            Request::AddLinkStation { station, link, address, elements } => {
                assert_eq!((*station, *address), (client.address, client.links[link]));
                let elements = lapwing_frames::element::Elements::new(elements);
                assert!(
                    elements.find::<lapwing_frames::element::Rsn>().unwrap().is_some(),
                    "inherited from the frame"
                );
                assert!(
                    elements.find::<lapwing_frames::element::MultiLink>().unwrap().is_none(),
                    "of the frame alone"
                );
                "link"
            }
            Request::SendFrame { .. } => "frame",
            Request::SendKeyFrame { in_clear: true, .. } => "key frame",
            Request::InstallKey(key) => {
                assert_eq!((key.link, key.index), (None, 0));
                assert!(matches!(key.kind, KeyKind::Pairwise { peer, .. } if peer == client.address));
                "key"
            }
            Request::AuthorizeStation { .. } => "open",
            Request::ReadPacketNumber { .. } => "read",
            _ => "?",
        })
        .collect();
    let expected = ["station", "link", "link", "frame", "key frame"].into_iter();
    // The GTK and the IGTK of each link, before message 3.
    let expected = expected.chain(["read"; 6]).chain(["key frame", "key", "open"]);
    assert_eq!(kinds, expected.collect::<Vec<_>>());
}
