//! Joining a network for the first time, one kind of security after the other.

use super::{PASSWORD, SOON, SSID, Scenario, expect_online, expect_suites, scenario};
use crate::command::{command, output};
use crate::failure::{Failure, Result};
use crate::guest::process::wait;
use crate::guest::{Hostapd, Kind, Lab, Network};

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("open", "an open network", |lab| {
        let ap = lab.access_point(Hostapd::open(SSID))?;
        let mut station = lab.station(Network::open(SSID))?;
        expect_online(&mut *station, &ap)
    }),
    scenario("network-file", "WPA3 by a file that lies there when the station starts", |lab| {
        joins(lab, Hostapd::wpa3(SSID, PASSWORD), Network::psk(SSID, PASSWORD).by_file(), 8, 4)
    }),
    scenario("static-addresses", "addresses and routers of both families, as the file has them", fixed)
        .on_both_kernels(),
    scenario("wpa2-psk", "WPA2 with a passphrase (AKM 2, CCMP)", |lab| {
        joins(lab, Hostapd::wpa2(SSID, PASSWORD), Network::psk(SSID, PASSWORD), 2, 4)
    }),
    scenario("wpa-tkip", "the first WPA with TKIP, where that is allowed", |lab| old(lab, false))
        .on_both_kernels(),
    scenario("wpa-mixed", "WPA2 with CCMP, and TKIP for what goes to everybody", |lab| old(lab, true))
        .on_both_kernels(),
    scenario("psk-sha256", "AKM 6 with protected management frames", |lab| {
        joins(lab, Hostapd::psk_sha256(SSID, PASSWORD), Network::psk(SSID, PASSWORD), 6, 4)
    }),
    scenario("sae-h2e-group-19", "WPA3 with hash-to-element, P-256", |lab| sae(lab, 19)).on_both_kernels(),
    scenario("sae-h2e-group-20", "WPA3 with hash-to-element, P-384", |lab| sae(lab, 20)),
    scenario("sae-h2e-group-21", "WPA3 with hash-to-element, P-521", |lab| sae(lab, 21)),
    scenario("sae-loop", "WPA3 with hunting and pecking only", |lab| {
        joins(lab, Hostapd::wpa3_loop(SSID, PASSWORD), Network::psk(SSID, PASSWORD), 8, 4)
    }),
    scenario("sae-ext-key-gcmp-256", "AKM 24 with GCMP-256 and BIP-GMAC-256, P-384", |lab| {
        let config = Hostapd::wpa3_256(SSID, PASSWORD).sae_groups(&[20]);
        joins(lab, config, Network::psk(SSID, PASSWORD), 24, 9)
    }),
    scenario("sae-anti-clogging", "an AP that asks for its token first", |lab| {
        let config = Hostapd::wpa3(SSID, PASSWORD).set("sae_anti_clogging_threshold", 0);
        joins(lab, config, Network::psk(SSID, PASSWORD), 8, 4)
    }),
    scenario("sae-password-identifier", "a password known under a name", |lab| {
        let config = Hostapd::wpa3(SSID, "another one").set("sae_password", format!("{PASSWORD}|id=guest"));
        joins(lab, config, Network::psk(SSID, PASSWORD).password_identifier("guest"), 8, 4)
    }),
    scenario("sae-hidden", "WPA3 on a network that does not tell its name", |lab| {
        joins(lab, Hostapd::wpa3(SSID, PASSWORD).hidden(), Network::psk(SSID, PASSWORD).hidden(), 8, 4)
    }),
    scenario("hidden-file", "a hidden WPA3 network with a file", |lab| {
        let network = Network::psk(SSID, PASSWORD).hidden().by_file();
        joins(lab, Hostapd::wpa3(SSID, PASSWORD).hidden(), network, 8, 4)
    }),
    scenario("sae-ocv", "operating channel validation asked for", |lab| {
        joins(lab, Hostapd::wpa3(SSID, PASSWORD).set("ocv", 1), Network::psk(SSID, PASSWORD), 8, 4)
    }),
    scenario("wpa2-wpa3-transition", "one passphrase for both: WPA3 is taken", |lab| {
        joins(lab, Hostapd::transition(SSID, PASSWORD), Network::psk(SSID, PASSWORD), 8, 4)
    }),
    scenario("owe", "encryption without a secret", |lab| {
        joins(lab, Hostapd::owe(SSID), Network::owe(SSID), 18, 4)
    }),
    scenario("owe-transition", "an open network that leads to one with OWE", |lab| {
        joins(lab, Hostapd::owe_transition(SSID), Network::owe(SSID), 18, 4)
    }),
];

/// Addresses that the access point's router gives nobody, and others than it for the way out.
const FIXED: &str = "[IPv4]\nAddress=10.0.1.77\nNetmask=255.255.255.0\nGateway=10.0.1.9\n\
                     [IPv6]\nAddress=fd00:1::77/64\nGateway=fd00:1::9\n";

fn fixed(lab: &mut Lab) -> Result<()> {
    if lab.kind() == Kind::WpaSupplicant {
        return Err(Failure::Unable("wpa_supplicant leaves addresses to others".into()));
    }
    let ap = lab.access_point(Hostapd::wpa2(SSID, PASSWORD))?;
    let mut station = lab.station(Network::psk(SSID, PASSWORD).further(FIXED))?;
    expect_online(&mut *station, &ap)?;
    for (family, wanted) in [
        ("-4", ["10.0.1.77/24", "default via 10.0.1.9 "]),
        ("-6", ["fd00:1::77/64", "default via fd00:1::9 "]),
    ] {
        let interface = station.radio().interface.clone();
        let show = |what: &[&str]| output(&mut command("ip", [&[family], what, &[&interface]].concat()));
        let seen = || Some(show(&["address", "show", "dev"]).ok()? + &show(&["route", "show", "dev"]).ok()?);
        if wait(SOON, || seen().filter(|seen| wanted.iter().all(|wanted| seen.contains(wanted)))).is_none() {
            return Err(Failure::unmet(wanted.join(" and "), seen().unwrap_or_default()));
        }
    }
    Ok(())
}

/// The station joins, with this AKM and this pairwise cipher, and data crosses.
fn joins(lab: &mut Lab, config: Hostapd, network: Network, akm: u8, pairwise: u8) -> Result<()> {
    let ap = lab.access_point(config)?;
    let mut station = lab.station(network)?;
    station.wait_connected(SOON)?;
    expect_suites(&*station, &ap, akm, pairwise)?;
    expect_online(&mut *station, &ap)
}

/// An access point that has TKIP: joined by the best that it has, and the group keys are renewed.
fn old(lab: &mut Lab, with_wpa2: bool) -> Result<()> {
    lab.set_further_settings("[Security]\nAllowTkip=true\n");
    let ap = lab.access_point(Hostapd::first_wpa(SSID, PASSWORD, with_wpa2))?;
    let mut station = lab.station(Network::psk(SSID, PASSWORD))?;
    station.wait_connected(SOON)?;
    let pairwise = if with_wpa2 { "00-0f-ac-4" } else { "00-50-f2-2" };
    ap.expect(&station.hardware_address(), "dot11RSNAStatsSelectedPairwiseCipher", pairwise)?;
    expect_online(&mut *station, &ap)?;
    let group =
        if with_wpa2 { "group key handshake completed (RSN)" } else { "group key handshake completed (WPA)" };
    ap.wait_for(group, 3, SOON)?;
    ap.forget_neighbours()?;
    expect_online(&mut *station, &ap)
}

fn sae(lab: &mut Lab, group: u16) -> Result<()> {
    let ap = lab.access_point(Hostapd::wpa3(SSID, PASSWORD).sae_groups(&[group]))?;
    let mut station = lab.station(Network::psk(SSID, PASSWORD))?;
    station.wait_connected(SOON)?;
    expect_suites(&*station, &ap, 8, 4)?;
    ap.expect(&station.hardware_address(), "sae_group", &group.to_string())?;
    expect_online(&mut *station, &ap)
}
