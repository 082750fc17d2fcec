//! Leaving and coming back: cached keys, keys that the AP has forgotten, and many rounds of it.

use super::{PASSWORD, SOON, SSID, Scenario, connected, expect_online, sae_exchanges, scenario};
use crate::failure::{Failure, Result};
use crate::guest::{AccessPoint, Hostapd, Lab, Network, Station};

/// Enough for what happens only now and then.
const CYCLES: usize = 30;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("pmksa-reconnect", "back by the cached PMKSA, without a second SAE", |lab| {
        let (ap, mut station) = connected(lab)?;
        reconnect(&mut *station)?;
        expect_exchanges(&ap, 1)?;
        expect_online(&mut *station, &ap)
    }),
    scenario("pmksa-forgotten", "the AP forgot the PMKSA (status 53): one full SAE, at once", |lab| {
        let (ap, mut station) = connected(lab)?;
        station.disconnect()?;
        station.wait_disconnected(SOON)?;
        ap.flush_pmksa()?;
        station.connect()?;
        station.wait_connected(SOON)?;
        expect_exchanges(&ap, 2)?;
        expect_online(&mut *station, &ap)
    }),
    scenario("thrown-out", "the AP deauthenticates: the station comes back by itself", |lab| {
        let (ap, mut station) = connected(lab)?;
        ap.deauthenticate(&station.hardware_address(), 1)?;
        returns(&ap)?;
        expect_online(&mut *station, &ap)
    }),
    scenario("thrown-out-and-forgotten", "as before, and the PMKSA is forgotten (reason 9)", |lab| {
        let (ap, mut station) = connected(lab)?;
        ap.flush_pmksa()?;
        ap.deauthenticate(&station.hardware_address(), 9)?;
        returns(&ap)?;
        expect_online(&mut *station, &ap)
    }),
    scenario("access-point-restarts", "the AP is away for half a minute", |lab| {
        let (ap, mut station) = connected(lab)?;
        ap.disable()?;
        station.wait_disconnected(SOON)?;
        std::thread::sleep(SOON * 2);
        ap.enable()?;
        // A station that looks for its network ever more rarely may need a while.
        station.wait_connected(SOON * 8)?;
        expect_online(&mut *station, &ap)
    }),
    scenario(
        "network-forgotten",
        "forgotten: left at once, no file, no keys; joined anew, it is a full SAE",
        |lab| {
            let (ap, mut station) = connected(lab)?;
            let network = Network::psk(SSID, PASSWORD);
            lab.expect_stored(&network, true)?;
            station.forget()?;
            station.wait_disconnected(SOON)?;
            lab.expect_stored(&network, false)?;
            if let Some(complaint) = station.join(&network)? {
                return Err(Failure::unmet("the network is joined", complaint));
            }
            station.wait_connected(SOON)?;
            expect_exchanges(&ap, 2)?;
            expect_online(&mut *station, &ap)
        },
    ),
    scenario("interface-down-and-up", "30 times the interface goes down and up, no request refused", |lab| {
        let (ap, mut station) = connected(lab)?;
        for _ in 0..CYCLES {
            station.interface_down()?;
            station.wait_disconnected(SOON)?;
            station.interface_up()?;
            station.wait_connected(SOON)?;
            station.wait_address(SOON)?;
            station.ping(ap.address())?;
        }
        lab.expect_no_refusals()
    }),
    scenario("cycles-sae", "30 times away and back on WPA3, no request refused", |lab| {
        let (ap, station) = connected(lab)?;
        cycles(lab, ap, station)
    }),
    scenario("cycles-wpa2", "30 times away and back on WPA2, no request refused", |lab| {
        let ap = lab.access_point(Hostapd::wpa2(SSID, PASSWORD))?;
        let mut station = lab.station(Network::psk(SSID, PASSWORD))?;
        expect_online(&mut *station, &ap)?;
        cycles(lab, ap, station)
    }),
];

/// The AP has it for the second time. It may be back before anybody sees that it was away.
fn returns(ap: &AccessPoint) -> Result<()> {
    ap.wait_for("AP-STA-CONNECTED", 2, SOON)
}

fn reconnect(station: &mut dyn Station) -> Result<()> {
    station.disconnect()?;
    station.wait_disconnected(SOON)?;
    station.connect()?;
    station.wait_connected(SOON)
}

fn cycles(lab: &Lab, ap: AccessPoint, mut station: Box<dyn Station>) -> Result<()> {
    for _ in 0..CYCLES {
        reconnect(&mut *station)?;
        station.wait_address(SOON)?;
        station.ping(ap.address())?;
    }
    lab.expect_no_refusals()
}

fn expect_exchanges(ap: &AccessPoint, count: usize) -> Result<()> {
    match sae_exchanges(ap) {
        seen if seen == count => Ok(()),
        seen => Err(Failure::unmet(format!("{count} SAE exchanges"), seen.to_string())),
    }
}
