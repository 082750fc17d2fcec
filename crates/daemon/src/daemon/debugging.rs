//! What developers wait for, in iwd's words: tests that were written for iwd follow it by these.

use super::Daemon;
use crate::control::News;
use crate::kernel::Kernel;
use lapwing_core::attempt::{Entry, Phase, Record, RoamTrigger, Way};
use lapwing_core::failure::Code;
use lapwing_core::station::{Report, RoamStep, Summary};
use lapwing_frames::management::StatusCode;

/// A search has gone beyond where known networks were heard.
const FULL: &str = "autoconnect_full";

/// The words for a step of a roam.
const fn roam_words(step: &RoamStep) -> &'static [&'static str] {
    match step {
        RoamStep::Looks { named: true, trigger, .. } => match trigger {
            RoamTrigger::PacketLoss => &["packet-loss-roam", "roam-scan-triggered"],
            RoamTrigger::BeaconLoss => &["beacon-loss-roam", "roam-scan-triggered"],
            _ => &["roam-scan-triggered"],
        },
        RoamStep::Looks { named: false, trigger, .. } => match trigger {
            RoamTrigger::PacketLoss => &["packet-loss-roam", "full-roam-scan", "roam-scan-triggered"],
            RoamTrigger::BeaconLoss => &["beacon-loss-roam", "full-roam-scan", "roam-scan-triggered"],
            _ => &["full-roam-scan", "roam-scan-triggered"],
        },
        RoamStep::Widens { .. } => &["no-roam-candidates", "full-roam-scan", "roam-scan-triggered"],
        RoamStep::Stays { .. } => &["no-roam-candidates"],
        RoamStep::Wished { .. } => &["ap-roam-blacklist-added"],
        RoamStep::FallsBack(_) => &["ft-fallback-to-reassoc"],
        _ => &[],
    }
}

/// The word for what else a station reports; nothing if iwd has none.
fn word(report: &Report, is_asked: bool, configures: bool) -> Option<&'static str> {
    Some(match report {
        Report::State(state) => match state {
            Summary::Disconnected => "disconnected",
            Summary::Searching => "autoconnect_quick",
            Summary::Connecting { .. } if is_asked => "connecting",
            Summary::Connecting { .. } => "connecting (auto)",
            Summary::Connected { .. } => "connected",
            Summary::Roaming { .. } => "roaming",
            Summary::Disconnecting => "disconnecting",
            Summary::Unavailable => return None,
        },
        // The next attempt may begin at once, so that no state tells it.
        Report::Disconnected { why, .. } | Report::Failed { why, .. } if why.code != Code::Asked => {
            "disconnected"
        }
        Report::Timeline(record) => match &record.entry {
            Entry::Entered(Phase::Authenticate) => "authenticating",
            Entry::Entered(Phase::Associate) => "associating",
            Entry::Entered(Phase::Handshake) => "handshake-started",
            Entry::Entered(Phase::Address) if configures => "connecting (netconfig)",
            Entry::Answered { status: StatusCode::UnsupportedFiniteCyclicGroup, .. } => "ecc-group-rejected",
            Entry::Way { by: Way::FastOverAir | Way::FastOverDs, .. } => "ft-authenticating",
            Entry::Answered { frame: "fast transition", status: StatusCode::Success } => "ft-roaming",
            Entry::Failed(failure) if failure.code == Code::PmksaRefused => "pmksa-invalid-pmkid",
            Entry::Failed(failure) if failure.code == Code::NoAddress => "netconfig-failed",
            // Whoever searches scans one part of the channels after the other: the first is the quick one.
            Entry::Scanning { .. } if record.attempt.is_none() => FULL,
            _ => return None,
        },
        _ => return None,
    })
}

/// Whether a connection that was on its way is where it shall be, or has ended. That the way failed is told then: whoever
/// waits for it expects the connection to be where it was.
const fn is_there(report: &Report) -> bool {
    matches!(report, Report::State(state) if !matches!(state, Summary::Roaming { .. }))
}

impl<K: Kernel> Daemon<K> {
    /// Tells developers what a station reports.
    pub(super) fn tell_developers(&mut self, ifindex: u32, report: &Report) {
        if !self.options.developer {
            return;
        }
        if let Report::Timeline(Record { entry: Entry::Roam(step), .. }) = report {
            for what in roam_words(step) {
                self.desk.tell(News::Debugged { ifindex, what });
            }
        }
        let configures = self.options.network_configuration;
        let is_asked = self.is_joining(ifindex);
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        if let Report::RoamFailed { .. } = report {
            interface.roam_failed = true;
        }
        if is_there(report) && std::mem::take(&mut interface.roam_failed) {
            self.desk.tell(News::Debugged { ifindex, what: "ft-roam-failed" });
        }
        let Some(what) = word(report, is_asked, configures) else { return };
        if matches!(report, Report::State(_)) {
            interface.searches = 0;
        } else if what == FULL {
            let is_search = interface.station.summary() == Summary::Searching;
            interface.searches = interface.searches.saturating_add(u32::from(is_search));
            if !is_search || interface.searches != 2 {
                return;
            }
        }
        self.desk.tell(News::Debugged { ifindex, what });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapwing_core::{attempt::AttemptId, failure::Failure, kernel::Frequency};
    use lapwing_frames::{MacAddr, Ssid, management::ReasonCode};

    #[test]
    fn an_attempt_that_failed_ends_as_a_connection_does() {
        let failed = |code| Report::Failed {
            attempt: AttemptId(1),
            ssid: Ssid::new(b"cafe").unwrap(),
            why: Failure { phase: Phase::Authenticate, code },
            next_try: None,
        };
        assert_eq!(word(&failed(Code::EndedByAccessPoint(ReasonCode(3))), true, false), Some("disconnected"));
        assert_eq!(word(&failed(Code::Asked), true, false), None);
    }

    #[test]
    fn a_way_that_failed_is_told_when_the_connection_is_back() {
        let ssid = || Ssid::new(b"cafe").unwrap();
        let attempt = AttemptId(1);
        assert!(!is_there(&Report::State(Summary::Roaming { ssid: ssid(), attempt })));
        assert!(is_there(&Report::State(Summary::Connected { ssid: ssid(), attempt })));
        assert!(is_there(&Report::State(Summary::Disconnected)) && !is_there(&Report::Scanned));
    }

    #[test]
    fn a_look_where_nobody_said_where_is_a_full_one_and_one_that_widens_says_so() {
        let looks = |trigger, named| RoamStep::Looks { trigger, channels: vec![Frequency(2412)], named };
        assert_eq!(roam_words(&looks(RoamTrigger::LowSignal(-80), true)), ["roam-scan-triggered"]);
        assert_eq!(
            roam_words(&looks(RoamTrigger::PacketLoss, false)),
            ["packet-loss-roam", "full-roam-scan", "roam-scan-triggered"]
        );
        assert_eq!(
            roam_words(&RoamStep::Widens { channels: vec![] }),
            ["no-roam-candidates", "full-roam-scan", "roam-scan-triggered"]
        );
        assert!(roam_words(&RoamStep::Polls).is_empty());
        let falls_back = RoamStep::FallsBack(MacAddr([2, 0, 0, 0, 0, 7]));
        assert_eq!(roam_words(&falls_back), ["ft-fallback-to-reassoc"]);
    }
}
