//! Our own access point with one channel, and everybody's stations.

use super::multi_link::data_crosses;
use super::{LATER, PASSWORD, SOON, SSID, Scenario, joins_now, scenario};
use crate::command::output;
use crate::failure::{Failure, Result};
use crate::guest::process::wait;
use crate::guest::{Goodbye, Hotspot, Lab, LapwingAp, Outside, Protection, Station};
use std::time::{Duration, Instant};

/// Rounds of new group keys.
const RENEWALS: usize = 2;

/// How many clients come at once: all hear each other, which costs the machine their square.
const CROWD: usize = 20;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "hotspot-open",
        "our open hotspot: lapwing, iwd and wpa_supplicant get addresses, ping",
        |lab| serves(lab, &own(Protection::Open)),
    ),
    scenario("hotspot-owe", "our hotspot with OWE, the same three", |lab| serves(lab, &own(Protection::Owe))),
    scenario("hotspot-wpa2", "our hotspot with WPA2, the same three", |lab| {
        serves(lab, &own(Protection::Wpa2))
    }),
    scenario(
        "hotspot-addresses",
        "our hotspot gives addresses and passes on by itself, the same three",
        |lab| serves(lab, &own(Protection::Wpa3).with_own_addresses()),
    ),
    scenario("hotspot-wpa3", "our hotspot with WPA3, the same three", |lab| {
        serves(lab, &own(Protection::Wpa3))
    })
    .on_both_kernels(),
    scenario("hotspot-transition", "our hotspot with WPA2 and WPA3, the same three", |lab| {
        serves(lab, &own(Protection::Transition))
    }),
    scenario("hotspot-hidden", "our hotspot that does not tell its name, the same three", |lab| {
        serves(lab, &own(Protection::Wpa3).with("--hidden"))
    }),
    scenario("hotspot-group-rekey", "our hotspot renews its group keys every minute", |lab| {
        let ap = lab.hotspot(&own(Protection::Wpa3).with("--group-key-lifetime 60"))?;
        let mut station = lab.station(own(Protection::Wpa3).network())?;
        data_crosses(&mut *station, &ap)?;
        let before = lab.netlink()?.keys().len();
        for _ in 0..RENEWALS {
            std::thread::sleep(Duration::from_secs(61));
            data_crosses(&mut *station, &ap)?;
        }
        let keys = lab.netlink()?.keys();
        let new = keys.iter().skip(before).filter(|(_, index)| (1..=3).contains(index)).count();
        match new >= RENEWALS {
            true => lab.expect_no_refusals().and(ap.expect_no_refusals()),
            false => Err(Failure::unmet(format!("{RENEWALS} new group keys"), format!("{keys:?}"))),
        }
    }),
    scenario(
        "hotspot-station-restarts",
        "a station is killed and starts again, its old keys still held",
        |lab| {
            let ap = lab.hotspot(&own(Protection::Wpa3))?;
            let mut station = lab.station(own(Protection::Wpa3).network())?;
            data_crosses(&mut *station, &ap)?;
            station.process().kill()?;
            station.start_again()?;
            data_crosses(&mut *station, &ap)?;
            ap.expect_no_refusals()
        },
    ),
    scenario(
        "hotspot-client-limit",
        "a hotspot for one: the second gets in when the first has left",
        |lab| {
            let ap = lab.hotspot(&own(Protection::Wpa3).with("--client-limit 1"))?;
            let mut station = lab.station(own(Protection::Wpa3).network())?;
            data_crosses(&mut *station, &ap)?;
            let mut second = lab.supplicant()?;
            second.provide(&own(Protection::Wpa3).network())?;
            let second: &mut dyn Station = &mut second;
            if second.wait_connected(SOON).is_ok() {
                return Err(Failure::unmet("one client", ap.stations()?));
            }
            station.stays_connected(Duration::from_secs(1))?;
            station.disconnect()?;
            second.wait_connected(SOON * 4)?;
            data_crosses(second, &ap)?;
            ap.expect_no_refusals()
        },
    ),
    scenario("hotspot-isolation", "clients reach each other, unless the hotspot isolates them", |lab| {
        between_clients(lab, &own(Protection::Wpa3), true)
    }),
    scenario("hotspot-isolated", "an isolating hotspot: clients do not reach each other", |lab| {
        between_clients(lab, &own(Protection::Wpa3).with("--isolate"), false)
    }),
    scenario("hotspot-restart-with-goodbye", "our hotspot restarts, says so and knows nobody: back", |lab| {
        restarts(lab, Goodbye::Said)
    }),
    scenario(
        "hotspot-restart-without-goodbye",
        "our hotspot restarts without a word, knows nobody: back",
        |lab| restarts(lab, Goodbye::Unsaid),
    ),
    scenario(
        "hotspot-killed",
        "our hotspot's program is killed, starts again, and takes its interface back",
        |lab| {
            let mut ap = lab.hotspot(&own(Protection::Wpa3))?;
            let mut station = lab.station(own(Protection::Wpa3).network())?;
            data_crosses(&mut *station, &ap)?;
            ap.killed()?;
            ap.begin()?;
            // Only who says something learns that nobody knows him any more.
            let back = wait(LATER, || station.ping(ap.address()).ok());
            back.ok_or_else(|| Failure::unmet("the station is back", station.last_words()))?;
            data_crosses(&mut *station, &ap)?;
            ap.expect_no_refusals()
        },
    )
    .on_both_kernels(),
    scenario("hotspot-nat", "a client reaches beyond our hotspot, which speaks for it there", |lab| {
        let ap = lab.hotspot(&own(Protection::Wpa3).with_own_addresses())?;
        let outside = ap.uplink()?;
        let mut station = lab.station(own(Protection::Wpa3).network())?;
        data_crosses(&mut *station, &ap)?;
        let answered = wait(SOON, || station.ping(Outside::ADDRESS).ok());
        answered.ok_or_else(|| Failure::unmet("somebody beyond the hotspot answers", ap.last_words()))?;
        drop(outside);
        ap.expect_no_refusals()
    })
    .with_managers()
    .on_both_kernels(),
    scenario("hotspot-country", "our hotspot's beacons name the country that the kernel knows", |lab| {
        let config = own(Protection::Wpa3).in_country("DE");
        let ap = lab.hotspot(&config)?;
        let mut station = lab.station(config.network())?;
        data_crosses(&mut *station, &ap)?;
        let interface = &station.radio().interface;
        let heard = output(&mut station.radio().command(&format!("iw dev {interface} scan dump")))?;
        match heard.contains("Country: DE") {
            true => ap.expect_no_refusals(),
            false => Err(Failure::unmet("a beacon that says where it is", heard)),
        }
    })
    .on_both_kernels(),
    scenario("hotspot-crowd", "twenty clients join our hotspot at once: all are let in", |lab| {
        let ap = lab.hotspot(&own(Protection::Wpa3))?;
        let (memory, begun) = (ap.memory()?, Instant::now());
        let (count, _clients) = lab.crowd(&own(Protection::Wpa3).network(), 2412)?;
        let authorized = |stations: &str| stations.matches("authorized:\tyes").count();
        let all = wait(SOON * 8, || ap.stations().ok().filter(|stations| authorized(stations) == count));
        all.ok_or_else(|| Failure::unmet(format!("{count} clients"), ap.stations().unwrap_or_default()))?;
        lab.record("clients", count.into());
        lab.record("seconds_until_all", begun.elapsed().as_secs_f64().into());
        lab.record("KiB_for_each", (ap.memory()?.saturating_sub(memory) as f64 / count as f64).into());
        ap.expect_no_refusals()
    })
    .with_radios(CROWD + 2),
    scenario("hotspot-pmksa-forgotten", "our hotspot forgot the PMKSAs: one full SAE, at once", |lab| {
        let ap = lab.hotspot(&own(Protection::Wpa3))?;
        let mut station = lab.station(own(Protection::Wpa3).network())?;
        data_crosses(&mut *station, &ap)?;
        station.disconnect()?;
        station.wait_disconnected(SOON)?;
        ap.forget_pmksas()?;
        station.connect()?;
        data_crosses(&mut *station, &ap)?;
        ap.expect_no_refusals()
    }),
];

fn own(protection: Protection) -> Hotspot {
    Hotspot::new(SSID, protection, PASSWORD)
}

/// One station after the other joins, gets an address, and leaves.
fn serves(lab: &mut Lab, config: &Hotspot) -> Result<()> {
    let ap = lab.hotspot(config)?;
    for kind in lab.kinds() {
        let mut station = lab.idle_station_of(kind)?;
        joins_now(&mut *station, &config.network()).and_then(|()| data_crosses(&mut *station, &ap)).map_err(
            |failure| Failure::unmet(format!("{} is served: {failure}", kind.name()), ap.last_words()),
        )?;
        station.process().stop(SOON)?;
        station.wait_disconnected(SOON)?;
        expect_gone(&ap)?;
    }
    ap.expect_no_refusals()
}

/// Nobody is associated any more, as the kernel of the access point sees it.
fn expect_gone(ap: &LapwingAp) -> Result<()> {
    let gone = wait(SOON, || ap.stations().ok().filter(|stations| !stations.contains("Station")).map(drop));
    match gone {
        Some(()) => Ok(()),
        None => Err(Failure::unmet("no client is left", ap.stations()?)),
    }
}

/// Whether two clients reach each other.
fn between_clients(lab: &mut Lab, config: &Hotspot, reach: bool) -> Result<()> {
    let ap = lab.hotspot(config)?;
    let mut station = lab.station(config.network())?;
    data_crosses(&mut *station, &ap)?;
    let mut second = lab.supplicant_in("client")?;
    second.provide(&config.network())?;
    let second: &mut dyn Station = &mut second;
    data_crosses(second, &ap)?;
    let address = second.wait_address(SOON)?;
    match station.ping(address).is_ok() == reach {
        true => ap.expect_no_refusals(),
        false if reach => Err(Failure::unmet("clients reach each other", "no answer to a ping")),
        false => Err(Failure::unmet("clients do not reach each other", "an answer to a ping")),
    }
}

fn restarts(lab: &mut Lab, goodbye: Goodbye) -> Result<()> {
    let mut ap = lab.hotspot(&own(Protection::Wpa3))?;
    let mut station = lab.station(own(Protection::Wpa3).network())?;
    data_crosses(&mut *station, &ap)?;
    super::multi_link::come_back(lab, &mut ap, &mut *station, goodbye)?;
    data_crosses(&mut *station, &ap)?;
    ap.expect_no_refusals()
}
