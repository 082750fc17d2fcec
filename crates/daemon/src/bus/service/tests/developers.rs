//! What developers are served, and nobody else.

use super::*;
use crate::control::{HeardBss, HeardNetworks};
use lapwing_core::kernel::Frequency;
use lapwing_frames::MacAddr;

#[test]
fn nobody_else_sees_it() {
    let mut service = service();
    let effects = ask(&mut service, DEVICE, "net.connman.iwd.StationDebug.GetNetworks", vec![]);
    assert_eq!(error(&effects), "org.freedesktop.DBus.Error.UnknownInterface");
    let told = service.settle(vec![News::Debugged { ifindex: 3, what: "connecting" }], None);
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn events_are_signals() {
    let mut service = for_developers();
    let told = service.settle(vec![News::Debugged { ifindex: 3, what: "connecting (auto)" }], None);
    let [Effect::Send(Outgoing::Signal { path, member: "Event", body, .. })] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!((path.as_str(), value::signature(body).as_str()), (DEVICE, "sav"));
    assert_eq!(body[0], Value::text("connecting (auto)"));
    // Of an interface that is gone there is nothing to tell.
    assert!(service.settle(vec![News::Debugged { ifindex: 9, what: "connected" }], None).is_empty());
}

#[test]
fn channels_are_scanned_if_they_are_channels() {
    let mut service = for_developers();
    let list = |frequencies: &[u16]| {
        vec![Value::Array("q", frequencies.iter().copied().map(Value::Uint16).collect())]
    };
    let method = "net.connman.iwd.StationDebug.Scan";
    let effects = ask(&mut service, DEVICE, method, list(&[5180, 2412, 2412]));
    let wanted = Call::ScanOn { ifindex: 3, frequencies: vec![Frequency(2412), Frequency(5180)] };
    assert!(effects.iter().any(|it| matches!(it, Effect::Call(_, call) if *call == wanted)), "{effects:?}");
    let many: Vec<u16> = (2412..2412 + 129).collect();
    for wrong in [&[][..], &[2412, 7], &[0], &[65535], &many] {
        let effects = ask(&mut service, DEVICE, method, list(wrong));
        assert_eq!(error(&effects), "net.connman.iwd.InvalidArguments", "{wrong:?}");
    }
    let effects = ask(&mut service, DEVICE, method, vec![Value::octets(b"ab")]);
    assert_eq!(error(&effects), "org.freedesktop.DBus.Error.InvalidArgs");
}

#[test]
fn networks_are_told_with_their_access_points() {
    let bss = HeardBss {
        bssid: MacAddr([2, 0, 0, 0, 0, 0xfe]),
        frequency: Frequency(2412),
        signal_mbm: -4050,
        rank: 7,
        mobility_domain: Some([0x12, 0x34, 1]),
    };
    let networks = vec![(home(), vec![bss])];
    let mut service = for_developers();
    let asked = ask(&mut service, DEVICE, "net.connman.iwd.StationDebug.GetNetworks", vec![]);
    let [Effect::Call(call, Call::HeardNetworks { ifindex: 3 })] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    let heard = Answer::Heard(Box::new(HeardNetworks { wiphy: 0, ifindex: 3, networks }));
    let told = service.settle(vec![News::Answered { call: *call, outcome: Ok(heard) }], None);
    let values = reply(&told).unwrap();
    assert_eq!(value::signature(&values), "a{oaa{sv}}");
    let text = format!("{values:?}");
    for expected in [
        HOME,
        "\"Address\": <\"02:00:00:00:00:fe\">",
        "\"Frequency\": <2412u>",
        "\"RSSI\": <-40i>",
        "\"Rank\": <7q>",
        "\"MDE\": <[18y, 52y, 1y]>",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}

#[test]
fn autoconnect_is_theirs_to_set() {
    let mut service = for_developers();
    let body = vec![
        Value::text("net.connman.iwd.StationDebug"),
        Value::text("AutoConnect"),
        Value::Boolean(false).in_variant(),
    ];
    let effects = ask(&mut service, DEVICE, "org.freedesktop.DBus.Properties.Set", body);
    assert!(
        effects
            .iter()
            .any(|it| matches!(it, Effect::Call(_, Call::SetStationAutoconnect { ifindex: 3, on: false }))),
        "{effects:?}"
    );
    let mut off = view();
    off.devices[0].autoconnects = false;
    let told = service.settle(Vec::new(), Some(off));
    assert_eq!(order(&told), ["StationDebug AutoConnect=<false>"]);
}
