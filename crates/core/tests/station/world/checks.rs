//! What must never be: the checks of every report, and what tests ask of the world.

use super::{super::ap::Client, Held, World};
use lapwing_core::{
    Duration, Instant,
    attempt::{AttemptId, Entry, Record},
    failure::Code,
    station::Report,
};
use lapwing_frames::{MacAddr, Ssid};
use std::collections::BTreeMap;

/// What was tried last of each network: no try repeats a failed one on the same input.
#[derive(Default)]
pub(super) struct Tries {
    networks: BTreeMap<AttemptId, Ssid>,
    pub(super) last: BTreeMap<Ssid, Try>,
    /// How many scans have ended.
    pub(super) scans: u64,
}

pub(super) struct Try {
    attempt: AttemptId,
    bssid: MacAddr,
    cached: bool,
    scans: u64,
    /// When it failed, if it did.
    failed: Option<Instant>,
}

impl Tries {
    pub(super) fn note(&mut self, now: Instant, report: &Report) -> Option<String> {
        let (attempt, entry) = match report {
            Report::Timeline(Record { attempt: Some(attempt), entry, .. }) => (*attempt, entry),
            _ => return None,
        };
        match entry {
            Entry::Began { ssid, .. } => drop(self.networks.insert(attempt, ssid.clone())),
            // What was ended because somebody asked may be done again.
            Entry::Failed(why) if why.code != Code::Asked => {
                let tried = self.last.values_mut().find(|tried| tried.attempt == attempt);
                tried.into_iter().for_each(|tried| tried.failed = Some(now));
            }
            Entry::Chosen { bssid, cached_pmksa, .. } => {
                let (bssid, cached, scans) = (*bssid, *cached_pmksa, self.scans);
                let tried = Try { attempt, bssid, cached, scans, failed: None };
                let before = self.last.insert(self.networks.get(&attempt)?.clone(), tried)?;
                let differs = before.bssid != bssid || before.cached != cached || before.scans != scans;
                let later = before.failed.is_none_or(|at| now.since(at) >= Duration::from_secs(1));
                return (!differs && !later).then(|| format!("{attempt} repeats {}", before.attempt));
            }
            _ => {}
        }
        None
    }
}

impl World {
    pub(super) fn note(&mut self, report: Report) {
        self.trace(|_| format!("{report:?}"));
        self.violations.extend(self.tries.note(self.now, &report));
        if let Report::Failed { attempt, .. } | Report::Disconnected { attempt, .. } = &report {
            *self.ended.entry(*attempt).or_default() += 1;
        }
        match &report {
            Report::Timeline(Record { attempt: Some(attempt), entry: Entry::Began { .. }, .. }) => {
                self.live.insert(*attempt);
                if self.live.len() > 1 {
                    self.violations.push(format!("more than one attempt is live: {:?}", self.live));
                }
            }
            Report::Failed { attempt, .. } if !self.live.remove(attempt) => {
                self.violations.push("an attempt failed that was not live".into());
            }
            Report::Connected(connected) => {
                let done = self.securing.values().all(|(_, done)| *done == Some(true));
                let port = self.securing.values().any(|(name, _)| *name == "SET_STATION");
                let key = self.securing.values().any(|(name, _)| *name == "NEW_KEY");
                if connected.akm.is_some() && !(done && port && key) {
                    self.violations.push(format!("connected, and not all was done: {:?}", self.securing));
                }
                if self.connected.replace(connected.attempt).is_some() {
                    self.violations.push("connected twice".into());
                }
            }
            Report::Disconnected { attempt, .. }
                if self.connected.take() != Some(*attempt) || !self.live.remove(attempt) =>
            {
                self.violations.push("disconnected from nothing".into());
            }
            _ => {}
        }
        self.reports.push(report);
    }

    /// The failures that were reported.
    pub(crate) fn failures(&self) -> Vec<Code> {
        let failed = self.reports.iter().filter_map(|report| match report {
            Report::Failed { why, .. } => Some(why.code.clone()),
            _ => None,
        });
        failed.collect()
    }

    /// The ends of connections that were reported.
    pub(crate) fn ends(&self) -> Vec<Code> {
        let ended = self.reports.iter().filter_map(|report| match report {
            Report::Disconnected { why, .. } => Some(why.code.clone()),
            _ => None,
        });
        ended.collect()
    }

    pub(crate) fn count(&self, name: &str) -> usize {
        self.requests.iter().filter(|request| request.name() == name).count()
    }

    /// Whether the AP that the kernel is connected to agrees.
    pub(crate) fn agrees(&self) -> bool {
        match self.held {
            Held::Connected { bssid, .. } => {
                self.aps.iter().any(|ap| ap.setup.bssid == bssid && ap.is_secured())
            }
            _ => false,
        }
    }

    pub(crate) fn check(&self) {
        assert!(self.violations.is_empty(), "{:?}", self.violations);
    }

    pub(crate) fn has_client(&self, place: usize) -> bool {
        matches!(self.aps[place].client, Some(Client::Associated | Client::Secured(_)))
    }
}
