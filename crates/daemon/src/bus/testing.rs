//! What the tests of the surface share.

use super::message::{MethodCall, Origin};
use super::value::Value;
use crate::control::{
    AccessPointBss, AccessPointView, AdHocView, ClientView, DeviceView, HiddenView, NetworkView, RadioView,
    View,
};
use crate::hotspot::{Failure, Phase};
use crate::kernel::Mode;
use crate::networks::FileName;
use crate::networks::name::Security;
use lapwing_core::kernel::{ChannelDefinition, Frequency};
use lapwing_core::select::{Judged, Verdict};
use lapwing_core::station::{Connected, Summary};
use lapwing_frames::suite::{Akm, Cipher};
use lapwing_frames::{LinkId, MacAddr, Ssid};
use std::sync::Arc;

/// A call.
pub(crate) fn called(
    sender: &str,
    path: &str,
    interface: Option<&str>,
    member: &str,
    body: Vec<Value>,
) -> MethodCall {
    MethodCall {
        origin: Origin { sender: sender.to_owned(), serial: 5, wants_reply: true },
        path: path.to_owned(),
        interface: interface.map(str::to_owned),
        member: member.to_owned(),
        body: body.into(),
    }
}

/// A network with a passphrase.
pub(crate) fn home() -> FileName {
    FileName { ssid: Ssid::new(b"home").unwrap(), security: Security::Personal }
}

/// `wlan0`, which hears [`home`], in this state.
pub(crate) fn device(state: Summary) -> DeviceView {
    let peer = MacAddr([2, 0, 0, 0, 0, 0xfe]);
    let connected = match &state {
        Summary::Connected { ssid, attempt } => Some(Connected {
            attempt: *attempt,
            ssid: ssid.clone(),
            peer,
            frequency: 2412,
            akm: Some(Akm::Sae),
            pairwise: Some(Cipher::Ccmp128),
            group_management: Some(Cipher::BipCmac128),
            weakness: None,
            beacon_protection: false,
            cached_pmksa: false,
            links: Vec::new(),
        }),
        _ => None,
    };
    let judged = Judged {
        bssid: peer,
        mld: None,
        links: vec![],
        frequency: Frequency(2412),
        signal_dbm: Some(-40),
        verdict: Verdict::Usable { score: 7 },
    };
    DeviceView {
        ifindex: 3,
        wiphy: 0,
        name: "wlan0".to_owned(),
        address: MacAddr([2, 0, 0, 0, 0, 1]),
        powered: true,
        network: matches!(state, Summary::Connecting { .. } | Summary::Connected { .. }).then(home),
        mode: Mode::Station,
        access_point: None,
        ad_hoc: None,
        chosen: connected.as_ref().map(|connected| connected.peer),
        autoconnects: true,
        affinity: None,
        state,
        scanning: false,
        connected,
        links: None,
        configured: None,
        awaits_address: false,
        last_failure: None,
        warning: None,
        networks: Arc::new(vec![NetworkView {
            name: home(),
            signal_mbm: -4000,
            bsss: vec![judged],
            passpoint: None,
        }]),
        hidden: vec![HiddenView {
            bssid: MacAddr([2, 0, 0, 0, 0, 0xfc]),
            signal_mbm: -7000,
            security: Security::Open,
        }],
        provisioning: None,
        provisioned: None,
    }
}

/// One radio with one interface that is in no network.
pub(crate) fn view() -> View {
    View {
        radios: vec![RadioView {
            wiphy: 0,
            name: "phy0".to_owned(),
            powered: true,
            model: None,
            vendor: None,
            access_point: false,
            ad_hoc: false,
        }],
        devices: vec![device(Summary::Disconnected)],
        known: Vec::new(),
        passpoints: Vec::new(),
    }
}

/// An interface in an ad-hoc network with another one.
pub(crate) fn ad_hoc() -> DeviceView {
    DeviceView {
        ifindex: 5,
        name: "wlan2".to_owned(),
        mode: Mode::AdHoc,
        ad_hoc: Some(AdHocView { started: true, peers: [MacAddr([2, 0, 0, 0, 0, 9])].into() }),
        ..device(Summary::Unavailable)
    }
}

/// An interface that is an access point, with a hotspot of two links and a client.
pub(crate) fn hotspot() -> DeviceView {
    let bss = |link, frequency| AccessPointBss {
        link: LinkId::new(link),
        bssid: MacAddr([6, 0, 0, 0, 0, link]),
        channel: ChannelDefinition::narrow(Frequency(frequency)),
    };
    let client = ClientView {
        address: MacAddr([2, 0, 0, 0, 0, 9]),
        authorized: true,
        frame_protection: true,
        links: [(LinkId::new(1).unwrap(), MacAddr([2, 0, 0, 0, 0, 10]))].into(),
        leased: Some([192, 168, 77, 2].into()),
    };
    let access_point = AccessPointView {
        phase: Phase::Started,
        ssid: Some(Ssid::new(b"mine").unwrap()),
        protection: "wpa3",
        pairwise_ciphers: vec!["CCMP".to_owned()],
        group_cipher: Some("CCMP".to_owned()),
        hidden: false,
        mld: Some(MacAddr([2, 0, 0, 0, 0, 4])),
        bsss: vec![bss(0, 2412), bss(1, 5180)],
        missing: [(LinkId::new(2).unwrap(), Failure::NoChannel)].into(),
        clients: vec![client],
        last_failure: None,
        scanning: false,
    };
    DeviceView {
        ifindex: 4,
        name: "wlan1".to_owned(),
        mode: Mode::AccessPoint,
        access_point: Some(access_point),
        ..device(Summary::Unavailable)
    }
}
