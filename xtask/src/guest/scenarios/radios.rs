//! Radios and interfaces that are switched off, taken away and given back under the station.

use super::{LATER, PASSWORD, SOON, SSID, Scenario, connected, expect_online, scenario};
use crate::command::{command, output};
use crate::failure::Result;
use crate::guest::{AccessPoint, Goodbye, Hostapd, Station};
use std::time::Duration;

/// How long it is gone.
const AWAY: Duration = Duration::from_secs(10);

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("rfkill", "the radio is blocked and unblocked: gone at once, back by itself", |lab| {
        let (ap, mut station) = connected(lab)?;
        station.radio().set_blocked(true)?;
        station.wait_disconnected(SOON)?;
        std::thread::sleep(AWAY);
        station.radio().set_blocked(false)?;
        // Who turned the switch sets the interface up, unless the daemon does.
        station.interface_up()?;
        back(&mut *station, &ap)
    }),
    scenario("interface-removed", "the interface is deleted and made again", |lab| {
        let (ap, mut station) = connected(lab)?;
        station.radio().set_interface(false)?;
        std::thread::sleep(AWAY);
        station.radio().set_interface(true)?;
        back(&mut *station, &ap)
    }),
    scenario("radio-removed", "the radio disappears and returns, as when a dongle is pulled out", |lab| {
        let (ap, mut station) = connected(lab)?;
        station.radio().set_hidden(true)?;
        std::thread::sleep(AWAY);
        station.radio().set_hidden(false)?;
        back(&mut *station, &ap)
    }),
    scenario(
        "paused",
        "the program stands still for ten minutes in which the AP restarts: back at once",
        |lab| {
            let (mut ap, mut station) = connected(lab)?;
            let process = station.process().id().to_string();
            output(&mut command("sh", ["-c", "kill -STOP $0", &process]))?;
            ap.stop(Goodbye::Said)?;
            std::thread::sleep(AWAY * 60);
            ap.start_again(&Hostapd::wpa3(SSID, PASSWORD))?;
            output(&mut command("sh", ["-c", "kill -CONT $0", &process]))?;
            station.wait_connected(SOON * 2)?;
            expect_online(&mut *station, &ap)
        },
    ),
];

/// Connected again, with addresses, and nothing left of the time before.
fn back(station: &mut dyn Station, ap: &AccessPoint) -> Result<()> {
    station.wait_connected(LATER)?;
    expect_online(station, ap)
}
