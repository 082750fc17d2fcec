//! Roams between two access points of a network, there and back: ordered to one that was heard a moment ago, or as the
//! access point of the connection wishes, with the scan that this takes.

use super::subject::{Daemon, Joined, Setting};
use super::{
    Bench, CALM, COUNTINGS, PASSPHRASE, Part, Phase, Recording, SSID, STEP, Security, Subject, meter,
    nanoseconds,
};
use crate::command::{command, output};
use crate::failure::{Doing, Failure, Result};
use crate::guest::domain::Domain;
use crate::guest::hostapd::Hostapd;
use crate::guest::netlink::command_name;
use crate::guest::process::wait;
use crate::guest::radio::{self, Radio, Radios};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// A kind of roam.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Roam {
    /// How the network is secured: in a mobility domain or not.
    pub(crate) security: Security,
    /// The access point wishes it, instead of somebody who orders it.
    pub(crate) is_wished: bool,
}

/// For so long nobody goes back to an access point that has sent him away, with the defaults of iwd and of ours.
const RESTED: Duration = Duration::from_secs(31);
/// How long a roam may take until it counts as lost.
const LOST: Duration = Duration::from_secs(3);
/// How long a connection may take that is made anew after it was lost.
const BACK: Duration = Duration::from_secs(90);

impl Roam {
    pub(super) const fn name(self) -> &'static str {
        match (self.security, self.is_wished) {
            (Security::FtPsk, false) => "roam-ft-psk",
            (Security::FtSae, false) => "roam-ft-sae",
            (Security::Wpa2, false) => "roam-wpa2",
            (Security::Sae, false) => "roam-full-sae",
            (_, false) => "roam-sae",
            (Security::FtPsk, true) => "roam-wished-ft-psk",
            (_, true) => "roam-wished-ft-sae",
        }
    }

    /// How often it is made for each round of other parts. By orders half a millisecond is to be told from another, and
    /// the wait for the kernel's tick is spread over four: these rounds are a tenth of one apart.
    const fn times(self) -> u32 {
        if self.is_wished { 1 } else { 4 }
    }

    /// Whether somebody can be asked for it: iwd is ordered to an address by nobody but its developers, and scans then.
    fn is_for(self, subject: Subject) -> bool {
        self.is_wished || subject != Subject::Iwd
    }
}

/// The configuration of both access points.
pub(super) fn configuration(security: Security) -> Hostapd {
    let config = match security {
        Security::FtPsk => Hostapd::wpa2(SSID, PASSPHRASE).set("wpa_key_mgmt", "FT-PSK WPA-PSK"),
        Security::FtSae => Hostapd::wpa3(SSID, PASSPHRASE).set("wpa_key_mgmt", "FT-SAE SAE"),
        Security::Wpa2 => Hostapd::wpa2(SSID, PASSPHRASE),
        _ => Hostapd::wpa3(SSID, PASSPHRASE),
    };
    config.set("bss_transition", 1).set("nas_identifier", "one.lab").quiet()
}

/// The station's radio and the two access points.
struct Ground {
    radio: Radio,
    domain: Domain,
}

impl Ground {
    fn open(security: Security) -> Result<Self> {
        let mut radios = radio::create(3, Radios::MultiLink)?;
        let radio = (!radios.is_empty()).then(|| radios.remove(0));
        let radio = radio.ok_or_else(|| Failure::unmet("three radios", "none"))?;
        let directory = Path::new("/tmp/scene");
        let _ = fs::remove_dir_all(directory);
        fs::create_dir_all(directory).doing(|| "create a folder".into())?;
        let domain = Domain::start(&configuration(security), false, radios, 1, directory)?;
        std::thread::sleep(CALM);
        Ok(Self { radio, domain })
    }

    /// The interface's name of this moment: iwd makes its own.
    fn interface(&self) -> String {
        let radios = radio::radios().unwrap_or_default();
        let own = radios.into_iter().find(|radio| radio.phy == self.radio.phy);
        own.map_or_else(|| self.radio.interface.clone(), |radio| radio.interface.clone())
    }

    /// With which of them the kernel is connected.
    fn at(&self) -> Option<usize> {
        let link = output(&mut command("iw", ["dev", &self.interface(), "link"])).ok()?;
        self.domain.bssids().iter().position(|bssid| link.contains(&format!("Connected to {bssid}")))
    }

    fn bssid(&self, place: usize) -> Result<String> {
        let bssids = self.domain.bssids();
        bssids.get(place).cloned().ok_or_else(|| Failure::Usage("no such access point".into()))
    }

    /// Has the kernel hear both.
    fn refresh(&self) -> Result<()> {
        let words = ["dev", &self.interface(), "scan", "freq", "2412", "2437"];
        output(&mut command("iw", words)).map(drop)
    }

    /// The access point of the connection sends a station away.
    fn wish(&self, at: usize, station: &str) -> Result<()> {
        let to = 1 - at;
        let (bssid, channel) = (self.bssid(to)?, self.domain.channel(to));
        self.domain.order(at, &format!(
            "BSS_TM_REQ {station} pref=1 disassoc_imminent=1 disassoc_timer=100 neighbor={bssid},0x0000,81,{channel},7"
        ))
    }

    fn close(self) -> Result<()> {
        drop(self);
        radio::remove()
    }
}

impl Bench<'_> {
    /// Goes to and fro, and notes each roam; those that were lost are counted.
    pub(super) fn roams(&mut self, roam: Roam, rounds: u32) -> Result<()> {
        if !roam.is_for(self.subject) {
            return Ok(());
        }
        let ground = Ground::open(roam.security)?;
        self.subject.provision(Setting { security: roam.security, automatic: false, addresses: false })?;
        let mut daemon = Daemon::start(self.subject, &ground.interface())?;
        daemon.scan()?;
        daemon.join(None)?;
        let mut lost = 0_u32;
        let rounds = rounds * roam.times();
        // In the first two what is kept for the next time is calculated.
        for round in 0..rounds + 2 {
            std::thread::sleep(if roam.is_wished { RESTED } else { CALM });
            match self.goes(&ground, &mut daemon, roam, (round, rounds))? {
                Some(value) if round >= 2 => self.note("roam", value),
                Some(_) => {}
                None => {
                    lost += 1;
                    if wait(BACK, || ground.at()).is_none() {
                        daemon.join(None)?;
                    }
                }
            }
        }
        self.note("lost", json!(lost));
        std::thread::sleep(if roam.is_wished { RESTED } else { CALM });
        self.trace.course(&meter::threads(daemon.id()))?;
        self.goes(&ground, &mut daemon, roam, (0, 1))?;
        self.trace.no_course()?;
        self.keep(Part::Roam(roam), "trace", &self.trace.text()?)?;
        for round in 0..COUNTINGS {
            std::thread::sleep(if roam.is_wished { RESTED } else { CALM });
            let mut capture = Recording::start()?;
            let clocks = meter::wall() - meter::now();
            let from = meter::now();
            let Some(value) = self.goes(&ground, &mut daemon, roam, (round, COUNTINGS))? else { continue };
            let field = |name: &str| value.get(name).and_then(serde_json::Value::as_u64).unwrap_or_default();
            let asked = Duration::from_nanos(field("asked"));
            let ended = asked + Duration::from_nanos(field("authorized"));
            let timeline = capture.end()?.timeline(from + clocks, ended + clocks + LOST);
            let commands: Vec<_> = timeline
                .iter()
                .map(|(at, command, request)| {
                    let after = at.saturating_sub(asked + clocks).as_micros();
                    format!("{after} {}{}", if *request { "" } else { "< " }, command_name(*command))
                })
                .collect();
            let requests = timeline
                .iter()
                .filter(|(at, _, request)| *request && (asked + clocks..=ended + clocks).contains(at));
            self.note("count", json!({ "requests": requests.count(), "commands": commands }));
        }
        daemon.stop()?;
        ground.close()
    }

    /// One roam in figures; none if it was lost.
    fn goes(
        &mut self,
        ground: &Ground,
        daemon: &mut Daemon,
        roam: Roam,
        (round, rounds): (u32, u32),
    ) -> Result<Option<serde_json::Value>> {
        // Ours and iwd keep none then. wpa_supplicant leaves the network with the keys that it forgets, comes back, and has
        // those of one access point, which it is about to leave.
        if roam.security == Security::Sae && self.subject == Subject::WpaSupplicant {
            daemon.forget_keys()?;
            std::thread::sleep(CALM);
            if ground.at().is_none() {
                daemon.join(None)?;
            }
        }
        let Some(at) = ground.at() else { return Ok(None) };
        if !roam.is_wished {
            ground.refresh()?;
        }
        std::thread::sleep(CALM + STEP * round);
        self.trace.clear()?;
        let target = ground.bssid(1 - at)?;
        let joined = if roam.is_wished {
            let before = meter::processor_time(daemon.id());
            let asked = meter::now();
            ground.wish(at, &ground.radio.address)?;
            std::thread::sleep(LOST);
            Joined {
                asked,
                said: asked,
                processor: meter::processor_time(daemon.id()).saturating_sub(before),
            }
        } else {
            let roam = || daemon.roam(&target, Phase::of(round, rounds));
            let Ok((joined, called)) = self.trace.calls_of(roam) else { return Ok(None) };
            self.hurried_calls.extend(called);
            std::thread::sleep(CALM);
            joined
        };
        let records = self.trace.records()?;
        let authorized = records.iter().rfind(|record| record.authorizes(&ground.radio.phy));
        let there = ground.at() == Some(1 - at);
        Ok(authorized.filter(|record| there && record.at >= joined.asked).map(|record| {
            let since = |moment: Duration| nanoseconds(moment.saturating_sub(joined.asked));
            json!({
                "asked": nanoseconds(joined.asked),
                "authorized": since(record.at),
                "connected": since(joined.said.max(record.at)),
                "processor": nanoseconds(joined.processor),
            })
        }))
    }
}
