//! Watching a connection: its signal, and what the kernel says of its quality.

use super::{
    look::Look,
    measurement::Measurement,
    neighbors::Neighbors,
    said::RoamStep,
    signal::{self, Change, Signal, Thresholds},
    transition_management::Wish,
};
use crate::{
    attempt::{Entry, RoamTrigger, Ticket},
    kernel::{Errno, Frequency, Quality, Refusal, Reply, Request},
    radio::SignalWatch,
    station::{State, connected::Connected, context::Turn},
    time::{Duration, Instant},
};
use alloc::{boxed::Box, vec::Vec};
use lapwing_frames::MacAddr;

/// How long after a connection was made the signal is nobody's reason to leave: what comes first has its time.
const HOLD: Duration = Duration::from_secs(5);
/// When the signal of a new connection is read first.
const FIRST_READING: Duration = Duration::from_secs(2);
/// How often the signal is read where the kernel does not tell when it changes.
const READS_AGAIN: Duration = Duration::from_secs(6);
/// The same while it is low.
const READS_LOW: Duration = Duration::from_secs(1);
/// How long the kernel may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How long after a look for lost packets or beacons the next one is begun for them.
const LOSS_AGAIN: Duration = Duration::from_secs(10);
/// By how much more the signal must have fallen since the last look for another one before its time, in dB.
const FELL_FURTHER: i8 = 8;
/// The kernel's hysteresis, in dB: ours is wider, and what the kernel tells is looked at closely.
const KERNEL_HYSTERESIS: u8 = 1;

/// How the signal comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Source {
    /// It does not: the firmware goes to other APs by itself.
    None,
    /// The kernel is asked to tell.
    Asking(Ticket, Instant),
    /// The kernel tells.
    Events,
    /// The kernel is asked for it again and again.
    Polled,
}

/// Watching a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::station) struct Watch {
    source: Source,
    signal: Signal,
    thresholds: Thresholds,
    /// A reading of the signal that is under way, and until when.
    reading: Option<(Ticket, Instant)>,
    /// When it is read next.
    reads_at: Option<Instant>,
    /// Until then the signal is no reason for a look.
    hold: Instant,
    pub(super) look: Option<Look>,
    /// Before that moment the signal is no reason for another look, unless it falls further below this.
    again: Option<(Instant, i8)>,
    /// The last look for lost packets or beacons.
    loss: Option<Instant>,
    pub(super) neighbors: Neighbors,
    pub(super) wish: Option<Wish>,
    /// What the AP asked to be measured, while channels are scanned for it, and until when no others are.
    pub(super) measurement: Option<Measurement>,
    pub(super) rests_until: Option<Instant>,
    /// Frames of ours of whose fate nothing follows.
    pub(super) sent: Vec<Ticket>,
    /// The AP has said that the network is to be left.
    pub(in crate::station) evicted: bool,
}

impl Watch {
    /// Watches a connection that was made just now.
    pub(in crate::station) fn new(now: Instant) -> Self {
        Self {
            source: Source::None,
            signal: Signal::default(),
            thresholds: Thresholds { low: i8::MIN, critical: i8::MIN },
            reading: None,
            reads_at: None,
            hold: now + HOLD,
            look: None,
            again: None,
            loss: None,
            neighbors: Neighbors::default(),
            wish: None,
            measurement: None,
            rests_until: None,
            sent: Vec::new(),
            evicted: false,
        }
    }

    /// Whether a completion is one that this waits for.
    pub(in crate::station) fn is_waiting_for(&self, ticket: Ticket) -> bool {
        matches!(self.source, Source::Asking(ours, _) if ours == ticket)
            || self.reading.is_some_and(|(ours, _)| ours == ticket)
            || self.sent.contains(&ticket)
    }

    /// The signal in dBm, if it was measured.
    pub(super) fn dbm(&self) -> Option<i8> {
        self.signal.dbm()
    }

    /// Below what the signal is low, and critical, in dBm.
    pub(super) fn thresholds(&self) -> (i32, i32) {
        (self.thresholds.low.into(), self.thresholds.critical.into())
    }

    /// When a look for a low signal is due.
    fn look_at(&self) -> Option<Instant> {
        if self.look.is_some() {
            return None;
        }
        let acts = self.signal.acts_at(self.thresholds)?.max(self.hold);
        let fell_further =
            |last: i8| self.signal.dbm().is_some_and(|dbm| dbm <= last.saturating_sub(FELL_FURTHER));
        match self.again {
            Some((again, last)) if !fell_further(last) => Some(acts.max(again)),
            Some(_) | None => Some(acts),
        }
    }

    /// A look led nowhere: when the signal is a reason for the next one.
    pub(super) fn rest_until(&mut self, again: Instant) {
        self.again = Some((again, self.signal.dbm().unwrap_or(i8::MIN)));
    }

    /// What is waited for, and until when.
    pub(in crate::station) fn deadline(&self) -> Option<(Instant, &'static str)> {
        let asking = match self.source {
            Source::Asking(_, until) => Some((until, "the kernel's word that it watches the signal")),
            Source::None | Source::Events | Source::Polled => None,
        };
        let reading = match self.reading {
            Some((_, until)) => Some((until, "the signal")),
            None => self.reads_at.map(|at| (at, "a reading of the signal")),
        };
        let look = self.look_at().map(|at| (at, "a look for another access point"));
        let looking = self.look.as_ref().and_then(Look::deadline);
        let wish = self.wish.as_ref().map(|wish| (wish.until, "an answer to the access point's wish"));
        let neighbors =
            self.neighbors.deadline().map(|at| (at, "the access point's word about its neighbors"));
        [asking, reading, look, looking, wish, neighbors].into_iter().flatten().min_by_key(|(at, _)| *at)
    }
}

impl Connected {
    /// Begins to watch.
    pub(in crate::station) fn watch(&mut self, turn: &mut Turn<'_>) {
        // They were with the connection of before.
        turn.context.affinities.clear();
        self.watch_signal(turn);
        if self.offers(turn).neighbor_reports {
            self.ask_for_neighbors(turn);
        }
    }

    /// Has the kernel tell when the signal crosses what is of interest, if it can.
    pub(in crate::station) fn watch_signal(&mut self, turn: &mut Turn<'_>) {
        let policy = turn.context.settings.roam;
        let band = Frequency(self.connection.frequency).band();
        let wanted = |bssid: &MacAddr| turn.context.affinities.contains(bssid);
        let keep = wanted(&self.peer()) || self.bssids().iter().any(wanted);
        let (low, critical) = (policy.threshold_of(band, keep), policy.threshold_of(band, true));
        self.watch.thresholds = Thresholds { low, critical };
        // Linux (6.12, 7.2) reads the signal of a connection with an AP MLD at the address of one of its links, where
        // it has no station, and refuses with ENOENT.
        let is_mld = !self.connection.links.is_empty();
        let thresholds = match turn.context.radio.signal_watch {
            SignalWatch::Nobody => return,
            SignalWatch::Threshold | SignalWatch::Thresholds if is_mld => Vec::new(),
            SignalWatch::Asked => Vec::new(),
            SignalWatch::Threshold => Vec::from([low]),
            SignalWatch::Thresholds if low == critical => Vec::from([low]),
            SignalWatch::Thresholds => Vec::from([critical, low]),
        };
        self.watch.reads_at = Some(turn.now + FIRST_READING);
        if thresholds.is_empty() {
            self.watch.source = Source::Polled;
            return;
        }
        let request = Request::WatchSignal { thresholds_dbm: thresholds, hysteresis_db: KERNEL_HYSTERESIS };
        let ticket = turn.ask(Some(self.journey.id), request);
        self.watch.source = Source::Asking(ticket, turn.now + ANSWER_LIMIT);
    }

    /// The answer to one of the requests.
    pub(in crate::station) fn watch_completed(
        mut self: Box<Self>,
        turn: &mut Turn<'_>,
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) -> State {
        self.watch.sent.retain(|ours| *ours != ticket);
        if matches!(self.watch.source, Source::Asking(ours, _) if ours == ticket) {
            match outcome {
                Ok(_) => self.watch.source = Source::Events,
                Err(refusal) => {
                    // Drivers that cannot are many, and there is another way.
                    if refusal.errno != Errno::EOPNOTSUPP {
                        turn.log(Some(self.journey.id), Entry::Refused { command: "SET_CQM", refusal });
                    }
                    self.poll(turn);
                }
            }
        } else if self.watch.reading.take_if(|(ours, _)| *ours == ticket).is_some() {
            let stations = match outcome {
                Ok(Reply::Stations(stations)) => stations,
                Ok(_) | Err(_) => Vec::new(),
            };
            let station = stations.iter().find(|station| station.address == self.peer());
            if let Some(dbm) = station.and_then(|station| station.signal_dbm).filter(|dbm| *dbm < 0) {
                let change = self.watch.signal.measured(dbm, self.watch.thresholds, turn.now);
                self.signal_changed(turn, dbm, change);
            }
            self.watch.reads_at = self.next_reading().map(|after| turn.now + after);
        }
        State::Connected(self)
    }

    /// The kernel does not tell: it is asked.
    fn poll(&mut self, turn: &mut Turn<'_>) {
        self.watch.source = Source::Polled;
        turn.log(Some(self.journey.id), Entry::Roam(RoamStep::Polls));
    }

    /// After how long the signal is read again.
    fn next_reading(&self) -> Option<Duration> {
        match self.watch.source {
            _ if self.watch.signal.is_low() => Some(READS_LOW),
            Source::Polled => Some(READS_AGAIN),
            Source::None | Source::Asking(..) | Source::Events => None,
        }
    }

    fn signal_changed(&mut self, turn: &mut Turn<'_>, latest: i8, change: Change) {
        let dbm = self.watch.signal.dbm().unwrap_or(latest);
        let step = match change {
            Change::Fell => Some(RoamStep::SignalFell { dbm, threshold: self.watch.thresholds.low }),
            Change::Rose => {
                self.watch.again = None;
                Some(RoamStep::SignalRose { dbm })
            }
            Change::None => None,
        };
        if let Some(step) = step {
            turn.log(Some(self.journey.id), Entry::Roam(step));
        }
    }

    /// The kernel tells of the quality of the connection.
    pub(in crate::station) fn quality_changed(
        mut self: Box<Self>,
        turn: &mut Turn<'_>,
        quality: Quality,
    ) -> State {
        let thresholds = self.watch.thresholds;
        let (trigger, dbm) = match quality {
            Quality::PacketLoss(_) => (Some(RoamTrigger::PacketLoss), None),
            Quality::BeaconLoss => (Some(RoamTrigger::BeaconLoss), None),
            Quality::Low(dbm) => (None, Some(dbm.unwrap_or(i32::from(thresholds.low) - 1))),
            Quality::High(dbm) => {
                let high = i32::from(thresholds.low.saturating_add(signal::HYSTERESIS));
                (None, Some(dbm.unwrap_or(high)))
            }
        };
        if self.watch.source == Source::None {
            // The firmware looks after itself.
            return State::Connected(self);
        }
        if let Some(dbm) = dbm.and_then(|dbm| i8::try_from(dbm).ok()) {
            let change = self.watch.signal.averaged(dbm, thresholds, turn.now);
            self.signal_changed(turn, dbm, change);
            if let Some(after) = self.next_reading() {
                let at = turn.now + after;
                self.watch.reads_at = Some(self.watch.reads_at.map_or(at, |before| before.min(at)));
            }
        }
        let Some(trigger) = trigger else { return State::Connected(self) };
        if self.watch.loss.is_some_and(|at| turn.now.since(at) < LOSS_AGAIN) || self.watch.wish.is_some() {
            return State::Connected(self);
        }
        self.watch.loss = Some(turn.now);
        self.look(turn, trigger)
    }

    /// What is due.
    pub(in crate::station) fn watch_overdue(mut self: Box<Self>, turn: &mut Turn<'_>) -> State {
        let now = turn.now;
        let over = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if !self.is_held() {
            return State::Connected(self);
        }
        if matches!(self.watch.source, Source::Asking(_, until) if until <= turn.now) {
            self.poll(turn);
        }
        if over(self.watch.reading.map(|(_, until)| until)) {
            // A driver may have nothing to say for a moment; the next reading may do better.
            self.watch.reading = None;
            self.watch.reads_at = Some(turn.now + READS_AGAIN);
        }
        if self.watch.reading.is_none() && over(self.watch.reads_at) {
            let ticket = turn.ask_unsaid(Some(self.journey.id), Request::ReadStations);
            self.watch.reading = Some((ticket, turn.now + ANSWER_LIMIT));
        }
        if over(self.watch.neighbors.deadline()) {
            self.watch.neighbors.give_up();
            return self.neighbors_known(turn);
        }
        if over(self.watch.wish.as_ref().map(|wish| wish.until)) {
            return self.decide(turn);
        }
        if over(self.watch.look.as_ref().and_then(Look::deadline).map(|(at, _)| at)) {
            return self.look_on(turn);
        }
        if over(self.watch.look_at()) {
            let dbm = self.watch.signal.dbm().unwrap_or(self.watch.thresholds.low);
            return self.look(turn, RoamTrigger::LowSignal(dbm));
        }
        State::Connected(self)
    }
}
