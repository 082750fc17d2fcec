//! The status file: the state of every interface in one line.

use super::json::Object;
use crate::netconf::Configured;
use lapwing_core::station::{Connected, Summary};
use std::collections::BTreeMap;

/// The name of the file.
pub const FILE: &str = "status.json";

/// What is known of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What the station does.
    pub summary: Summary,
    /// The connection, while there is one.
    pub connected: Option<Connected>,
    /// Its addresses, while there are some.
    pub configured: Option<Configured>,
    /// Why the last attempt failed: the failure's name and sentence.
    pub last_failure: Option<(&'static str, String)>,
}

impl Default for Status {
    fn default() -> Self {
        Self { summary: Summary::Disconnected, connected: None, configured: None, last_failure: None }
    }
}

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

/// The file's content.
#[must_use]
pub fn render(interfaces: &BTreeMap<String, Status>) -> String {
    let objects = interfaces.iter().map(|(name, status)| {
        let object = Object::new().text("interface", name).text("state", state(&status.summary));
        let object = match &status.summary {
            Summary::Connecting { ssid, attempt } | Summary::Connected { ssid, attempt } => {
                object.text("ssid", ssid).number("attempt", attempt.0)
            }
            Summary::Disconnected | Summary::Searching | Summary::Disconnecting | Summary::Unavailable => {
                object
            }
        };
        let object = match &status.connected {
            Some(connected) => super::event::connection(object, connected),
            None => object,
        };
        let object = object.boolean("online", status.configured.is_some());
        let object = match &status.configured {
            Some(configured) => super::event::addresses(object, configured),
            None => object,
        };
        match &status.last_failure {
            Some((name, sentence)) => {
                object.object("last_failure", Object::new().text("code", name).text("sentence", sentence))
            }
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
    use lapwing_core::attempt::AttemptId;
    use lapwing_frames::Ssid;

    #[test]
    fn every_interface_on_one_line() {
        let ssid = Ssid::new(b"home").unwrap();
        let connecting = Status {
            summary: Summary::Connecting { ssid, attempt: AttemptId(2) },
            last_failure: Some(("wrong-password", "the passphrase is wrong".to_owned())),
            ..Status::default()
        };
        let interfaces =
            BTreeMap::from([("wlan0".to_owned(), connecting), ("wlan1".to_owned(), Status::default())]);
        assert_eq!(
            render(&interfaces),
            "{\"interfaces\":[{\"interface\":\"wlan0\",\"state\":\"connecting\",\"ssid\":\"home\",\"attempt\":2,\
             \"online\":false,\"last_failure\":{\"code\":\"wrong-password\",\"sentence\":\"the passphrase is \
             wrong\"}},{\"interface\":\"wlan1\",\"state\":\"disconnected\",\"online\":false}]}\n"
        );
    }
}
