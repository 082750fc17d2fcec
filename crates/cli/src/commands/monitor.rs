//! Events as they come.

use super::{happened, print};
use crate::bus::{Bus, DAEMON, NAME};
use crate::events::Event;
use crate::failure::Failure;
use crate::model::Snapshot;
use crate::options::Options;
use crate::text::{self, Style};
use std::collections::{BTreeMap, HashMap};

/// The machine's clock, with which the daemon dates its events.
pub(super) fn now() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    // Good to the microsecond for 285 years.
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Prints events until it is interrupted.
pub(super) async fn run(bus: &Bus, options: &Options, style: Style) -> Result<(), Failure> {
    let start = now();
    let mut incoming = bus.listen().await?;
    let mut names = device_names(bus, options).await?;
    let mut is_ours = bus.properties(DAEMON, "org.lapwing.Daemon1").await?.is_some();
    if is_ours {
        bus.watch().await?;
    }
    loop {
        let message = incoming.next().await?;
        let (event, line) = match happened(&message) {
            Some(told) => {
                let (event, line) = told?;
                is_ours = true;
                (event, line)
            }
            None => match noticed(&message, &names, is_ours) {
                Some(event) => {
                    let line = event.json();
                    (event, line)
                }
                None => continue,
            },
        };
        if event.text("event") == Some("daemon") {
            // Another daemon may have come, with other devices.
            names = device_names(bus, options).await.unwrap_or_default();
            if event.is("running") {
                // It does not know of us. If it is not ours it tells its states.
                is_ours = bus.watch().await.unwrap_or(false);
            }
        }
        let is_meant = match (&options.device, event.text("interface")) {
            (Some(wanted), Some(interface)) => wanted == interface,
            _ => true,
        };
        if is_meant {
            print(&if options.json { text::json(line.trim()) + "\n" } else { event.line(style, start) })?;
        }
    }
}

/// The devices' names by their objects.
async fn device_names(bus: &Bus, options: &Options) -> Result<BTreeMap<String, String>, Failure> {
    let snapshot = Snapshot::take(bus).await?;
    let devices = super::devices_meant(&snapshot, options)?;
    Ok(devices.into_iter().map(|device| (device.path, device.name)).collect())
}

/// What other signals tell: that the daemon came or went, and the states of a daemon that has no events.
fn noticed(message: &zbus::Message, names: &BTreeMap<String, String>, is_ours: bool) -> Option<Event> {
    let header = message.header();
    let body = message.body();
    match header.member()?.as_str() {
        "NameOwnerChanged" => {
            let (name, _, owner): (String, String, String) = body.deserialize().ok()?;
            (name == NAME)
                .then(|| Event::noticed(now(), None, "daemon", "running", (!owner.is_empty()).into()))
        }
        "PropertiesChanged" if !is_ours => {
            type Body = (String, HashMap<String, zbus::OwnedVariant>, Vec<String>);
            let (interface, members, _): Body = body.deserialize().ok()?;
            let state = String::try_from(members.get("State")?.try_clone().ok()?).ok()?;
            let name = names.get(header.path()?.as_str()).map(String::as_str);
            (interface == "net.connman.iwd.Station")
                .then(|| Event::noticed(now(), name, "state", "state", state.into()))
        }
        _ => None,
    }
}
