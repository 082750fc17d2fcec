//! Profiles of others' hotspots on the bus.

use super::appointed::calls;
use super::*;
use crate::control::PasspointView;

const PROFILE: &str = "/001234ab_hotspot";

/// A profile, and a network with accounts that belongs to it.
fn with_profile() -> View {
    let mut device = device(Summary::Disconnected);
    let mut networks = (*device.networks).clone();
    networks[0].name.security = Security::Enterprise;
    networks[0].passpoint = Some(0x12_34ab);
    device.networks = Arc::new(networks);
    let name = "Hotspot Network".to_owned();
    let passpoints = vec![PasspointView { id: 0x12_34ab, name, hidden: false, autoconnect: true }];
    View { devices: vec![device], passpoints, ..view() }
}

#[test]
fn a_profile_is_a_known_network_of_its_own_kind() {
    let mut service = service();
    service.settle(vec![], Some(with_profile()));
    let get = "org.freedesktop.DBus.Properties.GetAll";
    let effects = ask(&mut service, PROFILE, get, vec![Value::text(interfaces::KNOWN)]);
    let text = format!("{:?}", reply(&effects).unwrap());
    for expected in ["Hotspot Network", "\"hotspot\"", "AutoConnect", "Hidden"] {
        assert!(text.contains(expected), "{text}");
    }
    let network = HOME.replace("_psk", "_8021x");
    let effects = ask(&mut service, &network, get, vec![Value::text(interfaces::NETWORK)]);
    let text = format!("{:?}", reply(&effects).unwrap());
    assert!(text.contains(PROFILE), "{text}");
    let effects = ask(&mut service, PROFILE, "net.connman.iwd.KnownNetwork.Forget", vec![]);
    assert_eq!(calls(&effects), [Call::ForgetPasspoint { id: 0x12_34ab }]);
    let off =
        vec![Value::text(interfaces::KNOWN), Value::text("AutoConnect"), Value::Boolean(false).in_variant()];
    let effects = ask(&mut service, PROFILE, "org.freedesktop.DBus.Properties.Set", off);
    assert_eq!(calls(&effects), [Call::SetPasspointAutoconnect { id: 0x12_34ab, on: false }]);
    // It goes with its file.
    let gone = format!("-{PROFILE} [\"net.connman.iwd.KnownNetwork\", \"org.freedesktop.DBus.Properties\"]");
    assert!(order(&service.settle(vec![], Some(view()))).contains(&gone));
}
