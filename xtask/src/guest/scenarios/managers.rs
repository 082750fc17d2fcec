//! Programs that manage networks, unmodified, with the station behind them.

use super::connman::connman;
use super::network_manager::network_manager;
use super::{PASSWORD, SOON, SSID, Scenario, joins_now, scenario};
use crate::command::{command, output};
use crate::failure::{Doing, Failure, Result};
use crate::guest::manager::{self, Orders};
use crate::guest::process::{Process, wait};
use crate::guest::{AccessPoint, Hostapd, Kind, Lab, Network, Station};
use std::fs;

/// What is no passphrase of ours.
pub(super) const WRONG: &str = "not-the-passphrase";

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("networkmanager", "NetworkManager with wifi.backend=iwd: nmcli's commands", network_manager)
        .with_managers()
        .with_radios(4),
    scenario("connman", "ConnMan with its iwd plugin: agent, connect, disconnect, back at start", connman)
        .with_managers(),
    scenario("networkd", "systemd-networkd gives the station its addresses", networkd).with_managers(),
    scenario("python", "a client in Python, written from iwd's documentation", python).with_managers(),
];

fn networkd(lab: &mut Lab) -> Result<()> {
    only_iwds_interface(lab)?;
    lab.leave_addresses_to_others();
    let ap = lab.access_point(Hostapd::wpa3(SSID, PASSWORD))?;
    let mut station = lab.idle_station()?;
    let mut running = manager::networkd(station.radio(), lab.directory())?;
    let mut orders = Orders::to("systemd-networkd");
    let network = Network::psk(SSID, PASSWORD);
    orders.give("an address by DHCP", || {
        joins_now(&mut *station, &network)?;
        station.wait_address(SOON)?;
        station.ping(ap.address())?;
        from_dhcp(&*station)
    });
    orders.give("an address again after a new connection", || {
        station.disconnect()?;
        station.wait_disconnected(SOON)?;
        station.connect()?;
        station.wait_address(SOON)?;
        station.ping(ap.address())
    });
    running.stop(SOON)?;
    orders.end(lab)
}

/// The route says whose it is.
fn from_dhcp(station: &dyn Station) -> Result<()> {
    let interface = &station.radio().interface;
    let routes = output(&mut command("ip", ["route", "show", "dev", interface, "proto", "dhcp"]))?;
    match routes.trim().is_empty() {
        false => Ok(()),
        true => Err(Failure::unmet("a route that came with DHCP", station.iw()?)),
    }
}

/// These programs have wpa_supplicant itself run the interface, or have no word with it.
pub(super) fn only_iwds_interface(lab: &Lab) -> Result<()> {
    match lab.kind() {
        Kind::Lapwing | Kind::Iwd => Ok(()),
        Kind::WpaSupplicant => Err(Failure::Unable("wpa_supplicant has another interface".into())),
    }
}

/// What the client does, line by line: it prints each thing that it has done.
const PYTHON: &str = include_str!("client.py");

fn python(lab: &mut Lab) -> Result<()> {
    only_iwds_interface(lab)?;
    let ap = lab.access_point(Hostapd::wpa3(SSID, PASSWORD))?;
    let mut station = lab.idle_station()?;
    let script = lab.directory().join("client.py");
    fs::write(&script, PYTHON).doing(|| "write the client".into())?;
    let log = lab.directory().join("python.log");
    let mut program = command("python3", ["-u"]);
    program.arg(&script).args([&station.radio().interface, SSID, PASSWORD]);
    let mut client = Process::start("python", &mut program, log)?;
    let mut orders = Orders::to("Python");
    for order in ["objects", "scan", "ordered networks", "agent asked", "connected"] {
        orders.give(order, || did(&client, order));
    }
    orders.give("data crosses", || online(&mut *station, &ap));
    for order in ["disconnected", "autoconnect set", "connected again", "forgotten"] {
        orders.give(order, || did(&client, order));
    }
    let ended = wait(SOON, || client.ended());
    orders.give("no exception", || match ended {
        Some(text) if text.ends_with(": exit status: 0") => Ok(()),
        other => Err(Failure::unmet("it ends well", format!("{other:?} {}", client.log()))),
    });
    orders.end(lab)
}

/// Waits until the client says that it has done something.
fn did(client: &Process, what: &str) -> Result<()> {
    let said = wait(SOON * 2, || client.log().lines().any(|line| line == what).then_some(()));
    said.ok_or_else(|| Failure::unmet(format!("the client says {what:?}"), client.log()))
}

/// Connected, with an address from whoever gives one, and data crosses.
pub(super) fn online(station: &mut dyn Station, ap: &AccessPoint) -> Result<()> {
    station.wait_connected(SOON)?;
    station.wait_address(SOON)?;
    match wait(SOON, || station.is_answered(ap.address()).then_some(())) {
        Some(()) => Ok(()),
        None => Err(Failure::unmet("data crosses", station.iw()? + &station.last_words())),
    }
}
