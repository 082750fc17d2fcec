//! ConnMan with its iwd plugin, as `connmanctl` has it.

use super::managers::{WRONG, online, only_iwds_interface};
use super::{LATER, PASSWORD, SOON, SSID};
use crate::command::{command, output};
use crate::failure::{Failure, Result};
use crate::guest::manager::{self, Orders};
use crate::guest::process::{wait, wait_large};
use crate::guest::terminal::Terminal;
use crate::guest::{Hostapd, Lab, Network};

pub(super) fn connman(lab: &mut Lab) -> Result<()> {
    only_iwds_interface(lab)?;
    lab.leave_addresses_to_others();
    manager::forget_connman();
    let ap = lab.access_point(Hostapd::wpa3(SSID, PASSWORD))?;
    let mut station = lab.idle_station()?;
    let directory = lab.directory().to_owned();
    let mut running = manager::connman(station.radio(), &directory)?;
    let mut orders = Orders::to("ConnMan");
    let mut service = String::new();
    orders.give("services", || {
        let found = wait_large(SOON * 2, || {
            let services = connmanctl(&["services"]).ok()?;
            let line = services.lines().find(|line| line.contains(SSID))?;
            line.split_whitespace().last().map(str::to_owned)
        });
        service = found.ok_or_else(|| Failure::unmet("the network among the services", running.log()))?;
        Ok(())
    });
    orders.give("connect, a wrong passphrase for the agent", || {
        let shown = with_agent(&service, WRONG, "invalid-key")?;
        match shown.contains("invalid-key") {
            true => Ok(()),
            false => Err(Failure::unmet("the passphrase is refused", shown)),
        }
    });
    orders.give("connect, a passphrase for the agent", || {
        with_agent(&service, PASSWORD, "Connected")?;
        online(&mut *station, &ap)
    });
    orders.give("disconnect, connect", || {
        connmanctl(&["disconnect", &service])?;
        station.wait_disconnected(SOON)?;
        connmanctl(&["connect", &service])?;
        online(&mut *station, &ap)
    });
    orders.give("back at start", || {
        running.stop(SOON)?;
        station.process().stop(SOON)?;
        station.start_again()?;
        running = manager::connman(station.radio(), &directory)?;
        station.wait_connected(LATER)?;
        online(&mut *station, &ap)
    });
    orders.give("config --remove", || {
        connmanctl(&["config", &service, "--remove"])?;
        station.wait_disconnected(SOON)?;
        let gone = wait(SOON, || lab.expect_stored(&Network::psk(SSID, PASSWORD), false).ok());
        gone.map_or_else(|| lab.expect_stored(&Network::psk(SSID, PASSWORD), false), Ok)
    });
    // The switch is the machine's: it silences its access points too.
    orders.give("disable wifi, enable wifi", || {
        for (order, powered) in [("disable", "Powered = False"), ("enable", "Powered = True")] {
            connmanctl(&[order, "wifi"])?;
            let is_so = || connmanctl(&["technologies"]).ok().filter(|text| text.contains(powered));
            wait_large(SOON, is_so).ok_or_else(|| Failure::unmet(powered, running.log()))?;
        }
        Ok(())
    });
    running.stop(SOON)?;
    orders.end(lab)
}

/// A person at ConnMan's own client, who types a passphrase when asked for it.
fn with_agent(service: &str, passphrase: &str, until: &str) -> Result<String> {
    let mut terminal = Terminal::start(&mut command::<&str>("connmanctl", []))?;
    terminal.waits_for("connmanctl>", SOON);
    terminal.type_line("agent on")?;
    terminal.waits_for("Agent registered", SOON);
    terminal.type_line(&format!("connect {service}"))?;
    if !terminal.waits_for("Passphrase?", SOON) {
        return Err(Failure::unmet("the agent asks for a passphrase", terminal.shown()));
    }
    terminal.type_line(passphrase)?;
    if !terminal.waits_for(until, SOON * 3) {
        return Err(Failure::unmet(format!("connmanctl says {until:?}"), terminal.shown()));
    }
    // Whether to try again.
    if terminal.shown().contains("Retry") {
        terminal.type_line("no")?;
    }
    Ok(terminal.shown())
}

fn connmanctl(words: &[&str]) -> Result<String> {
    let text = output(command::<&str>("connmanctl", []).args(words))?;
    // It ends well even then.
    match text.contains("Error") {
        true => Err(Failure::unmet(format!("connmanctl {}", words.join(" ")), text)),
        false => Ok(text),
    }
}
