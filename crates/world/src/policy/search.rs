//! When a supplicant searches the air, and what it asks for then.

use super::Turn;
use lapwing_core::attempt::Ticket;
use lapwing_core::kernel::{Request, ScanRequest};
use lapwing_core::network::Network;
use lapwing_core::{Duration, Instant};
use lapwing_frames::Ssid;

/// When the air is searched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Search {
    No,
    At(Instant),
    Running { until: Instant },
    Reading(Ticket),
}

impl Search {
    /// A scan of all channels: for any name, and for that of a wanted network that hides it.
    pub(super) fn begin(turn: &mut Turn<'_, '_>, wanted: Option<&Network>, limit: Duration) -> Self {
        let name = wanted.filter(|network| network.hidden);
        let wildcard = Ssid::new(&[]).ok();
        let ssids = name.map(|network| network.ssid.clone()).into_iter().chain(wildcard).collect();
        turn.ask(Request::TriggerScan(ScanRequest { ssids, ..ScanRequest::default() }));
        Self::Running { until: turn.now + limit }
    }

    /// Somebody wants a scan: at once, unless one is on its way.
    pub(super) fn want(&mut self, now: Instant) {
        if *self == Self::No {
            *self = Self::At(now);
        }
    }

    /// What is waited for, and until when.
    pub(super) const fn deadline(&self) -> Option<(Instant, &'static str)> {
        match self {
            Self::At(at) => Some((*at, "the next scan")),
            Self::Running { until } => Some((*until, "the end of a scan")),
            Self::No | Self::Reading(_) => None,
        }
    }
}
