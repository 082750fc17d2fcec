//! What decides about roaming, as iwd.config(5) names it.

use super::Blocking;
use crate::{kernel::Band, select::Preferences, time::Duration};

/// What decides about roaming. The defaults are those of iwd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoamPolicy {
    /// In 2.4 GHz, below this signal in dBm another AP is looked for (`RoamThreshold`).
    pub threshold: i8,
    /// The same in 5 and 6 GHz (`RoamThreshold5G`).
    pub threshold_5ghz: i8,
    /// In 2.4 GHz, below this signal in dBm another AP is looked for even if somebody wants to stay with this one
    /// (`CriticalRoamThreshold`).
    pub critical: i8,
    /// The same in 5 and 6 GHz (`CriticalRoamThreshold5G`).
    pub critical_5ghz: i8,
    /// How long to wait after a look that led nowhere before the next (`RoamRetryInterval`).
    pub retry_interval: Duration,
    /// Whether channels are scanned for other APs (not `DisableRoamingScan`). Without, only what was heard anyway
    /// and what an AP names counts.
    pub scan: bool,
    /// For how long an AP that refused us or sent us away is not gone to.
    pub blocking: Blocking,
}

impl Default for RoamPolicy {
    fn default() -> Self {
        let [threshold, threshold_5ghz] = Preferences::NONE.weak;
        Self {
            threshold,
            threshold_5ghz,
            critical: -80,
            critical_5ghz: -82,
            retry_interval: Duration::from_secs(60),
            scan: true,
            blocking: Blocking::default(),
        }
    }
}

impl RoamPolicy {
    /// Below which signal in dBm another AP is looked for. `keep` tells that somebody wants to stay with this one.
    #[must_use]
    pub const fn threshold_of(&self, band: Option<Band>, keep: bool) -> i8 {
        match (band, keep) {
            (Some(Band::Band2), false) => self.threshold,
            (Some(Band::Band2), true) => self.critical,
            (Some(Band::Band5 | Band::Band6) | None, false) => self.threshold_5ghz,
            (Some(Band::Band5 | Band::Band6) | None, true) => self.critical_5ghz,
        }
    }
}
