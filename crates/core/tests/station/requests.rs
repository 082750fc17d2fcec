//! What a connection costs: every request to the kernel, by its name, and what is calculated when.

use super::{
    ap::Setup,
    fixtures::{open, personal},
    joining::SECOND,
    world::World,
};
use lapwing_core::{
    Duration, Secret,
    kernel::Request,
    network::{Credentials, Network, Personal},
    station::{Event, Report},
};
use lapwing_frames::suite::Akm;

/// A request by its name and what matters of it.
fn name(request: &Request) -> String {
    match request {
        Request::InstallKey(key) => {
            let kind = format!("{:?}", key.kind);
            format!("NEW_KEY {}", kind.split(' ').next().unwrap_or_default())
        }
        request => request.name().into(),
    }
}

/// What is asked from the request to connect until the connection is reported, with fresh scan results.
fn requests(world: &mut World, network: &Network) -> Vec<String> {
    world.give(Event::Scan);
    world.run(SECOND);
    world.requests.clear();
    world.give(Event::Connect(network.clone()));
    assert!(world.run_until(5 * SECOND, World::is_connected));
    let asked = world.requests.iter().map(name).collect();
    // Nothing comes after it either.
    let count = world.requests.len();
    world.run(5 * SECOND);
    assert_eq!(world.requests.len(), count);
    world.check();
    asked
}

const JOIN: [&str; 2] = ["AUTHENTICATE", "ASSOCIATE"];
const SAE: [&str; 3] = ["AUTHENTICATE", "AUTHENTICATE", "ASSOCIATE"];
/// The 4-way handshake where management frames are not protected.
const PLAIN: [&str; 5] =
    ["CONTROL_PORT_FRAME", "CONTROL_PORT_FRAME", "NEW_KEY Pairwise", "NEW_KEY Group", "SET_STATION"];
/// The same where they are: one key more.
const PROTECTED: [&str; 6] = [
    "CONTROL_PORT_FRAME",
    "CONTROL_PORT_FRAME",
    "NEW_KEY Pairwise",
    "NEW_KEY Group",
    "NEW_KEY Integrity",
    "SET_STATION",
];

/// Two keys, two key frames and the port are what the 4-way handshake is; one authentication (SAE: two) and
/// one association are what the way to it is. There is nothing else: the table is what the scan's events made
/// of it (a BSS that the kernel has dropped since is refused with `ENOENT` and scanned for once), the
/// association is what its event says, and what the AP is left with was told by the end of what was before.
#[test]
fn a_connection_is_made_of_nothing_but_what_it_needs() {
    for (akms, network, join, handshake) in [
        (vec![], open(b"home"), &JOIN[..], &[][..]),
        (vec![Akm::Psk], personal(b"home"), &JOIN, &PLAIN),
        (vec![Akm::Sae], personal(b"home"), &SAE, &PROTECTED),
        (vec![Akm::SaeExtKey], personal(b"home"), &SAE, &PROTECTED),
        (vec![Akm::Owe], open(b"home"), &JOIN, &PROTECTED),
    ] {
        let mut world = World::new(1, vec![Setup::new(b"home", 1, &akms)]);
        world.give(Event::Tick);
        world.run(SECOND);
        assert_eq!(requests(&mut world, &network), [join, handshake].concat(), "{akms:?}");
        world.give(Event::Disconnect);
        world.run(SECOND);
        // With a PMKSA, if there is one.
        assert_eq!(requests(&mut world, &network), [&JOIN, handshake].concat(), "{akms:?}");
    }
}

#[test]
fn a_scan_of_a_moment_ago_is_not_read_again_and_an_old_one_is() {
    for (pause, read) in [(10, 0), (40, 1)] {
        let mut world = World::new(1, vec![Setup::new(b"home", 1, &[])]);
        world.give(Event::Tick);
        world.give(Event::Scan);
        world.run(pause * SECOND);
        world.requests.clear();
        world.give(Event::Connect(open(b"home")));
        assert!(world.run_until(5 * SECOND, World::is_connected));
        // Once to see whether somebody else scanned, once after the scan.
        assert_eq!((world.count("GET_SCAN"), world.count("TRIGGER_SCAN")), (2 * read, read));
    }
}

fn only_passphrase(ssid: &[u8]) -> Network {
    let passphrase = Some(Secret::new(b"correct horse battery"));
    let credentials = Credentials::Personal(Personal { passphrase, ..Personal::default() });
    Network { credentials, ..open(ssid) }
}

/// The PBKDF2 of WPA2 and the password element of SAE take milliseconds: they are made while the scan runs.
#[test]
fn keys_are_calculated_while_the_scan_runs() {
    for akm in [Akm::Sae, Akm::Psk] {
        let mut setup = Setup::new(b"home", 1, &[akm]);
        setup.psk = lapwing_core::crypto::kdf::passphrase_to_psk(b"correct horse battery", b"home")
            .expose()
            .try_into()
            .unwrap();
        let mut world = World::new(1, vec![setup]);
        world.give(Event::Tick);
        world.run(SECOND);
        assert!(world.station.table().is_empty());
        world.give(Event::Connect(only_passphrase(b"home")));
        assert_eq!((world.count("TRIGGER_SCAN"), world.curves.elements.get()), (1, 0));
        world.run(Duration::from_millis(10));
        assert!(world.station.is_scanning());
        assert_eq!(world.curves.elements.get(), 1);
        assert!(world.run_until(5 * SECOND, World::is_connected));
        assert_eq!(world.curves.elements.get(), 1);
        let learned = world.reports.iter().find_map(|report| match report {
            Report::Learned(learned) => Some((learned.psk.is_some(), learned.password_elements.len())),
            _ => None,
        });
        assert_eq!(learned, Some(if akm == Akm::Psk { (true, 0) } else { (false, 1) }));
        world.check();
    }
}
