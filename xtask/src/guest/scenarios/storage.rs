//! What is stored: names of any bytes, hundreds of networks, and disks that take nothing.

use super::{LATER, PASSWORD, SOON, SSID, Scenario, connected, expect_online, scenario};
use crate::failure::{Doing, Failure, Result};
use crate::guest::client::{refused, wait_heard};
use crate::guest::{Hostapd, Lab, Network, Station};
use std::fs;
use std::time::{Duration, Instant};

/// Names that a file, a path, a shell or a text would stumble over.
const NAMES: &[&[u8]] = &[
    &[0xff; 32],
    b"../../etc/passwd",
    b"a\0b\nc",
    b"\"quoted\" 'twice' \\ $(reboot)",
    b"=3d",
    b" blank.psk ",
    "Grüße aus 東京 ☕".as_bytes(),
];

/// Networks of a person who travels.
const KNOWN: usize = 500;

/// The most that they may cost: until the service is there, until it is connected, and in KiB.
const READY: Duration = Duration::from_millis(500);
const CONNECTED: Duration = Duration::from_secs(2);
const MEMORY: u64 = 16 * 1024;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "names-of-any-bytes",
        "32 octets of 0xff, slashes, NUL, quotes, UTF-8: joined, stored, forgotten",
        |lab| {
            let mut ap = lab.access_point(Hostapd::wpa2("another", PASSWORD))?;
            let mut station = lab.idle_station()?;
            for name in NAMES {
                ap.stop(crate::guest::Goodbye::Said)?;
                ap.start_again(&Hostapd::wpa2(name, PASSWORD))?;
                any_name(lab, &mut *station, &Network::psk(name, PASSWORD))?;
            }
            Ok(())
        },
    ),
    scenario("known-500", "500 known networks: a quick start, a quick connection, little memory", |lab| {
        let (ap, mut station) = connected(lab)?;
        lab.client()?;
        station.process().kill()?;
        for number in 0..KNOWN {
            let other = Network::psk(format!("Hotel {number}"), &format!("room-service-{number}"));
            let place = lab.state().join(other.file_name());
            fs::write(&place, other.file_text()).doing(|| format!("write {}", place.display()))?;
        }
        let begun = Instant::now();
        station.start_again()?;
        let mut client = lab.client()?;
        client.wait_service(SOON)?;
        let ready = begun.elapsed();
        station.wait_connected(LATER)?;
        let connected = begun.elapsed();
        expect_online(&mut *station, &ap)?;
        let objects = client.objects()?;
        let known = objects.as_object().map_or(0, |objects| {
            objects.values().filter(|object| object.get("net.connman.iwd.KnownNetwork").is_some()).count()
        });
        let memory = station.memory()?;
        match known == KNOWN + 1 && ready <= READY && connected <= CONNECTED && memory <= MEMORY {
            true => Ok(()),
            false => Err(Failure::unmet(
                format!(
                    "{} known, ready within {READY:?}, connected within {CONNECTED:?}, {MEMORY} KiB",
                    KNOWN + 1
                ),
                format!("{known} known, ready after {ready:?}, connected after {connected:?}, {memory} KiB"),
            )),
        }
    }),
    scenario(
        "full-disk",
        "no space to store the network: connected all the same, and the person is told",
        |lab| {
            lab.small_state()?;
            lab.fill_state()?;
            joins_unstored(lab)
        },
    ),
    scenario("read-only", "a state directory that takes nothing: connected, and the person is told", |lab| {
        lab.small_state()?;
        lab.read_only_state()?;
        joins_unstored(lab)
    }),
    scenario("file-removed", "the file of the network in use is removed: left; put back: joined", |lab| {
        let (ap, mut station) = connected(lab)?;
        let network = Network::psk(SSID, PASSWORD);
        lab.client()?;
        let place = lab.state().join(network.file_name());
        fs::remove_file(&place).doing(|| "remove the network's file".into())?;
        station.wait_disconnected(SOON)?;
        station.provide(&network)?;
        station.wait_connected(SOON)?;
        expect_online(&mut *station, &ap)
    }),
];

/// Joined by its path on the bus, stored under its name in hexadecimal, and forgotten.
fn any_name(lab: &Lab, station: &mut dyn Station, network: &Network) -> Result<()> {
    let mut client = lab.client()?;
    let path = station.network_path(network)?;
    wait_heard(&mut client, &station.path()?, &path)?;
    client.join(&path, network.passphrase())?.map_err(refused("Connect"))?;
    station.wait_connected(SOON)?;
    lab.expect_stored(network, true)?;
    let known = format!("/net/connman/iwd/{}", network.path_element());
    client.call(&known, "net.connman.iwd.KnownNetwork", "Forget", &[])?.map_err(refused("Forget"))?;
    station.wait_disconnected(SOON)?;
    lab.expect_stored(network, false)
}

/// A person joins; the network cannot be stored.
fn joins_unstored(lab: &mut Lab) -> Result<()> {
    let (_ap, station) = connected(lab)?;
    let network = Network::psk(SSID, PASSWORD);
    lab.expect_stored(&network, false)?;
    lab.only_lapwing("does not say that a network was not stored")?;
    let value = lab.client()?.property(&station.path()?, "org.lapwing.Station1", "Warning")?;
    let warning = value.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    match warning.contains(&network.file_name()) {
        true => Ok(()),
        false => Err(Failure::unmet("a warning that names the file", format!("{warning:?}"))),
    }
}
