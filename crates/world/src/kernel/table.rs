//! The BSS table of cfg80211.

use super::shared::Shared;
use crate::air::Beacon;
use lapwing_core::Instant;
use lapwing_core::kernel::{Frequency, ScanEntry};
use lapwing_frames::element::{Elements, MultiLink};
use lapwing_frames::{LinkId, MacAddr, Ssid};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long an entry lives that is not heard again (`IEEE80211_SCAN_RESULT_EXPIRE`).
pub const EXPIRY: Duration = Duration::from_secs(30);

/// The most entries: as many as cfg80211 keeps.
const MOST: usize = 1000;

/// What names an entry. A network that hides its name has one for its beacons and one for each name that a probe
/// response revealed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BssKey {
    /// The BSSID.
    pub bssid: MacAddr,
    /// The channel.
    pub frequency: Frequency,
    /// The name, as it was heard.
    pub ssid: Vec<u8>,
}

/// What was heard of a BSS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bss {
    /// The beacon interval, in time units of 1,024 µs.
    pub interval: u16,
    /// The Capability Information field.
    pub capability: u16,
    /// How strong, in hundredths of a dBm.
    pub signal_mbm: i32,
    /// The elements of the last probe response, or of the last beacon if there was none.
    pub elements: Vec<u8>,
    /// The elements of the last beacon, if one was heard under this name.
    pub beacon_elements: Option<Vec<u8>>,
    /// Whether that was heard after the probe response.
    pub beacon_is_newer: bool,
}

impl Bss {
    /// The elements.
    #[must_use]
    pub fn elements(&self) -> Elements<'_> {
        Elements::new(&self.elements)
    }

    /// The Multi-Link element of the Basic variant, if there is one that can be read.
    #[must_use]
    pub fn multi_link(&self) -> Option<MultiLink> {
        self.elements().find::<MultiLink>().ok().flatten()
    }

    /// Whether the AP is about to change its channel: the last beacon has an announcement of that.
    #[must_use]
    pub fn switches_channel(&self) -> bool {
        let beacon = self.beacon_elements.as_ref().unwrap_or(&self.elements);
        Elements::new(beacon).iter().any(|element| super::is_channel_switch(element.id))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Entry {
    bss: Shared<Bss>,
    seen: Instant,
}

/// The BSS table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Table(BTreeMap<BssKey, Entry>);

fn ssid_of(elements: &[u8]) -> Vec<u8> {
    Elements::new(elements).find_raw::<Ssid>().map(|element| element.body.into_owned()).unwrap_or_default()
}

/// Whether a name is hidden: empty, or nothing but zeros.
fn is_hidden(ssid: &[u8]) -> bool {
    ssid.iter().all(|octet| *octet == 0)
}

impl Table {
    /// A BSS was heard: its beacon, and its answer to a probe if `probed` is among the names that were probed for
    /// (the empty name: any).
    pub fn hear(&mut self, now: Instant, beacon: &Beacon, probed: &[Ssid]) {
        let name = ssid_of(&beacon.elements);
        let answer = beacon.probe_elements.as_ref().filter(|elements| {
            let name = ssid_of(elements);
            let hidden = is_hidden(&ssid_of(&beacon.elements));
            probed.iter().any(|ssid| ssid.octets() == name || ssid.octets().is_empty() && !hidden)
        });
        let revealed = answer.map(|elements| ssid_of(elements)).filter(|revealed| *revealed != name);
        match (answer, revealed) {
            (Some(elements), Some(revealed)) => {
                self.insert(now, beacon, revealed, elements, None, false);
                self.insert(now, beacon, name, &beacon.elements, Some(&beacon.elements), false);
            }
            (Some(elements), None) => self.insert(now, beacon, name, elements, Some(&beacon.elements), false),
            (None, _) => {
                // A beacon does not replace what a probe response said.
                let key = BssKey { bssid: beacon.bssid, frequency: beacon.frequency, ssid: name };
                let kept = self.0.get(&key).and_then(|entry| {
                    let bss = &*entry.bss;
                    bss.beacon_elements.as_ref().filter(|heard| **heard != bss.elements)?;
                    Some(bss.elements.clone())
                });
                let elements = kept.as_ref().unwrap_or(&beacon.elements);
                self.insert(now, beacon, key.ssid, elements, Some(&beacon.elements), kept.is_some());
            }
        }
    }

    fn insert(
        &mut self,
        now: Instant,
        beacon: &Beacon,
        ssid: Vec<u8>,
        elements: &[u8],
        heard: Option<&Vec<u8>>,
        beacon_is_newer: bool,
    ) {
        let key = BssKey { bssid: beacon.bssid, frequency: beacon.frequency, ssid };
        let bss = Bss {
            interval: beacon.interval,
            capability: beacon.capability,
            signal_mbm: beacon.signal_mbm,
            elements: elements.to_vec(),
            beacon_elements: heard.cloned(),
            beacon_is_newer,
        };
        match self.0.get_mut(&key) {
            Some(entry) => {
                entry.seen = now;
                if *entry.bss != bss {
                    entry.bss = Shared::new(bss);
                }
            }
            None => {
                if self.0.len() >= MOST {
                    let oldest =
                        self.0.iter().min_by_key(|(_, entry)| entry.seen).map(|(key, _)| key.clone());
                    oldest.map(|key| self.0.remove(&key));
                }
                self.0.insert(key, Entry { bss: Shared::new(bss), seen: now });
            }
        }
    }

    /// Whether something was not heard for too long.
    #[must_use]
    pub fn has_expired(&self, now: Instant) -> bool {
        self.0.values().any(|entry| now.since(entry.seen) > EXPIRY)
    }

    /// Drops what was not heard for too long, but for what is held.
    pub fn expire(&mut self, now: Instant, held: &BTreeSet<MacAddr>) {
        self.0.retain(|key, entry| now.since(entry.seen) <= EXPIRY || held.contains(&key.bssid));
    }

    /// Forgets a BSS.
    pub fn unlink(&mut self, bssid: MacAddr) {
        self.0.retain(|key, _| key.bssid != bssid);
    }

    /// Forgets what was not heard since a moment, but for what is held.
    pub fn flush(&mut self, since: Instant, held: &BTreeSet<MacAddr>) {
        self.0.retain(|key, entry| entry.seen >= since || held.contains(&key.bssid));
    }

    /// A BSS that is held has another channel now.
    pub fn moves(&mut self, bssid: MacAddr, to: Frequency) {
        let keys: Vec<_> =
            self.0.keys().filter(|key| key.bssid == bssid && key.frequency != to).cloned().collect();
        for key in keys {
            if let Some(entry) = self.0.remove(&key) {
                self.0.insert(BssKey { frequency: to, ..key }, entry);
            }
        }
    }

    /// The BSS with this address and channel and name.
    #[must_use]
    pub fn find(&self, bssid: MacAddr, frequency: Frequency, ssid: &Ssid) -> Option<&Shared<Bss>> {
        let from = BssKey { bssid, frequency, ssid: Vec::new() };
        let mut range =
            self.0.range(from..).take_while(|(key, _)| (key.bssid, key.frequency) == (bssid, frequency));
        range.find(|(key, _)| key.ssid == ssid.octets()).map(|(_, entry)| &entry.bss)
    }

    /// The BSS with this address and channel, whatever its name.
    #[must_use]
    pub fn on(&self, bssid: MacAddr, frequency: Frequency) -> Option<&Shared<Bss>> {
        let from = BssKey { bssid, frequency, ssid: Vec::new() };
        let (key, entry) = self.0.range(from..).next()?;
        ((key.bssid, key.frequency) == (bssid, frequency)).then_some(&entry.bss)
    }

    /// Whether there is anything of this BSS.
    #[must_use]
    pub fn knows(&self, bssid: MacAddr) -> bool {
        self.0.keys().any(|key| key.bssid == bssid)
    }

    /// The whole table as a party reads it. The BSSs in `current` are those of the association, with their links.
    #[must_use]
    pub fn read(
        &self,
        now: Instant,
        current: &BTreeMap<MacAddr, Option<(LinkId, MacAddr)>>,
        ssid: Option<&Ssid>,
    ) -> Vec<ScanEntry> {
        self.0
            .iter()
            .map(|(key, entry)| {
                let ours = ssid.is_none_or(|ssid| ssid.octets() == key.ssid);
                let current = current.get(&key.bssid).filter(|_| ours);
                ScanEntry {
                    bssid: key.bssid,
                    frequency: key.frequency,
                    beacon_interval: entry.bss.interval,
                    capability: entry.bss.capability,
                    signal_mbm: Some(entry.bss.signal_mbm),
                    // Beacons of the current AP are heard all the time, but only one that differs from the last is taken
                    // for news (`ieee80211_rx_mgmt_beacon`).
                    age: now.since(entry.seen),
                    elements: entry.bss.elements.clone(),
                    beacon_elements: entry.bss.beacon_elements.clone(),
                    beacon_is_newer: entry.bss.beacon_is_newer,
                    associated: current.is_some(),
                    mld: current.copied().flatten(),
                }
            })
            .collect()
    }
}
