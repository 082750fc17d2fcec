//! BSS transition management (802.11-2020 11.21.7): an AP's wish that we go to another one is always answered.

use super::{
    Destination, Offence,
    neighbors::{self, Neighbor},
    said::RoamStep,
};
use crate::{
    attempt::{Entry, RoamTrigger},
    select::Judged,
    station::{State, connected::Connected, context::Turn, vocabulary::Report},
    time::{Duration, Instant},
};
use alloc::{boxed::Box, string::String, vec::Vec};
use lapwing_frames::{
    MacAddr,
    management::{
        Action,
        action::{TransitionMode, TransitionRequest, TransitionResponse, TransitionStatus},
    },
};

/// How long we may take to answer: a look at all channels, step by step, where the AP does not say.
const LIMIT: Duration = Duration::from_secs(8);
/// The least: one step of a scan.
const LEAST: Duration = Duration::from_millis(300);
/// What is left of the AP's time for the way itself.
const FOR_THE_WAY: Duration = Duration::from_millis(500);
/// A time unit of 802.11 in microseconds.
const TIME_UNIT: u64 = 1024;
/// The usual beacon interval in time units.
const BEACON_INTERVAL: u16 = 100;

/// An AP's wish that is not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wish {
    token: u8,
    /// The best first.
    pub candidates: Vec<Neighbor>,
    /// The candidates alone are recommended.
    abridged: bool,
    /// It will end the connection.
    leaves: bool,
    pub until: Instant,
}

impl Wish {
    /// Whether others than the candidates are not to be looked for.
    pub(super) const fn only_candidates(&self) -> bool {
        self.abridged && !self.leaves
    }

    /// How much the AP recommends another one: the greater the better; nothing if we shall not go there.
    pub(super) fn rank(&self, judged: &Judged) -> Option<u8> {
        let is = |candidate: &&Neighbor| {
            let links = || judged.links.iter().any(|link| link.bssid == candidate.bssid);
            candidate.bssid == judged.bssid || judged.mld.is_some() && candidate.mld == judged.mld || links()
        };
        match self.candidates.iter().find(is) {
            Some(candidate) => candidate.preference.or(Some(128)).filter(|preference| *preference > 0),
            None => (!self.only_candidates() || self.candidates.is_empty()).then_some(0),
        }
    }
}

/// How long the AP gives us.
fn limit(request: &TransitionRequest, beacon_interval: u16) -> Duration {
    match request.disassociation_timer {
        0 => LIMIT,
        beacons => {
            let time = u64::from(beacons) * u64::from(beacon_interval.max(1)) * TIME_UNIT;
            Duration::from_micros(time).saturating_sub(FOR_THE_WAY).clamp(LEAST, LIMIT)
        }
    }
}

/// Where a person can read why the network is to be left, without what a terminal would take for commands.
fn session_url(octets: &[u8]) -> Option<String> {
    let url = core::str::from_utf8(octets).ok()?;
    let fit = !url.is_empty() && url.chars().all(|letter| letter.is_ascii_graphic());
    fit.then(|| url.into())
}

impl Connected {
    /// The AP wishes that we go elsewhere.
    pub(super) fn wished(mut self: Box<Self>, turn: &mut Turn<'_>, request: &TransitionRequest) -> State {
        if self.watch.wish.as_ref().is_some_and(|wish| wish.token == request.dialog_token) {
            turn.ignore(Some(self.journey.id), "a wish of the access point that is being looked into");
            return State::Connected(self);
        }
        if self.watch.wish.is_some() {
            // It has changed its mind: the older wish is over.
            self.answer(turn, TransitionStatus::Reject, None);
        }
        let candidates = neighbors::read(request.candidates());
        let leaves = request.mode.contains(TransitionMode::DISASSOCIATION_IMMINENT)
            || request.termination.is_some()
            || request.session_url.is_some();
        let step = RoamStep::Wished { leaves, candidates: candidates.len() };
        turn.log(Some(self.journey.id), Entry::Roam(step));
        let interval = self.bssids().into_iter().find_map(|bssid| turn.context.table.get(bssid));
        let interval = interval.map_or(BEACON_INTERVAL, |bss| bss.beacon_interval);
        self.watch.wish = Some(Wish {
            token: request.dialog_token,
            candidates,
            abridged: request.mode.contains(TransitionMode::ABRIDGED),
            leaves,
            until: turn.now + limit(request, interval),
        });
        if let Some(url) = &request.session_url {
            // The whole network is to be left: no AP of it is the better one.
            self.watch.evicted = true;
            turn.report(Report::NetworkEnds { url: session_url(url) });
            self.answer(turn, TransitionStatus::RejectLeavingEss, None);
            return State::Connected(self);
        }
        if request.mode.contains(TransitionMode::LINK_REMOVAL_IMMINENT) && self.connection.links.len() > 1 {
            // It is about one link. The others stay, and the kernel removes that one when it is time.
            self.answer(turn, TransitionStatus::Reject, None);
            return State::Connected(self);
        }
        let trigger = if leaves { RoamTrigger::AccessPointLeaves } else { RoamTrigger::AccessPointAsked };
        // It does not want us: whatever comes of this, it is not gone back to at once.
        turn.roam_failed(self.peer(), Offence::Busy);
        // A look that is under way begins anew, where the AP says.
        self.watch.look = None;
        self.look(turn, trigger)
    }

    /// The wish is followed.
    pub(super) fn accept(&mut self, turn: &mut Turn<'_>, wish: &Wish, to: &Destination) {
        let target = to.target.bss().bssid;
        self.watch.wish = Some(wish.clone());
        self.answer(turn, TransitionStatus::Accept, Some(target));
    }

    /// The wish is not followed, though others were heard, or as none was.
    pub(super) fn reject(&mut self, turn: &mut Turn<'_>, heard: bool) {
        let status = if heard {
            TransitionStatus::RejectNoSuitableCandidates
        } else {
            TransitionStatus::RejectInsufficientBeacons
        };
        self.answer(turn, status, None);
    }

    fn answer(&mut self, turn: &mut Turn<'_>, status: TransitionStatus, target: Option<MacAddr>) {
        let Some(wish) = self.watch.wish.take() else { return };
        turn.log(Some(self.journey.id), Entry::Roam(RoamStep::Answered { status, target }));
        let response = TransitionResponse {
            dialog_token: wish.token,
            status,
            termination_delay: 0,
            target,
            elements: Vec::new(),
        };
        self.send_action(turn, Action::TransitionResponse(response));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn request(disassociation_timer: u16) -> TransitionRequest {
        TransitionRequest {
            dialog_token: 1,
            mode: TransitionMode::default(),
            disassociation_timer,
            validity_interval: 255,
            termination: None,
            session_url: None,
            elements: vec![],
        }
    }

    #[test]
    fn the_answer_comes_before_the_ap_ends_the_connection() {
        assert_eq!(limit(&request(0), 100), LIMIT);
        // 20 beacons of 102.4 ms.
        assert_eq!(limit(&request(20), 100), Duration::from_millis(1548));
        assert_eq!(limit(&request(1), 100), LEAST);
        assert_eq!(limit(&request(u16::MAX), u16::MAX), LIMIT);
        assert_eq!(limit(&request(5), 0), LEAST);
    }

    #[test]
    fn a_url_that_is_none_is_not_shown() {
        assert_eq!(session_url(b"https://example.org/bye"), Some("https://example.org/bye".into()));
        assert_eq!(session_url(b"\x1b[2J"), None);
        assert_eq!(session_url(b""), None);
        assert_eq!(session_url(&[0xff, 0xfe]), None);
    }
}
