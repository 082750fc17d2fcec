//! The air between radios: how strong they hear each other, and what they do not hear.

use super::{PASSWORD, SOON, SSID, Scenario, expect_online, scenario};
use crate::command::output;
use crate::failure::{Failure, Result};
use crate::guest::process::wait;
use crate::guest::{Hostapd, Network, Station};
use serde_json::json;
use std::time::Duration;

/// How long a signal may take to be seen: some beacons.
const SEEN: Duration = Duration::from_secs(3);

/// How long a station is deaf.
const DEAF: Duration = Duration::from_secs(5);

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("medium-signal", "the signal is as set, and frames of one kind are lost", |lab| {
        signal_and_loss(lab)
    })
    .with_simple_radios()
    .on_medium()
    .on_both_kernels(),
    scenario("medium-multi-link", "radios of several channels are on the medium too", |lab| {
        let ap = lab.access_point(Hostapd::wpa3(SSID, PASSWORD))?;
        let address = lab.first_address()?;
        lab.medium()?.set_signal(&address, &ap.bssid(), -55.0)?;
        let mut station = lab.station(Network::psk(SSID, PASSWORD))?;
        expect_online(&mut *station, &ap)?;
        expect_signal(&*station, -55)
    })
    .on_medium()
    .on_both_kernels(),
];

fn signal_and_loss(lab: &mut crate::guest::Lab) -> Result<()> {
    let ap = lab.access_point(Hostapd::wpa3(SSID, PASSWORD))?;
    let mut station = lab.station(Network::psk(SSID, PASSWORD))?;
    expect_online(&mut *station, &ap)?;
    let address = station.hardware_address();
    for signal in [-45, -60, -75, -50] {
        lab.medium()?.set_signal(&address, &ap.bssid(), f64::from(signal))?;
        expect_signal(&*station, signal)?;
    }
    // The goodbye is said and not heard.
    lab.medium()?.add(json!({ "source": ap.bssid(), "frame": "deauthentication", "drop": true }))?;
    ap.deauthenticate(&address, 1)?;
    station.stays_connected(DEAF)?;
    // What is heard is still what it was.
    expect_signal(&*station, -50)
}

/// The signal of the connection, as the kernel shows it.
fn expect_signal(station: &dyn Station, wanted: i32) -> Result<()> {
    station_signal(station, wanted).map_err(|seen| {
        Failure::unmet(
            format!("the access point is heard at {wanted} dBm"),
            seen.unwrap_or_else(|| "nothing".into()),
        )
    })
}

fn station_signal(station: &dyn Station, wanted: i32) -> std::result::Result<(), Option<String>> {
    let look = || {
        let link =
            output(&mut station.radio().command(&format!("iw dev {} link", station.radio().interface)));
        let link = link.unwrap_or_default();
        link.lines().find_map(|line| line.trim().strip_prefix("signal:")).map(|text| text.trim().to_owned())
    };
    let is_so = || (look()? == format!("{wanted} dBm")).then_some(());
    wait(SEEN.min(SOON), is_so).ok_or_else(look)
}
