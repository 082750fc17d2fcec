//! From one access point of a network to another and back, many times: by fast transitions, and where one refuses.

use super::{PASSWORD, SOON, SSID, Scenario, scenario};
use crate::command::output;
use crate::failure::{Failure, Result};
use crate::guest::client::refused;
use crate::guest::domain::Domain;
use crate::guest::process::wait;
use crate::guest::{Argument, Client, Hostapd, Lab, Network, Ports, Station};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("ft-psk", "20 fast transitions over the air on WPA2, none lost, no second handshake", |lab| {
        roams(lab, &psk(), false)
    })
    .on_both_kernels(),
    scenario("ft-sae", "20 fast transitions over the air on WPA3, one SAE exchange in all", |lab| {
        roams(lab, &sae(), false)
    })
    .on_both_kernels(),
    scenario("ft-over-ds", "20 fast transitions by way of the other access point", |lab| {
        roams(lab, &sae(), true)
    })
    .on_both_kernels(),
    scenario(
        "ft-refused",
        "an access point refuses: back to the one of before, and never disconnected",
        |lab| {
            let mut walk = Walk::begin(lab, &sae(), false)?;
            walk.go(1)?;
            walk.go(0)?;
            walk.domain.refuse(1, &walk.station.hardware_address())?;
            for _ in 0..lab.rounds(ROUNDS).min(5) {
                walk.is_refused()?;
            }
            walk.expect_no_end(lab)?;
            walk.expect_no_refusals(lab)
        },
    )
    .on_both_kernels(),
    scenario(
        "reassociation",
        "20 times to another access point without a mobility domain, by reassociation",
        |lab| {
            let config = Hostapd::wpa3(SSID, PASSWORD);
            roams_without_domain(lab, &config)
        },
    )
    .on_both_kernels(),
];

/// How often it is done when nobody says how often.
const ROUNDS: usize = 20;

/// Our interface that takes a BSSID.
const OUR_STATION: &str = "org.lapwing.Station1";

pub(super) fn psk() -> Hostapd {
    Hostapd::wpa2(SSID, PASSWORD).set("wpa_key_mgmt", "FT-PSK WPA-PSK")
}

/// A network of WPA3 whose access points hand stations over.
pub(super) fn sae() -> Hostapd {
    Hostapd::wpa3(SSID, PASSWORD).set("wpa_key_mgmt", "FT-SAE SAE")
}

/// A station that goes to and fro.
pub(super) struct Walk {
    pub(super) domain: Domain,
    pub(super) station: Box<dyn Station>,
    client: Client,
    pub(super) at: usize,
    pub(super) address: Ipv4Addr,
    pub(super) began: Duration,
    /// Of each roam: from the wish to the answer, and to the first answered ping.
    took: Vec<(Duration, Duration)>,
    asked: Vec<(Duration, Duration)>,
}

impl Walk {
    pub(super) fn begin(lab: &mut Lab, config: &Hostapd, over_ds: bool) -> Result<Self> {
        lab.only_lapwing("is not told to which access point to go")?;
        let domain = lab.domain(config, over_ds)?;
        let mut station = lab.station(Network::psk(SSID, PASSWORD))?;
        station.wait_connected(SOON)?;
        let at = connected_to(&*station, &domain)?;
        let mut walk = Self {
            domain,
            address: Ipv4Addr::UNSPECIFIED,
            station,
            at,
            began: now(),
            took: Vec::new(),
            asked: Vec::new(),
            client: lab.client()?,
        };
        // The first of them gives addresses.
        if at != 0 {
            walk.call(0)?.map_err(refused("Roam"))?;
            walk.at = 0;
        }
        walk.address = walk.station.wait_address(SOON)?;
        walk.domain.moved(walk.address, 0)?;
        walk.station.ping(walk.domain.address())?;
        walk.began = now();
        Ok(walk)
    }

    fn call(&mut self, to: usize) -> Result<crate::guest::client::Answer> {
        let bssid = octets(self.domain.bssids().get(to).map_or("", |bssid| bssid))?;
        let path = self.station.path()?;
        let call = self.client.send(&path, OUR_STATION, "Roam", &[Argument::Octets(&bssid)])?;
        self.client.answer_to(call, SOON * 2)
    }

    /// Goes to one of them, and waits until data crosses.
    pub(super) fn go(&mut self, to: usize) -> Result<()> {
        // What was heard of it must not be too old.
        let asked = now();
        self.call(to)?.map_err(refused("Roam"))?;
        let answered = now();
        self.at = to;
        self.follow()?;
        self.expect_there()?;
        self.took.push((answered.saturating_sub(asked), now().saturating_sub(asked)));
        self.asked.push((asked, now()));
        Ok(())
    }

    /// The two access points are no bridge: what is behind them learns where the station is, and the station that the
    /// router has another hardware address.
    pub(super) fn follow(&mut self) -> Result<()> {
        self.domain.moved(self.address, self.at)?;
        let radio = self.station.radio();
        output(&mut radio.command(&format!("ip neigh flush dev {}", radio.interface))).map(drop)
    }

    pub(super) fn expect_there(&mut self) -> Result<()> {
        let seen = connected_to(&*self.station, &self.domain)?;
        expect(seen, self.at, "the access point that the kernel names")?;
        let router = self.domain.address();
        match wait(SOON, || self.station.is_answered(router).then_some(())) {
            Some(()) => Ok(()),
            None => {
                let seen = self.station.iw()? + &self.station.last_words();
                Err(Failure::unmet(format!("data crosses at {}", self.at), seen))
            }
        }
    }

    /// Asks for the other one, which refuses.
    fn is_refused(&mut self) -> Result<()> {
        let asked = now();
        if self.call(1)?.is_ok() {
            return Err(Failure::unmet("the access point refuses", "it did not"));
        }
        self.station.wait_connected(SOON)?;
        self.follow()?;
        self.expect_there()?;
        self.asked.push((asked, now()));
        Ok(())
    }

    /// The connection never ended, by all that the daemon has recorded.
    pub(super) fn expect_no_end(&self, lab: &Lab) -> Result<()> {
        let records = lab.records();
        // Else they would not be all, or not be read.
        expect(records.iter().filter(|record| record.event() == "connected").count(), 1, "connections")?;
        expect(records.iter().filter(|record| record.event() == "disconnected").count(), 0, "disconnections")
    }

    pub(super) fn expect_no_refusals(&mut self, lab: &Lab) -> Result<()> {
        let program = Ports::of(self.station.process().id())?;
        let refusals = lab.netlink()?.refusals_to(&program, self.began, now());
        match refusals.is_empty() {
            true => Ok(()),
            false => {
                let list: Vec<_> = refusals.iter().map(ToString::to_string).collect();
                Err(Failure::unmet("no request that the kernel refused", list.join(", ")))
            }
        }
    }

    /// What was counted, by the kernel's own events.
    fn count(&mut self, lab: &Lab) -> Result<Value> {
        let capture = lab.netlink()?;
        let (_, interface) = self.station.radio().numbers()?;
        let mut gaps = Vec::new();
        let (mut first, mut failed) = (0, 0);
        for (from, to) in &self.asked {
            let attempts = capture.attempts(interface, *from, *to);
            first += usize::from(attempts.first_connected());
            failed += attempts.failed_authentications + attempts.failed_associations;
            if let (Some(gone), Some(there)) = (attempts.disconnected.first(), attempts.authorized.first()) {
                gaps.push(there.saturating_sub(*gone));
            }
        }
        let median = |list: &mut Vec<Duration>| {
            list.sort();
            let at = |place: usize| list.get(place).map(|time| time.as_secs_f64() * 1e3);
            json!({ "median_ms": at(list.len() / 2), "greatest_ms": at(list.len().saturating_sub(1)) })
        };
        let mut answers = self.took.iter().map(|(answer, _)| *answer).collect();
        Ok(json!({
            "roams": self.asked.len(),
            "first_attempt_connected": first,
            "failed": failed,
            "without_connection": median(&mut gaps),
            "until_the_answer": median(&mut answers),
        }))
    }
}

fn roams(lab: &mut Lab, config: &Hostapd, over_ds: bool) -> Result<()> {
    let rounds = lab.rounds(ROUNDS);
    let mut walk = Walk::begin(lab, config, over_ds)?;
    let handshakes = walk.domain.count("sending 1/4 msg of 4-Way Handshake");
    for round in 0..rounds {
        walk.go((round + 1) % 2)?;
    }
    let counted = walk.count(lab)?;
    lab.record("roams", counted.clone());
    expect(walk.domain.count("sending 1/4 msg of 4-Way Handshake"), handshakes, "4-way handshakes")?;
    walk.expect_no_end(lab)?;
    let asked = walk.domain.count("FT: RRB - over the DS") + walk.domain.count("FT: Received FT Action");
    if over_ds && asked == 0 {
        return Err(Failure::unmet("an access point is asked by way of the other", "none was"));
    }
    if counted.get("first_attempt_connected") != Some(&json!(rounds)) {
        return Err(Failure::unmet("each roam at the first attempt", counted.to_string()));
    }
    walk.expect_no_refusals(lab)
}

fn roams_without_domain(lab: &mut Lab, config: &Hostapd) -> Result<()> {
    let rounds = lab.rounds(ROUNDS);
    let mut walk = Walk::begin(lab, config, false)?;
    for round in 0..rounds {
        walk.go((round + 1) % 2)?;
    }
    let counted = walk.count(lab)?;
    lab.record("roams", counted);
    walk.expect_no_end(lab)?;
    walk.expect_no_refusals(lab)
}

/// With which of them the kernel is connected.
pub(super) fn connected_to(station: &dyn Station, domain: &Domain) -> Result<usize> {
    let shown = station.iw()?;
    let found = domain.bssids().iter().position(|bssid| shown.contains(&format!("Connected to {bssid}")));
    found.ok_or_else(|| Failure::unmet("the station is with one of them", shown))
}

pub(super) fn expect(seen: usize, wanted: usize, what: &str) -> Result<()> {
    match seen == wanted {
        true => Ok(()),
        false => Err(Failure::unmet(format!("{what}: {wanted}"), seen.to_string())),
    }
}

/// A hardware address in bytes.
fn octets(address: &str) -> Result<[u8; 6]> {
    let bytes: Vec<u8> = address.split(':').filter_map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    bytes.try_into().map_err(|_| Failure::unmet("a hardware address", address))
}

/// Since 1970, as the captures count.
pub(super) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
