//! Joining, each way.

use super::{
    ap::{Cached, Setup},
    world::{Faults, OWN, World},
};
use lapwing_core::{
    Duration, Secret,
    attempt::{Cause, Difference, Entry},
    curve::Group,
    failure::Code,
    kernel::{Interface, Request},
    network::{Credentials, FirstGroup, Network},
    select::Preferences,
    station::{Event, Report, Settings, Station},
};
use lapwing_frames::{
    element::{Elements, ExtendedCapabilities},
    suite::Akm,
};

pub(crate) use super::fixtures::{open, personal};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A world whose station knows these networks and has run until it is connected.
pub(crate) fn joined(setups: Vec<Setup>, network: Network) -> World {
    let mut world = World::new(1, setups);
    world.give(Event::Networks(vec![network]));
    assert!(world.run_until(10 * SECOND, World::is_connected), "{:#?}", world.reports);
    world.check();
    world
}

#[test]
fn sae_begins_with_the_group_that_the_file_of_the_network_wants() {
    for (first_group, group) in
        [(FirstGroup::Usual, 19), (FirstGroup::Cheapest, 19), (FirstGroup::Strongest, 21)]
    {
        let network = Network { first_group, ..personal(b"home") };
        let world = joined(vec![Setup::new(b"home", 1, &[Akm::Sae])], network);
        assert_eq!(groups_of_commits(&world)[0], group);
    }
}

/// The groups of the SAE commits that were sent: a number comes after transaction and status.
fn groups_of_commits(world: &World) -> Vec<u8> {
    let commit = |request: &Request| match request {
        Request::Authenticate(request) if request.data.starts_with(&[1, 0]) => request.data.get(4).copied(),
        _ => None,
    };
    world.requests.iter().filter_map(commit).collect()
}

/// A world whose station begins with group 20.
fn stronger(setups: Vec<Setup>, network: Network) -> World {
    let mut world = World::new(1, setups);
    let preferences = Preferences { stronger_group: true, ..Preferences::NONE };
    let settings = Settings { preferences, reuses_keys: false, ..Settings::default() };
    let interface = Interface { wiphy: 0, ifindex: 3, wdev: 1 };
    world.station = Station::new(interface, super::world::radio(), OWN, settings);
    world.give(Event::Networks(vec![network]));
    world
}

#[test]
fn a_stronger_group_is_tried_once_and_the_refusal_is_remembered() {
    let network = personal(b"home");
    let mut world = stronger(vec![Setup::new(b"home", 1, &[Akm::Sae])], network.clone());
    assert!(world.run_until(10 * SECOND, World::is_connected));
    assert_eq!(groups_of_commits(&world), [20, 19]);
    rejoin(&mut world, network);
    assert_eq!(groups_of_commits(&world), [20, 19, 19]);
    assert!(world.failures().is_empty());
}

#[test]
fn a_stronger_group_is_used_where_it_is_taken_and_owe_learns_too() {
    let setup = Setup { groups: vec![Group::P256, Group::P384], ..Setup::new(b"home", 1, &[Akm::Sae]) };
    let mut world = stronger(vec![setup], personal(b"home"));
    assert!(world.run_until(10 * SECOND, World::is_connected));
    assert_eq!(groups_of_commits(&world), [20]);
    let mut world = stronger(vec![Setup::new(b"home", 1, &[Akm::Owe])], open(b"home"));
    assert!(world.run_until(10 * SECOND, World::is_connected));
    assert_eq!(world.count("ASSOCIATE"), 2);
    rejoin(&mut world, open(b"home"));
    assert_eq!(world.count("ASSOCIATE"), 3);
}

#[test]
fn an_ap_that_is_silent_to_a_stronger_group_is_asked_with_the_usual_one() {
    let setup = Setup { deaf_to: Some(Group::P384), ..Setup::new(b"home", 1, &[Akm::Sae]) };
    let mut world = stronger(vec![setup], personal(b"home"));
    assert!(world.run_until(60 * SECOND, World::is_connected), "{:?}", world.failures());
    assert_eq!(groups_of_commits(&world), [20, 19]);
    assert_eq!(world.failures(), [Code::AuthenticationTimedOut]);
}

#[test]
fn joins_every_kind_of_network() {
    for (akms, network) in [
        (vec![], open(b"home")),
        (vec![Akm::Owe], open(b"home")),
        (vec![Akm::Psk], personal(b"home")),
        (vec![Akm::PskSha256], personal(b"home")),
        (vec![Akm::Sae], personal(b"home")),
        (vec![Akm::SaeExtKey], personal(b"home")),
        (vec![Akm::Psk, Akm::Sae], personal(b"home")),
    ] {
        let mut world = joined(vec![Setup::new(b"home", 1, &akms)], network);
        world.run(SECOND);
        assert!(world.agrees(), "{akms:?}");
        assert!(world.failures().is_empty() && world.refusals.is_empty(), "{akms:?} {:?}", world.refusals);
    }
}

#[test]
fn only_what_can_be_kept_is_announced() {
    // The driver wants extended channel switching, BSS transition, interworking, and operating mode
    // notifications: the second and the third are not the driver's to keep.
    let world = joined(vec![Setup::new(b"home", 1, &[])], open(b"home"));
    let elements = world.requests.iter().find_map(|request| match request {
        Request::Associate(request) => Some(&request.elements[..]),
        _ => None,
    });
    let found = Elements::new(elements.unwrap()).find::<ExtendedCapabilities>().unwrap().unwrap();
    assert_eq!(found.octets(), [4, 0, 8, 0, 0, 0, 0, 0x40]);
}

/// Entries of the timeline.
pub(crate) fn entries(world: &World) -> impl Iterator<Item = &Entry> {
    world.reports.iter().filter_map(|report| match report {
        Report::Timeline(record) => Some(&record.entry),
        _ => None,
    })
}

/// Leaves and comes back, so that a PMKSA is there to be used.
fn rejoin(world: &mut World, network: Network) {
    world.give(Event::Disconnect);
    world.run(SECOND);
    assert!(!world.is_connected());
    world.reports.clear();
    world.give(Event::Connect(network));
    assert!(world.run_until(20 * SECOND, World::is_connected), "{:#?}", world.reports);
    world.check();
}

#[test]
fn a_cached_pmksa_saves_the_full_authentication() {
    for (akms, network) in [(vec![Akm::Sae], personal(b"home")), (vec![Akm::Owe], open(b"home"))] {
        let mut world = joined(vec![Setup::new(b"home", 1, &akms)], network.clone());
        for _ in 0..3 {
            rejoin(&mut world, network.clone());
            assert!(
                world.reports.iter().any(|report| matches!(report, Report::Connected(c) if c.cached_pmksa))
            );
        }
        assert_eq!(world.aps[0].full_authentications, 1);
        assert!(world.refusals.is_empty(), "{:?}", world.refusals);
    }
}

/// An AP that does not take its own PMKSA any more, in its way: a full authentication comes at once.
fn refused(cached: Cached) {
    for akm in [Akm::Sae, Akm::Owe] {
        let network = if akm == Akm::Sae { personal(b"home") } else { open(b"home") };
        let mut world = joined(vec![Setup::new(b"home", 1, &[akm])], network.clone());
        world.aps[0].setup.cached = cached;
        rejoin(&mut world, network.clone());
        assert!(world.failures().is_empty(), "{akm}: {:?}", world.failures());
        assert!(entries(&world).any(|entry| matches!(
            entry,
            Entry::Began { cause: Cause::Retry(Difference::WithoutPmksa), .. }
        )));
        assert_eq!(world.aps[0].full_authentications, 2, "{akm}");
        assert!(world.reports.iter().any(|report| matches!(report, Report::Connected(c) if !c.cached_pmksa)));
        // The entry that was refused is gone: the one that was made now is used the next time.
        world.aps[0].setup.cached = Cached::Taken;
        rejoin(&mut world, network.clone());
        assert_eq!(world.aps[0].full_authentications, 2, "{akm}");
    }
}

#[test]
fn a_pmksa_refused_with_status_53_leads_at_once_to_a_full_authentication() {
    refused(Cached::Refused);
}

#[test]
fn a_pmksa_answered_by_deauthentication_9_leads_at_once_to_a_full_authentication() {
    refused(Cached::Deauthenticated);
}

#[test]
fn a_pmksa_met_with_silence_leads_at_once_to_a_full_authentication() {
    refused(Cached::Silent);
}

#[test]
fn a_pmksa_without_a_handshake_leads_at_once_to_a_full_authentication() {
    refused(Cached::NoHandshake);
}

/// What the failures are, one after another, if the passphrase is wrong. An AP that was switched off and on
/// within SAE refuses a confirm the same way: the second time tells.
fn wrong_passphrase() -> [(Akm, Vec<Code>); 2] {
    let first = Code::Sae("a confirm did not match, for the first time");
    [(Akm::Sae, vec![first, Code::WrongPassword]), (Akm::Psk, vec![Code::WrongPasswordLikely])]
}

/// The kernel repeated a commit at once, the AP was switched off and on between the two, and went by the other one.
#[test]
fn a_confirm_that_did_not_match_once_is_no_wrong_passphrase() {
    let mut setup = Setup::new(b"home", 1, &[Akm::Sae]);
    let right = setup.clone();
    setup.passphrase = b"another one".to_vec();
    let mut world = World::new(1, vec![setup]);
    world.give(Event::Networks(vec![personal(b"home")]));
    assert!(world.run_until(5 * SECOND, |world| !world.failures().is_empty()));
    world.aps[0] = super::ap::Ap::new(right);
    assert!(world.run_until(5 * SECOND, World::is_connected), "{:?}", world.failures());
    assert_eq!(world.failures().len(), 1);
    world.check();
}

#[test]
fn a_wrong_passphrase_is_said_soon_and_tried_again_rarely() {
    for (akm, codes) in wrong_passphrase() {
        let mut setup = Setup::new(b"home", 1, &[akm]);
        setup.passphrase = b"another one".to_vec();
        setup.psk = [8; 32];
        let mut world = World::new(1, vec![setup]);
        world.give(Event::Networks(vec![personal(b"home")]));
        assert!(world.run_until(5 * SECOND, |world| world.failures().len() == codes.len()), "{akm}");
        world.run(25 * SECOND);
        assert_eq!(world.failures(), codes, "{akm}");
        // Whoever is near can make a right one look wrong: after half a minute, and four times as long each time.
        for (seconds, times) in [(30, 1), (90, 1), (60, 2), (400, 2), (100, 3)] {
            world.run(seconds * SECOND);
            assert_eq!(world.failures().len(), codes.len() * (1 + times), "{akm} {seconds}");
        }
        assert_eq!(world.failures().last(), codes.last());
        let asked = |report: &Report| matches!(report, Report::Failed { next_try: None, .. });
        assert!(world.reports.iter().any(asked));
        // The same is tried if a person asks, once, and no other way of writing it without.
        let before = world.failures().len();
        world.give(Event::Connect(personal(b"home")));
        assert!(world.run_until(5 * SECOND, |world| world.failures().len() == before + codes.len()), "{akm}");
        let mut same = personal(b"home");
        same.last_joined = Some(1);
        if let Credentials::Personal(personal) = &mut same.credentials {
            personal.password_elements.push((99, Secret::new(b"")));
        }
        world.give(Event::Networks(vec![same]));
        world.run(25 * SECOND);
        assert_eq!(world.failures().len(), before + codes.len(), "{akm}");
        // Another secret is tried by itself.
        let mut other = personal(b"home");
        if let Credentials::Personal(personal) = &mut other.credentials {
            personal.passphrase = Some(Secret::new(b"another one"));
            personal.psk = Some(Secret::new(&[8; 32]));
        }
        world.give(Event::Networks(vec![other]));
        assert!(world.run_until(10 * SECOND, World::is_connected), "{akm} {:#?}", world.reports);
        world.check();
    }
}

#[test]
fn a_person_who_types_a_wrong_passphrase_is_told_soon_and_nothing_is_tried_again() {
    for (akm, codes) in wrong_passphrase() {
        let mut setup = Setup::new(b"home", 1, &[akm]);
        setup.passphrase = b"another one".to_vec();
        setup.psk = [8; 32];
        let mut world = World::new(1, vec![setup]);
        world.give(Event::Connect(personal(b"home")));
        assert!(world.run_until(5 * SECOND, |world| world.failures().len() == codes.len()), "{akm}");
        let authentications = world.count("AUTHENTICATE");
        world.run(600 * SECOND);
        assert_eq!(world.failures(), codes, "{akm}");
        assert_eq!(world.count("AUTHENTICATE"), authentications, "{akm}");
        assert_eq!(world.station.last_failure().map(|why| &why.code), codes.last());
        world.check();
    }
}

#[test]
fn an_unknown_password_identifier_is_told_and_tried_again_rarely() {
    let mut network = personal(b"home");
    if let Credentials::Personal(personal) = &mut network.credentials {
        personal.password_identifier = Some(b"guest".to_vec());
    }
    let mut world = World::new(1, vec![Setup::new(b"home", 1, &[Akm::Sae])]);
    world.give(Event::Networks(vec![network]));
    world.run(25 * SECOND);
    assert_eq!(world.failures(), [Code::UnknownPasswordIdentifier]);
    assert_eq!(world.count("AUTHENTICATE"), 1);
    world.run(575 * SECOND);
    assert_eq!(world.count("AUTHENTICATE"), 3);
    world.check();
}

#[test]
fn an_ap_that_wants_a_token_gets_it() {
    let mut setup = Setup::new(b"home", 1, &[Akm::Sae]);
    setup.token_threshold = 0;
    let world = joined(vec![setup], personal(b"home"));
    // Commit, commit with the token, confirm.
    assert_eq!(world.count("AUTHENTICATE"), 3);
    assert!(world.failures().is_empty());
}

#[test]
fn an_ap_that_takes_another_group_gets_it() {
    let mut setup = Setup::new(b"home", 1, &[Akm::Sae]);
    setup.groups = vec![Group::P384];
    let world = joined(vec![setup], personal(b"home"));
    assert_eq!(world.count("AUTHENTICATE"), 3);
    assert!(world.failures().is_empty());
}

#[test]
fn an_ap_that_asks_to_come_back_is_given_the_time() {
    for (comebacks, ms) in [(1, 100), (3, 1000), (1, 9000)] {
        let mut setup = Setup::new(b"home", 1, &[Akm::Sae]);
        setup.comebacks = (comebacks, ms);
        let mut world = World::new(1, vec![setup]);
        world.give(Event::Networks(vec![personal(b"home")]));
        assert!(world.run_until(20 * SECOND, World::is_connected), "{ms} {:?}", world.failures());
        assert!(world.failures().is_empty(), "{ms}");
        assert_eq!(world.count("ASSOCIATE"), 1, "the kernel asks again by itself");
        world.check();
    }
    // For longer than anybody should wait: another way is tried.
    let mut setup = Setup::new(b"home", 1, &[Akm::Sae]);
    setup.comebacks = (1, 600_000);
    let mut world = World::new(1, vec![setup]);
    world.give(Event::Networks(vec![personal(b"home")]));
    assert!(world.run_until(30 * SECOND, World::is_connected), "{:?}", world.failures());
    assert_eq!(world.failures(), [Code::KernelSilent("ASSOCIATE")]);
    world.check();
}

#[test]
fn a_key_frame_may_come_before_the_word_of_the_connection() {
    let mut world = World::new(1, vec![Setup::new(b"home", 1, &[Akm::Sae])]);
    world.faults = Faults { early_key_frames: true, ..world.faults };
    world.give(Event::Networks(vec![personal(b"home")]));
    assert!(world.run_until(10 * SECOND, World::is_connected));
    world.check();
}

#[test]
fn nothing_secret_is_told() {
    let mut world = World::new(1, vec![Setup::new(b"home", 1, &[Akm::Psk, Akm::Sae])]);
    let mut told = String::new();
    world.give(Event::Networks(vec![personal(b"home")]));
    for _ in 0..400 {
        world.run(Duration::from_millis(5));
        told += &format!("{:?}\n", world.station);
    }
    assert!(world.is_connected());
    // What is kept for the network is for the file, and its debug output is without secrets too.
    told += &format!("{:?}\n", world.reports);
    let hex = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    let list = |octets: &[u8]| format!("{octets:?}").trim_matches(['[', ']']).to_owned();
    let mut secrets = vec![b"correct horse battery".to_vec(), vec![7; 32]];
    secrets.extend(world.aps[0].pmksas.values().map(|pmk| pmk.expose().to_vec()));
    secrets.extend([vec![0x51; 16], vec![0xa1; 16]]);
    assert_eq!(secrets.len(), 5);
    for secret in secrets {
        for form in [hex(&secret), list(&secret), String::from_utf8_lossy(&secret).into_owned()] {
            assert!(!told.to_lowercase().contains(&form), "{form}");
        }
    }
}
