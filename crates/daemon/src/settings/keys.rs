//! The groups and keys of `main.conf`, and what each means.

use super::{Mistake, NameService, OwnAddress, Settings};
use crate::choice::Patterns;
use crate::networks::document::{Document, Malformed, Value};
use crate::networks::profile;
use crate::options::Program;
use lapwing_core::Duration;
use lapwing_core::address::{AddressPolicy, AddressRange};
use lapwing_core::kernel::Band;
use lapwing_core::station::Pauses;
use std::ops::RangeInclusive;

/// What a key does here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It acts: as with iwd, if it is one of iwd's.
    Acts,
    /// It is read over, for this reason.
    Ignored(&'static str),
}

use Use::{Acts, Ignored};

const NO_EAP: Use = Ignored("802.1X networks are not joined yet");
const NO_P2P: Use = Ignored("Wi-Fi Direct is not done yet");

/// Every key of iwd 3.12: those of iwd.config(5), and those that only its source has. Behind them those of our own.
pub const KEYS: &[(&str, &str, Use)] = &[
    ("General", "EnableNetworkConfiguration", Acts),
    ("General", "UseDefaultInterface", Ignored("interfaces that are there are used, and never removed")),
    ("General", "AddressRandomization", Acts),
    ("General", "AddressRandomizationRange", Acts),
    ("General", "RoamThreshold", Acts),
    ("General", "RoamThreshold5G", Acts),
    ("General", "CriticalRoamThreshold", Acts),
    ("General", "CriticalRoamThreshold5G", Acts),
    ("General", "RoamRetryInterval", Acts),
    ("General", "ManagementFrameProtection", Acts),
    ("General", "ControlPortOverNL80211", Acts),
    ("General", "DisableANQP", Ignored("nothing is asked by ANQP: Hotspot 2.0 networks are not joined yet")),
    ("General", "DisableOCV", Acts),
    ("General", "SystemdEncrypt", Acts),
    ("General", "Country", Acts),
    ("General", "DisablePMKSA", Acts),
    ("Network", "EnableIPv6", Acts),
    ("Network", "NameResolvingService", Acts),
    ("Network", "RoutePriorityOffset", Acts),
    ("Network", "MulticastDNS", Ignored("the resolver's own setting is left as it is")),
    ("Blacklist", "InitialTimeout", Acts),
    ("Blacklist", "InitialRoamRequestedTimeout", Acts),
    ("Blacklist", "InitialAccessPointBusyTimeout", Acts),
    ("Blacklist", "Multiplier", Acts),
    ("Blacklist", "MaximumTimeout", Acts),
    ("Rank", "BandModifier2_4GHz", Acts),
    ("Rank", "BandModifier5GHz", Acts),
    ("Rank", "BandModifier6GHz", Acts),
    ("Rank", "HighUtilizationThreshold", Ignored("the load that an access point tells counts always")),
    ("Rank", "HighStationCountThreshold", Ignored("the load counts, and not how many clients make it")),
    ("Scan", "DisablePeriodicScan", Acts),
    ("Scan", "InitialPeriodicScanInterval", Acts),
    ("Scan", "MaximumPeriodicScanInterval", Acts),
    ("Scan", "DisableRoamingScan", Acts),
    ("Scan", "DisableMacAddressRandomization", Acts),
    ("IPv4", "APAddressPool", Acts),
    ("IPv4", "APRanges", Acts),
    ("DriverQuirks", "DefaultInterface", Ignored("interfaces are never removed and made anew")),
    ("DriverQuirks", "ForcePae", Acts),
    ("DriverQuirks", "PowerSaveDisable", Acts),
    ("DriverQuirks", "MulticastRxDisable", Ignored("no multicast frames are asked for")),
    ("DriverQuirks", "SaeDisable", Acts),
    ("EAP", "MTU", NO_EAP),
    ("EAPoL", "MaxHandshakeTime", Ignored("every step of a handshake has a deadline of its own")),
    ("P2P", "ConfigurationMethods", NO_P2P),
    ("P2P", "DeviceType", NO_P2P),
    ("P2P", "DHCPTimeout", NO_P2P),
    ("PMKSA", "Capacity", Ignored("the cache has its own bound")),
    ("Security", "AllowTkip", Acts),
];

/// How many lines that are nothing are told and read over, with the keys that nobody knows; a file with more such lines
/// is none.
const MISTAKES: usize = 100;

/// What the octets of a file mean, and what in them means nothing. What has no meaning here is read over; a key
/// that nobody knows, and a line that is nothing, is told.
#[must_use]
pub fn understand(program: Program, octets: &[u8]) -> (Settings, Vec<Mistake>) {
    let mut settings = Settings::of(program);
    let (document, mut mistakes) = read(octets);
    let Some(document) = document else { return (settings, mistakes) };
    for (group, key, value) in document.pairs() {
        let is_known = KEYS.iter().any(|(of, known, _)| *of == group && *known == key);
        if !is_known && mistakes.len() < MISTAKES {
            mistakes.push(format!("line {}: [{group}] {key} is no key of iwd.config(5)", value.line));
        }
    }
    let mut reader = Reader { document: &document, mistakes };
    reader.general(&mut settings);
    reader.network(&mut settings);
    reader.blocking(&mut settings);
    reader.ranking(&mut settings);
    reader.scans(&mut settings);
    reader.quirks(&mut settings);
    reader.boolean("Security", "AllowTkip", |on| settings.station.preferences.tkip = on);
    (settings, reader.mistakes)
}

/// Reads a document without the lines that are nothing.
fn read(octets: &[u8]) -> (Option<Document>, Vec<Mistake>) {
    let mut lines: Vec<&[u8]> = octets.split_inclusive(|&octet| octet == b'\n').collect();
    let mut mistakes = Vec::new();
    while mistakes.len() < MISTAKES {
        let Malformed { line, problem } = match Document::parse(&lines.concat()) {
            Ok(document) => return (Some(document), mistakes),
            Err(malformed) => malformed,
        };
        mistakes.push(format!("line {line}: {problem}"));
        match lines.get_mut(line.saturating_sub(1)) {
            Some(text) if *text != b"\n" => *text = b"\n",
            _ => break,
        }
    }
    (None, mistakes)
}

type Outcome = Result<(), String>;

struct Reader<'a> {
    document: &'a Document,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn take(&mut self, group: &str, key: &str, put: impl FnOnce(&Value<'_>) -> Outcome) {
        if let Some(value) = self.document.value(group, key)
            && let Err(problem) = put(&value)
        {
            self.mistakes.push(format!("line {}: {key}: {problem}", value.line));
        }
    }

    fn boolean(&mut self, group: &str, key: &str, put: impl FnOnce(bool)) {
        self.take(group, key, |value| {
            put(value.boolean().map_err(|error| error.problem.to_string())?);
            Ok(())
        });
    }

    fn number(&mut self, group: &str, key: &str, range: RangeInclusive<i64>, put: impl FnOnce(i64)) {
        self.take(group, key, |value| {
            let number = value.plain().unwrap_or_default().parse().ok();
            let (least, most) = (range.start(), range.end());
            let said = || format!("a number from {least} to {most} is expected");
            put(number.filter(|number| range.contains(number)).ok_or_else(said)?);
            Ok(())
        });
    }

    fn seconds(&mut self, group: &str, key: &str, put: impl FnOnce(Duration)) {
        self.number(group, key, 0..=u32::MAX.into(), |seconds| {
            put(Duration::from_secs(seconds.unsigned_abs()));
        });
    }

    fn dbm(&mut self, key: &str, put: impl FnOnce(i8)) {
        self.number("General", key, -100..=1, |dbm| put(i8::try_from(dbm).unwrap_or_default()));
    }

    fn general(&mut self, settings: &mut Settings) {
        let group = "General";
        self.boolean(group, "EnableNetworkConfiguration", |on| settings.network_configuration = on);
        self.boolean(group, "ControlPortOverNL80211", |on| settings.control_port = on);
        self.boolean(group, "DisableOCV", |off| settings.operating_channel_validation = !off);
        self.boolean(group, "DisablePMKSA", |off| settings.station.reuses_keys = !off);
        self.number(group, "ManagementFrameProtection", 0..=2, |degree| {
            settings.management_frame_protection = degree > 0;
            settings.station.preferences.protection_required = degree == 2;
        });
        self.take(group, "Country", |value| {
            let text = value.plain().unwrap_or_default();
            let letters = <[u8; 2]>::try_from(text.as_bytes()).ok();
            let letters = letters.filter(|letters| letters.iter().all(u8::is_ascii_alphabetic));
            let letters = letters.ok_or("the two letters of a country are expected")?;
            settings.country = Some(letters.map(|letter| letter.to_ascii_uppercase()));
            Ok(())
        });
        self.take(group, "SystemdEncrypt", |value| {
            let name = value.plain().unwrap_or_default();
            if name.is_empty() || name.contains('/') || name.starts_with('.') {
                return Err("the name of a credential is expected".to_owned());
            }
            settings.credential = Some(name);
            Ok(())
        });
        let mut range = AddressRange::Full;
        self.take(group, "AddressRandomizationRange", |value| {
            range = match value.plain().unwrap_or_default().as_str() {
                "full" => AddressRange::Full,
                "nic" => AddressRange::Nic,
                _ => return Err("'full' or 'nic' is expected".to_owned()),
            };
            Ok(())
        });
        self.take(group, "AddressRandomization", |value| {
            let (own, networks) = match value.plain().unwrap_or_default().as_str() {
                "disabled" => (OwnAddress::Kept, AddressPolicy::Kept),
                "once" => (OwnAddress::Drawn(range), AddressPolicy::Kept),
                "network" => (OwnAddress::Kept, AddressPolicy::PerNetwork(range)),
                _ => return Err("'disabled', 'once' or 'network' is expected".to_owned()),
            };
            settings.own_address = own;
            settings.station.addresses = networks;
            Ok(())
        });
        let roam = &mut settings.station.roam;
        self.dbm("RoamThreshold", |dbm| roam.threshold = dbm);
        self.dbm("RoamThreshold5G", |dbm| roam.threshold_5ghz = dbm);
        self.dbm("CriticalRoamThreshold", |dbm| roam.critical = dbm);
        self.dbm("CriticalRoamThreshold5G", |dbm| roam.critical_5ghz = dbm);
        settings.station.preferences.weak = [roam.threshold, roam.threshold_5ghz];
        self.seconds(group, "RoamRetryInterval", |pause| roam.retry_interval = pause);
    }

    fn network(&mut self, settings: &mut Settings) {
        self.boolean("Network", "EnableIPv6", |on| settings.ipv6 = on);
        self.take("Network", "NameResolvingService", |value| {
            settings.name_service = match value.plain().unwrap_or_default().as_str() {
                "systemd" => NameService::Systemd,
                "resolvconf" => NameService::Resolvconf,
                "none" => NameService::None,
                _ => return Err("'systemd', 'resolvconf' or 'none' is expected".to_owned()),
            };
            Ok(())
        });
        // The kernel takes 0 for IPv6's default, which is 1024: the opposite of what is meant.
        self.number("Network", "RoutePriorityOffset", 1..=u32::MAX.into(), |metric| {
            settings.metric = u32::try_from(metric).unwrap_or(u32::MAX);
        });
        // The second name is that of iwd before 1.11.
        for key in ["APAddressPool", "APRanges"] {
            self.take("IPv4", key, |value| {
                settings.hotspots = profile::pool(value).map_err(|error| error.problem.to_string())?;
                Ok(())
            });
        }
    }

    fn blocking(&mut self, settings: &mut Settings) {
        let blocking = &mut settings.station.roam.blocking;
        let group = "Blacklist";
        self.seconds(group, "InitialTimeout", |time| blocking.initial = time);
        // The older name first, so that the other one counts.
        for key in ["InitialRoamRequestedTimeout", "InitialAccessPointBusyTimeout"] {
            self.seconds(group, key, |time| blocking.busy = time);
        }
        self.number(group, "Multiplier", 1..=u32::MAX.into(), |factor| {
            blocking.multiplier = u32::try_from(factor).unwrap_or(u32::MAX);
        });
        self.seconds(group, "MaximumTimeout", |time| blocking.maximum = time);
    }

    fn ranking(&mut self, settings: &mut Settings) {
        let bands = [("2_4", Band::Band2), ("5", Band::Band5), ("6", Band::Band6)];
        for ((name, band), hundredths) in bands.into_iter().zip(&mut settings.station.preferences.bands) {
            self.take("Rank", &format!("BandModifier{name}GHz"), |value| {
                let text = value.plain().unwrap_or_default();
                *hundredths = factor(&text).ok_or("a number from 0.0 to 100.0 is expected")?;
                if *hundredths == 0 {
                    settings.unused.push(band);
                }
                Ok(())
            });
        }
    }

    fn scans(&mut self, settings: &mut Settings) {
        let station = &mut settings.station;
        let mut pauses = Pauses::default();
        let mut longest = None;
        self.seconds("Scan", "InitialPeriodicScanInterval", |pause| pauses.first = pause);
        self.seconds("Scan", "MaximumPeriodicScanInterval", |pause| longest = Some(pause));
        // Without a pause the radio would do nothing else.
        pauses.first = pauses.first.max(Duration::from_secs(1));
        pauses.longest = longest.unwrap_or(pauses.longest).max(pauses.first);
        station.search = Some(pauses);
        self.boolean("Scan", "DisablePeriodicScan", |off| {
            if off {
                station.search = None;
            }
        });
        self.boolean("Scan", "DisableRoamingScan", |off| station.roam.scan = !off);
        self.boolean("Scan", "DisableMacAddressRandomization", |off| station.random_scan_address = !off);
    }

    fn quirks(&mut self, settings: &mut Settings) {
        let quirks = &mut settings.quirks;
        let lists = [
            ("ForcePae", &mut quirks.key_frames_by_packet),
            ("PowerSaveDisable", &mut quirks.no_power_save),
            ("SaeDisable", &mut quirks.no_sae),
        ];
        for (key, patterns) in lists {
            self.take("DriverQuirks", key, |value| {
                let text = value.plain().map_err(|error| error.problem.to_string())?;
                *patterns = Patterns::from(text.as_str());
                Ok(())
            });
        }
    }
}

/// A factor in hundredths.
fn factor(text: &str) -> Option<u16> {
    let factor: f64 = text.parse().ok()?;
    if !(0.0..=100.0).contains(&factor) {
        return None;
    }
    // Rounded up: only zero is nothing.
    let hundredths = (factor * 100.0).ceil();
    (0..=10_000).find(|&number| f64::from(number) >= hundredths)
}
