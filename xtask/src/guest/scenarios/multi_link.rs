//! Our AP MLD, and stations with several links to it.

use super::{LATER, PASSWORD, SOON, Scenario, expect_frequency, scenario};
use crate::failure::{Doing, Failure, Result};
use crate::guest::links::{self, Link};
use crate::guest::netlink::expect_none;
use crate::guest::process::wait;
use crate::guest::{Goodbye, Hotspot, Kind, Lab, LapwingAp, Network, Station};
use std::fs;
use std::time::{Duration, Instant};

/// The name of the network with links.
pub(super) const MLO: &str = "mlo";

/// Channels of two bands: what most access points have.
pub(super) const TWO_BANDS: &[u32] = &[2412, 5180];
/// Two channels of 5 GHz.
const ONE_BAND: &[u32] = &[5180, 5745];
/// As many as our access point has links.
const THREE: &[u32] = &[2412, 5180, 5745];

/// Enough pings for every link to have its turn.
const PINGS: usize = 12;

/// `NL80211_CMD_ASSOC_MLO_RECONF`.
const ADD_LINKS: u8 = 156;

/// How soon links that were added again may be used. Beacons of before are forgotten by then.
const RETURN: Duration = Duration::from_secs(45);

/// Rounds of new group keys.
const RENEWALS: usize = 2;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("mlo-two-bands", "an AP MLD on 2.4 and 5 GHz: both links, data over each", |lab| {
        joins(lab, TWO_BANDS)
    })
    .on_both_kernels(),
    scenario("mlo-one-band", "an AP MLD on two channels of 5 GHz: both links, data over each", |lab| {
        joins(lab, ONE_BAND)
    })
    .on_both_kernels(),
    scenario("mlo-three-links", "an AP MLD on three channels: all links, data over each", |lab| {
        joins(lab, THREE)
    })
    .on_both_kernels(),
    scenario("mlo-pmksa", "an AP MLD: back by the PMKSA, on all links", |lab| {
        let (ap, mut station) = connected(lab, TWO_BANDS)?;
        let before = lab.requested_authentications(station.radio())?;
        reconnect(&mut *station)?;
        expect_all(lab, &mut *station, &ap)?;
        match lab.requested_authentications(station.radio())? - before {
            1 => expect_no_refusals(lab, &ap),
            more => Err(Failure::unmet("one authentication", more.to_string())),
        }
    })
    .on_both_kernels(),
    scenario("mlo-group-rekey", "new group keys on each link every minute", |lab| {
        let config = Hotspot::multi_link(MLO, PASSWORD, TWO_BANDS).with("--group-key-lifetime 60");
        let (ap, mut station) = joined(lab, &config)?;
        let before = lab.netlink()?.keys();
        for _ in 0..RENEWALS {
            std::thread::sleep(Duration::from_secs(61));
            data_crosses(&mut *station, &ap)?;
        }
        let keys = lab.netlink()?.keys();
        let new = keys.get(before.len()..).unwrap_or_default();
        for link in ap.links()? {
            let count = new.iter().filter(|key| matches!(**key, (Some(id), 1..=3) if id == link.id)).count();
            if count < RENEWALS {
                let expected = format!("{RENEWALS} new group keys on link {}", link.id);
                return Err(Failure::unmet(expected, format!("{new:?}")));
            }
        }
        expect_no_refusals(lab, &ap)
    })
    .on_both_kernels(),
    scenario("mlo-restart-with-goodbye", "the AP MLD restarts, says so and knows nobody: back", |lab| {
        restarts(lab, Goodbye::Said)
    })
    .on_both_kernels(),
    scenario(
        "mlo-restart-without-goodbye",
        "the AP MLD restarts without a word, knows nobody: back",
        |lab| restarts(lab, Goodbye::Unsaid),
    )
    .on_both_kernels(),
    scenario("mlo-plain-client", "a plain client (iwd) joins each link of the AP MLD", |lab| {
        let ap = lab.hotspot(&Hotspot::multi_link(MLO, PASSWORD, TWO_BANDS))?;
        for (frequency, other_band) in [(2412, "5GHz"), (5180, "2_4GHz")] {
            lab.set_further_settings(match other_band {
                "5GHz" => "[Rank]\nBandModifier5GHz=0.0\n",
                _ => "[Rank]\nBandModifier2_4GHz=0.0\n",
            });
            let mut client = lab.idle_station_of(Kind::Iwd)?;
            super::joins_now(&mut *client, &Network::psk(MLO, PASSWORD))?;
            data_crosses(&mut *client, &ap)?;
            expect_frequency(&*client, frequency)?;
            client.forget()?;
            client.wait_disconnected(SOON)?;
            client.process().stop(SOON)?;
        }
        ap.expect_no_refusals()
    })
    .on_both_kernels(),
    scenario("mlo-link-removal", "the AP MLD removes a link and adds it again: each link in turn", |lab| {
        let (ap, mut station) = connected(lab, TWO_BANDS)?;
        for link in ap.links()? {
            ap.remove_link(link.id)?;
            wait_links(&*station, |links| links.iter().all(|known| known.id != link.id))?;
            data_crosses(&mut *station, &ap)?;
            ap.add_link(link.id)?;
            links_return(&mut *station, 2)?;
            expect_all(lab, &mut *station, &ap)?;
        }
        expect_no_other_refusals(lab, &ap)
    })
    .on_both_kernels(),
    scenario("mlo-all-links-but-one", "the AP MLD removes all links but one, and adds them again", |lab| {
        let (ap, mut station) = connected(lab, THREE)?;
        let links = ap.links()?;
        for link in links.iter().skip(1) {
            ap.remove_link(link.id)?;
            wait_links(&*station, |known| known.iter().all(|known| known.id != link.id))?;
            data_crosses(&mut *station, &ap)?;
        }
        for link in links.iter().skip(1) {
            ap.add_link(link.id)?;
        }
        links_return(&mut *station, links.len())?;
        expect_all(lab, &mut *station, &ap)?;
        expect_no_other_refusals(lab, &ap)
    })
    .on_both_kernels(),
    scenario(
        "mlo-wpa-supplicant",
        "Debian's wpa_supplicant joins the AP MLD: both links, data over each",
        |lab| {
            let ap = lab.hotspot(&Hotspot::multi_link(MLO, PASSWORD, TWO_BANDS))?;
            let mut client = lab.supplicant()?;
            client.provide(&Network::psk(MLO, PASSWORD))?;
            expect_all(lab, &mut client, &ap)?;
            let status = client.status()?;
            lab.leave("wpa_cli-status.txt", &status)?;
            if !status.contains("ap_mld_addr=") {
                return Err(Failure::unmet("wpa_supplicant has the address of an AP MLD", status));
            }
            ap.expect_no_refusals()
        },
    )
    .on_both_kernels(),
];

/// The station joins an AP MLD with these channels.
pub(super) fn connected(lab: &mut Lab, frequencies: &[u32]) -> Result<(LapwingAp, Box<dyn Station>)> {
    joined(lab, &Hotspot::multi_link(MLO, PASSWORD, frequencies))
}

/// The station joins an AP MLD, on all of its links.
fn joined(lab: &mut Lab, config: &Hotspot) -> Result<(LapwingAp, Box<dyn Station>)> {
    if lab.kind() == Kind::Iwd {
        return Err(Failure::Unable("iwd knows no links".into()));
    }
    let ap = lab.hotspot(config)?;
    let mut station = lab.station(config.network())?;
    expect_all(lab, &mut *station, &ap)?;
    Ok((ap, station))
}

fn joins(lab: &mut Lab, frequencies: &[u32]) -> Result<()> {
    let (ap, _station) = connected(lab, frequencies)?;
    expect_no_refusals(lab, &ap)
}

/// Connected with every link of the AP MLD, and data crosses each in both directions.
fn expect_all(lab: &Lab, station: &mut dyn Station, ap: &LapwingAp) -> Result<()> {
    station.wait_connected(SOON)?;
    let wanted = ap.links()?;
    lab.leave(&format!("iw-{}.txt", station.radio().interface), &station.iw()?)?;
    let same = |known: &[Link]| known.iter().map(|link| link.id).eq(wanted.iter().map(|link| link.id));
    wait_links(station, same)?;
    let own = links::of(station.radio())?;
    let before = lab.air()?;
    let address = station.wait_address(SOON)?;
    for _ in 0..PINGS {
        station.ping(ap.address())?;
        ap.ping(address)?;
    }
    let after = lab.air()?;
    for link in wanted.iter().chain(&own) {
        let frequency = link.frequency.unwrap_or_default();
        if after.data(&link.address, frequency) <= before.data(&link.address, frequency) {
            return Err(Failure::unmet(
                format!("data of {} on link {} ({frequency} MHz)", link.address, link.id),
                station.iw()?,
            ));
        }
    }
    Ok(())
}

/// Links that were added again are used: by themselves where the kernel can add links to a connection, else when
/// somebody connects anew and nobody remembers any more that they were about to go.
fn links_return(station: &mut dyn Station, count: usize) -> Result<()> {
    let returned = || links::of(station.radio()).ok().filter(|links| links.len() == count).map(drop);
    match wait(RETURN, returned) {
        Some(()) => Ok(()),
        None if !kernel_adds_links()? => reconnect(station),
        None => Err(Failure::unmet(format!("{count} links within {RETURN:?}"), station.iw()?)),
    }
}

/// The same, but a kernel that cannot add links may say so, once.
fn expect_no_other_refusals(lab: &Lab, ap: &LapwingAp) -> Result<()> {
    if kernel_adds_links()? || lab.kind() != Kind::Lapwing {
        return expect_no_refusals(lab, ap);
    }
    let (asked, others): (Vec<_>, Vec<_>) =
        lab.netlink()?.refusals().into_iter().partition(|refusal| refusal.command == ADD_LINKS);
    expect_none(&others)?;
    expect_none(asked.get(1..).unwrap_or_default())?;
    ap.expect_no_refusals()
}

/// Whether the kernel has `ASSOC_MLO_RECONF`, which came with 6.14.
fn kernel_adds_links() -> Result<bool> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").doing(|| "read the version".into())?;
    let mut numbers = release.split('.').map_while(|number| number.parse::<u32>().ok());
    Ok((numbers.next(), numbers.next()) >= (Some(6), Some(14)))
}

/// Away and back, as somebody asks.
fn reconnect(station: &mut dyn Station) -> Result<()> {
    station.disconnect()?;
    station.wait_disconnected(SOON)?;
    station.connect()
}

/// Waits until the links of the station are as they should be.
fn wait_links(station: &dyn Station, fit: impl Fn(&[Link]) -> bool) -> Result<()> {
    let fitting = || links::of(station.radio()).ok().filter(|links| fit(links)).map(drop);
    match wait(SOON, fitting) {
        Some(()) => Ok(()),
        None => Err(Failure::unmet("the station has the links that it should", station.iw()?)),
    }
}

/// Data crosses in both directions, the second time beginning with a broadcast.
pub(super) fn data_crosses(station: &mut dyn Station, ap: &LapwingAp) -> Result<()> {
    station.wait_connected(SOON)?;
    let address = station.wait_address(SOON)?;
    station.ping(ap.address())?;
    ap.forget_neighbours()?;
    ap.ping(address)
}

/// Neither side asked the kernel for anything that it refused.
pub(super) fn expect_no_refusals(lab: &Lab, ap: &LapwingAp) -> Result<()> {
    lab.expect_no_refusals()?;
    ap.expect_no_refusals()
}

/// The AP MLD restarts without what it knew; the station comes back, and it is written down how soon.
fn restarts(lab: &mut Lab, goodbye: Goodbye) -> Result<()> {
    let (mut ap, mut station) = connected(lab, TWO_BANDS)?;
    come_back(lab, &mut ap, &mut *station, goodbye)?;
    // It may have come back by the one that it heard first.
    links_return(&mut *station, TWO_BANDS.len())?;
    expect_all(lab, &mut *station, &ap)?;
    ap.expect_no_refusals()
}

/// The access point restarts, and the station is connected again without a person: how soon is written down.
pub(super) fn come_back(
    lab: &mut Lab,
    ap: &mut LapwingAp,
    station: &mut dyn Station,
    goodbye: Goodbye,
) -> Result<()> {
    ap.restart(goodbye)?;
    let begun = Instant::now();
    // Only who says something learns that nobody knows him any more.
    let back = wait(LATER, || {
        let _ = station.ping(ap.address());
        ap.stations().ok().filter(|stations| stations.contains("authorized:\tyes"))
    });
    back.ok_or_else(|| Failure::unmet("the station is back", station.last_words()))?;
    lab.record("seconds_until_back", begun.elapsed().as_secs_f64().into());
    Ok(())
}
