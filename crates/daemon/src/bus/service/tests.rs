//! The service without a bus: what is said to it, and what it says.

mod access_point;
mod ad_hoc_networks;
mod appointed;
mod developers;
mod joining;
mod listed;
mod passpoints;
mod provisioning;
mod watching;

use super::*;
use crate::bus::testing::{ad_hoc, called, device, home, hotspot, view};
use crate::bus::value;
use crate::control::{CallError, DeviceView, KnownView, Passed, Secrets, Unwanted};
use crate::kernel::Mode;
use crate::networks::FileName;
use crate::networks::name::Security;
use lapwing_core::Secret;
use lapwing_core::attempt::{AttemptId, Phase};
use lapwing_core::failure::{Code, Failure};
use lapwing_core::station::Summary;
use lapwing_frames::Ssid;
use std::sync::Arc;

const DEVICE: &str = "/net/connman/iwd/0/3";
const HOME: &str = "/net/connman/iwd/0/3/686f6d65_psk";
const KNOWN: &str = "/net/connman/iwd/686f6d65_psk";

fn service() -> Service {
    served(false)
}

/// The same where developers are served.
fn for_developers() -> Service {
    served(true)
}

fn served(developer: bool) -> Service {
    let facts = Facts {
        state_directory: "/var/lib/lapwing".to_owned(),
        credential: None,
        developer,
        route_metric: 300,
        network_configuration: true,
        resolved: false,
        machine_id: Some("0123456789abcdef0123456789abcdef".to_owned()),
    };
    let mut service = Service::new(facts);
    service.settle(Vec::new(), Some(view()));
    service
}

fn ask(service: &mut Service, path: &str, method: &str, body: Vec<Value>) -> Vec<Effect> {
    let (interface, member) = method.rsplit_once('.').unwrap();
    service.receive(Incoming::Call(called(":1.7", path, Some(interface), member, body)))
}

/// The one reply among the effects: its values or its error's name.
fn reply(effects: &[Effect]) -> Result<Vec<Value>, String> {
    let mut replies = effects.iter().filter_map(|effect| match effect {
        Effect::Send(Outgoing::Return(_, values)) => Some(Ok(values.clone())),
        Effect::Send(Outgoing::Error(_, error)) => Some(Err(error.name.clone())),
        _ => None,
    });
    let reply = replies.next().unwrap();
    assert!(replies.next().is_none(), "{effects:?}");
    reply
}

fn error(effects: &[Effect]) -> String {
    reply(effects).unwrap_err()
}

/// The signals and replies in one word each, in order.
fn order(effects: &[Effect]) -> Vec<String> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(Outgoing::Return(..)) => Some("reply".to_owned()),
            Effect::Send(Outgoing::Error(_, error)) => Some(error.name.clone()),
            Effect::Send(Outgoing::Signal { path, member, body, .. }) => {
                Some(match (*member, body.as_slice()) {
                    (
                        "PropertiesChanged",
                        [Value::Text(interface), Value::Dictionary(_, _, changed), Value::Array(_, gone)],
                    ) => {
                        let short = interface.rsplit('.').next().unwrap();
                        let changed: Vec<_> =
                            changed.iter().map(|(key, value)| format!("{key:?}={value:?}")).collect();
                        let gone: Vec<_> = gone.iter().map(|name| format!("-{name:?}")).collect();
                        format!("{short} {}", [changed, gone].concat().join(" ")).replace('"', "")
                    }
                    ("InterfacesAdded", [Value::Path(path), _]) => format!("+{path}"),
                    ("InterfacesRemoved", [Value::Path(path), names]) => format!("-{path} {names:?}"),
                    (member, _) => format!("{path} {member}"),
                })
            }
            _ => None,
        })
        .filter(|line| !line.starts_with("Station1"))
        .collect()
}

#[test]
fn what_developers_are_told_is_to_be_seen_by_then() {
    let mut service = for_developers();
    let state = Summary::Connected { ssid: Ssid::new(b"home").unwrap(), attempt: AttemptId(1) };
    let connected = View { devices: vec![device(state)], ..view() };
    let told = News::Debugged { ifindex: 3, what: "connected" };
    let lines = order(&service.settle(vec![told], Some(connected)));
    let place = |what: &str| lines.iter().position(|line| line.contains(what)).unwrap_or(usize::MAX);
    assert!(place("State=<connected>") < place(" Event"), "{lines:?}");
}

#[test]
fn managed_objects_are_those_of_iwd() {
    let mut service = service();
    let effects = ask(&mut service, "/", "org.freedesktop.DBus.ObjectManager.GetManagedObjects", vec![]);
    let values = reply(&effects).unwrap();
    assert_eq!(value::signature(&values), "a{oa{sa{sv}}}");
    let [Value::Dictionary(_, _, objects)] = values.as_slice() else { panic!("{values:?}") };
    let paths: Vec<_> = objects.iter().map(|(path, _)| format!("{path:?}")).collect();
    assert_eq!(
        paths,
        ["/", "/net/connman/iwd", "/net/connman/iwd/0", DEVICE, HOME, &format!("{HOME}/0200000000fe")]
    );
}

#[test]
fn what_is_wrong_has_the_error_of_the_standard() {
    let mut service = service();
    let fdo = |name: &str| format!("org.freedesktop.DBus.Error.{name}");
    let text = Value::text;
    for (path, method, body, expected) in [
        ("/nowhere", "net.connman.iwd.Station.Scan", vec![], "UnknownObject"),
        ("/net", "net.connman.iwd.Station.Scan", vec![], "UnknownObject"),
        ("/", "net.connman.iwd.Station.Scan", vec![], "UnknownInterface"),
        (DEVICE, "net.connman.iwd.StationDiagnostic.GetDiagnostics", vec![], "UnknownInterface"),
        (DEVICE, "org.example.Nothing.Scan", vec![], "UnknownInterface"),
        (DEVICE, "net.connman.iwd.Station.Dance", vec![], "UnknownMethod"),
        (DEVICE, "net.connman.iwd.Station.Scan", vec![text("x")], "InvalidArgs"),
        (DEVICE, "net.connman.iwd.Station.ConnectHiddenNetwork", vec![], "InvalidArgs"),
        (
            DEVICE,
            "org.freedesktop.DBus.Properties.Get",
            vec![text("net.connman.iwd.Station"), text("Mood")],
            "UnknownProperty",
        ),
        (
            DEVICE,
            "org.freedesktop.DBus.Properties.Get",
            vec![text("net.connman.iwd.Station"), text("ConnectedNetwork")],
            "UnknownProperty",
        ),
        (
            DEVICE,
            "org.freedesktop.DBus.Properties.Get",
            vec![text("net.connman.iwd.Network"), text("Name")],
            "UnknownInterface",
        ),
        (
            DEVICE,
            "org.freedesktop.DBus.Properties.Set",
            vec![text("net.connman.iwd.Station"), text("State"), text("x").in_variant()],
            "PropertyReadOnly",
        ),
        (
            DEVICE,
            "org.freedesktop.DBus.Properties.Set",
            vec![text("net.connman.iwd.Device"), text("Powered"), text("x").in_variant()],
            "InvalidArgs",
        ),
        (
            DEVICE,
            "org.freedesktop.DBus.Properties.Set",
            vec![text("net.connman.iwd.Device"), text("Powered"), Value::Boolean(true)],
            "InvalidArgs",
        ),
    ] {
        assert_eq!(error(&ask(&mut service, path, method, body)), fdo(expected), "{path} {method}");
    }
    // Without an interface, the method is looked for.
    let anonymous = called(":1.7", DEVICE, None, "Scan", vec![]);
    let effects = service.receive(Incoming::Call(anonymous));
    assert_eq!(effects, [Effect::Call(CallId(1), Call::Scan { ifindex: 3 })]);
    let anonymous = called(":1.7", "/nowhere", None, "Scan", vec![]);
    assert_eq!(error(&service.receive(Incoming::Call(anonymous))), fdo("UnknownObject"));
    // Who wants no reply gets none, whatever it is.
    let mut quiet = called(":1.7", DEVICE, None, "Dance", vec![]);
    quiet.origin.wants_reply = false;
    assert!(service.receive(Incoming::Call(quiet)).is_empty());
}

#[test]
fn every_method_of_every_object_is_done() {
    let mut service = for_developers();
    let mut connected = view();
    connected.devices[0] =
        device(Summary::Connected { ssid: Ssid::new(b"home").unwrap(), attempt: AttemptId(1) });
    connected.known.push(KnownView { name: home(), hidden: false, autoconnect: true, last_joined: None });
    connected.devices.push(hotspot());
    connected.devices.push(ad_hoc());
    service.settle(Vec::new(), Some(connected));
    let objects: Vec<_> =
        service.tree.iter().map(|(path, object)| (path.clone(), object.interfaces.clone())).collect();
    let mut seen = BTreeSet::new();
    for (path, interfaces) in objects {
        let names = interfaces.keys().copied().chain([interfaces::PEER, interfaces::INTROSPECTABLE]);
        for name in names {
            for method in interfaces::find(name).unwrap().methods {
                let body = method
                    .takes
                    .iter()
                    .map(|(_, signature)| match *signature {
                        "s" => Value::text("net.connman.iwd.Device"),
                        "o" => Value::Path("/agent".to_owned()),
                        "v" => Value::Boolean(true).in_variant(),
                        "ay" => Value::octets(&[2, 0, 0, 0, 0, 0xfe]),
                        "y" => Value::Byte(1),
                        "q" => Value::Uint16(5),
                        "an" => Value::Array("n", vec![Value::Int16(-40), Value::Int16(-60)]),
                        "aq" => Value::Array("q", vec![Value::Uint16(2412)]),
                        "a{sv}" => Value::options([("Name", Value::text("mine"))]),
                        other => panic!("{other}"),
                    })
                    .collect();
                let effects = ask(&mut service, &path, &format!("{name}.{}", method.name), body);
                let is_asked = effects.iter().any(|effect| matches!(effect, Effect::Call(..)));
                if !is_asked {
                    // Whatever the answer, it is not that the method is missing, and it is of the right type.
                    match reply(&effects) {
                        Ok(values) => {
                            let gives: String =
                                method.gives.iter().map(|(_, signature)| *signature).collect();
                            assert_eq!(value::signature(&values), gives, "{name}.{}", method.name);
                        }
                        Err(error) => assert!(!error.ends_with("UnknownMethod"), "{name}.{}", method.name),
                    }
                }
                seen.insert((name, method.name));
            }
        }
    }
    let all: usize = interfaces::ALL.iter().map(|interface| interface.methods.len()).sum();
    assert_eq!(seen.len(), all);
    // Each property of each object has the type that the table promises.
    for object in service.tree.values() {
        for (name, properties) in object.interfaces.iter() {
            for (property, value) in properties {
                let known = interfaces::find(name).unwrap().property(property).unwrap();
                assert_eq!(known.signature, value.signature(), "{name}.{property}");
            }
        }
    }
}

#[test]
fn properties_are_read_and_set() {
    let mut service = service();
    let get = |of: &str, name: &str| vec![Value::text(of), Value::text(name)];
    let set =
        |of: &str, name: &str, value: Value| vec![Value::text(of), Value::text(name), value.in_variant()];
    let effects = ask(
        &mut service,
        DEVICE,
        "org.freedesktop.DBus.Properties.Get",
        get("net.connman.iwd.Device", "Name"),
    );
    assert_eq!(reply(&effects).unwrap(), [Value::text("wlan0").in_variant()]);
    let effects = ask(
        &mut service,
        HOME,
        "org.freedesktop.DBus.Properties.GetAll",
        vec![Value::text("net.connman.iwd.Network")],
    );
    let values = format!("{:?}", reply(&effects).unwrap());
    assert!(values.contains("\"Type\": <\"psk\">") && values.contains("\"Connected\": <false>"), "{values}");
    let radio = set("net.connman.iwd.Adapter", "Powered", Value::Boolean(false));
    let effects = ask(&mut service, "/net/connman/iwd/0", "org.freedesktop.DBus.Properties.Set", radio);
    assert_eq!(effects, [Effect::Call(CallId(1), Call::SetRadioPowered { wiphy: 0, on: false })]);
    let mut mode = |mode| {
        let mode = set("net.connman.iwd.Device", "Mode", Value::text(mode));
        ask(&mut service, DEVICE, "org.freedesktop.DBus.Properties.Set", mode)
    };
    let station = Call::SetMode { ifindex: 3, mode: Mode::Station };
    assert_eq!(mode("station"), [Effect::Call(CallId(2), station)]);
    let access_point = Call::SetMode { ifindex: 3, mode: Mode::AccessPoint };
    assert_eq!(mode("ap"), [Effect::Call(CallId(3), access_point)]);
    let ad_hoc = Call::SetMode { ifindex: 3, mode: Mode::AdHoc };
    assert_eq!(mode("ad-hoc"), [Effect::Call(CallId(4), ad_hoc)]);
    assert_eq!(reply(&mode("hum")).unwrap_err(), "net.connman.iwd.InvalidArguments");
}

#[test]
fn introspection_leads_to_every_object() {
    let mut service = service();
    let mut paths = vec!["/".to_owned()];
    let mut found = 0;
    while let Some(path) = paths.pop() {
        let effects = ask(&mut service, &path, "org.freedesktop.DBus.Introspectable.Introspect", vec![]);
        let values = reply(&effects).unwrap();
        let [Value::Text(xml)] = values.as_slice() else { panic!() };
        found += usize::from(service.tree.contains_key(&path));
        for line in xml.lines() {
            if let Some(child) = line.trim().strip_prefix("<node name=\"") {
                let child = child.strip_suffix("\"/>").unwrap();
                paths.push(format!("{}/{child}", path.trim_end_matches('/')));
            }
        }
    }
    assert_eq!(found, service.tree.len());
}

#[test]
fn calls_are_bounded() {
    let mut service = service();
    let mut accepted = 0;
    for client in 0..20 {
        for _ in 0..OPEN_OF_ONE + 1 {
            let call = called(&format!(":1.{client}"), DEVICE, None, "Scan", vec![]);
            match service.receive(Incoming::Call(call)).as_slice() {
                [Effect::Call(..)] => accepted += 1,
                effects => assert!(error(effects).ends_with("LimitsExceeded")),
            }
        }
    }
    assert_eq!(accepted, OPEN);
    // Who answers makes room; an answer to nobody is nothing.
    let done = News::Answered { call: CallId(1), outcome: Ok(Answer::Done) };
    assert_eq!(reply(&service.settle(vec![done.clone()], None)), Ok(vec![]));
    assert!(service.settle(vec![done], None).is_empty());
    let call = called(":1.0", DEVICE, None, "Scan", vec![]);
    assert!(matches!(service.receive(Incoming::Call(call)).as_slice(), [Effect::Call(..)]));
}

#[test]
fn the_name_and_who_else_is_there() {
    let mut service = service();
    let begin = service.begin();
    let serials: Vec<_> = begin
        .iter()
        .map(|message| match message {
            Outgoing::Call { serial, member, .. } => (*member, *serial),
            other => panic!("{other:?}"),
        })
        .collect();
    let [("RequestName", Some(name)), ("AddMatch", None), ("NameHasOwner", Some(rival))] = serials.as_slice()
    else {
        panic!("{serials:?}")
    };
    let said = |serial: u32, value| Incoming::Reply {
        serial,
        sender: BUS.to_owned(),
        outcome: Ok(vec![value].into()),
    };
    let effects = service.receive(said(*rival, Value::Boolean(true)));
    assert!(matches!(&effects[..], [Effect::Warn(_), Effect::Send(Outgoing::Signal { .. })]), "{effects:?}");
    let owner = Incoming::NameOwnerChanged { name: RIVAL.to_owned(), owner: String::new() };
    let effects = service.receive(owner);
    assert!(matches!(&effects[..], [Effect::Send(Outgoing::Signal { .. })]), "{effects:?}");
    // Somebody else has the name: who?
    let effects = service.receive(said(*name, Value::Uint32(3)));
    let [Effect::Send(Outgoing::Call { serial: Some(serial), member: "GetConnectionUnixProcessID", .. })] =
        &effects[..]
    else {
        panic!("{effects:?}")
    };
    assert_eq!(service.receive(said(*serial, Value::Uint32(77))), [Effect::NameTaken(Some(77))]);
    // The bus has no policy for us.
    let [Outgoing::Call { serial: Some(serial), .. }, ..] = &service.begin()[..] else { panic!() };
    let denied = "org.freedesktop.DBus.Error.AccessDenied".to_owned();
    let refused = Incoming::Reply { serial: *serial, sender: BUS.to_owned(), outcome: Err(denied.clone()) };
    assert_eq!(service.receive(refused), [Effect::NameRefused(denied)]);
    // It was given back: ours.
    let [Outgoing::Call { serial: Some(serial), .. }, ..] = &service.begin()[..] else { panic!() };
    assert_eq!(service.receive(said(*serial, Value::Uint32(1))), [Effect::Named]);
    assert!(service.end().is_empty());
}

#[test]
fn names_of_any_octets_are_text() {
    let mut service = service();
    let odd = FileName { ssid: Ssid::new(b"\0\xff/\"<&>\x1b").unwrap(), security: Security::Open };
    let mut view = view();
    Arc::make_mut(&mut view.devices[0].networks)[0].name = odd.clone();
    view.known.push(KnownView { name: odd, hidden: true, autoconnect: false, last_joined: None });
    service.settle(Vec::new(), Some(view));
    let path = "/net/connman/iwd/00ff2f223c263e1b_open";
    let effects = ask(
        &mut service,
        path,
        "org.freedesktop.DBus.Properties.GetAll",
        vec![Value::text("net.connman.iwd.KnownNetwork")],
    );
    let text = format!("{:?}", reply(&effects).unwrap());
    assert!(text.contains("\"Name\": <\"\u{fffd}\u{fffd}/\\\"<&>\\u{1b}\">"), "{text}");
    let effects = ask(&mut service, DEVICE, "org.lapwing.Station1.GetNetworks", vec![]);
    assert!(reply(&effects).is_ok());
}

/// The properties that iwd 3.12 showed to NetworkManager and ConnMan while it was connected, with their types.
#[test]
fn properties_are_those_that_iwd_was_seen_to_have() {
    type Recorded = BTreeMap<String, BTreeMap<String, String>>;
    let recorded: Recorded =
        serde_json::from_str(include_str!("../../../tests/data/iwd-interfaces.json")).unwrap();
    let state = Summary::Connected { ssid: Ssid::new(b"home").unwrap(), attempt: AttemptId(1) };
    let known = vec![KnownView { name: home(), hidden: false, autoconnect: true, last_joined: Some(0) }];
    let tree = tree(&View { devices: vec![device(state)], known, ..view() }, None, false, None);
    let mut shown = Recorded::new();
    for object in tree.values() {
        for (interface, properties) in object.interfaces.iter() {
            if interface.starts_with("net.connman.iwd.") {
                let types = properties
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.signature().into_owned()));
                shown.insert((*interface).to_owned(), types.collect());
            }
        }
    }
    assert_eq!(shown, recorded);
}

#[test]
fn the_choice_of_an_access_point_is_an_address_of_six_octets() {
    let mut service = for_developers();
    let asked = |service: &mut Service, method: &str, octets: &[u8]| {
        ask(service, DEVICE, method, vec![Value::octets(octets)])
    };
    let bssid = lapwing_frames::MacAddr([2, 0, 0, 0, 0, 1]);
    for (method, call) in [
        ("org.lapwing.Station1.ConnectTo", Call::ConnectTo { ifindex: 3, bssid }),
        ("org.lapwing.Station1.Roam", Call::Roam { ifindex: 3, bssid }),
        ("net.connman.iwd.StationDebug.ConnectBssid", Call::ConnectTo { ifindex: 3, bssid }),
        ("net.connman.iwd.StationDebug.Roam", Call::Roam { ifindex: 3, bssid }),
    ] {
        let effects = asked(&mut service, method, &bssid.0);
        assert!(
            effects.iter().any(|effect| matches!(effect, Effect::Call(_, it) if *it == call)),
            "{effects:?}"
        );
        for wrong in [&[][..], &[2, 0, 0, 0, 0], &[2, 0, 0, 0, 0, 1, 0]] {
            let effects = asked(&mut service, method, wrong);
            assert_eq!(error(&effects), "net.connman.iwd.InvalidArguments");
        }
    }
}

/// A station that hears this many networks.
fn crowded(count: u32) -> View {
    let mut view = view();
    let networks = Arc::make_mut(&mut view.devices[0].networks);
    let first = networks[0].clone();
    networks.extend((1..count).map(|number| {
        let mut network = first.clone();
        network.name.ssid = Ssid::new(format!("neighbour {number}").as_bytes()).unwrap();
        let [.., high, low] = number.to_be_bytes();
        network.bsss[0].bssid = lapwing_frames::MacAddr([2, 0, 0, 9, high, low]);
        network
    }));
    view
}

#[test]
fn of_thousands_of_networks_only_what_changes_is_made_and_told() {
    let mut service = Service::new(service().facts);
    let mut view = crowded(2000);
    let first = service.settle(Vec::new(), Some(view.clone()));
    // A network and a BSS each, a radio, an interface, and the networks that are known.
    assert!((4000..4010).contains(&first.len()), "{}", first.len());
    let before = service.tree.clone();
    view.devices[0].scanning ^= true;
    let then = service.settle(Vec::new(), Some(view.clone()));
    let members: Vec<_> = then
        .iter()
        .map(|effect| matches!(effect, Effect::Send(Outgoing::Signal { member: "PropertiesChanged", .. })))
        .collect();
    assert_eq!(members, [true], "{then:?}");
    let made = service.tree.iter().filter(|(path, object)| !Arc::ptr_eq(&before[*path], object)).count();
    assert!(made < 10, "{made} objects were made again");
    // One that is not heard any more goes with its BSS, and the others stay.
    Arc::make_mut(&mut view.devices[0].networks).pop();
    let gone = service.settle(Vec::new(), Some(view));
    let removed = |effect: &Effect| {
        matches!(effect, Effect::Send(Outgoing::Signal { member: "InterfacesRemoved", .. }))
    };
    assert!(gone.len() == 2 && gone.iter().all(removed), "{gone:?}");
}
