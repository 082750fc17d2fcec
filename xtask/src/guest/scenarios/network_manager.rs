//! NetworkManager with `wifi.backend=iwd`, as `nmcli` has it.

use super::managers::{WRONG, online, only_iwds_interface};
use super::{LATER, PASSWORD, SOON, SSID};
use crate::command::{command, output};
use crate::failure::{Failure, Result};
use crate::guest::manager::{self, Orders};
use crate::guest::process::{wait, wait_large};
use crate::guest::terminal::Terminal;
use crate::guest::{Hostapd, Lab, Network};

/// The other network.
const SECOND: &str = "second";
/// The one that does not tell its name.
const HIDDEN: &str = "unseen";
/// How often it goes from one network to the other.
const SWITCHES: usize = 30;
/// Its reason 7, of a secret that was refused.
const SECRETS: &str = "Secrets were required, but not provided";

pub(super) fn network_manager(lab: &mut Lab) -> Result<()> {
    only_iwds_interface(lab)?;
    lab.leave_addresses_to_others();
    manager::forget_network_manager();
    let plain = lab.access_point(Hostapd::wpa3(SSID, PASSWORD))?;
    let second = lab.access_point(Hostapd::wpa2(SECOND, PASSWORD).channel(11))?;
    let unseen = lab.access_point(Hostapd::wpa3(HIDDEN, PASSWORD).channel(1).hidden())?;
    let mut station = lab.idle_station()?;
    let directory = lab.directory().to_owned();
    let mut running = manager::network_manager(station.radio(), &directory)?;
    let on = station.radio().interface.clone();
    let mut orders = Orders::to("NetworkManager");
    orders.give("device wifi list --rescan yes", || {
        let seen = wait_large(SOON * 2, || {
            let list = nmcli(&["-t", "-f", "SSID", "device", "wifi", "list", "--rescan", "yes"]).ok()?;
            [SSID, SECOND].iter().all(|name| list.lines().any(|line| line == *name)).then_some(())
        });
        seen.ok_or_else(|| {
            Failure::unmet("both networks are listed", nmcli(&["device", "wifi"]).unwrap_or_default())
        })
    });
    orders.give("device wifi connect, a wrong passphrase", || {
        refused(nmcli(&["device", "wifi", "connect", SSID, "password", WRONG, "ifname", &on]))?;
        // It keeps the profile or not, by its version.
        let _ = nmcli(&["connection", "delete", SSID]);
        Ok(())
    });
    orders.give("connection up, a wrong passphrase: the next one asks", || {
        seen_again(&on, SSID)?;
        add(&on, SSID, &["wifi-sec.psk", WRONG, "connection.autoconnect", "no"])?;
        refused(nmcli(&["connection", "up", SSID]))?;
        let words = ["--ask", "--wait", "60", "connection", "up", SSID];
        let mut terminal = Terminal::start(&mut command("nmcli", words))?;
        if !terminal.waits_for("Password", SOON) {
            return Err(Failure::unmet("nmcli asks for a passphrase", terminal.shown()));
        }
        // It shows the old one, to be changed: Control-U takes it away.
        terminal.type_line(&format!("\u{15}{PASSWORD}"))?;
        let (status, shown) = terminal.end(LATER)?;
        if !status.success() {
            return Err(Failure::unmet("a connection with the passphrase that was typed", shown));
        }
        online(&mut *station, &plain)?;
        nmcli(&["connection", "delete", SSID])?;
        station.wait_disconnected(SOON)
    });
    orders.give("device wifi connect, a new passphrase", || {
        seen_again(&on, SSID)?;
        nmcli(&["device", "wifi", "connect", SSID, "password", PASSWORD, "ifname", &on])?;
        online(&mut *station, &plain)
    });
    orders.give("connection down, up", || {
        nmcli(&["connection", "down", SSID])?;
        station.wait_disconnected(SOON)?;
        nmcli(&["connection", "up", SSID])?;
        online(&mut *station, &plain)
    });
    orders.give("device disconnect, connect", || {
        nmcli(&["device", "disconnect", &on])?;
        station.wait_disconnected(SOON)?;
        nmcli(&["device", "connect", &on])?;
        online(&mut *station, &plain)
    });
    orders.give("device wifi connect, another network", || {
        seen_again(&on, SECOND)?;
        nmcli(&["device", "wifi", "connect", SECOND, "password", PASSWORD, "ifname", &on])?;
        online(&mut *station, &second)
    });
    let switches = lab.rounds(SWITCHES);
    orders.give(&format!("connection up, {switches} switches between two networks"), || {
        for number in 0..switches {
            let (name, ap) = if number % 2 == 0 { (SSID, &plain) } else { (SECOND, &second) };
            nmcli(&["connection", "up", name])?;
            online(&mut *station, ap)?;
        }
        Ok(())
    });
    orders.give("autoconnect at boot", || {
        running.stop(SOON)?;
        station.process().stop(SOON)?;
        station.start_again()?;
        running = manager::network_manager(station.radio(), &directory)?;
        station.wait_connected(LATER)?;
        station.wait_address(LATER).map(drop)
    });
    // `device wifi connect … hidden yes` asks for a scan by name, for which iwd has no word.
    orders.give("connection add, up, hidden", || {
        add(&on, HIDDEN, &["wifi-sec.psk", PASSWORD, "wifi.hidden", "yes", "connection.autoconnect", "no"])?;
        // It has written a file of the network, and takes what is known so for lost until it is on the list.
        seen_again(&on, HIDDEN)?;
        nmcli(&["connection", "up", HIDDEN])?;
        online(&mut *station, &unseen)
    });
    orders.give("connection delete", || {
        for name in [SSID, SECOND, HIDDEN] {
            nmcli(&["connection", "delete", name])?;
        }
        station.wait_disconnected(LATER)?;
        let gone = wait(SOON, || lab.expect_stored(&Network::psk(SSID, PASSWORD), false).ok());
        gone.map_or_else(|| lab.expect_stored(&Network::psk(SSID, PASSWORD), false), Ok)
    });
    orders.give("device wifi hotspot", || {
        nmcli(&["device", "wifi", "hotspot", "ifname", &on, "ssid", "mine", "password", PASSWORD])?;
        let is_one =
            || output(&mut command("iw", ["dev", &on, "info"])).ok().filter(|text| text.contains("type AP"));
        wait(SOON, is_one)
            .map(drop)
            .ok_or_else(|| Failure::unmet("an access point", station.iw().unwrap_or_default()))
    });
    // The switch is the machine's: it silences its access points too.
    orders.give("radio wifi off, on", || {
        nmcli(&["radio", "wifi", "off"])?;
        let blocked = |is: &str| {
            let state = || nmcli(&["-t", "-f", "WIFI", "radio"]).ok().filter(|text| text.trim() == is);
            wait_large(SOON, state)
                .map(drop)
                .ok_or_else(|| Failure::unmet(format!("radio {is}"), "it is not"))
        };
        blocked("disabled")?;
        nmcli(&["radio", "wifi", "on"])?;
        blocked("enabled")
    });
    running.stop(SOON)?;
    orders.end(lab)
}

/// Has a network on NetworkManager's list: it takes away what it was told to delete.
fn seen_again(interface: &str, name: &str) -> Result<()> {
    let words = ["-t", "-f", "SSID", "device", "wifi", "list", "ifname", interface, "--rescan", "auto"];
    let seen = wait_large(SOON * 3, || nmcli(&words).ok()?.lines().any(|line| line == name).then_some(()));
    seen.ok_or_else(|| Failure::unmet(format!("{name} on the list"), nmcli(&words).unwrap_or_default()))
}

/// A profile of a network with a passphrase.
fn add(interface: &str, name: &str, further: &[&str]) -> Result<()> {
    let about = ["connection", "add", "type", "wifi", "ifname", interface, "con-name", name, "ssid", name];
    let words = [about.as_slice(), &["wifi-sec.key-mgmt", "wpa-psk"], further].concat();
    nmcli(&words).map(drop)
}

/// Demands that NetworkManager says of a connection that its secret was not the right one.
fn refused(outcome: Result<String>) -> Result<()> {
    match outcome {
        Err(failure) if failure.to_string().contains(SECRETS) => Ok(()),
        Err(failure) => Err(Failure::unmet(SECRETS, failure.to_string())),
        Ok(text) => Err(Failure::unmet(SECRETS, text)),
    }
}

fn nmcli(words: &[&str]) -> Result<String> {
    let mut program = command("nmcli", ["--wait", "60"]);
    output(program.args(words))
}
