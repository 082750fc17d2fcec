//! From iwd to our daemon and back: each reads what the other wrote, and nothing is lost.

use super::{PASSWORD, SOON, Scenario, scenario};
use crate::failure::{Doing, Failure, Result};
use crate::guest::client::{refused, wait_heard};
use crate::guest::process::wait;
use crate::guest::{Hostapd, Kind, Lab, Network, Station};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "round-trip",
        "every kind of file goes from iwd to Lapwing and back to iwd: joined by each, and nothing is lost",
        |lab| round_trip(lab, ""),
    )
    .with_radios(5),
    scenario(
        "round-trip-encrypted",
        "the same with files that are encrypted with a credential of systemd",
        |lab| round_trip(lab, "SystemdEncrypt=wifi\n"),
    )
    .with_radios(5),
];

/// Files that nobody is to touch.
const FOREIGN: &[(&str, &str)] = &[
    ("corp.8021x", "# by hand\n[Security]\nEAP-Method=PWD\nEAP-Identity=me\nEAP-Password=vast-lapwing-18\n"),
    ("hotspot/roam.conf", "[Hotspot]\nNAIRealmNames=example.com\nName=Roam\n"),
    ("broken.psk", "[Security]\nPassphrase\n"),
];

/// What a person adds to a file that iwd wrote.
const BY_HAND: &str =
    "\n[Settings]\nAutoConnect=false\nAlwaysRandomizeAddress=false\n\n[IPv6]\nEnabled=true\n";

fn round_trip(lab: &mut Lab, general: &'static str) -> Result<()> {
    lab.only_lapwing("is what the other is compared with")?;
    let place = lab.directory().join("credentials");
    fs::create_dir_all(&place).doing(|| "create the folder of credentials".into())?;
    fs::write(place.join("wifi"), "a key of this machine").doing(|| "write the credential".into())?;
    lab.set_general_settings(general);
    let state = lab.state();
    fs::create_dir_all(state.join("hotspot")).doing(|| "create the state directory".into())?;
    for (name, text) in FOREIGN {
        fs::write(state.join(name), text).doing(|| format!("write {name}"))?;
    }
    let networks = [
        (Network::psk("old", PASSWORD), Hostapd::wpa2("old", PASSWORD)),
        (Network::psk("caf\u{e9} 3", PASSWORD), Hostapd::wpa3("caf\u{e9} 3", PASSWORD)),
        (Network::open("free"), Hostapd::open("free")),
        (Network::owe("quiet").hidden(), Hostapd::owe("quiet").hidden()),
    ];
    let _access_points =
        networks.iter().map(|(_, config)| lab.access_point(config.clone())).collect::<Result<Vec<_>>>()?;
    let mut table = Table::default();
    for (turn, kind) in ["iwd", "lapwing", "iwd again"].into_iter().zip([Kind::Iwd, Kind::Lapwing, Kind::Iwd])
    {
        let mut station = lab.station_in_turn(kind)?;
        for (network, _) in &networks {
            join(lab, &mut *station, network, turn == "iwd")?;
        }
        station.process().stop(SOON)?;
        drop(station);
        table.look(&state, turn)?;
        if turn == "iwd" && general.is_empty() {
            let path = state.join("old.psk");
            let text = fs::read_to_string(&path).doing(|| "read old.psk".into())? + BY_HAND;
            fs::write(&path, text).doing(|| "write old.psk".into())?;
        }
    }
    lab.leave("round-trip.md", &table.text())?;
    table.expect_whole(!general.is_empty())
}

/// The first program is told what the network needs; the others find it in its file.
fn join(lab: &Lab, station: &mut dyn Station, network: &Network, is_new: bool) -> Result<()> {
    if is_new {
        if let Some(complaint) = station.join(network)? {
            return Err(Failure::unmet(format!("{} is joined", network.name()), complaint));
        }
    } else {
        let mut client = lab.client()?;
        let path = station.network_path(network)?;
        wait_heard(&mut client, &station.path()?, &path)?;
        client.join(&path, None)?.map_err(refused("Connect"))?;
    }
    station.wait_connected(SOON)?;
    let name = network.name();
    let ssid = || {
        let link = station.iw().ok()?;
        link.lines().any(|line| line.trim() == format!("SSID: {name}")).then_some(())
    };
    // iw shows other octets than ASCII in its own way.
    if name.is_ascii() && wait(SOON, ssid).is_none() {
        return Err(Failure::unmet(format!("connected to {name}"), station.iw()?));
    }
    lab.expect_stored(network, true)
}

/// What each file was after each turn.
#[derive(Default)]
struct Table {
    turns: Vec<&'static str>,
    files: BTreeMap<String, Vec<Option<String>>>,
}

impl Table {
    fn look(&mut self, state: &Path, turn: &'static str) -> Result<()> {
        for directory in [state.to_owned(), state.join("hotspot")] {
            let entries = fs::read_dir(&directory).doing(|| format!("read {}", directory.display()))?;
            for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()) {
                let name = path.strip_prefix(state).unwrap_or(&path).display().to_string();
                let text = fs::read_to_string(&path).doing(|| format!("read {name}"))?;
                let row = self.files.entry(name).or_default();
                row.resize(self.turns.len(), None);
                row.push(Some(text));
            }
        }
        self.turns.push(turn);
        for row in self.files.values_mut() {
            row.resize(self.turns.len(), None);
        }
        Ok(())
    }

    /// Which keys each file had. Secrets are not shown.
    fn text(&self) -> String {
        let mut text =
            format!("| file | {} |\n|---|{}\n", self.turns.join(" | "), "---|".repeat(self.turns.len()));
        for (name, row) in &self.files {
            // Writing into a text does not fail.
            let _ = write!(text, "| `{name}` |");
            for (index, content) in row.iter().enumerate() {
                let before = index.checked_sub(1).and_then(|before| row.get(before)?.as_ref());
                let cell = match content {
                    None => "-".to_owned(),
                    Some(content) if Some(content) == before => "the same".to_owned(),
                    Some(content) => keys(content).join(", "),
                };
                let _ = write!(text, " {cell} |");
            }
            text.push('\n');
        }
        text
    }

    /// Nothing that was there goes, and what is nobody's business stays to the octet.
    fn expect_whole(&self, encrypted: bool) -> Result<()> {
        for (name, row) in &self.files {
            let contents: Vec<_> = row.iter().skip_while(|content| content.is_none()).collect();
            if contents.iter().any(|content| content.is_none()) {
                return Err(Failure::unmet(format!("{name} stays"), "it is gone"));
            }
            if let Some((_, text)) = FOREIGN.iter().find(|(foreign, _)| foreign == name) {
                // iwd encrypts what it reads, this one too.
                let may_change = encrypted && name == "corp.8021x";
                if !may_change && row.iter().flatten().any(|content| content != text) {
                    return Err(Failure::unmet(format!("{name} is as it was"), format!("{row:?}")));
                }
                continue;
            }
            let Some((Some(first), rest)) = contents.split_first() else { continue };
            for content in rest.iter().copied().flatten() {
                let (wanted, found) = (keys(first), keys(content));
                if let Some(lost) = wanted.iter().find(|key| !found.contains(key)) {
                    let seen = format!("{found:?}");
                    return Err(Failure::unmet(format!("{name} keeps {lost}"), seen));
                }
            }
            let has_secret = row.iter().flatten().any(|content| content.contains(PASSWORD));
            if encrypted && has_secret {
                return Err(Failure::unmet(format!("{name} is encrypted"), "the passphrase"));
            }
        }
        let by_hand = self.files.get("old.psk").and_then(|row| row.last()?.clone()).unwrap_or_default();
        match encrypted || by_hand.contains("AutoConnect=false") {
            true => Ok(()),
            false => Err(Failure::unmet("old.psk keeps what a person wrote", "it is gone")),
        }
    }
}

/// The groups and keys of a file, without values, and without the names of groups that are drawn.
fn keys(content: &str) -> Vec<String> {
    let keys = content.lines().filter_map(|line| match line.split_once('=') {
        Some((key, _)) => Some(key.trim().to_owned()),
        None => {
            line.trim().strip_prefix('[').filter(|group| group.len() < 20).map(|group| format!("[{group}"))
        }
    });
    let mut keys: Vec<_> = keys.collect();
    keys.dedup();
    keys
}
