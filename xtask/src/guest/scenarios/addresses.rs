//! Addresses: what servers of DHCPv6 give, and an address that somebody else has.

use super::{PASSWORD, SOON, SSID, Scenario, expect_online, scenario};
use crate::command::{command, output};
use crate::failure::{Doing, Failure, Result};
use crate::guest::process::wait;
use crate::guest::router::Ipv6;
use crate::guest::{AccessPoint, Hostapd, Kind, Lab, Network, Station};
use std::fs;
use std::time::Duration;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("dhcpv6", "an address of a DHCPv6 server, which is given back on leaving", managed)
        .on_both_kernels(),
    scenario("dhcpv6-stateless", "addresses of a router, name servers of a DHCPv6 server", stateless)
        .on_both_kernels(),
    scenario("static-address-taken", "an address of the file that another host has", taken).on_both_kernels(),
];

/// How long the kernel looks for a duplicate of an address, the router waits with its answers, and more.
const ADDRESSED: Duration = Duration::from_secs(15);

fn configures_itself(lab: &Lab) -> Result<()> {
    match lab.kind() {
        Kind::WpaSupplicant => Err(Failure::Unable("wpa_supplicant leaves addresses to others".into())),
        Kind::Lapwing | Kind::Iwd => Ok(()),
    }
}

/// Waits until the interface has all of these in its addresses, and none of those.
fn shows(station: &dyn Station, family: &str, wanted: &[&str], unwanted: &[&str]) -> Result<()> {
    let interface = station.radio().interface.clone();
    let look = || output(&mut command("ip", [family, "address", "show", "dev", &interface])).ok();
    let fits = |seen: &String| {
        wanted.iter().all(|text| seen.contains(text)) && !unwanted.iter().any(|text| seen.contains(text))
    };
    match wait(ADDRESSED, || look().filter(fits)) {
        Some(_) => Ok(()),
        None => {
            let demand = format!("addresses with {wanted:?} and without {unwanted:?}");
            Err(Failure::unmet(demand, look().unwrap_or_default()))
        }
    }
}

/// Waits until the server's log has this.
fn served(ap: &AccessPoint, text: &str) -> Result<()> {
    match wait(ADDRESSED, || ap.router_log().contains(text).then_some(())) {
        Some(()) => Ok(()),
        None => Err(Failure::unmet(format!("the server has heard {text}"), ap.router_log())),
    }
}

/// Waits until a connection has this name server, where the station tells.
fn resolves(lab: &Lab, server: &str) -> Result<()> {
    if lab.kind() != Kind::Lapwing {
        return Ok(());
    }
    let path = lab.directory().join("runtime/status.json");
    let fits = |text: &String| text.contains(&format!("\"dns\":[\"{server}\"]"));
    match wait(SOON, || fs::read_to_string(&path).ok().filter(fits)) {
        Some(_) => Ok(()),
        None => {
            let seen = fs::read_to_string(&path).doing(|| format!("read {}", path.display()))?;
            Err(Failure::unmet(format!("the name server {server}"), seen))
        }
    }
}

fn managed(lab: &mut Lab) -> Result<()> {
    configures_itself(lab)?;
    let mut ap = lab.access_point(Hostapd::wpa2(SSID, PASSWORD))?;
    ap.serve(Ipv6::Managed)?;
    let mut station = lab.station(Network::psk(SSID, PASSWORD))?;
    expect_online(&mut *station, &ap)?;
    // Whoever is told to ask a server makes no address of the prefix, and the server's is this one alone.
    shows(&*station, "-6", &["fd00:1::1", "/128 "], &["tentative", "fd00:1::ff:"])?;
    station.ping("fd00:1::1".parse::<std::net::Ipv6Addr>().expect("it is an address"))?;
    served(&ap, "DHCPREPLY")?;
    resolves(lab, "fd00:1::53")?;
    station.disconnect()?;
    station.wait_disconnected(SOON)?;
    shows(&*station, "-6", &[], &["fd00:1:"])?;
    if lab.kind() == Kind::Lapwing {
        served(&ap, "DHCPRELEASE")?;
    }
    // In the next connection routers say the same as in this one, of which the kernel tells nothing.
    station.connect()?;
    expect_online(&mut *station, &ap)?;
    shows(&*station, "-6", &["fd00:1::1", "/128 "], &["tentative"])
}

fn stateless(lab: &mut Lab) -> Result<()> {
    configures_itself(lab)?;
    let mut ap = lab.access_point(Hostapd::wpa2(SSID, PASSWORD))?;
    ap.serve(Ipv6::Stateless)?;
    let mut station = lab.station(Network::psk(SSID, PASSWORD))?;
    expect_online(&mut *station, &ap)?;
    station.wait_address_v6(ADDRESSED)?;
    served(&ap, "DHCPINFORMATION-REQUEST")?;
    resolves(lab, "fd00:1::53")
}

/// An address that the access point's router gives nobody.
const FIXED: &str = "[IPv4]\nAddress=10.0.1.77\nNetmask=255.255.255.0\n";

fn taken(lab: &mut Lab) -> Result<()> {
    configures_itself(lab)?;
    let ap = lab.access_point(Hostapd::wpa2(SSID, PASSWORD))?;
    ap.own("10.0.1.77", true)?;
    let mut station = lab.idle_station()?;
    station.provide(&Network::psk(SSID, PASSWORD).further(FIXED))?;
    // It comes, sees that the address is taken, and goes.
    for seen in ["AP-STA-CONNECTED", "AP-STA-DISCONNECTED"] {
        ap.wait_for(seen, 1, ADDRESSED)?;
        shows(&*station, "-4", &[], &["10.0.1.77"])?;
    }
    // Once it is free it is used.
    ap.own("10.0.1.77", false)?;
    let patience = Duration::from_secs(120);
    if wait(patience, || shows(&*station, "-4", &["10.0.1.77/24"], &[]).ok()).is_none() {
        return Err(Failure::unmet("the station has its address", station.iw()?));
    }
    station.ping(ap.address())?;
    // Somebody takes it and does not mind that it is defended.
    ap.own("10.0.1.77", true)?;
    ap.claim("10.0.1.77")?;
    shows(&*station, "-4", &[], &["10.0.1.77"])
}
