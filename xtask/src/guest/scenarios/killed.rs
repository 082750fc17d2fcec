//! The program ends in the middle: nothing of it may be left over, and the next one takes up where it was.

use super::{LATER, PASSWORD, SOON, SSID, Scenario, connected, expect_online, scenario};
use crate::failure::{Failure, Result};
use crate::guest::{Hostapd, Kind, Lab, Network, Station};
use std::time::Duration;

/// Moments after the start at which the program is killed: the first fall into the scan of the known channel, the later ones into authentication, association, handshake and address.
const ROUNDS: u64 = 24;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "killed",
        "killed at 24 moments of the way to a network: the next one connects, nothing is left",
        |lab| {
            let ap = lab.access_point(Hostapd::wpa3(SSID, PASSWORD))?;
            let mut station = lab.station(Network::psk(SSID, PASSWORD))?;
            expect_online(&mut *station, &ap)?;
            let before = station.radio().remains()?;
            for round in 0..ROUNDS {
                station.process().kill()?;
                station.start_again()?;
                std::thread::sleep(moment(round));
            }
            // What the kernel still has of the one before is no sign yet.
            std::thread::sleep(SOON);
            station.wait_connected(LATER)?;
            expect_online(&mut *station, &ap)?;
            station.radio().remains()?.expect(&before)?;
            lab.expect_stored(&Network::psk(SSID, PASSWORD), true)
        },
    ),
    scenario("killed-while-connected", "killed while data flows, and started a minute later", |lab| {
        let (ap, mut station) = connected(lab)?;
        let before = station.radio().remains()?;
        station.process().kill()?;
        std::thread::sleep(Duration::from_secs(60));
        station.start_again()?;
        std::thread::sleep(SOON);
        station.wait_connected(LATER)?;
        expect_online(&mut *station, &ap)?;
        station.radio().remains()?.expect(&before)
    }),
    scenario("stopped", "asked to end: says goodbye, and leaves no address, route or key", |lab| {
        let (ap, mut station) = connected(lab)?;
        station.process().stop(SOON)?;
        station.wait_disconnected(SOON)?;
        ap.wait_for("AP-STA-DISCONNECTED", 1, SOON)?;
        expect_nothing_left(lab, &*station)
    }),
];

/// Between nothing and half a second, finer at the beginning.
const fn moment(round: u64) -> Duration {
    Duration::from_millis(round * round)
}

fn expect_nothing_left(lab: &Lab, station: &dyn Station) -> Result<()> {
    match lab.kind() {
        // Its addresses are udhcpc's.
        Kind::WpaSupplicant => Err(Failure::Unable("wpa_supplicant configures no addresses".into())),
        Kind::Lapwing | Kind::Iwd => station.radio().remains()?.expect_nothing(),
    }
}
