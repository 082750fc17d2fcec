//! Interfaces in ad-hoc networks: what is asked of them, and what they hear.

use super::{Linux, Purpose};
use crate::kernel::{AdHocEvent, Heard};
use lapwing_core::kernel::{Errno, Frequency, Refusal};
use lapwing_frames::Ssid;
use lapwing_linux::nl80211::{self, EventKind};

impl Linux {
    pub(super) fn join_ad_hoc(&mut self, ifindex: u32, ssid: Ssid, frequency: Frequency) {
        self.ask_ad_hoc(ifindex, &nl80211::Request::JoinIbss { ifindex, ssid, frequency });
    }

    pub(super) fn leave_ad_hoc(&mut self, ifindex: u32) {
        self.ask_ad_hoc(ifindex, &nl80211::Request::LeaveIbss { ifindex });
    }

    fn ask_ad_hoc(&mut self, ifindex: u32, request: &nl80211::Request) {
        if self.access_points.ad_hoc.contains(&ifindex) {
            return self.ask(request, Purpose::AdHoc { ifindex });
        }
        let message = Some("the interface is not of the ad-hoc type".to_owned());
        self.answered_ad_hoc(ifindex, Err(Refusal { errno: Errno::EOPNOTSUPP, message }));
    }

    /// Nl80211 has answered.
    pub(super) fn answered_ad_hoc(&mut self, ifindex: u32, outcome: Result<(), Refusal>) {
        self.heard.push_back(Heard::AdHoc { ifindex, event: AdHocEvent::Answered(outcome) });
    }

    /// Something happened to an interface of the ad-hoc type.
    pub(super) fn happened_to_ad_hoc(&mut self, ifindex: u32, kind: &EventKind) {
        let event = match kind {
            EventKind::IbssJoined(_) => AdHocEvent::Joined,
            EventKind::NewPeer(peer) => AdHocEvent::PeerCame(*peer),
            EventKind::DelPeer(peer) => AdHocEvent::PeerLeft(*peer),
            _ => return,
        };
        self.heard.push_back(Heard::AdHoc { ifindex, event });
    }
}
