//! A person at a terminal: every command, with a transcript.

use super::{PASSWORD, SOON, SSID, Scenario, expect_online, scenario};
use crate::command::command;
use crate::failure::{Doing, Failure, Result};
use crate::guest::client::wait_heard;
use crate::guest::process::{Process, wait};
use crate::guest::terminal::Terminal;
use crate::guest::{Hostapd, Lab, Network, Tool};
use std::fs;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("iwctl", "every command of iwctl that a station needs, unmodified, a passphrase typed", iwctl),
    scenario("lapwing", "every command of lapwing, passphrases typed and from a descriptor", lapwing),
];

fn iwctl(lab: &mut Lab) -> Result<()> {
    let ap = lab.access_point(Hostapd::wpa3(SSID, PASSWORD))?;
    let mut station = lab.idle_station()?;
    let iwctl = station.iwctl()?;
    let on = station.radio().interface.clone();
    let shows = |line: &str, texts: &[&str]| {
        let words: Vec<_> = line.split(' ').collect();
        iwctl.shows(&words, None, texts).map(drop)
    };
    shows("adapter list", &["phy"])?;
    shows("device list", &[&on, "station"])?;
    shows(&format!("device {on} show"), &[&station.hardware_address(), "on"])?;
    shows("station list", &[&on, "disconnected"])?;
    // One that is refused says that the daemon is about it already.
    iwctl.run(&["station", &on, "scan"], None)?;
    let network = Network::psk(SSID, PASSWORD);
    wait_heard(&mut lab.client()?, &station.path()?, &station.network_path(&network)?)?;
    shows(&format!("station {on} get-networks"), &[SSID, "psk"])?;
    if let Some(complaint) = station.join(&network)? {
        return Err(Failure::unmet("the network is joined", complaint));
    }
    expect_online(&mut *station, &ap)?;
    shows(&format!("station {on} get-networks rssi-dbms"), &[SSID, "-"])?;
    let texts = ["connected", SSID, "IPv4 address", "ConnectedBss", "WPA3-Personal"];
    shows(&format!("station {on} show"), &texts)?;
    shows("known-networks list", &[SSID, "psk"])?;
    shows(&format!("known-networks {SSID} show"), &[SSID, "yes"])?;
    shows(&format!("known-networks {SSID} set-property AutoConnect no"), &[])?;
    shows(&format!("known-networks {SSID} show"), &["AutoConnect", "no"])?;
    shows(&format!("station {on} disconnect"), &[])?;
    station.wait_disconnected(SOON)?;
    shows(&format!("station {on} show"), &["disconnected"])?;
    // It is known now: no passphrase is asked for.
    station.connect()?;
    expect_online(&mut *station, &ap)?;
    shows(&format!("known-networks {SSID} forget"), &[])?;
    station.wait_disconnected(SOON)?;
    lab.expect_stored(&network, false)?;
    session(lab, &on)
}

/// The same program without a command: it takes one after the other.
fn session(lab: &Lab, interface: &str) -> Result<()> {
    let mut terminal = Terminal::start(&mut command::<&str>("iwctl", []))?;
    let mut shows = |typed: &str, text: &str| {
        terminal.type_line(typed)?;
        match terminal.waits_for(text, SOON) {
            true => Ok(()),
            false => Err(Failure::unmet(format!("{typed:?} shows {text:?}"), terminal.shown())),
        }
    };
    shows("station list", interface)?;
    shows("known-networks list", "Known Networks")?;
    terminal.type_line("exit")?;
    let (status, shown) = terminal.end(SOON)?;
    fs::write(lab.directory().join("session.txt"), &shown).doing(|| "keep the session".into())?;
    match status.success() {
        true => Ok(()),
        false => Err(Failure::unmet("the session ends well", shown)),
    }
}

fn lapwing(lab: &mut Lab) -> Result<()> {
    lab.only_lapwing("has another command")?;
    let ap = lab.access_point(Hostapd::wpa3(SSID, PASSWORD))?;
    let mut station = lab.idle_station()?;
    let lapwing = Tool::lapwing(lab.directory());
    let on = station.radio().interface.clone();
    let events = lab.directory().join("monitor.jsonl");
    let mut monitor = Process::start("monitor", &mut command("lapwing", ["monitor", "--json"]), events)?;
    let shows = |line: &str, texts: &[&str]| {
        let words: Vec<_> = line.split(' ').collect();
        lapwing.shows(&words, None, texts).map(drop)
    };
    shows("status", &[&on])?;
    shows("devices", &[&on])?;
    shows("scan", &[SSID])?;
    shows("networks --bss", &[SSID])?;
    lapwing.shows(&["connect", SSID], Some(PASSWORD), &[])?;
    expect_online(&mut *station, &ap)?;
    shows("status", &[SSID])?;
    shows("status --json", &["{", SSID])?;
    shows("networks --json", &["{", SSID])?;
    shows("known", &[SSID])?;
    shows("why", &[])?;
    shows("disconnect", &[])?;
    station.wait_disconnected(SOON)?;
    shows(&format!("forget {SSID}"), &[])?;
    lab.expect_stored(&Network::psk(SSID, PASSWORD), false)?;
    // A script hands the passphrase over.
    let secret = std::path::Path::new("/run/passphrase");
    fs::write(secret, format!("{PASSWORD}\n")).doing(|| "write the passphrase".into())?;
    let script = format!("exec lapwing connect {SSID} --passphrase-fd 3 3< {}", secret.display());
    let (status, shown) = Terminal::start(&mut command("sh", ["-c", &script]))?.end(SOON * 2)?;
    fs::remove_file(secret).doing(|| "remove the passphrase".into())?;
    if !status.success() {
        return Err(Failure::unmet("joined with a passphrase from a descriptor", shown));
    }
    expect_online(&mut *station, &ap)?;
    // Errors say what happened and what to do.
    let refused = lapwing.run(&["connect", "nowhere"], None)?;
    if refused.well {
        return Err(Failure::unmet("a network that is not there is refused", refused.text));
    }
    let told = wait(SOON, || {
        let log = monitor.log();
        (log.lines().count() > 2 && log.lines().all(|line| line.starts_with('{'))).then_some(())
    });
    told.ok_or_else(|| Failure::unmet("events as JSON, one a line", monitor.log()))?;
    monitor.kill()
}
