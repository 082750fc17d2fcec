//! Everything that callers and disks may do to a daemon, one after the other to the same one while it serves a person.

use super::clients::{SHIPPED, THOUGHT, bulk};
use super::{PASSWORD, SOON, SSID, Scenario, connected, expect_online, joins_now, scenario};
use crate::command::{command, output};
use crate::failure::{Doing, Failure, Result};
use crate::guest::client::{Answer, NETWORK, STATION, refused, wait_heard};
use crate::guest::process::wait;
use crate::guest::{AccessPoint, Argument, Client, Hostapd, Lab, Network, Policy, Station};
use std::fs;
use std::time::Duration;

/// The other network.
const SECOND: &str = "second";

/// How often somebody without rights asks for each thing.
const ATTEMPTS: usize = 10;

/// What all of it may cost in memory, in KiB.
const GROWTH: u64 = 4096;

pub(super) const SCENARIOS: &[Scenario] = &[scenario(
    "bad-callers",
    "one daemon: nobody's calls, agents that die or say nothing, edited files, a full disk",
    bad_callers,
)];

fn bad_callers(lab: &mut Lab) -> Result<()> {
    lab.only_lapwing("is not what is shown")?;
    lab.set_bus(Some((Policy::Closed, Some(SHIPPED))))?;
    lab.small_state()?;
    let second = lab.access_point(Hostapd::wpa2(SECOND, PASSWORD).channel(11))?;
    let (first, mut station) = connected(lab)?;
    let paths =
        Paths { station: station.path()?, second: station.network_path(&Network::psk(SECOND, PASSWORD))? };
    let mut root = lab.client()?;
    wait_heard(&mut root, &paths.station, &paths.second)?;
    bulk(&mut root, &paths.station, 20)?;
    let before = station.memory()?;

    nobody_is_refused(&mut root, &paths)?;
    expect_online(&mut *station, &first)?;
    an_agent_dies(lab, &paths)?;
    expect_online(&mut *station, &first)?;
    two_agents(lab, &paths)?;
    expect_online(&mut *station, &second)?;
    lab.expect_stored(&Network::psk(SECOND, PASSWORD), true)?;
    files_are_edited(lab, &mut root, &mut *station, &second)?;
    the_disk_is_full(lab, &mut root, &paths, (&mut *station, &first))?;

    let after = station.memory()?;
    match after > before + GROWTH {
        true => Err(Failure::unmet(format!("at most {GROWTH} KiB more"), format!("{before} to {after}"))),
        false => Ok(()),
    }
}

/// Where things are on the bus.
struct Paths {
    station: String,
    second: String,
}

/// Somebody without rights asks for everything, again and again, while somebody with rights has many questions too.
fn nobody_is_refused(root: &mut Client, paths: &Paths) -> Result<()> {
    let known = format!("/net/connman/iwd/{}", Network::psk(SSID, PASSWORD).path_element());
    let calls = [
        ("/", "org.freedesktop.DBus.ObjectManager.GetManagedObjects", ""),
        (&paths.station, "net.connman.iwd.Station.Disconnect", ""),
        (&paths.station, "net.connman.iwd.Station.Scan", ""),
        (&paths.second, "net.connman.iwd.Network.Connect", ""),
        (&known, "net.connman.iwd.KnownNetwork.Forget", ""),
        ("/net/connman/iwd", "net.connman.iwd.AgentManager.RegisterAgent", "objpath:/agent"),
        (&paths.station, "org.lapwing.Station1.Nonsense", "string:x"),
    ];
    let lines: String = calls
        .iter()
        .map(|(path, member, words)| {
            format!("dbus-send --system --print-reply --dest=net.connman.iwd {path} {member} {words} 2>&1\n")
        })
        .collect();
    let script = format!("for i in $(seq {ATTEMPTS}); do\n{lines}done\ntrue");
    let mut nobody = command("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c"]);
    nobody.arg(script);
    let (answered, said) = std::thread::scope(|scope| {
        let said = scope.spawn(|| output(&mut nobody));
        (bulk(root, &paths.station, 50), said.join())
    });
    answered?;
    let said = said.map_err(|_| Failure::unmet("the calls are made", "a panic"))??;
    let refused = said.matches("org.freedesktop.DBus.Error.AccessDenied").count();
    match refused == calls.len() * ATTEMPTS {
        true => Ok(()),
        false => Err(Failure::unmet(format!("{} refusals", calls.len() * ATTEMPTS), said)),
    }
}

/// One is asked for somebody else, and gone.
fn an_agent_dies(lab: &Lab, paths: &Paths) -> Result<()> {
    let (mut agent, mut other) = (lab.client()?, lab.client()?);
    agent.register_agent()?;
    let call = other.send(&paths.second, NETWORK, "Connect", &[])?;
    agent.asked(SOON)?;
    drop(agent);
    expect_error(other.answer_to(call, SOON)?, "NoAgent")
}

/// One of iwd's errors, with a sentence of ours.
fn expect_error(answer: Answer, name: &str) -> Result<()> {
    match answer {
        Err(refused) if refused.name == format!("net.connman.iwd.{name}") && refused.text.ends_with('.') => {
            Ok(())
        }
        other => Err(Failure::unmet(format!("iwd's {name}, and why"), format!("{other:?}"))),
    }
}

/// Somebody who has no agent wants to join: the older agent is asked, and never answers. Then one with an agent of his own
/// does: it is that one who is asked.
fn two_agents(lab: &Lab, paths: &Paths) -> Result<()> {
    let (mut older, mut younger, mut other) = (lab.client()?, lab.client()?, lab.client()?);
    older.register_agent()?;
    younger.register_agent()?;
    let call = other.send(&paths.second, NETWORK, "Connect", &[])?;
    older.asked(SOON)?;
    expect_error(other.answer_to(call, THOUGHT)?, "Timeout")?;
    let call = younger.send(&paths.second, NETWORK, "Connect", &[])?;
    let asked = younger.asked(SOON)?;
    younger.reply(&asked, &[Argument::Text(PASSWORD)])?;
    younger.answer_to(call, SOON * 2)?.map_err(refused("Connect"))?;
    match older.wait_for(Duration::ZERO, |message| message.member == "RequestPassphrase")? {
        None => Ok(()),
        Some(_) => Err(Failure::unmet("only the caller's own agent is asked", "the other one was too")),
    }
}

/// The file of the network in use is changed, and gets a line that is none: the network is as it was until it is mended.
fn files_are_edited(
    lab: &Lab,
    root: &mut Client,
    station: &mut dyn Station,
    second: &AccessPoint,
) -> Result<()> {
    let network = Network::psk(SECOND, PASSWORD);
    let known = format!("/net/connman/iwd/{}", network.path_element());
    let place = lab.state().join(network.file_name());
    let write = |text: &str| fs::write(&place, text).doing(|| format!("write {}", place.display()));
    let mut expect = |value: bool| {
        let told = wait(SOON, || {
            let seen = root.property(&known, "net.connman.iwd.KnownNetwork", "AutoConnect").ok()??;
            (seen == value).then_some(())
        });
        told.ok_or_else(|| Failure::unmet(format!("AutoConnect is {value}"), "it is not"))
    };
    let good = network.file_text();
    write(&format!("{good}[Settings]\nAutoConnect=false\n"))?;
    expect(false)?;
    write(&format!("{good}this line is none\n[Settings]\nAutoConnect=true\n"))?;
    let mut log = String::new();
    let told = wait(SOON, || {
        log = station.process().log();
        log.contains(&format!("{:?}, line 3: ", place)).then_some(())
    });
    told.ok_or_else(|| Failure::unmet("a line of the log that names the file and its line", log))?;
    station.stays_connected(SOON)?;
    write(&format!("{good}[Settings]\nAutoConnect=true\n"))?;
    expect(true)?;
    expect_online(station, second)
}

/// Nothing can be written any more, and a person joins all the same.
fn the_disk_is_full(
    lab: &Lab,
    root: &mut Client,
    paths: &Paths,
    (station, first): (&mut dyn Station, &AccessPoint),
) -> Result<()> {
    let network = Network::psk(SSID, PASSWORD);
    let known = format!("/net/connman/iwd/{}", network.path_element());
    root.call(&known, "net.connman.iwd.KnownNetwork", "Forget", &[])?.map_err(refused("Forget"))?;
    lab.fill_state()?;
    joins_now(station, &network)?;
    expect_online(station, first)?;
    lab.expect_stored(&network, false)?;
    let value = root.property(&paths.station, "org.lapwing.Station1", "Warning")?;
    let warning = value.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    if !warning.contains(&network.file_name()) {
        return Err(Failure::unmet("a warning that names the file", format!("{warning:?}")));
    }
    // And it is still one who listens.
    root.call(&paths.station, STATION, "Disconnect", &[])?.map_err(refused("Disconnect"))?;
    station.wait_disconnected(SOON)?;
    joins_now(station, &network)?;
    expect_online(station, first)
}
