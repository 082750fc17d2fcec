//! The status file: the state of every interface in one line.

use super::json::Object;
use crate::control::{AccessPointView, DeviceView};
use lapwing_core::station::Summary;

/// The name of the file.
pub const FILE: &str = "status.json";

/// The name of a state, which does not change.
#[must_use]
pub const fn state(summary: &Summary) -> &'static str {
    match summary {
        Summary::Disconnected => "disconnected",
        Summary::Searching => "searching",
        Summary::Connecting { .. } => "connecting",
        Summary::Connected { .. } => "connected",
        Summary::Roaming { .. } => "roaming",
        Summary::Disconnecting => "disconnecting",
        Summary::Unavailable => "unavailable",
    }
}

/// The file's content; the networks that were heard are not in it.
#[must_use]
pub fn render(devices: &[DeviceView]) -> String {
    let mut devices: Vec<_> = devices.iter().collect();
    devices.sort_by(|one, other| one.name.cmp(&other.name));
    let objects = devices.into_iter().map(|device| {
        let object = Object::new().text("interface", &device.name).text("state", state(&device.state));
        let object = match &device.state {
            Summary::Connecting { ssid, attempt }
            | Summary::Connected { ssid, attempt }
            | Summary::Roaming { ssid, attempt } => object.text("ssid", ssid).number("attempt", attempt.0),
            Summary::Disconnected | Summary::Searching | Summary::Disconnecting | Summary::Unavailable => {
                object
            }
        };
        let object = match &device.connected {
            Some(connected) => super::event::connection(object, connected),
            None => object,
        };
        let object = object.boolean("online", device.configured.is_some());
        let object = match &device.configured {
            Some(configured) => super::event::addresses(object, configured),
            None => object,
        };
        let object = match &device.last_failure {
            Some(why) => {
                let failure = Object::new().text("code", why.name()).text("sentence", why);
                object.object("last_failure", failure)
            }
            None => object,
        };
        let object = match &device.warning {
            Some(warning) => object.text("warning", warning),
            None => object,
        };
        match &device.access_point {
            Some(access_point) => object.object("hotspot", hotspot(access_point)),
            None => object,
        }
    });
    let mut line = Object::new().objects("interfaces", objects).finish();
    line.push('\n');
    line
}

fn hotspot(view: &AccessPointView) -> Object {
    let mut object = Object::new().text("state", view.phase.name());
    if let Some(ssid) = &view.ssid {
        let links = view.bsss.iter().map(|bss| {
            Object::new()
                .optional_number("link", bss.link.map(|link| link.get()))
                .text("bssid", bss.bssid)
                .number("frequency", bss.channel.primary.0)
        });
        object = object
            .text("ssid", ssid)
            .text("security", view.protection)
            .objects("links", links)
            .number("clients", u32::try_from(view.clients.len()).unwrap_or(u32::MAX));
    }
    match &view.last_failure {
        Some(why) => {
            object.object("last_failure", Object::new().text("code", why.name()).text("sentence", why))
        }
        None => object,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::{AccessPointBss, ClientView};
    use crate::hotspot::Phase as HotspotPhase;
    use lapwing_core::attempt::{AttemptId, Phase};
    use lapwing_core::failure::{Code, Failure};
    use lapwing_core::kernel::{ChannelDefinition, Frequency};
    use lapwing_frames::{LinkId, MacAddr, Ssid};
    use std::collections::BTreeMap;

    fn device(name: &str) -> DeviceView {
        DeviceView {
            ifindex: 3,
            wiphy: 0,
            name: name.to_owned(),
            address: MacAddr([2, 0, 0, 0, 0, 1]),
            powered: true,
            mode: crate::kernel::Mode::Station,
            access_point: None,
            state: Summary::Disconnected,
            scanning: false,
            network: None,
            ad_hoc: None,
            chosen: None,
            autoconnects: true,
            affinity: None,
            connected: None,
            links: None,
            configured: None,
            awaits_address: false,
            last_failure: None,
            warning: None,
            networks: std::sync::Arc::default(),
            hidden: Vec::new(),
            provisioning: None,
            provisioned: None,
        }
    }

    #[test]
    fn every_interface_on_one_line() {
        let ssid = Ssid::new(b"home").unwrap();
        let connecting = DeviceView {
            state: Summary::Connecting { ssid, attempt: AttemptId(2) },
            last_failure: Some(Failure { phase: Phase::Authenticate, code: Code::WrongPassword }),
            warning: Some("The disk is full.".to_owned()),
            ..device("wlan0")
        };
        assert_eq!(
            render(&[device("wlan1"), connecting]),
            "{\"interfaces\":[{\"interface\":\"wlan0\",\"state\":\"connecting\",\"ssid\":\"home\",\"attempt\":2,\
             \"online\":false,\"last_failure\":{\"code\":\"wrong-password\",\"sentence\":\"the passphrase is \
             wrong\"},\"warning\":\"The disk is full.\"},{\"interface\":\"wlan1\",\"state\":\"disconnected\",\
             \"online\":false}]}\n"
        );
    }

    #[test]
    fn a_hotspot_is_told_with_its_links_and_how_many_clients_it_has() {
        let stopped = AccessPointView {
            phase: HotspotPhase::Stopped,
            ssid: None,
            protection: "",
            pairwise_ciphers: Vec::new(),
            group_cipher: None,
            hidden: false,
            mld: None,
            bsss: Vec::new(),
            missing: BTreeMap::new(),
            clients: Vec::new(),
            last_failure: Some(crate::hotspot::Failure::InterfaceDown),
            scanning: false,
        };
        let bss = |link, frequency| AccessPointBss {
            link: LinkId::new(link),
            bssid: MacAddr([2, 0, 0, 0, 1, link]),
            channel: ChannelDefinition::narrow(Frequency(frequency)),
        };
        let client = ClientView {
            address: MacAddr([2, 0, 0, 0, 0, 9]),
            authorized: true,
            frame_protection: true,
            links: BTreeMap::new(),
            leased: None,
        };
        let started = AccessPointView {
            phase: HotspotPhase::Started,
            ssid: Some(Ssid::new(b"mine").unwrap()),
            protection: "wpa3",
            bsss: vec![bss(0, 2412), bss(1, 5180)],
            clients: vec![client],
            last_failure: None,
            ..stopped.clone()
        };
        let told = |view| {
            let line = render(&[DeviceView { access_point: Some(view), ..device("wlan0") }]);
            line.split_once("\"hotspot\":").unwrap().1.to_owned()
        };
        assert_eq!(
            told(started),
            "{\"state\":\"started\",\"ssid\":\"mine\",\"security\":\"wpa3\",\"links\":[{\"link\":0,\"bssid\":\
             \"02:00:00:00:01:00\",\"frequency\":2412},{\"link\":1,\"bssid\":\"02:00:00:00:01:01\",\"frequency\":\
             5180}],\"clients\":1}}]}\n"
        );
        assert_eq!(
            told(stopped),
            "{\"state\":\"stopped\",\"last_failure\":{\"code\":\"interface-down\",\"sentence\":\"the interface \
             was set down or the radio was blocked\"}}}]}\n"
        );
    }
}
