//! The neighbors that an AP names: in a neighbor report (802.11-2020 11.10.10), or as candidates of a BSS transition.
//!
//! What an AP says is a hint where to look, and nothing more: an address counts when it was heard, as a BSS of the
//! network, by this radio.

use crate::{
    kernel::Frequency,
    scan::Bss,
    time::{Duration, Instant},
};
use alloc::vec::Vec;
use lapwing_frames::{
    MacAddr, ParseError,
    channel::Channel,
    element::{
        Elements, ExtendedCapabilities, ExtendedCapability, NeighborReport, RmCapability,
        RmEnabledCapabilities,
    },
    management::action::NeighborReportResponse,
};

/// How many neighbors are taken from one frame: more are not looked for before the situation is another one.
pub(in crate::station) const MAX: usize = 24;
/// How long the AP may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_millis(500);
/// How long what it said counts.
const FRESH_FOR: Duration = Duration::from_secs(300);
/// How long an AP that does not answer is not asked again.
const ASKS_AGAIN: Duration = Duration::from_secs(60);

/// An AP that another one names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::station) struct Neighbor {
    pub bssid: MacAddr,
    /// The AP MLD that it is a link of, if it is told to be one.
    pub mld: Option<MacAddr>,
    /// Its channel, if it is one that we know.
    pub frequency: Option<Frequency>,
    /// How much it is recommended, 255 most; 0 is: do not go there.
    pub preference: Option<u8>,
}

/// Reads neighbors, as many as fit. One that is malformed or impossible is left out.
pub(in crate::station) fn read(
    reports: impl Iterator<Item = Result<NeighborReport, ParseError>>,
) -> Vec<Neighbor> {
    let mut neighbors: Vec<Neighbor> = Vec::new();
    for report in reports.flatten() {
        let known = neighbors.iter().any(|neighbor| neighbor.bssid == report.bssid);
        if report.bssid.is_group() || known || neighbors.len() >= MAX {
            continue;
        }
        let channel = Channel::in_operating_class(report.operating_class, report.channel);
        neighbors.push(Neighbor {
            bssid: report.bssid,
            mld: report.subelement(NeighborReport::MULTI_LINK).and_then(mld_address),
            frequency: channel.map(|channel| Frequency(channel.frequency())),
            preference: report.preference(),
        });
    }
    // The sort is stable: among equals the AP's order counts, and one without a preference is in the middle.
    neighbors.sort_by_key(|neighbor| core::cmp::Reverse(neighbor.preference.unwrap_or(128)));
    neighbors
}

/// The MLD address in a Basic Multi-Link element without its header: after the Multi-Link Control field, whose low
/// bits are the type, and the length of what is common to the links (802.11be 9.4.2.321).
fn mld_address(body: &[u8]) -> Option<MacAddr> {
    let (&[control, _, length], rest) = body.split_first_chunk()?;
    let (address, _) = rest.split_first_chunk::<6>().filter(|_| control & 7 == 0 && length >= 7)?;
    Some(MacAddr(*address))
}

/// Their channels, those of the best first.
pub(in crate::station) fn channels(neighbors: &[Neighbor]) -> impl Iterator<Item = Frequency> {
    neighbors
        .iter()
        .filter(|neighbor| neighbor.preference != Some(0))
        .filter_map(|neighbor| neighbor.frequency)
}

/// What an AP can be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::station) struct Offers {
    /// Neighbor reports.
    pub neighbor_reports: bool,
    /// BSS transition management.
    pub transition_management: bool,
}

impl Offers {
    /// What a BSS announces.
    pub(in crate::station) fn of(bss: &Bss) -> Self {
        let elements = Elements::new(&bss.elements);
        let measurement = elements.find::<RmEnabledCapabilities>().ok().flatten();
        let extended = elements.find::<ExtendedCapabilities>().ok().flatten();
        Self {
            neighbor_reports: measurement.is_some_and(|it| it.has(RmCapability::NeighborReport)),
            transition_management: extended.is_some_and(|it| it.has(ExtendedCapability::BssTransition)),
        }
    }
}

/// What the AP of the connection says of its neighbors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::station) struct Neighbors {
    list: Vec<Neighbor>,
    /// When the AP said so.
    said: Option<Instant>,
    /// The dialog token of the request that is out, and until when its answer is waited for.
    asked: Option<(u8, Instant)>,
    /// When the last request went out.
    last: Option<Instant>,
    tokens: u8,
}

impl Neighbors {
    /// Whether the AP should be asked, as what it said is old.
    pub(in crate::station) fn should_ask(&self, now: Instant) -> bool {
        let is_old = self.said.is_none_or(|at| now.since(at) >= FRESH_FOR);
        is_old && self.asked.is_none() && self.last.is_none_or(|at| now.since(at) >= ASKS_AGAIN)
    }

    /// The dialog token of a request that goes out now.
    pub(in crate::station) fn ask(&mut self, now: Instant) -> u8 {
        self.tokens = self.tokens.checked_add(1).unwrap_or(1);
        self.asked = Some((self.tokens, now + ANSWER_LIMIT));
        self.last = Some(now);
        self.tokens
    }

    pub(in crate::station) fn deadline(&self) -> Option<Instant> {
        self.asked.map(|(_, until)| until)
    }

    /// The answer did not come, or nobody waits for it any more.
    pub(in crate::station) fn give_up(&mut self) {
        self.asked = None;
    }

    /// Takes an answer, if it is one to the request that is out: how many neighbors it has. APs name themselves too, and
    /// where we are we need not look.
    pub(in crate::station) fn answered(
        &mut self,
        answer: &NeighborReportResponse,
        own: &[MacAddr],
        now: Instant,
    ) -> Option<usize> {
        self.asked.take_if(|(token, _)| *token == answer.dialog_token)?;
        self.list = read(answer.neighbors());
        self.list.retain(|neighbor| !own.contains(&neighbor.bssid));
        self.said = Some(now);
        Some(self.list.len())
    }

    /// Their channels, as long as they count.
    pub(in crate::station) fn channels(&self, now: Instant) -> impl Iterator<Item = Frequency> {
        let fresh = self.said.is_some_and(|at| now.since(at) < FRESH_FOR);
        channels(if fresh { &self.list } else { &[] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn report(last: u8, class: u8, channel: u8, preference: Option<u8>) -> Vec<u8> {
        let subelement = preference.map_or(vec![], |preference| vec![3, 1, preference]);
        let length = 13 + u8::try_from(subelement.len()).unwrap();
        [&[52, length, 2, 0, 0, 0, 0, last, 0, 0, 0, 0, class, channel, 9][..], &subelement].concat()
    }

    fn response(dialog_token: u8, elements: Vec<u8>) -> NeighborReportResponse {
        NeighborReportResponse { dialog_token, elements }
    }

    fn at(seconds: u64) -> Instant {
        Instant::after_start(Duration::from_secs(seconds))
    }

    #[test]
    fn neighbors_are_read_in_the_order_of_their_preference() {
        let elements = [
            report(1, 81, 6, Some(1)),
            report(2, 115, 36, None),
            report(3, 115, 40, Some(0)),
            report(4, 81, 1, Some(255)),
        ];
        let read = read(response(1, elements.concat()).neighbors());
        let order: Vec<_> = read.iter().map(|neighbor| neighbor.bssid.0[5]).collect();
        assert_eq!(order, [4, 2, 1, 3]);
        assert_eq!(channels(&read).map(|it| it.0).collect::<Vec<_>>(), [2412, 5180, 2437]);
    }

    #[test]
    fn a_malformed_report_harms_no_other_and_many_are_cut_off() {
        // Too short, a channel that its class does not have, a group address, the same again.
        let elements = [
            vec![52, 3, 1, 2, 3],
            report(1, 115, 6, None),
            [&[52, 13, 255, 255, 255, 255, 255, 255][..], &[0, 0, 0, 0, 81, 1, 9]].concat(),
            report(2, 81, 11, None),
            report(2, 81, 1, None),
        ];
        let neighbors = read(response(1, elements.concat()).neighbors());
        assert_eq!(
            neighbors.iter().map(|it| it.frequency).collect::<Vec<_>>(),
            [None, Some(Frequency(2462))]
        );
        let many: Vec<_> = (0..=255).flat_map(|last| report(last, 81, 1, None)).collect();
        assert_eq!(read(response(1, many).neighbors()).len(), MAX);
    }

    #[test]
    fn only_the_answer_to_the_last_request_is_taken_once() {
        let mut neighbors = Neighbors::default();
        let answer = |token| response(token, report(1, 81, 6, None));
        assert!(neighbors.should_ask(at(0)));
        assert_eq!(neighbors.answered(&answer(0), &[], at(0)), None);
        let token = neighbors.ask(at(0));
        assert!(!neighbors.should_ask(at(0)));
        assert_eq!(neighbors.answered(&answer(token.wrapping_add(1)), &[], at(0)), None);
        assert_eq!(neighbors.answered(&answer(token), &[], at(0)), Some(1));
        assert_eq!(neighbors.answered(&answer(token), &[], at(0)), None);
        assert_eq!(neighbors.channels(at(299)).count(), 1);
        assert_eq!(neighbors.channels(at(300)).count(), 0);
        assert!(!neighbors.should_ask(at(299)) && neighbors.should_ask(at(300)));
        // An AP that does not answer is asked once a minute.
        neighbors.ask(at(300));
        neighbors.give_up();
        assert!(!neighbors.should_ask(at(359)) && neighbors.should_ask(at(360)));
        // One that names nobody but itself has no neighbors.
        let token = neighbors.ask(at(360));
        assert_eq!(neighbors.answered(&answer(token), &[MacAddr([2, 0, 0, 0, 0, 1])], at(360)), Some(0));
        // Tokens are never 0.
        for _ in 0..600 {
            assert_ne!(neighbors.ask(at(400)), 0);
        }
    }
}
