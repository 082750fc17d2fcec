//! Who is on the air, and what a radio hears of it.

use super::{Stage, World};
use crate::air::{Beacon, Transmission};
use crate::parts::KernelInput;
use lapwing_core::kernel::Frequency;
use lapwing_core::{Duration, Instant};
use lapwing_frames::element::Elements;
use lapwing_frames::{MacAddr, Ssid};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The time on a channel on which probes are sent.
const ACTIVE: Duration = Duration::from_millis(30);
/// The time on a channel on which a beacon is waited for.
const PASSIVE: Duration = Duration::from_millis(110);

/// A visit of the radio to other channels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Listening {
    pub(super) frequencies: Vec<Frequency>,
    pub(super) ssids: Vec<Ssid>,
    pub(super) until: Instant,
}

/// The BSSs that can be heard now. What their beacons say follows from the state of the access points, so that only
/// their number is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Air(BTreeMap<MacAddr, Beacon>);

impl Hash for Air {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.len().hash(state);
    }
}

impl Air {
    pub(super) fn of(beacons: impl Iterator<Item = Beacon>) -> Self {
        Self(beacons.map(|beacon| (beacon.bssid, beacon)).collect())
    }

    /// Whether the BSS that a frame is for is there, on the frame's channel.
    pub(super) fn hears(&self, transmission: &Transmission) -> bool {
        self.0.get(&transmission.receiver).is_some_and(|beacon| beacon.frequency == transmission.frequency)
    }

    /// The BSS.
    pub(super) fn beacon(&self, bssid: MacAddr) -> Option<&Beacon> {
        self.0.get(&bssid)
    }

    /// What a radio hears that was not on a channel before.
    pub(super) fn appearing(
        &self,
        before: &BTreeSet<Frequency>,
        after: &BTreeSet<Frequency>,
    ) -> impl Iterator<Item = Beacon> {
        let new = |beacon: &&Beacon| after.contains(&beacon.frequency) && !before.contains(&beacon.frequency);
        self.0.values().filter(new).cloned()
    }
}

impl World {
    /// The radio goes to other channels for a while.
    pub(super) fn listen(&mut self, frequencies: Vec<Frequency>, ssids: Vec<Ssid>) {
        let dwell = if ssids.is_empty() { PASSIVE } else { ACTIVE };
        let channels = u32::try_from(frequencies.len()).unwrap_or(u32::MAX);
        let until = self.now + dwell.saturating_mul(channels);
        self.listening = Some(Arc::new(Listening { frequencies, ssids, until }));
    }

    /// What was heard on the way.
    pub(super) fn heard(&mut self, listening: &Listening) -> Vec<Beacon> {
        let Self { air, timing, now, plan, .. } = self;
        let mut missed = || {
            timing.as_mut().is_some_and(|timing| {
                let loss = timing.loss(*now, &plan.scenario.air);
                timing.is_one_of(loss)
            })
        };
        let here = air.0.values().filter(|beacon| listening.frequencies.contains(&beacon.frequency));
        // A beacon and the answer to a probe must both be lost; a hidden name is told by the latter alone.
        let heard = here.filter(|_| !(missed() && missed())).cloned();
        heard
            .map(|beacon| {
                let probed = beacon.probe_elements.as_ref().is_some_and(|elements| {
                    let asked = name(elements);
                    let hidden = name(&beacon.elements).is_none_or(|name| name.is_hidden());
                    let answers =
                        |ssid: &&Ssid| Some(*ssid) == asked.as_ref() || (ssid.is_hidden() && !hidden);
                    listening.ssids.iter().any(|ssid| answers(&ssid))
                });
                let probe_elements = beacon.probe_elements.filter(|_| probed);
                Beacon { probe_elements, ..beacon }
            })
            .collect()
    }

    /// A BSS is there, or says something else from now on.
    pub(super) fn beacon(&mut self, beacon: Beacon, stage: &mut Stage<'_>) {
        let before = Arc::make_mut(&mut self.air).0.insert(beacon.bssid, beacon.clone());
        let gone =
            before.is_some_and(|before| before.frequency != beacon.frequency && self.is_on(before.frequency));
        if self.is_on(beacon.frequency) {
            self.drive_kernel(KernelInput::Beacon(beacon), stage);
        } else if gone {
            self.drive_kernel(KernelInput::BeaconsLost(beacon.bssid), stage);
        }
    }

    /// A BSS is gone.
    pub(super) fn silence(&mut self, bssid: MacAddr, stage: &mut Stage<'_>) {
        let before = Arc::make_mut(&mut self.air).0.remove(&bssid);
        if before.is_some_and(|before| self.is_on(before.frequency)) {
            self.drive_kernel(KernelInput::BeaconsLost(bssid), stage);
        }
    }
}

fn name(elements: &[u8]) -> Option<Ssid> {
    Elements::new(elements).find::<Ssid>().ok().flatten()
}
