//! New keys while connected, and keys that protect more than data.

use super::{PASSWORD, SOON, SSID, Scenario, expect_online, sae_exchanges, scenario};
use crate::failure::{Failure, Result};
use crate::guest::{AccessPoint, Hostapd, Lab, Network, Station};
use std::net::Ipv4Addr;
use std::time::Duration;

/// The indexes of beacon integrity keys.
const BEACON_KEYS: &[u8] = &[6, 7];

/// Several rounds of rekeying at the interval of ten seconds that the scenarios set.
const ROUNDS: usize = 3;

/// The nl80211 command that carries EAPOL frames.
const CONTROL_PORT_FRAME: u8 = 129;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("gtk-rekey", "new group keys every ten seconds (WPA3: GTK, IGTK and BIGTK)", |lab| {
        let config = Hostapd::wpa3(SSID, PASSWORD).set("wpa_group_rekey", 10).set("beacon_prot", 1);
        rekeys(lab, config, "group key handshake completed")
    }),
    scenario("gtk-rekey-wpa2", "new group keys every ten seconds (WPA2)", |lab| {
        rekeys(lab, Hostapd::wpa2(SSID, PASSWORD).set("wpa_group_rekey", 10), "group key handshake completed")
    }),
    scenario("ptk-rekey", "a new pairwise key every ten seconds (WPA3)", |lab| {
        rekeys(
            lab,
            Hostapd::wpa3(SSID, PASSWORD).set("wpa_ptk_rekey", 10),
            "pairwise key handshake completed",
        )
    }),
    scenario("ptk-rekey-wpa2", "a new pairwise key every ten seconds (WPA2)", |lab| {
        rekeys(
            lab,
            Hostapd::wpa2(SSID, PASSWORD).set("wpa_ptk_rekey", 10),
            "pairwise key handshake completed",
        )
    }),
    scenario(
        "without-control-port",
        "EAPOL as packets (WPA3): joined, back by the PMKSA, new keys of every kind",
        |lab| {
            let ap = packets(lab, Hostapd::wpa3(SSID, PASSWORD).set("beacon_prot", 1))?;
            match sae_exchanges(&ap) {
                1 => Ok(()),
                seen => Err(Failure::unmet("1 SAE exchange", seen.to_string())),
            }
        },
    ),
    scenario("without-control-port-wpa2", "EAPOL as packets (WPA2): joined, back, new keys", |lab| {
        packets(lab, Hostapd::wpa2(SSID, PASSWORD)).map(drop)
    }),
    scenario("beacon-protection", "the beacon integrity key is installed and beacons pass", |lab| {
        let ap = lab.access_point(Hostapd::wpa3(SSID, PASSWORD).set("beacon_prot", 1))?;
        let mut station = lab.station(Network::psk(SSID, PASSWORD))?;
        expect_online(&mut *station, &ap)?;
        let keys = lab.netlink()?.keys();
        if !keys.iter().any(|(_, index)| BEACON_KEYS.contains(index)) {
            return Err(Failure::unmet(
                "a beacon integrity key given to the kernel",
                format!("keys {keys:?}"),
            ));
        }
        // Beacons that fail the check count as lost: the kernel would give the AP up within some seconds.
        station.stays_connected(Duration::from_secs(30))?;
        station.ping(ap.address())
    }),
];

/// The connection outlives several rounds of new keys, and data of every kind crosses after each.
fn rekeys(lab: &mut Lab, config: Hostapd, said: &str) -> Result<()> {
    let ap = lab.access_point(config)?;
    let mut station = lab.station(Network::psk(SSID, PASSWORD))?;
    expect_online(&mut *station, &ap)?;
    let address = station.wait_address(SOON)?;
    let before = ap.count(said);
    for round in 1..=ROUNDS {
        ap.wait_for(said, before + round, SOON)?;
        data_crosses(&*station, &ap, address)?;
    }
    station.stays_connected(Duration::from_secs(1))?;
    lab.expect_no_refusals()
}

/// The station joins, leaves, comes back and is given new keys, with no EAPOL frame over nl80211.
fn packets(lab: &mut Lab, config: Hostapd) -> Result<AccessPoint> {
    lab.without_control_port()?;
    let ap = lab.access_point(config.set("wpa_group_rekey", 10).set("wpa_ptk_rekey", 15))?;
    let mut station = lab.station(Network::psk(SSID, PASSWORD))?;
    expect_online(&mut *station, &ap)?;
    station.disconnect()?;
    station.wait_disconnected(SOON)?;
    station.connect()?;
    expect_online(&mut *station, &ap)?;
    let address = station.wait_address(SOON)?;
    let said = ["group key handshake completed", "pairwise key handshake completed"];
    let before = said.map(|said| ap.count(said));
    for round in 1..=ROUNDS {
        for (said, before) in said.iter().zip(before) {
            ap.wait_for(said, before + round, SOON * 2)?;
            data_crosses(&*station, &ap, address)?;
        }
    }
    station.stays_connected(Duration::from_secs(1))?;
    lab.expect_no_refusals()?;
    match lab.netlink()?.requests(Duration::ZERO, Duration::MAX).contains(&CONTROL_PORT_FRAME) {
        false => Ok(ap),
        true => Err(Failure::unmet("no EAPOL frame over nl80211", "a CONTROL_PORT_FRAME")),
    }
}

/// Unicast both ways, and a broadcast from the AP, which only the newest group key opens.
fn data_crosses(station: &dyn Station, ap: &AccessPoint, address: Ipv4Addr) -> Result<()> {
    station.ping(ap.address())?;
    ap.forget_neighbours()?;
    ap.ping(address)
}
