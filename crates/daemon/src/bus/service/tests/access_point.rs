//! Access points: their methods, and what is shown of them.

use super::*;
use crate::hotspot::{Order, Phase};
use crate::networks::profile::{Place, Profile, Protection, Subnet};
use lapwing_frames::channel::{Band, Channel};
use lapwing_frames::{LinkId, MacAddr};

/// The path of the access point.
const HOTSPOT: &str = "/net/connman/iwd/0/4";
const PASSPHRASE: &str = "correct horse battery";
/// One octet longer than a name is.
const LONG: &str = "a name of more than thirty-two 33";

fn with_hotspot() -> Service {
    let mut service = service();
    let mut shown = view();
    shown.devices.push(hotspot());
    service.settle(Vec::new(), Some(shown));
    service
}

/// The call of the daemon that a method leads to, or the error.
fn call(method: &str, body: Vec<Value>) -> Result<Call, String> {
    let effects = ask(&mut with_hotspot(), HOTSPOT, method, body);
    match effects.as_slice() {
        [Effect::Call(_, call)] => Ok(call.clone()),
        _ => Err(error(&effects)),
    }
}

fn start_as(options: Vec<(&str, Value)>) -> Result<Profile, String> {
    match call("org.lapwing.AccessPoint1.StartAs", vec![Value::options(options)])? {
        Call::StartAccessPoint { ifindex: 4, profile } => Ok(*profile),
        other => panic!("{other:?}"),
    }
}

fn passphrase() -> (&'static str, Value) {
    ("Passphrase", Value::text(PASSPHRASE))
}

#[test]
fn iwd_and_this_name_the_same_things() {
    // As in iwd's documentation of its API.
    let expected = [
        ("Start", "ss", ""),
        ("Stop", "", ""),
        ("StartProfile", "s", ""),
        ("Scan", "", ""),
        ("GetOrderedNetworks", "", "aa{sv}"),
    ];
    let interface = interfaces::find("net.connman.iwd.AccessPoint").unwrap();
    let join = |arguments: &[(&str, &str)]| arguments.iter().map(|(_, it)| *it).collect::<String>();
    let methods: Vec<_> =
        interface.methods.iter().map(|it| (it.name, join(it.takes), join(it.gives))).collect();
    let expected = expected.map(|(name, takes, gives)| (name, takes.to_owned(), gives.to_owned()));
    assert_eq!(methods, expected);
    let properties: Vec<_> = interface.properties.iter().map(|it| (it.name, it.signature)).collect();
    let expected = [
        ("Started", "b"),
        ("Name", "s"),
        ("Scanning", "b"),
        ("Frequency", "u"),
        ("PairwiseCiphers", "as"),
        ("GroupCipher", "s"),
    ];
    assert_eq!(properties, expected);
    let diagnostic = interfaces::find("net.connman.iwd.AccessPointDiagnostic").unwrap();
    let methods: Vec<_> = diagnostic.methods.iter().map(|it| (it.name, join(it.gives))).collect();
    assert_eq!(methods, [("GetDiagnostics", "aa{sv}".to_owned())]);
}

#[test]
fn what_iwd_starts_takes_clients_of_wpa2_and_wpa3() {
    let text = Value::text;
    let started = call("net.connman.iwd.AccessPoint.Start", vec![text("mine"), text(PASSPHRASE)]);
    let Ok(Call::StartAccessPoint { ifindex: 4, profile }) = started else { panic!("{started:?}") };
    let secret = Secret::new(PASSPHRASE.as_bytes());
    assert_eq!(*profile, Profile::new(Ssid::new(b"mine").unwrap(), Protection::Transition(secret)));
    let invalid = Err("net.connman.iwd.InvalidArguments".to_owned());
    for (name, passphrase) in [("", PASSPHRASE), (LONG, PASSPHRASE), ("mine", "short"), ("mine", "")] {
        assert_eq!(call("net.connman.iwd.AccessPoint.Start", vec![text(name), text(passphrase)]), invalid);
    }
    let profile = call("net.connman.iwd.AccessPoint.StartProfile", vec![text("mine")]);
    assert_eq!(profile, Ok(Call::StartProfile { ifindex: 4, ssid: Ssid::new(b"mine").unwrap() }));
    assert_eq!(call("net.connman.iwd.AccessPoint.Stop", vec![]), Ok(Call::StopAccessPoint { ifindex: 4 }));
    let scan = call("net.connman.iwd.AccessPoint.Scan", vec![]);
    assert_eq!(scan, Ok(Call::ScanAsAccessPoint { ifindex: 4 }));
}

#[test]
fn options_are_understood_or_refused() {
    let all = start_as(vec![
        ("SSID", Value::octets(b"mine\xff")),
        passphrase(),
        ("Security", Value::text("wpa3")),
        ("Links", Value::texts(["2.4", "5180", "6"])),
        ("Hidden", Value::Boolean(true)),
        ("Isolate", Value::Boolean(true)),
        ("ClientLimit", Value::Uint16(7)),
        ("GroupKeyLifetime", Value::Uint32(600)),
        ("Address", Value::text("10.9.8.1/24")),
        ("Forward", Value::Boolean(false)),
    ])
    .unwrap();
    assert_eq!(all.ssid.octets(), b"mine\xff");
    let channel = Channel::from_frequency(5180).unwrap();
    let links = [Place::Band(Band::Ghz2), Place::Channel(channel), Place::Band(Band::Ghz6)];
    assert_eq!(all.links, links);
    assert_eq!((all.hidden, all.isolate, all.client_limit), (true, true, Some(7)));
    assert_eq!(all.group_key_lifetime.unwrap().as_secs(), 600);
    let addresses = all.addresses.unwrap();
    assert!(!addresses.forward);
    let Subnet::Own(own) = addresses.subnet else { panic!() };
    assert_eq!(own.to_string(), "10.9.8.1/24");

    let name = || ("Name", Value::text("mine"));
    let open =
        start_as(vec![name(), ("Security", Value::text("open")), ("Addresses", Value::Boolean(false))]);
    assert!(matches!(open, Ok(Profile { protection: Protection::Open, addresses: None, .. })));
    for bad in [
        vec![passphrase()],
        vec![name()],
        vec![name(), passphrase(), ("Security", Value::text("wep"))],
        vec![name(), passphrase(), ("Security", Value::text("open"))],
        vec![name(), ("Security", Value::text("wpa2"))],
        vec![name(), passphrase(), ("Links", Value::texts(["7"]))],
        vec![name(), passphrase(), ("Links", Value::texts(["5"; 16]))],
        vec![name(), passphrase(), ("ClientLimit", Value::Uint16(0))],
        vec![name(), passphrase(), ("ClientLimit", Value::Uint16(2008))],
        vec![name(), passphrase(), ("GroupKeyLifetime", Value::Uint32(1))],
        vec![name(), passphrase(), ("Address", Value::text("10.9.8.1"))],
        vec![name(), passphrase(), ("Hidden", Value::text("yes"))],
        vec![name(), passphrase(), ("Isolated", Value::Boolean(true))],
        vec![name(), ("Passphrase", Value::text("a tab\tis none of it"))],
    ] {
        let shown = format!("{:?}", bad.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        assert_eq!(start_as(bad).err().as_deref(), Some("net.connman.iwd.InvalidArguments"), "{shown}");
    }
}

#[test]
fn a_passphrase_is_not_shown() {
    let started = start_as(vec![("Name", Value::text("mine")), passphrase()]).unwrap();
    let call = Call::StartAccessPoint { ifindex: 4, profile: Box::new(started) };
    assert!(!format!("{call:?}").contains("horse"));
}

#[test]
fn orders_reach_the_daemon() {
    let lapwing = |member: &str, body| call(&format!("org.lapwing.AccessPoint1.{member}"), body);
    let order = |order| Ok(Call::AccessPointOrder { ifindex: 4, order });
    let link = LinkId::new(1).unwrap();
    let remove = vec![Value::Byte(1), Value::Uint16(5)];
    assert_eq!(lapwing("RemoveLink", remove), order(Order::RemoveLink { link, beacons: 5 }));
    assert_eq!(lapwing("AddLink", vec![Value::Byte(1)]), order(Order::AddLink(link)));
    assert_eq!(lapwing("ForgetPmksas", vec![]), order(Order::ForgetPmksas));
    assert_eq!(lapwing("RenewGroupKeys", vec![]), order(Order::RenewGroupKeys));
    assert_eq!(lapwing("ThrowOut", vec![Value::text("")]), order(Order::ThrowOut(None)));
    let client = MacAddr([2, 0, 0, 0, 0, 9]);
    assert_eq!(lapwing("ThrowOut", vec![Value::text(client)]), order(Order::ThrowOut(Some(client))));
    let restart = vec![Value::options([("Goodbye", Value::Boolean(false))])];
    assert_eq!(lapwing("Restart", restart), order(Order::Restart { goodbye: false, forget: false }));
    for (member, body) in [
        ("RemoveLink", vec![Value::Byte(15), Value::Uint16(5)]),
        ("RemoveLink", vec![Value::Byte(1), Value::Uint16(0)]),
        ("AddLink", vec![Value::Byte(15)]),
        ("ThrowOut", vec![Value::text("somebody")]),
        ("Restart", vec![Value::options([("Goodbye", Value::text("no"))])]),
    ] {
        assert_eq!(lapwing(member, body), Err("net.connman.iwd.InvalidArguments".to_owned()), "{member}");
    }
}

#[test]
fn interfaces_come_and_go_with_the_mode() {
    let mut service = service();
    let mut shown = view();
    let mut device = hotspot();
    device.ifindex = 3;
    let mut view = device.access_point.clone().unwrap();
    (view.phase, view.ssid, view.bsss) = (Phase::Stopped, None, Vec::new());
    device.access_point = Some(view);
    shown.devices = vec![device];
    let told = format!("{:?}", service.settle(Vec::new(), Some(shown)));
    let [gone, come, mode] = ["InterfacesRemoved", "InterfacesAdded", "\"Mode\": <\"ap\">"]
        .map(|part| told.find(part).unwrap_or_else(|| panic!("{part}: {told}")));
    assert!(gone < come && come < mode, "{told}");
    let names: Vec<_> = service.tree[DEVICE].interfaces.keys().copied().collect();
    assert!(names.contains(&interfaces::ACCESS_POINT) && !names.contains(&interfaces::STATION), "{names:?}");
    assert!(!names.contains(&interfaces::ACCESS_POINT_DIAGNOSTIC));
    let properties = &service.tree[DEVICE].interfaces[interfaces::ACCESS_POINT];
    assert_eq!(properties.keys().copied().collect::<Vec<_>>(), ["Started"]);
    // Networks are heard of by what is on the air, as with iwd.
    for method in ["Scan", "GetOrderedNetworks"] {
        let effects = ask(&mut service, DEVICE, &format!("net.connman.iwd.AccessPoint.{method}"), vec![]);
        assert_eq!(error(&effects), "net.connman.iwd.NotAvailable", "{method}");
    }
}
