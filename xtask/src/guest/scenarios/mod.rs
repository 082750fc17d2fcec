//! The scenarios. One is a name, a sentence and a function that demands things of a [`Lab`]; add it to a list below.

mod ad_hoc;
mod addresses;
mod callers;
mod changes;
mod clients;
mod commands;
mod connect;
mod connman;
mod easy_connect;
mod hotspot;
mod keys;
mod killed;
mod managers;
mod medium;
mod multi_link;
mod network_manager;
mod people;
mod provisioning;
mod radios;
mod reconnect;
mod roams;
mod storage;
mod switches;
mod takeover;
mod transitions;

use crate::command::{command, output};
use crate::failure::{Failure, Result};
use crate::guest::{AccessPoint, Hostapd, Lab, Network, Radios, Station};
use crate::lab::{Kernel, Purpose};
use std::time::Duration;

/// One scenario.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What it shows.
    pub(crate) about: &'static str,
    pub(crate) run: fn(&mut Lab) -> Result<()>,
    /// Which radios it has.
    pub(crate) radios: Radios,
    /// The kernels on which it runs unless others are asked for.
    pub(crate) kernels: &'static [Kernel],
    /// Whether what they hear goes through our medium, where it can be changed.
    pub(crate) on_medium: bool,
    /// The image that it needs.
    pub(crate) image: Purpose,
    /// How many radios: the first is the station's, the others are for access points and further stations.
    pub(crate) count: usize,
}

impl Scenario {
    /// Has radios whose beacons the kernel watches.
    const fn with_simple_radios(self) -> Self {
        Self { radios: Radios::Simple, ..self }
    }

    /// Has a medium that can be changed between the radios.
    const fn on_medium(self) -> Self {
        Self { on_medium: true, ..self }
    }

    /// Whether the air can be watched. Where radios of several channels are on a medium, the kernels crash in it: for
    /// each acknowledgement they look for the channel of a radio that has none (`mac80211_hwsim_monitor_ack`).
    pub(in crate::guest) fn has_air(&self) -> bool {
        !self.on_medium || self.radios == Radios::Simple
    }

    /// Has other programs of a system beside the station, which have an image of their own.
    const fn with_managers(self) -> Self {
        Self { image: Purpose::Managers, ..self }
    }

    /// Has another number of radios than the usual three.
    const fn with_radios(self, count: usize) -> Self {
        Self { count, ..self }
    }

    /// Runs on each kernel, for what is new to them: kernels differ in it.
    const fn on_both_kernels(self) -> Self {
        Self { kernels: &Kernel::ALL, ..self }
    }
}

/// Every scenario, in the order in which they run.
pub(crate) fn all() -> impl Iterator<Item = &'static Scenario> {
    let lists = [
        connect::SCENARIOS,
        addresses::SCENARIOS,
        changes::SCENARIOS,
        reconnect::SCENARIOS,
        radios::SCENARIOS,
        killed::SCENARIOS,
        clients::SCENARIOS,
        callers::SCENARIOS,
        storage::SCENARIOS,
        people::SCENARIOS,
        provisioning::SCENARIOS,
        commands::SCENARIOS,
        managers::SCENARIOS,
        easy_connect::SCENARIOS,
        keys::SCENARIOS,
        hotspot::SCENARIOS,
        ad_hoc::SCENARIOS,
        multi_link::SCENARIOS,
        switches::SCENARIOS,
        transitions::SCENARIOS,
        roams::SCENARIOS,
        medium::SCENARIOS,
        takeover::SCENARIOS,
    ];
    lists.into_iter().flatten()
}

const fn scenario(name: &'static str, about: &'static str, run: fn(&mut Lab) -> Result<()>) -> Scenario {
    let (kernels, image) = (&[Kernel::Newest], Purpose::Scenarios);
    Scenario { name, about, run, radios: Radios::MultiLink, on_medium: false, kernels, image, count: 3 }
}

/// The network's name, where a scenario does not care.
const SSID: &str = "plain";

/// The passphrase. No log of the station may ever hold it.
pub(in crate::guest) const PASSWORD: &str = "vast-lapwing-17";

/// How long a station may take to be connected, from whatever it was.
const SOON: Duration = Duration::from_secs(15);

/// How long a station may take that looks ever more rarely for a network that was gone.
const LATER: Duration = Duration::from_secs(120);

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

/// A WPA3 network, joined.
fn connected(lab: &mut Lab) -> Result<(AccessPoint, Box<dyn Station>)> {
    let ap = lab.access_point(Hostapd::wpa3(SSID, PASSWORD))?;
    let mut station = lab.station(Network::psk(SSID, PASSWORD))?;
    expect_online(&mut *station, &ap)?;
    Ok((ap, station))
}

/// What a person's program says is the answer; the attempt is over then.
fn joins_now(station: &mut dyn Station, network: &Network) -> Result<()> {
    match station.join(network)? {
        None => Ok(()),
        Some(complaint) => Err(Failure::unmet("the network is joined", complaint)),
    }
}

/// The channel that the station is on.
fn expect_frequency(station: &dyn Station, frequency: u32) -> Result<()> {
    let link = output(&mut command("iw", ["dev", &station.radio().interface, "link"]))?;
    let line = link.lines().find_map(|line| line.trim().strip_prefix("freq:")).unwrap_or_default();
    match line.trim().split('.').next() == Some(&frequency.to_string()) {
        true => Ok(()),
        false => Err(Failure::unmet(format!("the station is on {frequency} MHz"), line)),
    }
}
