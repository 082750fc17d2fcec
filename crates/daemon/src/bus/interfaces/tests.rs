//! The table and what is written from it; and that it is what iwd says of itself.

use super::*;
use crate::bus::message::{Incoming, Outgoing};
use crate::bus::service::{Effect, Facts, Service};
use crate::bus::testing::{ad_hoc, called, device, home, hotspot, view};
use crate::bus::value::Value;
use crate::control::{KnownView, View};
use crate::hotspot::Phase;
use lapwing_core::attempt::AttemptId;
use lapwing_core::station::Summary;
use lapwing_frames::Ssid;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn names_are_unique() {
    let names: BTreeSet<_> = ALL.iter().map(|interface| interface.name).collect();
    assert_eq!(names.len(), ALL.len());
    for interface in ALL {
        let mut members = BTreeSet::new();
        let methods = interface.methods.iter().map(|method| method.name);
        let signals = interface.signals.iter().map(|signal| signal.name);
        for member in methods.chain(signals) {
            assert!(members.insert(member), "{member}");
        }
    }
}

#[test]
fn introspection_tells_all() {
    let xml = introspect(ALL, ["iwd"]);
    for expected in [
        "<interface name=\"net.connman.iwd.Station\">",
        "<arg name=\"networks\" type=\"a(on)\" direction=\"out\"/>",
        "<arg name=\"path\" type=\"o\" direction=\"in\"/>",
        "<property name=\"AutoConnect\" type=\"b\" access=\"readwrite\"/>",
        "<property name=\"Address\" type=\"s\" access=\"read\"/>",
        "<signal name=\"Happened\">",
        "<node name=\"iwd\"/>",
    ] {
        assert!(xml.contains(expected), "{expected}\n{xml}");
    }
    assert_eq!(xml.matches("<method ").count(), xml.matches("</method>").count());
}

/// Objects by their kind with their interfaces, and interfaces by their name with their members.
type Described = (BTreeMap<String, BTreeSet<String>>, BTreeMap<String, BTreeSet<String>>);

/// What was recorded of iwd.
fn recorded() -> Described {
    let (mut objects, mut interfaces): Described = Described::default();
    let mut current = None;
    let text = include_str!("../../../tests/data/iwd-3.12-introspection.txt");
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        match line.split_once(' ').unwrap() {
            ("object", kind) => current = Some(objects.entry(kind.to_owned()).or_default()),
            ("interface", name) => current = Some(interfaces.entry(name.to_owned()).or_default()),
            _ => drop(current.as_mut().unwrap().insert(line.trim().to_owned())),
        }
    }
    (objects, interfaces)
}

/// The members of our interfaces as they are introspected, in the form of the recording.
fn introspected(xml: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut interfaces = BTreeMap::<String, BTreeSet<String>>::new();
    let (mut interface, mut member, mut takes, mut gives) = <(String, String, String, String)>::default();
    for line in xml.lines() {
        let field = |name: &str| {
            let (_, rest) = line.split_once(&format!(" {name}=\"")).unwrap_or_default();
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        let mut end = |text: String| {
            interfaces.entry(interface.clone()).or_default().insert(text);
        };
        match line.trim_start().split([' ', '>']).next().unwrap() {
            "<interface" => interface = field("name"),
            "<method" | "<signal" => {
                (member, takes, gives) = (field("name"), String::new(), String::new());
            }
            "<arg" if field("direction") == "out" => gives += &field("type"),
            "<arg" => takes += &field("type"),
            "</method" => end(format!("method {member} ({takes}) -> ({gives})")),
            "</signal" => end(format!("signal {member} ({takes})")),
            "<property" => end(format!("property {} {} {}", field("name"), field("type"), field("access"))),
            _ => {}
        }
    }
    interfaces
}

/// What iwd's objects have and ours have not, by the kind of the object. It may only become less.
const NOT_THERE: &[(&str, &[&str])] =
    &[("daemon", &["net.connman.iwd.p2p.ServiceManager"]), ("radio", &["net.connman.iwd.p2p.Device"])];

/// One object of ours of each kind that was recorded.
fn objects() -> BTreeMap<&'static str, String> {
    let state = Summary::Connected { ssid: Ssid::new(b"home").unwrap(), attempt: AttemptId(1) };
    let known = vec![KnownView { name: home(), hidden: false, autoconnect: true, last_joined: Some(0) }];
    let mut stopped = hotspot();
    stopped.access_point.as_mut().unwrap().phase = Phase::Stopped;
    let with = |device| View { devices: vec![device], known: known.clone(), ..view() };
    let station = "/net/connman/iwd/0/3";
    let network = "/net/connman/iwd/0/3/686f6d65_psk";
    let show = |device, developer, path: &str| {
        let facts = Facts {
            state_directory: String::new(),
            credential: None,
            developer,
            network_configuration: true,
            route_metric: 300,
            resolved: false,
            machine_id: None,
        };
        let mut service = Service::new(facts);
        service.settle(Vec::new(), Some(with(device)));
        let call = called(":1.7", path, Some(INTROSPECTABLE), "Introspect", vec![]);
        let effects = service.receive(Incoming::Call(call));
        match effects.as_slice() {
            [Effect::Send(Outgoing::Return(_, values))] => match values.as_slice() {
                [Value::Text(xml)] => xml.clone(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    };
    let joined = || device(state.clone());
    BTreeMap::from([
        ("root", show(joined(), false, "/")),
        ("daemon", show(joined(), false, "/net/connman/iwd")),
        ("radio", show(joined(), false, "/net/connman/iwd/0")),
        ("station-connected", show(joined(), false, station)),
        ("station-developer", show(device(Summary::Disconnected), true, station)),
        ("access-point", show(stopped, false, "/net/connman/iwd/0/4")),
        ("access-point-started", show(hotspot(), false, "/net/connman/iwd/0/4")),
        ("ad-hoc", show(ad_hoc(), false, "/net/connman/iwd/0/5")),
        ("network", show(joined(), false, network)),
        ("bss", show(joined(), false, &format!("{network}/0200000000fe"))),
        ("known", show(joined(), false, "/net/connman/iwd/686f6d65_psk")),
    ])
}

/// Our objects and interfaces are those of iwd 3.12 as it was recorded, but for what is listed; what we have besides is
/// ours by its name, or `Peer`, which iwd answers without saying so.
#[test]
fn introspection_is_that_of_iwd() {
    let (recorded, members) = recorded();
    let ours = objects();
    assert_eq!(
        recorded.keys().map(String::as_str).collect::<Vec<_>>(),
        ours.keys().copied().collect::<Vec<_>>()
    );
    for (kind, theirs) in &recorded {
        let shown = introspected(&ours[kind.as_str()]);
        let missing: Vec<_> =
            theirs.iter().filter(|name| !shown.contains_key(*name)).map(String::as_str).collect();
        let listed = NOT_THERE.iter().find(|(listed, _)| listed == kind).map_or(&[][..], |(_, names)| names);
        assert_eq!(missing, listed, "{kind}");
        for (name, own) in shown {
            if name.starts_with("org.lapwing.") || name == PEER {
                continue;
            }
            assert!(theirs.contains(&name), "{kind} has {name}, which iwd's has not");
            assert_eq!(own, members[&name], "{kind}: {name}");
        }
    }
}
