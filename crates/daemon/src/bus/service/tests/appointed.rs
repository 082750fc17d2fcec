//! The programs that are told of the signal, that set addresses, and that stay with an access point.

use super::*;
use crate::control::{Addressed, ConfigurationId, Family, Unneeded};

const BSS: &str = "/net/connman/iwd/0/3/686f6d65_psk/0200000000fe";

fn connected() -> View {
    let state = Summary::Connected { ssid: Ssid::new(b"home").unwrap(), attempt: AttemptId(1) };
    View { devices: vec![device(state)], ..view() }
}

fn levels(levels: &[i16]) -> Value {
    Value::Array("n", levels.iter().copied().map(Value::Int16).collect())
}

fn agent(path: &str) -> Value {
    Value::Path(path.to_owned())
}

/// Asks in the name of a client.
fn say(service: &mut Service, sender: &str, path: &str, method: &str, body: Vec<Value>) -> Vec<Effect> {
    let (interface, member) = method.rsplit_once('.').unwrap();
    service.receive(Incoming::Call(called(sender, path, Some(interface), member, body)))
}

pub(super) fn calls(effects: &[Effect]) -> Vec<Call> {
    let calls = effects.iter().filter_map(|effect| match effect {
        Effect::Call(_, call) => Some(call.clone()),
        _ => None,
    });
    calls.collect()
}

/// What is said to clients: to whom, what, and how the answer is known.
fn said(effects: &[Effect]) -> Vec<(String, &'static str, Option<u32>)> {
    let said = effects.iter().filter_map(|effect| match effect {
        Effect::Send(Outgoing::Call { destination, member, serial, .. }) if destination != BUS => {
            Some((destination.clone(), *member, *serial))
        }
        _ => None,
    });
    said.collect()
}

/// The rules for those whose leave we want to hear of, from now on (true) or not any more.
fn rules(effects: &[Effect]) -> Vec<bool> {
    let rules = effects.iter().filter_map(|effect| match effect {
        Effect::Send(Outgoing::Call { member: "AddMatch", .. }) => Some(true),
        Effect::Send(Outgoing::Call { member: "RemoveMatch", .. }) => Some(false),
        _ => None,
    });
    rules.collect()
}

fn left(service: &mut Service, name: &str) -> Vec<Effect> {
    service.receive(Incoming::NameOwnerChanged { name: name.to_owned(), owner: String::new() })
}

#[test]
fn the_signal_is_told_until_the_agent_goes() {
    let mut service = service();
    let register = "net.connman.iwd.Station.RegisterSignalLevelAgent";
    let body = || vec![agent("/a"), levels(&[-40, -60])];
    let effects = say(&mut service, ":1.1", DEVICE, register, body());
    assert_eq!(calls(&effects), [Call::WatchSignal { ifindex: 3, levels: vec![-40, -60] }]);
    assert_eq!(rules(&effects), [true]);
    let second = say(&mut service, ":1.2", DEVICE, register, body());
    assert_eq!(error(&second), "net.connman.iwd.AlreadyExists");
    let told = service.settle(vec![News::SignalLevel { ifindex: 3, level: 2 }], None);
    assert_eq!(said(&told), [(":1.1".to_owned(), "Changed", None)]);
    // It dies.
    let effects = left(&mut service, ":1.1");
    assert_eq!(calls(&effects), [Call::WatchSignal { ifindex: 3, levels: Vec::new() }]);
    assert_eq!(rules(&effects), [false]);
    assert!(service.settle(vec![News::SignalLevel { ifindex: 3, level: 0 }], None).is_empty());
    // And another may come.
    assert_eq!(calls(&say(&mut service, ":1.2", DEVICE, register, body())).len(), 1);
    let unregister = "net.connman.iwd.Station.UnregisterSignalLevelAgent";
    let effects = say(&mut service, ":1.3", DEVICE, unregister, vec![agent("/a")]);
    assert_eq!(error(&effects), "net.connman.iwd.NotFound");
    let effects = say(&mut service, ":1.2", DEVICE, unregister, vec![agent("/a")]);
    assert_eq!(calls(&effects), [Call::WatchSignal { ifindex: 3, levels: Vec::new() }]);
}

#[test]
fn the_agent_of_a_station_that_goes_is_released() {
    let mut service = service();
    let register = "net.connman.iwd.Station.RegisterSignalLevelAgent";
    say(&mut service, ":1.1", DEVICE, register, vec![agent("/a"), levels(&[-40])]);
    let mut down = view();
    down.devices[0].powered = false;
    let effects = service.settle(Vec::new(), Some(down));
    assert_eq!(said(&effects), [(":1.1".to_owned(), "Release", None)]);
    assert_eq!(calls(&effects), [Call::WatchSignal { ifindex: 3, levels: Vec::new() }]);
    assert_eq!(rules(&effects), [false]);
}

fn set(service: &mut Service, sender: &str, paths: &[&str]) -> Vec<Effect> {
    let paths = Value::paths(paths.iter().map(|path| (*path).to_owned()));
    let body = vec![Value::text("net.connman.iwd.Station"), Value::text("Affinities"), paths.in_variant()];
    say(service, sender, DEVICE, "org.freedesktop.DBus.Properties.Set", body)
}

#[test]
fn an_affinity_is_with_the_access_point_of_the_connection() {
    let mut service = service();
    assert_eq!(error(&set(&mut service, ":1.1", &["/some/path"])), "net.connman.iwd.NotConnected");
    service.settle(Vec::new(), Some(connected()));
    for wrong in [&[HOME][..], &["/some/path"], &[BSS, "/an/invalid/path"], &[BSS, BSS]] {
        assert_eq!(error(&set(&mut service, ":1.1", wrong)), "net.connman.iwd.InvalidArguments");
    }
    let effects = set(&mut service, ":1.1", &[BSS]);
    let bssid = connected().devices[0].chosen;
    assert!(bssid.is_some());
    assert_eq!(calls(&effects), [Call::SetAffinity { ifindex: 3, bssid }]);
    let mut held = connected();
    held.devices[0].affinity = bssid;
    let told = order(&service.settle(Vec::new(), Some(held)));
    assert_eq!(told, [format!("Station Affinities=<[{BSS}]>")]);
    assert_eq!(error(&set(&mut service, ":1.2", &[])), "net.connman.iwd.PermissionDenied");
    // Who set it leaves, and takes it along.
    assert_eq!(calls(&left(&mut service, ":1.1")), [Call::SetAffinity { ifindex: 3, bssid: None }]);
    assert_eq!(calls(&set(&mut service, ":1.2", &[BSS])).len(), 1);
}

#[test]
fn an_affinity_ends_with_the_connection_and_others_may_set_theirs() {
    let mut service = service();
    let mut held = connected();
    held.devices[0].affinity = held.devices[0].chosen;
    service.settle(Vec::new(), Some(connected()));
    set(&mut service, ":1.1", &[BSS]);
    service.settle(Vec::new(), Some(held));
    let effects = service.settle(Vec::new(), Some(connected()));
    assert_eq!((order(&effects), rules(&effects)), (vec!["Station Affinities=<[]>".to_owned()], vec![false]));
    assert_eq!(calls(&set(&mut service, ":1.2", &[BSS])).len(), 1);
}

fn addressed() -> Box<Addressed> {
    Box::new(Addressed {
        family: Family::V4,
        fixed: false,
        addresses: Vec::new(),
        routes: Vec::new(),
        servers: Vec::new(),
        domains: Vec::new(),
    })
}

const DAEMON: &str = "/net/connman/iwd";
const REGISTER: &str = "net.connman.iwd.AgentManager.RegisterNetworkConfigurationAgent";

#[test]
fn one_program_sets_addresses_and_another_takes_over_when_it_dies() {
    let mut service = service();
    let effects = say(&mut service, ":1.1", DAEMON, REGISTER, vec![agent("/a")]);
    assert_eq!(calls(&effects), [Call::HandOver { on: true }]);
    let second = say(&mut service, ":1.2", DAEMON, REGISTER, vec![agent("/b")]);
    assert_eq!(error(&second), "net.connman.iwd.AlreadyExists");
    let id = ConfigurationId(7);
    let order = || News::Configure { id, ifindex: 3, addressed: addressed() };
    let effects = service.settle(vec![order()], None);
    let [(to, "ConfigureIPv4", Some(serial))] = &said(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!(to, ":1.1");
    let reply = |sender: &str| Incoming::Reply {
        serial: *serial,
        sender: sender.to_owned(),
        outcome: Ok(Vec::new().into()),
    };
    assert_eq!(service.receive(reply(":1.2")), []);
    assert_eq!(service.receive(reply(":1.1")), [Effect::Addressed(id, true)]);
    let effects = service.settle(vec![order()], None);
    assert_eq!(said(&effects).len(), 1);
    let effects = service.settle(vec![News::ConfigureUnwanted { id, why: Unneeded::TimedOut }], None);
    assert_eq!(said(&effects), [(":1.1".to_owned(), "CancelIPv4", None)]);
    let effects = left(&mut service, ":1.1");
    assert_eq!((calls(&effects), rules(&effects)), (vec![Call::HandOver { on: false }], vec![false]));
    // Nobody is there to carry an order out.
    assert_eq!(service.settle(vec![order()], None), [Effect::Addressed(id, false)]);
    let unregister = "net.connman.iwd.AgentManager.UnregisterNetworkConfigurationAgent";
    assert_eq!(
        error(&say(&mut service, ":1.2", DAEMON, unregister, vec![agent("/b")])),
        "net.connman.iwd.NotFound"
    );
    assert_eq!(calls(&say(&mut service, ":1.2", DAEMON, REGISTER, vec![agent("/b")])).len(), 1);
    let goodbye: Vec<_> = service.shut_down().into_iter().map(Effect::Send).collect();
    assert_eq!(said(&goodbye), [(":1.2".to_owned(), "Release", None)]);
}

#[test]
fn without_network_configuration_there_is_nothing_to_hand_over() {
    let mut service = service();
    service.facts.network_configuration = false;
    let effects = say(&mut service, ":1.1", DAEMON, REGISTER, vec![agent("/a")]);
    assert_eq!(error(&effects), "net.connman.iwd.NotSupported");
}

#[test]
fn one_client_with_several_of_them_is_awaited_once() {
    let mut service = service();
    service.settle(Vec::new(), Some(connected()));
    let register = "net.connman.iwd.Station.RegisterSignalLevelAgent";
    let mut added = Vec::new();
    added.extend(rules(&say(&mut service, ":1.1", DEVICE, register, vec![agent("/a"), levels(&[-40])])));
    added.extend(rules(&say(&mut service, ":1.1", DAEMON, REGISTER, vec![agent("/a")])));
    added.extend(rules(&set(&mut service, ":1.1", &[BSS])));
    let method = "net.connman.iwd.AgentManager.RegisterAgent";
    added.extend(rules(&say(&mut service, ":1.1", DAEMON, method, vec![agent("/a")])));
    assert_eq!(added, [true]);
    assert_eq!(rules(&left(&mut service, ":1.1")), [false]);
}
