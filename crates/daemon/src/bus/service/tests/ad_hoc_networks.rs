//! Interfaces in ad-hoc networks.

use super::*;
use crate::control::{AdHocPassphrase, AdHocView};

const MESH: &str = "/net/connman/iwd/0/5";

fn started() -> Service {
    let mut service = service();
    service.settle(Vec::new(), Some(View { devices: vec![ad_hoc()], ..view() }));
    service
}

#[test]
fn networks_are_joined_without_and_with_a_passphrase() {
    let mut service = started();
    let start = |service: &mut Service, method: &str, body: &[&str]| {
        let method = format!("net.connman.iwd.AdHoc.{method}");
        ask(service, MESH, &method, body.iter().map(Value::text).collect())
    };
    let effects = start(&mut service, "StartOpen", &["mesh"]);
    let mesh = |passphrase: Option<&str>| Call::StartAdHoc {
        ifindex: 5,
        ssid: Ssid::new(b"mesh").unwrap(),
        passphrase: passphrase.map(|passphrase| AdHocPassphrase(Secret::new(passphrase.as_bytes()))),
    };
    let is_asked = |effects: &[Effect], wanted: &Call| {
        effects.iter().any(|it| matches!(it, Effect::Call(_, call) if call == wanted))
    };
    assert!(is_asked(&effects, &mesh(None)));
    let effects = start(&mut service, "Start", &["mesh", "secret123"]);
    assert!(is_asked(&effects, &mesh(Some("secret123"))));
    let long = "x".repeat(33);
    for (method, body, expected) in [
        ("StartOpen", &[""][..], "InvalidArguments"),
        ("StartOpen", &[long.as_str()], "InvalidArguments"),
        ("Start", &["mesh", "short"], "InvalidArguments"),
        ("Start", &["", "secret123"], "InvalidArguments"),
    ] {
        let effects = start(&mut service, method, body);
        assert_eq!(error(&effects), format!("net.connman.iwd.{expected}"), "{body:?}");
    }
    let effects = start(&mut service, "Stop", &[]);
    assert!(effects.iter().any(|it| matches!(it, Effect::Call(_, Call::StopAdHoc { ifindex: 5 }))));
}

#[test]
fn who_is_there_is_told() {
    let mut service = started();
    let mut alone = ad_hoc();
    alone.ad_hoc = Some(AdHocView { started: true, ..AdHocView::default() });
    let effects = service.settle(Vec::new(), Some(View { devices: vec![alone], ..view() }));
    assert_eq!(order(&effects), ["AdHoc ConnectedPeers=<[]>"]);
    let down = DeviceView { powered: false, ..ad_hoc() };
    let effects = service.settle(Vec::new(), Some(View { devices: vec![down], ..view() }));
    assert_eq!(
        order(&effects),
        [format!("-{MESH} [\"net.connman.iwd.AdHoc\"]"), "Device Powered=<false>".to_owned()]
    );
}
