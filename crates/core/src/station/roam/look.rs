//! The look for another AP: neighbors are asked for, channels scanned step by step, and what is heard is weighed.

use super::{
    Destination,
    channels::Places,
    choice::{self, Standing},
    neighbors::{self, Offers},
    said::RoamStep,
};
use crate::{
    attempt::{Entry, RoamTrigger},
    kernel::{Frequency, Request, ScanRequest},
    select::{self, Judged, Policy, Verdict},
    station::{State, connected::Connected, context::Turn},
    time::{Duration, Instant},
};
use alloc::{boxed::Box, vec::Vec};
use lapwing_frames::{
    MacAddr,
    management::{
        Action, Body, Header, Management,
        action::{NeighborReportRequest, TransitionQuery, TransitionReason},
    },
};

/// How long traffic has its turn before the next channels.
const TURN_OF_TRAFFIC: Duration = Duration::from_millis(400);
/// How long before a look what was heard then still counts.
const HEARD_BEFORE: Duration = Duration::from_secs(3);
/// The same where the access point has said where to look: what was there before has been looked for in vain, or comes in
/// its turn. The clocks of kernel and daemon differ by that.
const NARROW: Duration = Duration::from_millis(20);
/// When to try again to leave, if something keeps us for a moment.
const MOMENT: Duration = Duration::from_millis(200);
/// How often to try that.
const MOMENTS: u8 = 10;

/// A look for another AP.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Look {
    pub trigger: RoamTrigger,
    since: Instant,
    stage: Stage,
    /// What is still to be scanned.
    places: Places,
    /// The AP has said where.
    named: bool,
    /// How often something may still keep us for a moment.
    moments: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// The AP is asked for its neighbors.
    Asking,
    /// A step is scanned, or waits for the end of another scan.
    Scanning { begun: bool },
    /// Traffic has its turn, until then.
    Pausing(Instant),
}

impl Look {
    pub(super) fn deadline(&self) -> Option<(Instant, &'static str)> {
        match self.stage {
            Stage::Pausing(until) => Some((until, "the next channels for another access point")),
            // Those have deadlines of their own.
            Stage::Asking | Stage::Scanning { .. } => None,
        }
    }
}

/// What became of the weighing.
enum Weighed {
    /// There is one that is worth the way.
    Found(Destination),
    /// There is none; the best of the others and its signal, if one was heard.
    None(Option<(MacAddr, i32)>),
}

impl Connected {
    /// What the AP can be asked.
    pub(super) fn offers(&self, turn: &Turn<'_>) -> Offers {
        let mut bsss = self.bssids().into_iter().filter_map(|bssid| turn.context.table.get(bssid));
        bsss.next().map(Offers::of).unwrap_or_default()
    }

    /// Sends an action frame to the AP.
    pub(super) fn send_action(&mut self, turn: &mut Turn<'_>, action: Action) {
        let (own, peer) = (turn.context.address, self.peer());
        let mut bytes = Vec::new();
        Management { header: Header::new(peer, own, peer), body: Body::Action(action) }.write(&mut bytes);
        let ticket = turn.ask(Some(self.journey.id), Request::SendFrame { frequency: None, bytes });
        self.watch.sent.push(ticket);
    }

    /// Asks the AP for its neighbors, unless it was asked lately.
    pub(super) fn ask_for_neighbors(&mut self, turn: &mut Turn<'_>) {
        if self.watch.neighbors.should_ask(turn.now) {
            let dialog_token = self.watch.neighbors.ask(turn.now);
            let request = NeighborReportRequest { dialog_token, elements: Vec::new() };
            self.send_action(turn, Action::NeighborReportRequest(request));
        }
    }

    /// Begins to look for another AP, if that is wanted.
    pub(super) fn look(mut self: Box<Self>, turn: &mut Turn<'_>, trigger: RoamTrigger) -> State {
        if let Some(look) = &mut self.watch.look {
            // One is under way: the more urgent reason counts.
            if matches!(look.trigger, RoamTrigger::LowSignal(_)) {
                look.trigger = trigger;
            }
            return State::Connected(self);
        }
        let places = Places::default();
        let look =
            Look { trigger, since: turn.now, stage: Stage::Asking, places, named: false, moments: MOMENTS };
        self.watch.look = Some(look);
        let offers = self.offers(turn);
        if offers.neighbor_reports && matches!(trigger, RoamTrigger::LowSignal(_)) {
            self.ask_for_neighbors(turn);
        } else if offers.transition_management && matches!(trigger, RoamTrigger::LowSignal(_)) {
            // The other way to learn of neighbors: the answer is a wish, with candidates.
            let query =
                TransitionQuery { dialog_token: 1, reason: TransitionReason::LowRssi, elements: Vec::new() };
            self.send_action(turn, Action::TransitionQuery(query));
        }
        if self.watch.neighbors.deadline().is_some() { State::Connected(self) } else { self.look_on(turn) }
    }

    /// The AP has named its neighbors, or does not.
    pub(super) fn neighbors_known(self: Box<Self>, turn: &mut Turn<'_>) -> State {
        match &self.watch.look {
            Some(Look { stage: Stage::Asking, .. }) => self.look_on(turn),
            Some(_) | None => State::Connected(self),
        }
    }

    /// The channels on which to look.
    fn looks_on(&self, turn: &Turn<'_>) -> Places {
        let context = &*turn.context;
        if !context.settings.roam.scan {
            return Places::default();
        }
        let wished = self.watch.wish.iter().flat_map(|wish| neighbors::channels(&wish.candidates));
        let mut named: Vec<Frequency> = wished.collect();
        if self.watch.wish.as_ref().is_some_and(|wish| wish.only_candidates()) && !named.is_empty() {
            return Places::new(&named, &[], false, &context.radio);
        }
        named.extend(self.watch.neighbors.channels(turn.now));
        // Where the network was heard lately: by a person's scan, by the search before the connection.
        let heard = context.table.iter().filter(|bss| bss.ssid == *self.ssid()).map(|bss| bss.frequency);
        let known = self.journey.network.known_frequencies.iter().copied().map(Frequency);
        Places::new(&named, &heard.chain(known).collect::<Vec<_>>(), true, &context.radio)
    }

    /// Goes on with the look: the next step, or the end.
    pub(super) fn look_on(mut self: Box<Self>, turn: &mut Turn<'_>) -> State {
        let Some(stage) = self.watch.look.as_ref().map(|look| look.stage) else {
            return State::Connected(self);
        };
        if stage == Stage::Asking {
            let places = self.looks_on(turn);
            if let Some(look) = &mut self.watch.look {
                let channels = places.likely.iter().flatten().copied().collect();
                let named = !places.others.is_empty();
                let step = RoamStep::Looks { trigger: look.trigger, channels, named };
                look.places = places;
                look.named = named;
                turn.log(Some(self.journey.id), Entry::Roam(step));
            }
        }
        let ssids = Vec::from([self.ssid().clone()]);
        let Some(look) = &mut self.watch.look else { return State::Connected(self) };
        let Some(frequencies) = look.places.likely.front().cloned() else { return self.decide(turn) };
        let request = ScanRequest { frequencies, ssids, ..ScanRequest::default() };
        let begun = turn.scan(Some(self.journey.id), None, request);
        look.stage = Stage::Scanning { begun };
        if begun {
            look.places.likely.pop_front();
        }
        State::Connected(self)
    }

    /// The table is up to date.
    pub(in crate::station) fn look_surveyed(mut self: Box<Self>, turn: &mut Turn<'_>) -> State {
        self.measurement_surveyed(turn);
        let Some(look) = &mut self.watch.look else { return State::Connected(self) };
        match look.stage {
            Stage::Scanning { begun: false } => self.look_on(turn),
            Stage::Scanning { begun: true } if look.places.is_empty() => self.decide(turn),
            Stage::Scanning { begun: true } => {
                look.stage = Stage::Pausing(turn.now + TURN_OF_TRAFFIC);
                match self.weigh(turn) {
                    Weighed::Found(to) => self.leave(turn, to),
                    Weighed::None(_) => self.widen(turn),
                }
            }
            Stage::Asking | Stage::Pausing(_) => State::Connected(self),
        }
    }

    /// Where the access point has said to look, nothing is worth the way: it is looked elsewhere.
    fn widen(mut self: Box<Self>, turn: &mut Turn<'_>) -> State {
        let widened = self.watch.look.as_mut().and_then(|look| look.places.widen());
        let Some(channels) = widened else { return State::Connected(self) };
        turn.log(Some(self.journey.id), Entry::Roam(RoamStep::Widens { channels }));
        State::Connected(self)
    }

    /// Everything was scanned, or there is no time for more.
    pub(super) fn decide(mut self: Box<Self>, turn: &mut Turn<'_>) -> State {
        match self.weigh(turn) {
            Weighed::Found(to) => self.leave(turn, to),
            Weighed::None(best) => {
                if self.watch.wish.is_some() {
                    self.reject(turn, best.is_some());
                }
                let Some(look) = self.watch.look.take() else { return State::Connected(self) };
                self.watch.rest_until(turn.now + turn.context.settings.roam.retry_interval);
                let step = RoamStep::Stays { trigger: look.trigger, best };
                turn.log(Some(self.journey.id), Entry::Roam(step));
                State::Connected(self)
            }
        }
    }

    /// Leaves for another AP, unless something that is half done keeps us for a moment.
    fn leave(mut self: Box<Self>, turn: &mut Turn<'_>, to: Destination) -> State {
        if self.is_busy()
            && let Some(look) = self.watch.look.as_mut().filter(|look| look.moments > 0)
        {
            look.moments -= 1;
            look.places = Places::default();
            look.stage = Stage::Pausing(turn.now + MOMENT);
            return State::Connected(self);
        }
        if let Some(wish) = self.watch.wish.take() {
            self.accept(turn, &wish, &to);
        }
        self.watch.look = None;
        turn.begin_roam(self, to)
    }

    /// Weighs what was heard.
    fn weigh(&self, turn: &Turn<'_>) -> Weighed {
        let Some(look) = &self.watch.look else { return Weighed::None(None) };
        let context = &*turn.context;
        let fresh_for = match context.settings.roam.scan {
            true => turn.now.since(look.since) + if look.named { NARROW } else { HEARD_BEFORE },
            false => Policy::FRESH_FOR,
        };
        let policy = Policy { fresh_for: fresh_for.min(Policy::FRESH_FOR), ..Policy::at(turn.now) };
        let (judged, _) = turn.select(&self.journey.network, &policy);
        let is_own =
            |judged: &&Judged| judged.mld == Some(self.peer()) || self.bssids().contains(&judged.bssid);
        let standing = |judged: &Judged, signal: Option<i32>| {
            let (Verdict::Usable { score }, Some(signal)) = (&judged.verdict, signal) else { return None };
            let band = judged.frequency.band();
            let roam = &context.settings.roam;
            let (threshold, critical) = (roam.threshold_of(band, false), roam.threshold_of(band, true));
            Some(Standing { signal, score: *score, threshold: threshold.into(), critical: critical.into() })
        };
        let current = match look.trigger {
            // Whatever was measured of it before: it is not there.
            RoamTrigger::BeaconLoss => None,
            _ => {
                let own = turn.select(&self.journey.network, &Policy::at(turn.now)).0;
                let own = own.iter().find(is_own);
                let measured = self.watch.dbm().map(i32::from);
                let standing = own.and_then(|own| {
                    let signal = measured.or(own.signal_dbm)?;
                    let mut standing = standing(own, Some(signal))?;
                    if let Some(bss) = context.table.get(own.bssid) {
                        standing.score =
                            select::rescore(&context.settings.preferences, bss, standing.score, signal);
                    }
                    Some(standing)
                });
                // Not in the table, or refused there by now: what is measured is known all the same.
                standing.or_else(|| {
                    let (threshold, critical) = self.watch.thresholds();
                    Some(Standing { signal: measured?, score: 0, threshold, critical })
                })
            }
        };
        let others: Vec<_> = judged
            .iter()
            .filter(|judged| !is_own(judged))
            .filter_map(|judged| Some((judged, standing(judged, judged.signal_dbm)?)))
            .collect();
        let best = others.iter().max_by_key(|(_, it)| it.score).map(|(judged, it)| (judged.bssid, it.signal));
        let rank = |judged: &Judged| self.watch.wish.as_ref().map_or(Some(0), |wish| wish.rank(judged));
        let mut worth: Vec<_> = others
            .into_iter()
            .filter(|(_, it)| choice::is_worth(look.trigger, current, *it))
            .filter_map(|(judged, it)| {
                let blocked = context.roam_blocked.offence(judged.mld.unwrap_or(judged.bssid), turn.now);
                let class = choice::class(look.trigger, it, blocked)?;
                Some((class, rank(judged)?, it.score, judged.bssid))
            })
            .collect();
        worth.sort_by_key(|(class, rank, score, _)| core::cmp::Reverse((*class, *rank, *score)));
        let network = &self.journey.network;
        let to = worth.iter().find_map(|(.., bssid)| turn.destination(network, *bssid, look.trigger));
        to.map_or(Weighed::None(best), Weighed::Found)
    }
}
