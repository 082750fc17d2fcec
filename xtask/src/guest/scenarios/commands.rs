//! Every command of iwctl's help.

use super::managers::online;
use super::transitions::sae;
use super::{PASSWORD, SOON, SSID, Scenario, joins_now, scenario};
use crate::command::{command, output};
use crate::failure::{Doing, Failure, Result};
use crate::guest::client::wait_heard;
use crate::guest::manager::Orders;
use crate::guest::process::{wait, wait_large};
use crate::guest::{Hostapd, Lab, Network, Station, Tool};
use std::fs;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("iwctl-all", "iwctl's commands of radios, devices, stations and known networks", stations)
        .with_radios(4),
    scenario("iwctl-modes", "iwctl's commands of access points and ad-hoc networks", modes),
    scenario("iwctl-debug", "iwctl's commands for developers, with -E", developer),
];

/// The one that does not tell its name.
const HIDDEN: &str = "unseen";
/// Of a hotspot that is begun with it on the command line, which the transcript shows.
const OTHER: &str = "quiet-heron-23";

/// A person who types commands of iwctl.
struct Person {
    iwctl: Tool,
    interface: String,
    phy: String,
}

impl Person {
    fn of(station: &dyn Station) -> Result<Self> {
        let (interface, phy) = (station.radio().interface.clone(), station.radio().phy.clone());
        Ok(Self { iwctl: station.iwctl()?, interface, phy })
    }

    /// One command, in which WLAN and PHY stand for the station's interface and radio. It must end well and show these texts.
    fn types(&self, line: &str, texts: &[&str]) -> Result<()> {
        let line = line.replace("WLAN", &self.interface).replace("PHY", &self.phy);
        self.iwctl.shows(&line.split(' ').collect::<Vec<_>>(), None, texts).map(drop)
    }
}

fn stations(lab: &mut Lab) -> Result<()> {
    let plain = lab.access_point(Hostapd::wpa3(SSID, PASSWORD))?;
    let unseen = lab.access_point(Hostapd::wpa3(HIDDEN, PASSWORD).channel(1).hidden())?;
    let mut station = lab.idle_station()?;
    let person = Person::of(&*station)?;
    let (on, phy) = (person.interface.clone(), person.phy.clone());
    let run = |line: &str, texts: &[&str]| person.types(line, texts);
    let mut orders = Orders::to("iwctl");
    let network = Network::psk(SSID, PASSWORD);
    wait_heard(&mut lab.client()?, &station.path()?, &station.network_path(&network)?)?;
    let address = station.hardware_address();
    let shown: &[(&str, &[&str])] = &[
        ("adapter list", &[&phy]),
        ("adapter PHY show", &[&phy, "station"]),
        ("device list", &[&on, "station"]),
        ("device WLAN show", &[&address]),
        ("station list", &[&on, "disconnected"]),
        ("station WLAN show", &["disconnected"]),
        ("station WLAN get-networks", &[SSID]),
        ("station WLAN get-networks rssi-bars", &[SSID]),
        ("station WLAN get-networks rssi-dbms", &[SSID]),
        ("known-networks list", &[]),
        ("ap list", &[]),
        ("ad-hoc list", &[]),
        ("wsc list", &[&on]),
        ("version", &["IWD version"]),
    ];
    for (line, texts) in shown {
        orders.give(line, || run(line, texts));
    }
    orders.give("station WLAN get-hidden-access-points", || {
        // It is on a channel that is scanned later.
        let shown = || run("station WLAN get-hidden-access-points", &[&unseen.bssid()]);
        wait_large(SOON, || shown().ok()).map_or_else(shown, Ok)
    });
    orders
        .give("station WLAN get-bsses", || run(&format!("station WLAN get-bsses {SSID}"), &[&plain.bssid()]));
    orders.give("station WLAN scan", || {
        // One that is refused says that the daemon is about it already.
        wait_large(SOON, || run("station WLAN scan", &[]).ok())
            .ok_or_else(|| Failure::unmet("a scan", station.last_words()))
    });
    orders.give("station WLAN connect", || {
        joins_now(&mut *station, &network)?;
        online(&mut *station, &plain)
    });
    orders.give("known-networks SSID show", || run(&format!("known-networks {SSID} show"), &[SSID, "yes"]));
    for (value, other) in [("no", "yes"), ("yes", "no")] {
        orders.give(&format!("known-networks SSID set-property AutoConnect {value}"), || {
            run(&format!("known-networks {SSID} set-property AutoConnect {value}"), &[])?;
            let shown = person.iwctl.shows(&["known-networks", SSID, "show"], None, &[])?;
            let line = shown.lines().find(|line| line.contains("AutoConnect")).unwrap_or_default();
            match line.contains(value) && !line.contains(other) {
                true => Ok(()),
                false => Err(Failure::unmet(format!("AutoConnect {value}"), shown)),
            }
        });
    }
    orders.give("station WLAN disconnect", || {
        run("station WLAN disconnect", &[])?;
        station.wait_disconnected(SOON)
    });
    orders.give("station WLAN connect-hidden", || {
        joins_now(&mut *station, &Network::psk(HIDDEN, PASSWORD).hidden())?;
        online(&mut *station, &unseen)
    });
    orders.give("known-networks SSID forget", || {
        run(&format!("known-networks {HIDDEN} forget"), &[])?;
        // The other one is still known.
        online(&mut *station, &plain)
    });
    for what in ["device WLAN", "adapter PHY"] {
        orders.give(&format!("{what} set-property Powered off, on"), || {
            run(&format!("{what} set-property Powered off"), &[])?;
            station.wait_disconnected(SOON)?;
            run(&format!("{what} set-property Powered on"), &[])?;
            online(&mut *station, &plain)
        });
    }
    orders.end(lab)
}

fn modes(lab: &mut Lab) -> Result<()> {
    let plain = lab.access_point(Hostapd::wpa3(SSID, PASSWORD))?;
    let mut station = lab.station(Network::psk(SSID, PASSWORD))?;
    online(&mut *station, &plain)?;
    let person = Person::of(&*station)?;
    let run = |line: &str, texts: &[&str]| person.types(line, texts);
    let on = person.interface.clone();
    let mut orders = Orders::to("iwctl");
    orders.give("device WLAN set-property Mode ap", || {
        run("device WLAN set-property Mode ap", &[])?;
        run("ap list", &[&on])
    });
    orders.give("ap WLAN start", || run(&format!("ap WLAN start mine {OTHER}"), &[]));
    orders.give("ap WLAN show", || run("ap WLAN show", &["mine"]));
    orders.give("ap WLAN get-networks", || run("ap WLAN get-networks", &[]));
    orders.give("ap WLAN scan", || run("ap WLAN scan", &[]));
    orders.give("ap WLAN stop", || run("ap WLAN stop", &[]));
    orders.give("ap WLAN start-profile", || {
        let home = lab.state().join("ap");
        fs::create_dir_all(&home).doing(|| "create the folder of profiles".into())?;
        let text = format!("[Security]\nPassphrase={OTHER}\n");
        fs::write(home.join("kept.ap"), text).doing(|| "write a profile".into())?;
        run("ap WLAN start-profile kept", &[])?;
        run("ap WLAN show", &["kept"])?;
        run("ap WLAN stop", &[])
    });
    orders.give("device WLAN set-property Mode ad-hoc", || {
        run("device WLAN set-property Mode ad-hoc", &[])?;
        run("ad-hoc list", &[&on])
    });
    let joined = || joined(&on);
    orders.give("ad-hoc WLAN start_open, stop", || {
        run("ad-hoc WLAN start_open meeting", &[])?;
        joined()?;
        run("ad-hoc WLAN stop", &[])
    });
    orders.give("ad-hoc WLAN start, stop", || {
        run(&format!("ad-hoc WLAN start meeting {OTHER}"), &[])?;
        joined()?;
        run("ad-hoc WLAN stop", &[])
    });
    orders.give("device WLAN set-property Mode station", || {
        run("device WLAN set-property Mode station", &[])?;
        online(&mut *station, &plain)
    });
    orders.end(lab)
}

/// Waits until the kernel is in an ad-hoc network.
fn joined(interface: &str) -> Result<()> {
    let shown = || output(&mut command("iw", ["dev", interface, "link"])).unwrap_or_default();
    let is_joined = wait(SOON, || shown().contains("Joined IBSS").then_some(()));
    is_joined.ok_or_else(|| Failure::unmet("an ad-hoc network", shown()))
}

fn developer(lab: &mut Lab) -> Result<()> {
    let domain = lab.domain(&sae(), false)?;
    lab.serve_developers();
    let mut station = lab.idle_station()?;
    let person = Person::of(&*station)?;
    let run = |line: &str, texts: &[&str]| person.types(line, texts);
    let on = person.interface.clone();
    let mut orders = Orders::to("iwctl");
    let network = Network::psk(SSID, PASSWORD);
    let [first, second] =
        domain.bssids().try_into().map_err(|_| Failure::unmet("two access points", "others"))?;
    let at = |bssid: &str| {
        let link = || output(&mut command("iw", ["dev", &on, "link"])).unwrap_or_default();
        let there = wait(SOON, || link().contains(bssid).then_some(()));
        there.ok_or_else(|| Failure::unmet(format!("the station is at {bssid}"), link()))
    };
    wait_heard(&mut lab.client()?, &station.path()?, &station.network_path(&network)?)?;
    joins_now(&mut *station, &network)?;
    station.wait_connected(SOON)?;
    orders.give("debug WLAN get-networks", || run("debug WLAN get-networks", &[&first, &second]));
    for (number, bssid) in [&first, &second, &first].into_iter().enumerate() {
        orders.give(&format!("debug WLAN roam, {}", number + 1), || {
            run(&format!("debug WLAN roam {bssid}"), &[])?;
            at(bssid)
        });
    }
    orders.give("debug WLAN connect", || {
        run("station WLAN disconnect", &[])?;
        station.wait_disconnected(SOON)?;
        run(&format!("debug WLAN connect {second}"), &[])?;
        at(&second)?;
        station.wait_connected(SOON)
    });
    for value in ["on", "off"] {
        orders.give(&format!("debug WLAN autoconnect {value}"), || {
            run(&format!("debug WLAN autoconnect {value}"), &[])
        });
    }
    orders.end(lab)
}
