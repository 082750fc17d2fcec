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

/// What developers are told of only when something more has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    Nothing,
    /// The second of the parts of the channels, one after the other, that a search scans.
    Full {
        /// How many it has begun with so far.
        parts: u32,
    },
    /// The connection of a roam that has failed, where it was or at its end.
    Back,
}

impl Awaited {
    /// Another state begins. Returns whether a roam that failed is over by it: whoever waits for that expects the
    /// connection to be where it was.
    fn enter(&mut self, state: &Summary) -> bool {
        match (*self, state) {
            (Self::Back, Summary::Roaming { .. }) => false,
            (before, _) => {
                *self = Self::Nothing;
                before == Self::Back
            }
        }
    }

    /// A scan begins. Returns whether it is where a search has gone beyond where known networks were heard.
    fn scan(&mut self, state: &Summary) -> bool {
        if *state != Summary::Searching {
            return false;
        }
        let parts = match *self {
            Self::Full { parts } => parts.saturating_add(1),
            Self::Nothing | Self::Back => 1,
        };
        *self = Self::Full { parts };
        parts == 2
    }
}

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
        match report {
            Report::RoamFailed { .. } => interface.awaited = Awaited::Back,
            Report::State(state) if interface.awaited.enter(state) => {
                self.desk.tell(News::Debugged { ifindex, what: "ft-roam-failed" });
            }
            _ => {}
        }
        let Some(what) = word(report, is_asked, configures) else { return };
        if what == FULL && !interface.awaited.scan(&interface.station.summary()) {
            return;
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
        let roaming = Summary::Roaming { ssid: ssid(), attempt };
        for end in [Summary::Connected { ssid: ssid(), attempt }, Summary::Disconnected, Summary::Searching] {
            let mut awaited = Awaited::Nothing;
            assert!(!awaited.enter(&roaming) && !awaited.enter(&end), "none has failed");
            awaited = Awaited::Back;
            assert!(!awaited.enter(&roaming) && !awaited.enter(&roaming), "it is on its way back");
            assert!(awaited.enter(&end) && !awaited.enter(&end), "once");
        }
    }

    #[test]
    fn the_second_part_of_a_search_goes_beyond_what_is_known() {
        let mut awaited = Awaited::Nothing;
        let scan = |awaited: &mut Awaited| awaited.scan(&Summary::Searching);
        assert!(!scan(&mut awaited) && !awaited.scan(&Summary::Disconnected), "what somebody asked for");
        assert!(scan(&mut awaited) && !scan(&mut awaited), "once");
        assert!(!awaited.enter(&Summary::Disconnected) && !awaited.enter(&Summary::Searching));
        assert!(!scan(&mut awaited) && scan(&mut awaited), "the next search");
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
