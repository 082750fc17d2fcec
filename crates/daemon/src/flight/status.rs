//! The status file: the state of every interface in one line.

use super::json::Object;
use crate::control::DeviceView;
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
            Summary::Connecting { ssid, attempt } | Summary::Connected { ssid, attempt } => {
                object.text("ssid", ssid).number("attempt", attempt.0)
            }
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
        match &device.warning {
            Some(warning) => object.text("warning", warning),
            None => object,
        }
    });
    let mut line = Object::new().objects("interfaces", objects).finish();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapwing_core::attempt::{AttemptId, Phase};
    use lapwing_core::failure::{Code, Failure};
    use lapwing_frames::{MacAddr, Ssid};

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
            connected: None,
            links: None,
            configured: None,
            last_failure: None,
            warning: None,
            networks: Vec::new(),
            hidden: Vec::new(),
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
}
