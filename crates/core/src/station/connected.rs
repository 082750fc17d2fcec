//! Connected: the port is open.

mod countermeasures;
mod links;
mod shown;
mod transition;

use super::{
    Footing, LATE, State,
    associating::KeyFrame,
    context::{Context, Journey, Turn},
    departure::{Next, Then},
    interference,
    outstanding::{EXCUSED, Outstanding},
    resync::Picture,
    roam::Watch,
    roaming::Roaming,
    sa_query::{self, Between, SaQuery, Validation},
    securing::{READ_CHANNEL, UNKNOWN_CHANNEL, handshake_code, rekeyed, take_channel},
    vocabulary::{self, Learned, Report},
};
use crate::{
    attempt::{Cause, Entry, Phase, Ticket},
    entropy::random,
    failure::{Code, Failure},
    kernel::{Connection, KernelEvent, Refusal, Reply, Request},
    network::TransitionDisable,
    rsn::{Candidate, Plan, Supplicant, supplicant::Output},
    select::{self, Rejection, Target},
    time::{Duration, Instant},
};
use alloc::{boxed::Box, collections::BTreeMap, format, vec::Vec};
use lapwing_frames::{
    LinkId, MacAddr, Ssid,
    management::{Body, Management, ReasonCode, StatusCode},
};
use links::Links;

/// A connection that lasts so long was a good one: earlier failures are forgotten.
const SETTLED_AFTER: Duration = Duration::from_secs(10);
/// For how long the rest of a scan waits that a connection has interrupted: away on other channels, a station is late for
/// its addresses and for the first that is sent.
const QUIET_FOR: Duration = Duration::from_secs(5);
/// How long after the kernel ended a connection by itself its reason may follow (the interface went down).
const EXPLANATION_LIMIT: Duration = Duration::from_millis(100);
/// How long to stay away from a network whose AP has said that it is to be left.
const EVICTED: Duration = Duration::from_secs(60);
/// How long the kernel may take to install a key.
const KERNEL_LIMIT: Duration = Duration::from_secs(5);

/// Whether the rest of a scan waits that the connection has interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Quiet {
    /// There is none, or its time has come.
    Over,
    /// For the connection's first needs.
    Until(Instant),
    /// For something else that needs the radio.
    Held,
}

/// The port is open.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Connected {
    pub journey: Journey,
    pub connection: vocabulary::Connected,
    /// The name under which the kernel knows it: that of the twin, of an encrypted half.
    ssid: Ssid,
    peer: MacAddr,
    /// The keys; none in an open network.
    supplicant: Option<Box<Supplicant>>,
    /// Requests of a rekeying.
    outstanding: Outstanding,
    /// Until when they must be answered.
    outstanding_until: Instant,
    query: Option<SaQuery>,
    links: Links,
    /// Its signal, and the look for another AP.
    pub watch: Watch,
    /// A key frame that has to wait until the channel is known again.
    early: Option<KeyFrame>,
    /// When the connection counts as a good one; none when it does.
    settles: Option<Instant>,
    /// Whether the rest of a scan waits that it has interrupted.
    quiet: Quiet,
    /// The kernel ended it by itself, with this reason; until when an explanation is waited for.
    ending: Option<(ReasonCode, Instant)>,
    /// Another AP is asked for a fast transition by way of this one.
    asking: Option<Box<transition::Asking>>,
    /// Until when the keys of the mobility domain are good, if the AP has said so.
    keys_until: Option<Instant>,
    /// When a frame last failed TKIP's integrity check.
    mic_failed: Option<Instant>,
}

impl core::fmt::Debug for Connected {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Connected")
            .field("journey", &self.journey)
            .field("peer", &self.peer)
            .field("frequency", &self.connection.frequency)
            .field("outstanding", &self.outstanding)
            .field("query", &self.query)
            .field("watch", &self.watch)
            .field("ending", &self.ending)
            .finish_non_exhaustive()
    }
}

impl Connected {
    /// The port is open: says so to all who listen.
    pub(super) fn begin(
        turn: &mut Turn<'_>,
        mut journey: Journey,
        target: Target,
        supplicant: Option<Box<Supplicant>>,
        cached_pmksa: bool,
        transition_disable: u8,
        refused: &BTreeMap<LinkId, StatusCode>,
    ) -> State {
        let bss = target.bss();
        let ssid = journey.network.ssid.clone();
        journey.chosen = None;
        let plan = target.plan();
        turn.context.history.joined(&ssid, target.address(), bss.bssid);
        turn.context.roam_blocked.forgive(target.address());
        turn.context.without_keys = turn.context.without_keys.filter(|silent| *silent != target.address());
        if turn.context.settings.roam.blocking.initial.is_zero() {
            // Nobody has to wait longer than for this.
            turn.context.history.forgive_all();
        }
        let connection = vocabulary::Connected {
            attempt: journey.id,
            ssid: ssid.clone(),
            peer: target.address(),
            frequency: bss.frequency.0,
            akm: plan.map(Plan::named_akm),
            pairwise: plan.map(Plan::pairwise),
            group_management: plan.and_then(Plan::group_management),
            weakness: plan.and_then(Plan::weakness),
            beacon_protection: plan.is_some_and(Plan::beacon_protection),
            cached_pmksa,
            links: supplicant.iter().flat_map(|supplicant| supplicant.links()).collect(),
        };
        turn.context.last_failure = None;
        let leaving = journey.leaving.take();
        turn.report(match leaving {
            None => Report::Connected(connection.clone()),
            Some(_) => Report::Roamed(connection.clone()),
        });
        if let Some(weakness) = connection.weakness {
            turn.log(Some(journey.id), Entry::Weak(weakness));
        }
        let of_before = leaving.as_ref().and_then(|leaving| leaving.keys_until());
        let lifetime = supplicant.as_ref().and_then(|supplicant| supplicant.hierarchy()?.lifetime);
        let keys_until = of_before.or_else(|| lifetime.map(|lifetime| turn.now + lifetime));
        // What the AP has forbidden for good counts for every later attempt.
        let forbidden = TransitionDisable(journey.network.transition_disable.0 | transition_disable);
        journey.network.transition_disable = forbidden;
        let known = turn.context.networks.iter_mut().filter(|network| network.ssid == ssid);
        known.for_each(|network| network.transition_disable.0 |= forbidden.0);
        if let Some(plan) = plan {
            turn.proved(&mut journey.network, plan.proves());
        }
        turn.report(Report::Learned(Learned {
            ssid,
            frequency: bss.frequency.0,
            psk: plan.filter(|plan| plan.akm().is_psk()).and_then(|_| turn.new_pre_shared(&journey.network)),
            password_elements: match plan {
                Some(plan) if plan.akm().is_sae() => turn.new_elements(&journey.network),
                _ => Vec::new(),
            },
            transition_disable: forbidden,
            proven: journey.network.proven,
        }));
        journey.enter(turn, leaving.map_or(Phase::Address, |leaving| leaving.phase()));
        let mut this = Box::new(Self {
            journey,
            connection,
            ssid: bss.ssid.clone(),
            peer: target.address(),
            supplicant,
            outstanding: Outstanding::default(),
            outstanding_until: turn.now,
            query: None,
            links: Links::of(&target, refused, turn.now),
            watch: Watch::new(turn.now),
            early: None,
            settles: Some(turn.now + SETTLED_AFTER),
            quiet: match turn.context.scan_wanted.is_empty() {
                true => Quiet::Over,
                false => Quiet::Until(turn.now + QUIET_FOR),
            },
            ending: None,
            asking: None,
            keys_until,
            mic_failed: None,
        });
        this.watch(turn);
        State::Connected(this)
    }

    /// Whether something is half done that a departure would spoil.
    pub(super) fn is_busy(&self) -> bool {
        !self.outstanding.is_empty() || self.links.is_changing() || self.query.is_some()
    }

    /// Whether a person's scan waits until the connection had time for its first needs.
    pub(super) const fn is_quiet(&self) -> bool {
        !matches!(self.quiet, Quiet::Over)
    }

    /// A scan that is asked for by now does not wait.
    pub(super) const fn end_quiet(&mut self) {
        self.quiet = Quiet::Over;
    }

    /// It waits, if it waits at all, for something else too, or no longer.
    pub(super) const fn hold_quiet(&mut self, on: bool) {
        match (&self.quiet, on) {
            (Quiet::Until(_), true) => self.quiet = Quiet::Held,
            (Quiet::Held, false) => self.quiet = Quiet::Over,
            _ => {}
        }
    }

    pub(super) const fn peer(&self) -> MacAddr {
        self.peer
    }

    /// The name under which the kernel knows it.
    pub(super) const fn ssid(&self) -> &Ssid {
        &self.ssid
    }

    /// How it is protected, if the keys are ours.
    pub(super) fn plan(&self) -> Option<&Plan> {
        self.supplicant.as_ref().map(|supplicant| &supplicant.setup().plan)
    }

    /// SAE was done again, for the firmware: message 1 may name that key.
    pub(super) fn offer(&mut self, peer: MacAddr, candidate: Candidate) {
        if let Some(supplicant) = self.supplicant.as_mut().filter(|_| peer == self.peer) {
            supplicant.offer(candidate);
        }
    }

    /// The firmware has moved to another AP, or to the same again: the port is closed until there are keys.
    fn roamed(self, turn: &mut Turn<'_>, connection: Connection) -> State {
        turn.ended(&self.journey, Code::FirmwareRoamed);
        let Journey { network, asked, .. } = self.journey;
        let journey = Journey::begin(turn, network, asked, Cause::Lost);
        Roaming::begin(turn, journey, connection, None)
    }

    /// Whether the kernel still holds the connection.
    pub(super) const fn is_held(&self) -> bool {
        self.ending.is_none()
    }

    pub(super) fn deadline(&self) -> Option<(Instant, &'static str)> {
        let outstanding = (!self.outstanding.is_empty())
            .then_some((self.outstanding_until, "the kernel's word about keys"));
        let query = self.query.as_ref().map(|query| (query.deadline(), "an answer to the SA query"));
        let settles = self.settles.map(|at| (at, "the connection to prove itself"));
        let quiet = match self.quiet {
            Quiet::Until(at) => Some((at, "the rest of an interrupted scan")),
            Quiet::Over | Quiet::Held => None,
        };
        let ending = self.ending.map(|(_, at)| (at, "the reason of the end"));
        let watch = self.watch.deadline().filter(|_| self.is_held());
        let asking = self.asking.as_ref().map(|asking| (asking.until, "the answer of another access point"));
        [outstanding, query, self.links.deadline(), watch, settles, quiet, ending, asking]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }

    fn ignore(self: Box<Self>, turn: &mut Turn<'_>, why: &'static str) -> State {
        turn.ignore(Some(self.journey.id), why);
        State::Connected(self)
    }

    /// The BSSs of the connection: of an AP MLD those of its links.
    pub(super) fn bssids(&self) -> Vec<MacAddr> {
        match &self.supplicant {
            Some(supplicant) => supplicant.setup().peer.bssids().collect(),
            None => Vec::from([self.peer]),
        }
    }

    /// Whether the connection could go to this BSS, AP MLD or link; `Err` says why not.
    pub(super) fn could_go_to(
        &self,
        context: &Context,
        bssid: MacAddr,
        now: Instant,
    ) -> Result<(), Option<Rejection>> {
        match self.is_held() {
            // Where it is, it may be looked at some time ago.
            true if bssid == self.peer || self.bssids().contains(&bssid) => Ok(()),
            true => context.judge_at(&self.journey.network, bssid, now),
            false => Err(None),
        }
    }

    /// The connection is over: says so, and returns to the network by itself.
    fn lost(self, turn: &mut Turn<'_>, code: Code, footing: Footing) -> State {
        if matches!(code, Code::LostBeacons(_)) {
            for bssid in self.bssids() {
                turn.context.history.silent(bssid, turn.now);
            }
        }
        let interfered = matches!(code, Code::OtherProgram(_));
        let forged = matches!(code, Code::MicFailures);
        turn.ended(&self.journey, code);
        let journey = self.journey;
        let wait = if self.watch.evicted {
            // The AP has said that we shall not be here: not again and again at once.
            EVICTED
        } else if forged {
            countermeasures::PERIOD
        } else if interfered {
            turn.context.interference.patience()
        } else if self.settles.is_none() {
            Duration::ZERO
        } else {
            // It did not last: not again and again at once.
            match turn.context.history.failed(&journey.network.ssid) {
                0 | 1 => Duration::ZERO,
                more => select::backoff(more - 1),
            }
        };
        let next = Next {
            network: journey.network,
            // It was joined there once: whoever is best comes next.
            chosen: None,
            asked: journey.asked,
            cause: Cause::Lost,
            at: turn.now + wait,
        };
        turn.tidy(footing, Then::Try(Box::new(next)))
    }

    pub(super) fn configured(mut self: Box<Self>, turn: &mut Turn<'_>) -> State {
        self.journey.enter(turn, Phase::Online);
        State::Connected(self)
    }

    /// There is no address. One that was there and is gone is waited for, since the next one may come any moment. Where
    /// none ever came the way that led here was none: another access point may lead to a better place.
    pub(super) fn unconfigured(mut self: Box<Self>, turn: &mut Turn<'_>, why: Failure) -> State {
        if self.journey.phase == Phase::Address && self.is_held() {
            return turn.unaddressed(self.journey, self.peer, why.code);
        }
        self.journey.enter(turn, Phase::Address);
        turn.log(Some(self.journey.id), Entry::Failed(why));
        State::Connected(self)
    }

    pub(super) fn completed(
        self: Box<Self>,
        turn: &mut Turn<'_>,
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) -> State {
        if self.links.is_waiting_for(ticket) && self.is_held() {
            return self.change_completed(turn, outcome);
        }
        if self.watch.is_waiting_for(ticket) {
            return self.watch_completed(turn, ticket, outcome);
        }
        let (mut state, outcome) = match self.asked(turn, ticket, outcome) {
            Ok(state) => return state,
            Err(same) => same,
        };
        let Some(command) = state.outstanding.take(ticket) else { return state.ignore(turn, LATE) };
        state.request_completed(turn, command, outcome)
    }

    /// What became of a request of the outstanding ones.
    fn request_completed(
        self: Box<Self>,
        turn: &mut Turn<'_>,
        command: &'static str,
        outcome: Result<Reply, Refusal>,
    ) -> State {
        let refusal = match outcome {
            Ok(reply) if command == READ_CHANNEL && self.is_held() => return self.take_channel(turn, &reply),
            Ok(_) => return State::Connected(self),
            Err(_) if command == EXCUSED => return State::Connected(self),
            Err(refusal) => refusal,
        };
        turn.log(Some(self.journey.id), Entry::Refused { command, refusal: refusal.clone() });
        if !self.is_held() {
            return State::Connected(self);
        }
        match command {
            // A frame that cannot go out is asked for again, or the AP gives up: no reason to leave it.
            "CONTROL_PORT_FRAME" | "FRAME" => {
                turn.resync();
                State::Connected(self)
            }
            _ => self.lost(turn, Code::Refused { command, refusal }, Footing::Doubt),
        }
    }

    /// Who takes part in an SA Query.
    fn between(&self, turn: &Turn<'_>) -> Between {
        let validation = match &self.supplicant {
            Some(supplicant) if supplicant.setup().plan.operating_channel_validation() => {
                Validation::On(supplicant.channel())
            }
            _ => Validation::None,
        };
        Between { own: turn.context.address, peer: self.peer, validation }
    }

    /// The channel after a switch is known: the AP has to prove that it is there too (802.11-2020 11.13).
    fn take_channel(mut self: Box<Self>, turn: &mut Turn<'_>, reply: &Reply) -> State {
        let peer = self.peer;
        if self.outstanding.contains(READ_CHANNEL) {
            // There was another switch since: the later answer counts.
            return State::Connected(self);
        }
        if !self.supplicant.as_mut().is_some_and(|supplicant| take_channel(supplicant, reply)) {
            turn.context.radio.operating_channel_validation = false;
            return self.lost(turn, Code::OperatingChannel(UNKNOWN_CHANNEL), Footing::Connected(peer));
        }
        self.query =
            Some(SaQuery::new(turn.now, random(&mut *turn.means.entropy), sa_query::Why::ChannelSwitch));
        match self.early.take() {
            Some(frame) => self.key_frame(turn, frame),
            None => State::Connected(self),
        }
    }

    fn key_frame(mut self: Box<Self>, turn: &mut Turn<'_>, frame: KeyFrame) -> State {
        if self.outstanding.contains(READ_CHANNEL) {
            self.early = Some(frame);
            return State::Connected(self);
        }
        let Some(supplicant) = &mut self.supplicant else {
            return self.ignore(turn, "a key frame that is not for us to answer");
        };
        let mut outputs = Vec::new();
        supplicant.handle(&mut *turn.means.entropy, &frame.bytes, !frame.in_clear, &mut outputs);
        let peer = self.peer;
        for output in outputs {
            match output {
                Output::SendKeyFrame { octets, in_clear } => {
                    let ticket = turn.send_key_frame(&self.journey, peer, octets, in_clear);
                    self.outstanding.push(ticket, "CONTROL_PORT_FRAME");
                    self.outstanding_until = turn.now + KERNEL_LIMIT;
                }
                Output::InstallKey(key) => {
                    turn.install(&self.journey, &mut self.outstanding, key);
                    self.outstanding_until = turn.now + KERNEL_LIMIT;
                }
                Output::UseKey { index } => {
                    let ticket = turn.ask(Some(self.journey.id), Request::UseKey { peer, index });
                    self.outstanding.push(ticket, "SET_KEY");
                    self.outstanding_until = turn.now + KERNEL_LIMIT;
                }
                Output::Rekeyed(which) => turn.log(Some(self.journey.id), Entry::Rekeyed(rekeyed(which))),
                Output::Ignored(why) => turn.ignore(Some(self.journey.id), why.text()),
                // Said in message 3 of a rekeying as in the first; it was noted then.
                Output::Secured | Output::TransitionDisable(_) => {}
                Output::RekeyByReconnect => {
                    return self.lost(turn, Code::RekeyByReconnect, Footing::Connected(peer));
                }
                Output::Broken(why) => {
                    return self.lost(turn, handshake_code(why), Footing::Connected(peer));
                }
            }
        }
        State::Connected(self)
    }

    pub(super) fn heard(mut self: Box<Self>, turn: &mut Turn<'_>, event: KernelEvent) -> State {
        let peer = self.peer;
        match event {
            _ if !self.is_held() => self.ignore(turn, event.name()),
            KernelEvent::KeyFrame { from, bytes, in_clear } if from == peer => {
                self.key_frame(turn, KeyFrame { bytes, in_clear })
            }
            KernelEvent::KeyFrameStatus { .. } | KernelEvent::FrameStatus { .. } => State::Connected(self),
            // The event of the frame itself comes before that of the end, which says the same and more.
            KernelEvent::Deauthentication { .. } | KernelEvent::Disassociation { .. } => {
                State::Connected(self)
            }
            KernelEvent::Disconnected { reason, by_ap } => {
                turn.log(Some(self.journey.id), Entry::Farewell { reason, by_ap });
                if by_ap {
                    return self.lost(turn, Code::EndedByAccessPoint(reason), Footing::Clean);
                }
                if self.links.is_changing() {
                    return self.gave_up_adding(turn);
                }
                if turn.is_loss(reason) {
                    return self.lost(turn, Code::LostBeacons(reason), Footing::Clean);
                }
                self.query = None;
                self.early = None;
                self.asking = None;
                self.outstanding = Outstanding::default();
                self.ending = Some((reason, turn.now + EXPLANATION_LIMIT));
                State::Connected(self)
            }
            KernelEvent::UnprotectedFarewell { frame } => {
                let reason = match Management::parse(&frame) {
                    Ok(Management {
                        body: Body::Deauthentication(body) | Body::Disassociation(body),
                        ..
                    }) => body.reason,
                    _ => ReasonCode::Unspecified,
                };
                turn.log(Some(self.journey.id), Entry::Farewell { reason, by_ap: true });
                if self.query.is_none() && self.supplicant.is_some() {
                    turn.ignore(
                        Some(self.journey.id),
                        "a farewell without protection: asking the access point",
                    );
                    let transaction = random(&mut *turn.means.entropy);
                    self.query = Some(SaQuery::new(turn.now, transaction, sa_query::Why::Farewell));
                }
                State::Connected(self)
            }
            KernelEvent::MicFailure { from, pairwise } if from == peer => self.mic_failed(turn, pairwise),
            KernelEvent::Quality(quality) => self.quality_changed(turn, quality),
            KernelEvent::Frame { bytes, .. } => match self.between(turn).read(&bytes) {
                Some(sa_query::Heard::Asked(answer)) => {
                    let ticket = turn.ask(Some(self.journey.id), answer);
                    self.outstanding.push(ticket, "FRAME");
                    self.outstanding_until = turn.now + KERNEL_LIMIT;
                    State::Connected(self)
                }
                Some(sa_query::Heard::Answered(transaction)) => {
                    if self.query.as_ref().is_some_and(|query| query.is_answered_by(transaction)) {
                        self.query = None;
                    }
                    State::Connected(self)
                }
                None => match self.answered_over_ds(turn, &bytes) {
                    Ok(state) => state,
                    Err(this) => match this.roam_heard(turn, &bytes) {
                        Ok(state) => state,
                        Err(this) => this.ignore(turn, "a management frame that is not for us to answer"),
                    },
                },
            },
            KernelEvent::ChannelSwitched { link, frequency } => {
                self.switched(link, frequency);
                turn.log(
                    Some(self.journey.id),
                    Entry::Configuration(format!("the access point is on {frequency} now")),
                );
                self.watch_signal(turn);
                if self.between(turn).validation != Validation::None {
                    // Until it is known, nothing of the AP is taken.
                    self.query = None;
                    turn.read_channel(&self.journey, &mut self.outstanding);
                    self.outstanding_until = turn.now + KERNEL_LIMIT;
                }
                State::Connected(self)
            }
            KernelEvent::LinksRemoved { links } => self.links_removed(turn, &links),
            KernelEvent::LinksReconfigured { frame } => self.links_reconfigured(turn, &frame),
            KernelEvent::Connected(connection)
                if connection.peer != peer && interference::is_made(&connection) =>
            {
                let code = turn.interfered(interference::connected(connection.peer));
                self.lost(turn, code, Footing::Doubt)
            }
            KernelEvent::Roamed(connection) if turn.is_fullmac() => self.roamed(turn, connection),
            // With the same AP, or failed, or the firmware's doing: the kernel says what is.
            KernelEvent::Connected(_) | KernelEvent::Roamed(_) => {
                turn.resync();
                self.ignore(turn, "a connection that was not asked for")
            }
            event => self.ignore(turn, event.name()),
        }
    }

    /// The kernel's view, after doubt.
    pub(super) fn resynced(self: Box<Self>, turn: &mut Turn<'_>, picture: &Picture) -> State {
        if !self.is_held() {
            return State::Connected(self);
        }
        // The kernel does not always know the name: not of an AP whose frames have no Country element.
        let named = picture.interface.as_ref().and_then(|interface| interface.ssid.as_ref());
        let same_network = named.is_none_or(|name| *name == self.ssid);
        if same_network && picture.has_authorized(self.peer) {
            return match &picture.interface {
                Some(interface) => self.links_resynced(turn, interface, picture),
                None => State::Connected(self),
            };
        }
        let footing = match (&picture.stations, picture.peer()) {
            (_, Some(peer)) => Footing::Connected(peer),
            (Some(_), None) => Footing::Clean,
            // The kernel does not say: an explicit end makes it certain.
            (None, None) => Footing::Connected(self.peer),
        };
        self.lost(turn, Code::StateLost, footing)
    }

    pub(super) fn overdue(mut self: Box<Self>, turn: &mut Turn<'_>) -> State {
        let peer = self.peer;
        if let Some((reason, at)) = self.ending
            && at <= turn.now
        {
            let code = turn.interfered(interference::disconnected(reason));
            return self.lost(turn, code, Footing::Clean);
        }
        if matches!(self.quiet, Quiet::Until(at) if at <= turn.now) {
            self.quiet = Quiet::Over;
        }
        if self.settles.is_some_and(|at| at <= turn.now) {
            self.settles = None;
            turn.context.history.settled(&self.journey.network.ssid);
            if self.connection.links.len() > 1 {
                turn.context.history.mld_joined(peer, turn.now);
            }
        }
        if !self.outstanding.is_empty() && self.outstanding_until <= turn.now {
            let command = self.outstanding.first().unwrap_or("NEW_KEY");
            return self.lost(turn, Code::KernelSilent(command), Footing::Connected(peer));
        }
        let mut state = match self.unanswered_over_ds(turn) {
            Ok(state) => return state,
            Err(same) => same,
        };
        let between = state.between(turn);
        if let Some(query) = &mut state.query {
            if query.is_over(turn.now) {
                let code = match query.why {
                    // The AP does not know us any more: it meant what it said.
                    sa_query::Why::Farewell => Code::EndedByAccessPoint(ReasonCode::InvalidClass3Frame),
                    sa_query::Why::ChannelSwitch => Code::OperatingChannel(
                        "the access point did not answer on the channel it switched to",
                    ),
                };
                return state.lost(turn, code, Footing::Connected(peer));
            }
            if query.deadline() <= turn.now {
                let request = query.repeat(turn.now, &between);
                let ticket = turn.ask(Some(state.journey.id), request);
                state.outstanding.push(ticket, "FRAME");
                state.outstanding_until = turn.now + KERNEL_LIMIT;
            }
        }
        match state.links_overdue(turn) {
            State::Connected(this) => this.watch_overdue(turn),
            state => state,
        }
    }

    /// The table is up to date: is a link back, is there another AP?
    pub(super) fn surveyed(self: Box<Self>, turn: &mut Turn<'_>) -> State {
        match self.links_surveyed(turn) {
            State::Connected(this) if this.is_held() => this.look_surveyed(turn),
            state => state,
        }
    }
}
