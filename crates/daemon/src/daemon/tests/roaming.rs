//! Connections that go to another access point of their network.

use super::ap::Setup;
use super::desk::{DONE, Desk};
use super::*;
use crate::control::ConfigurationId;
use crate::networks::name::Security;

const FIXED: (&str, &str) = ("cafe.open", "[Settings]\nAutoConnect=false\n[IPv4]\nAddress=192.0.2.7/24\n");

/// In the network of the first of two access points, whose address another program is told to set and has not set yet.
fn ordered(name: &str) -> (Desk, ConfigurationId, MacAddr) {
    let setups = [2, 4].map(|number| Setup::new(b"cafe", number, &[]));
    let (here, there) = (setups[0].bssid, setups[1].bssid);
    let mut desk = Desk::new(name, setups.to_vec(), &[FIXED]);
    desk.daemon.options.network_configuration = true;
    assert_eq!(desk.ask(Call::HandOver { on: true }), DONE);
    desk.connect("cafe", Security::Open);
    desk.pass(Duration::from_secs(5));
    assert_eq!(desk.daemon.kernel.peer, Some(here));
    assert_eq!(desk.orders.len(), 1, "{:?}", desk.orders);
    let order = desk.orders[0];
    assert!(!is_online(&desk));
    (desk, order, there)
}

/// Whether the connection is online, as the timeline of the latest attempt says.
fn is_online(desk: &Desk) -> bool {
    desk.daemon.interfaces[&3].latest_timeline().contains("online")
}

/// The attempt of the connection, which is the one of its addresses too.
fn attempt(desk: &Desk) -> AttemptId {
    let interface = &desk.daemon.interfaces[&3];
    let Summary::Connected { attempt, .. } = interface.station.summary() else { panic!("it is connected") };
    assert_eq!(interface.configuration.as_ref().map(Configuration::attempt), Some(attempt));
    attempt
}

#[test]
fn what_another_program_sets_after_a_roam_is_the_new_connections() {
    let (mut desk, order, there) = ordered("set-after-roam");
    assert_eq!(desk.ask(Call::Roam { ifindex: 3, bssid: there }), DONE);
    assert_eq!(desk.daemon.kernel.peer, Some(there));
    attempt(&desk);
    assert!(!is_online(&desk));
    desk.daemon.addressed(desk.now, order, true);
    assert!(is_online(&desk));
    attempt(&desk);
}

#[test]
fn what_another_program_sets_during_a_roam_is_the_new_connections() {
    let (mut desk, order, there) = ordered("set-during-roam");
    desk.begin(Call::Roam { ifindex: 3, bssid: there });
    assert!(matches!(desk.daemon.interfaces[&3].station.summary(), Summary::Roaming { .. }));
    desk.daemon.addressed(desk.now, order, true);
    assert!(!is_online(&desk));
    desk.pass(Duration::from_secs(1));
    assert_eq!(desk.daemon.kernel.peer, Some(there));
    assert!(is_online(&desk));
    attempt(&desk);
}

/// An attempt may have the connection that did not begin it: what is answered then is about that one.
#[test]
fn the_attempt_of_the_addresses_is_the_one_that_has_the_connection() {
    let (mut desk, order, _) = ordered("attempt-of-roam");
    let now = desk.now;
    let mut roamed = desk.daemon.interfaces[&3].station.connection().unwrap().clone();
    roamed.attempt = AttemptId(roamed.attempt.0 + 1);
    desk.daemon.reported(now, 3, &Report::Roamed(roamed.clone()));
    desk.daemon.addressed(now, order, true);
    desk.settle();
    let flight = fs::read_to_string(desk.directory.join("flight.jsonl")).unwrap();
    let told = flight.lines().filter(|line| line.contains("an address for another attempt")).count();
    assert_eq!(told, 1, "the station, which knows nothing of {}, was told of it: {flight}", roamed.attempt);
}
