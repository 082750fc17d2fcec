//! The scenarios. One is a name, a sentence and a function that demands things of a [`Lab`]; add it to a list below.

mod connect;
mod keys;
mod reconnect;

use crate::failure::Result;
use crate::guest::{AccessPoint, Lab, Station};
use std::time::Duration;

/// One scenario.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What it shows.
    pub(crate) about: &'static str,
    pub(crate) run: fn(&mut Lab) -> Result<()>,
}

/// Every scenario, in the order in which they run.
pub(crate) fn all() -> impl Iterator<Item = &'static Scenario> {
    [connect::SCENARIOS, reconnect::SCENARIOS, keys::SCENARIOS].into_iter().flatten()
}

const fn scenario(name: &'static str, about: &'static str, run: fn(&mut Lab) -> Result<()>) -> Scenario {
    Scenario { name, about, run }
}

/// The network's name, where a scenario does not care.
const SSID: &str = "plain";

/// The passphrase. No log of the station may ever hold it.
pub(in crate::guest) const PASSWORD: &str = "vast-lapwing-17";

/// How long a station may take to be connected, from whatever it was.
const SOON: Duration = Duration::from_secs(15);

/// A suite of the standard, as hostapd writes it.
fn suite(number: u8) -> String {
    format!("00-0f-ac-{number}")
}

/// Connected, with addresses of both kinds, and data crosses the radio in both directions.
fn expect_online(station: &mut dyn Station, ap: &AccessPoint) -> Result<()> {
    station.wait_connected(SOON)?;
    let address = station.wait_address(SOON)?;
    station.ping(ap.address())?;
    ap.ping(address)?;
    station.wait_address_v6(SOON)?;
    Ok(())
}

/// What the two sides agreed on, as hostapd sees it.
fn expect_suites(station: &dyn Station, ap: &AccessPoint, akm: u8, pairwise: u8) -> Result<()> {
    let address = station.hardware_address();
    ap.expect(&address, "AKMSuiteSelector", &suite(akm))?;
    ap.expect(&address, "dot11RSNAStatsSelectedPairwiseCipher", &suite(pairwise))
}

/// How many SAE exchanges hostapd has begun.
fn sae_exchanges(ap: &AccessPoint) -> usize {
    ap.count("start SAE authentication (RX commit")
}
