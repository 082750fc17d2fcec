//! Interfaces in ad-hoc networks: what is asked of them, and what they hear.

use super::{Linux, Purpose, key_frames};
use crate::kernel::{AdHocEvent, Heard};
use lapwing_core::ad_hoc::{Reply, Request};
use lapwing_core::kernel::{Errno, Frequency, KernelEvent, Refusal};
use lapwing_frames::Ssid;
use lapwing_linux::nl80211::{self, EventKind, Ibss, IbssProtection};
use lapwing_linux::packet::PacketSocket;

/// An interface of the ad-hoc type.
#[derive(Debug, Default)]
pub(super) struct Member {
    /// EAPOL frames are packets.
    packets: Option<PacketSocket>,
}

impl Linux {
    pub(super) fn join_ad_hoc(
        &mut self,
        ifindex: u32,
        ssid: Ssid,
        frequency: Frequency,
        rsne: Option<Vec<u8>>,
    ) {
        let control_port = self.has_control_port(ifindex);
        if rsne.is_some()
            && !control_port
            && let Some(member) = self.access_points.ad_hoc.get_mut(&ifindex)
        {
            match key_frames::listen(&self.epoll, ifindex) {
                Ok(socket) => member.packets = Some(socket),
                Err(refusal) => return self.answered_ad_hoc(ifindex, Err(refusal)),
            }
        }
        let protection = rsne.map(|rsne| IbssProtection { rsne, control_port });
        let ibss = Ibss { ssid, frequency, protection };
        self.ask_ad_hoc(ifindex, &nl80211::Request::JoinIbss { ifindex, ibss });
    }

    pub(super) fn leave_ad_hoc(&mut self, ifindex: u32) {
        self.ask_ad_hoc(ifindex, &nl80211::Request::LeaveIbss { ifindex });
    }

    fn ask_ad_hoc(&mut self, ifindex: u32, request: &nl80211::Request) {
        if self.access_points.ad_hoc.contains_key(&ifindex) {
            return self.ask(request, Purpose::AdHoc { ifindex });
        }
        self.answered_ad_hoc(ifindex, Err(no_member()));
    }

    /// Nl80211 has answered.
    pub(super) fn answered_ad_hoc(&mut self, ifindex: u32, outcome: Result<(), Refusal>) {
        self.heard.push_back(Heard::AdHoc { ifindex, event: AdHocEvent::Answered(outcome) });
    }

    /// A request of a member of a protected network.
    pub(super) fn ask_for_member(&mut self, ifindex: u32, number: u64, request: Request) {
        let Some(member) = self.access_points.ad_hoc.get(&ifindex) else {
            return self.done_for_member(ifindex, number, Err(no_member()));
        };
        if let (Some(socket), Request::SendKeyFrame { to, bytes, .. }) = (&member.packets, &request) {
            let sent = socket.send(*to, bytes).map(|()| Reply::Done);
            let outcome = sent.map_err(|error| key_frames::refusal(&error));
            return self.done_for_member(ifindex, number, outcome);
        }
        self.ask(&nl80211::Request::AdHoc { ifindex, request }, Purpose::Member { ifindex, number });
    }

    pub(super) fn done_for_member(&mut self, ifindex: u32, number: u64, outcome: Result<Reply, Refusal>) {
        self.heard.push_back(Heard::AdHoc { ifindex, event: AdHocEvent::Done { number, outcome } });
    }

    /// Nl80211 has answered a member's request.
    pub(super) fn answered_member(
        &mut self,
        (ifindex, number): (u32, u64),
        result: Result<nl80211::Reply, Refusal>,
    ) {
        let outcome = result.map(|reply| match reply {
            nl80211::Reply::KeySequence([a, b, c, d, e, f]) => {
                Reply::PacketNumber(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
            }
            _ => Reply::Done,
        });
        self.done_for_member(ifindex, number, outcome);
    }

    /// Something happened to an interface of the ad-hoc type.
    pub(super) fn happened_to_ad_hoc(&mut self, ifindex: u32, kind: EventKind) {
        let event = match kind {
            EventKind::IbssJoined(_) => AdHocEvent::Joined,
            EventKind::NewPeer(peer) => AdHocEvent::PeerCame(peer),
            EventKind::DelPeer(peer) => AdHocEvent::PeerLeft(peer),
            EventKind::Station(KernelEvent::KeyFrame { from, bytes, in_clear }) => {
                AdHocEvent::KeyFrame { from, bytes, protected: !in_clear }
            }
            _ => return,
        };
        self.heard.push_back(Heard::AdHoc { ifindex, event });
    }

    /// EAPOL frames that are packets.
    pub(super) fn heard_members_key_frames(&mut self) {
        for (&ifindex, member) in &mut self.access_points.ad_hoc {
            while let Some(Ok(Some(packet))) = member.packets.as_mut().map(PacketSocket::receive) {
                // Nobody says whether it came in clear; the core knows that.
                let (from, bytes, protected) = (packet.source, packet.octets, true);
                let event = AdHocEvent::KeyFrame { from, bytes, protected };
                self.heard.push_back(Heard::AdHoc { ifindex, event });
            }
        }
    }
}

fn no_member() -> Refusal {
    let message = Some("the interface is not of the ad-hoc type".to_owned());
    Refusal { errno: Errno::EOPNOTSUPP, message }
}
