//! The station: one machine that finds, joins, keeps and leaves networks.
//!
//! [`Station::turn`] is the only way in: the time and an event go in, actions come out in the order in
//! which they must happen. Nothing in here waits without a deadline: [`Station::next_deadline`] says until
//! when, and for what.
//!
//! ```text
//! Idle ─▶ Scanning ─▶ Authenticating ─▶ Associating ─▶ Securing ─▶ Connected
//!   ▲         │              │               │           ▲ │          │ ▲
//!   │         └──▶ Connecting (where the firmware does ──┘ │          │ │
//!   │              both, and perhaps all) ─────────────────┼──────────┼─┘
//!   └──────────── Disconnecting { then } ◀─────────────────┴──────────┘
//! ```
//!
//! Where each network has an address of its own, the interface is given that before the first frame: `Readdressing`.
//!
//! A connection that goes to another AP of its network passes through `Transitioning`, or through the states from
//! `Authenticating` on, in the same journey; one that is refused goes back in the same way.
//!
//! Each state has a file and owns what it needs. What the station knows whatever its state is the context:
//! the networks, the table of BSSs, what failed before. The kernel's truth is never remembered on its
//! behalf: where there is doubt, it is read back.

mod asked;
mod associating;
mod authenticating;
mod connected;
mod connecting;
mod context;
mod departure;
mod disconnecting;
mod doubt;
mod external;
mod idle;
mod interference;
mod links;
mod mirror;
mod multi_link;
mod outstanding;
mod passwords;
mod pmk;
mod policy;
mod readdressing;
mod resync;
mod roam;
mod roaming;
mod sa_query;
mod scanning;
mod securing;
mod survey;
mod transition;
mod unavailable;
mod vocabulary;

pub use context::{Pauses, Settings};
pub use multi_link::{LinkState, LinkView, MultiLink};
pub use roam::{Blocking, RoamPolicy, RoamStep};
pub use vocabulary::{Action, Connected, Event, Learned, Report, Summary};

use crate::{
    attempt::{AttemptId, Cause, Ticket},
    failure::{Code, Failure},
    kernel::{Frequency, Interface, KernelEvent, Refusal, Reply, ScanEntry},
    means::Means,
    network::Network,
    radio::Radio,
    rsn::Plan,
    scan::{Bss, Table},
    select::{Judged, Rejection, Target},
    time::Instant,
};
use alloc::{boxed::Box, vec::Vec};
use associating::Associating;
use authenticating::Authenticating;
use connecting::Connecting;
use context::{Context, Journey, Turn};
use departure::Then;
use disconnecting::Disconnecting;
use external::Subject;
use idle::Idle;
use lapwing_frames::{MacAddr, Ssid, suite::Akm};
use readdressing::Readdressing;
use roaming::Roaming;
use scanning::Scanning;
use securing::Securing;
use survey::{Survey, Surveyed};
use transition::Transitioning;
use unavailable::Unavailable;

/// One interface of a radio as a station.
///
/// The whole of it is a value: it can be copied, compared and hashed, so that a schedule can be replayed
/// and equal states be merged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Station {
    context: Context,
    state: State,
    /// The first turn reads back what an earlier process may have left in the kernel.
    started: bool,
}

/// What a station is doing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State {
    /// Nothing, until a moment or an event.
    Idle(Idle),
    /// Looking for a network.
    Scanning(Scanning),
    /// The interface is given the address with which the network is joined.
    Readdressing(Box<Readdressing>),
    /// An Authentication frame is out.
    Authenticating(Box<Authenticating>),
    /// An Association Request is out.
    Associating(Box<Associating>),
    /// The firmware connects.
    Connecting(Box<Connecting>),
    /// The firmware is connected with an AP of its own choice.
    Roaming(Box<Roaming>),
    /// The 4-way handshake, keys and port.
    Securing(Box<Securing>),
    /// A fast transition to another AP is under way.
    Transitioning(Box<Transitioning>),
    /// The port is open.
    Connected(Box<connected::Connected>),
    /// Waiting for the kernel's word that an AP was left.
    Disconnecting(Disconnecting),
    /// The interface is down or gone.
    Unavailable(Unavailable),
}

impl Default for State {
    fn default() -> Self {
        Self::Idle(Idle::Resting)
    }
}

impl Station {
    /// A station that has heard nothing yet.
    #[must_use]
    pub fn new(interface: Interface, radio: Radio, address: MacAddr, settings: Settings) -> Self {
        let state = State::Disconnecting(Disconnecting::reading(Then::Seek));
        Self { context: Context::new(interface, radio, address, settings), state, started: false }
    }

    /// Takes an event, and says what is to be done about it, in this order.
    ///
    /// Every completion of a request must come back with its ticket, once; what comes late or twice is
    /// noted and changes nothing. When [`Self::next_deadline`] is over, [`Event::Tick`] must come.
    pub fn turn(&mut self, now: Instant, event: Event, means: &mut Means<'_>, perform: impl FnMut(Action)) {
        let mut actions = Vec::new();
        let mut turn = Turn { now, context: &mut self.context, means: means.lend(), actions: &mut actions };
        if !self.started {
            self.started = true;
            turn.resync();
            turn.flush_firmware();
        }
        let mut state = core::mem::take(&mut self.state).step(&mut turn, event);
        // What is overdue is dealt with at once. Each round moves a deadline on; the bound is for the case
        // that one does not.
        for _ in 0..OVERDUE_ROUNDS {
            match state.overdue(&mut turn) {
                Ok(next) => state = next,
                Err(same) => {
                    state = same;
                    break;
                }
            }
        }
        state.survey_if_wanted(&mut turn);
        let summary = state.summary();
        if turn.context.reported.as_ref() != Some(&summary) {
            turn.context.reported = Some(summary.clone());
            turn.report(Report::State(summary));
        }
        self.state = state;
        actions.into_iter().for_each(perform);
    }

    /// The next moment at which a turn is needed whatever happens, and what is waited for until then.
    #[must_use]
    pub fn next_deadline(&self) -> Option<(Instant, &'static str)> {
        let Context { survey, resync, external, .. } = &self.context;
        let all = [survey.deadline(), resync.deadline(), external.deadline(), self.state.deadline()];
        all.into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// What the station is doing, in a word.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.state.summary()
    }

    /// Whether channels are being scanned, by us.
    #[must_use]
    pub fn is_scanning(&self) -> bool {
        self.context.survey.is_scanning() || !self.context.scan_wanted.is_empty()
    }

    /// The network that the station is in, or on the way into.
    #[must_use]
    pub fn network(&self) -> Option<&Network> {
        self.state.journey().map(|journey| &journey.network)
    }

    /// The AKM of the BSS that is being joined or was joined, once one is chosen: `Some(None)` is an open one.
    #[must_use]
    pub fn akm(&self) -> Option<Option<Akm>> {
        let of = |target: &Target| target.plan().map(Plan::named_akm);
        match &self.state {
            State::Readdressing(state) => Some(of(&state.target)),
            State::Authenticating(state) => Some(of(&state.target)),
            State::Associating(state) => Some(of(&state.target)),
            State::Securing(state) => Some(of(&state.target)),
            State::Connecting(state) => Some(of(&state.target)),
            State::Transitioning(state) => Some(of(&state.target)),
            State::Connected(state) => Some(state.connection.akm),
            State::Roaming(_)
            | State::Idle(_)
            | State::Scanning(_)
            | State::Disconnecting(_)
            | State::Unavailable(_) => None,
        }
    }

    /// The BSS that is being joined, of an AP MLD that of the association link; or the AP or AP MLD that was joined.
    /// Nothing until one is chosen.
    #[must_use]
    pub fn chosen(&self) -> Option<MacAddr> {
        let target = match &self.state {
            State::Readdressing(state) => &state.target,
            State::Authenticating(state) => &state.target,
            State::Associating(state) => &state.target,
            State::Securing(state) => &state.target,
            State::Connecting(state) => &state.target,
            State::Transitioning(state) => &state.target,
            State::Connected(state) => return Some(state.connection.peer),
            State::Roaming(_)
            | State::Idle(_)
            | State::Scanning(_)
            | State::Disconnecting(_)
            | State::Unavailable(_) => return None,
        };
        Some(target.bss().bssid)
    }

    /// Whether known networks are joined without being asked.
    #[must_use]
    pub const fn autoconnects(&self) -> bool {
        self.context.autoconnect
    }

    /// The connection, while the port is open.
    #[must_use]
    pub fn connection(&self) -> Option<&Connected> {
        match &self.state {
            State::Connected(state) if state.is_held() => Some(&state.connection),
            _ => None,
        }
    }

    /// Why the last attempt or connection failed, until one succeeds. That somebody asked for its end is no
    /// failure.
    #[must_use]
    pub const fn last_failure(&self) -> Option<&Failure> {
        self.context.last_failure.as_ref()
    }

    /// The interface.
    #[must_use]
    pub const fn interface(&self) -> Interface {
        self.context.interface
    }

    /// The radio.
    #[must_use]
    pub const fn radio(&self) -> &Radio {
        &self.context.radio
    }

    /// Takes other capabilities or channels of the radio, when the regulatory rules have changed.
    pub fn set_radio(&mut self, radio: Radio) {
        self.context.radio = radio;
    }

    /// Takes the address that the hardware has from its maker, of which those of networks are made. Without it that is
    /// the one that the interface had first.
    pub fn set_permanent_address(&mut self, address: MacAddr) {
        self.context.permanent = address;
    }

    /// The interface's address.
    #[must_use]
    pub const fn address(&self) -> MacAddr {
        self.context.address
    }

    /// What was heard.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.context.table
    }

    /// Takes over what the kernel heard while the interface was no station, all of it.
    pub fn take_over_table(&mut self, entries: Vec<ScanEntry>, now: Instant) {
        let held = entries.iter().map(|entry| entry.bssid).collect();
        self.context.table.retain(&held);
        for entry in entries {
            // What cannot be read is remembered by the table, with the reason.
            let _ = self.context.table.insert(entry, now);
        }
    }

    /// What would be thought of a network's BSSs now.
    #[must_use]
    pub fn judge(&self, network: &Network, now: Instant) -> Vec<Judged> {
        self.context.judge(network, now)
    }

    /// As [`Self::judge`], for who knows already which BSSs of [`Self::table`] bear the network's name: among
    /// thousands, each look at all of them counts.
    #[must_use]
    pub fn judge_among(&self, heard: &[&Bss], network: &Network, now: Instant) -> Vec<Judged> {
        self.context.judge_among(heard, network, now)
    }

    /// Whether a network could be joined now by this BSS, AP MLD or link of one.
    ///
    /// # Errors
    /// Why not; nothing if it was not heard.
    pub fn could_join(
        &self,
        network: &Network,
        bssid: MacAddr,
        now: Instant,
    ) -> Result<(), Option<Rejection>> {
        self.context.judge_at(network, bssid, now)
    }

    /// Whether the connection could go to this BSS, AP MLD or link of one.
    ///
    /// # Errors
    /// Why not; nothing if it was not heard, or if there is no connection.
    pub fn could_roam(&self, bssid: MacAddr, now: Instant) -> Result<(), Option<Rejection>> {
        match &self.state {
            State::Connected(state) => state.could_go_to(&self.context, bssid, now),
            _ => Err(None),
        }
    }
}

/// How many BSSs somebody may want to stay with.
const MAX_AFFINITIES: usize = 32;
/// Three things can be overdue at once, and one may lead to another.
const OVERDUE_ROUNDS: u8 = 8;

impl State {
    fn summary(&self) -> Summary {
        let connecting = |journey: &Journey| {
            let (ssid, attempt) = (journey.network.ssid.clone(), journey.id);
            match journey.leaving {
                None => Summary::Connecting { ssid, attempt },
                Some(_) => Summary::Roaming { ssid, attempt },
            }
        };
        match self {
            Self::Idle(idle) => idle.summary(),
            Self::Scanning(state) => state.journey().map_or(Summary::Searching, connecting),
            Self::Readdressing(state) => connecting(&state.journey),
            Self::Authenticating(state) => connecting(&state.journey),
            Self::Associating(state) => connecting(&state.journey),
            Self::Securing(state) => connecting(&state.journey),
            Self::Connecting(state) => connecting(&state.journey),
            Self::Roaming(state) => connecting(&state.journey),
            Self::Transitioning(state) => connecting(&state.journey),
            Self::Connected(state) => {
                Summary::Connected { ssid: state.journey.network.ssid.clone(), attempt: state.journey.id }
            }
            Self::Disconnecting(state) => state.then.journey().map_or(Summary::Disconnecting, connecting),
            Self::Unavailable(_) => Summary::Unavailable,
        }
    }

    /// What the state waits for, and until when.
    fn deadline(&self) -> Option<(Instant, &'static str)> {
        match self {
            Self::Idle(idle) => idle.deadline(),
            Self::Scanning(state) => state.deadline(),
            Self::Unavailable(_) => None,
            Self::Readdressing(state) => Some(state.deadline()),
            Self::Authenticating(state) => Some(state.deadline()),
            Self::Associating(state) => Some(state.deadline()),
            Self::Securing(state) => Some(state.deadline()),
            Self::Connecting(state) => Some(state.deadline()),
            Self::Roaming(state) => Some(state.deadline()),
            Self::Transitioning(state) => Some(state.deadline()),
            Self::Connected(state) => state.deadline(),
            Self::Disconnecting(state) => state.deadline(),
        }
    }

    /// The attempt that is live.
    fn journey(&self) -> Option<&Journey> {
        match self {
            Self::Idle(_) | Self::Unavailable(_) => None,
            Self::Scanning(state) => state.journey(),
            Self::Readdressing(state) => Some(&state.journey),
            Self::Authenticating(state) => Some(&state.journey),
            Self::Associating(state) => Some(&state.journey),
            Self::Securing(state) => Some(&state.journey),
            Self::Connecting(state) => Some(&state.journey),
            Self::Roaming(state) => Some(&state.journey),
            Self::Transitioning(state) => Some(&state.journey),
            Self::Connected(state) => Some(&state.journey),
            Self::Disconnecting(state) => state.then.journey(),
        }
    }

    /// The same, to change what is wanted of it.
    fn journey_mut(&mut self) -> Option<&mut Journey> {
        match self {
            Self::Idle(_) | Self::Unavailable(_) => None,
            Self::Scanning(state) => state.journey_mut(),
            Self::Readdressing(state) => Some(&mut state.journey),
            Self::Authenticating(state) => Some(&mut state.journey),
            Self::Associating(state) => Some(&mut state.journey),
            Self::Securing(state) => Some(&mut state.journey),
            Self::Connecting(state) => Some(&mut state.journey),
            Self::Roaming(state) => Some(&mut state.journey),
            Self::Transitioning(state) => Some(&mut state.journey),
            Self::Connected(state) => Some(&mut state.journey),
            Self::Disconnecting(state) => state.then.journey_mut(),
        }
    }

    /// The attempt or connection that a wish of the firmware may belong to.
    fn subject(&self) -> Option<Subject> {
        let of = |journey: &Journey, plan: Option<&Plan>, ssid: &Ssid| Subject {
            attempt: journey.id,
            network: journey.network.clone(),
            ssid: ssid.clone(),
            plan: plan.cloned(),
        };
        let by = |journey, target: &Target| of(journey, target.plan(), &target.bss().ssid);
        match self {
            Self::Connecting(state) if state.is_out() => Some(by(&state.journey, &state.target)),
            Self::Securing(state) => Some(by(&state.journey, &state.target)),
            Self::Roaming(state) => Some(of(&state.journey, None, &state.journey.network.ssid)),
            Self::Connected(state) if state.is_held() => Some(of(&state.journey, state.plan(), state.ssid())),
            _ => None,
        }
    }

    /// The number of the attempt that is live.
    fn attempt(&self) -> Option<AttemptId> {
        self.journey().map(|journey| journey.id)
    }

    fn step(self, turn: &mut Turn<'_>, event: Event) -> Self {
        match event {
            Event::Networks(networks) => {
                turn.take_networks(networks);
                self.look_around(turn)
            }
            Event::Autoconnect(on) => self.autoconnect(turn, on),
            Event::Connect(network) => self.connect(turn, network, None),
            Event::ConnectTo { network, bssid } => self.connect(turn, network, Some(bssid)),
            Event::Roam { bssid } => self.roam(turn, bssid),
            Event::Disconnect => {
                turn.context.autoconnect = false;
                // Without the wish to join known networks, looking for one ends in rest.
                self.tell_end(turn);
                self.depart(turn, Then::Seek)
            }
            Event::Affinities(bssids) => {
                turn.context.affinities = bssids.into_iter().take(MAX_AFFINITIES).collect();
                self.watch_signal(turn)
            }
            Event::Scan => self.scan(turn, None, Vec::new()),
            Event::ScanFor(ssid) => self.scan(turn, Some(ssid), Vec::new()),
            Event::ScanOn(frequencies) => self.scan(turn, None, frequencies),
            Event::Completed { ticket, outcome } => self.completed(turn, ticket, outcome),
            Event::Kernel(event) => self.heard(turn, event),
            Event::EventsLost => {
                turn.ignore(self.attempt(), "events of the kernel were lost: reading back its state");
                turn.survey_in_doubt();
                self.in_doubt(turn)
            }
            Event::Resumed(_) => {
                turn.survey_in_doubt();
                self.in_doubt(turn).look_around(turn)
            }
            Event::Configured(attempt) => match self {
                Self::Connected(state) if state.journey.id == attempt => state.configured(turn),
                state => state.ignore(turn, "an address for another attempt"),
            },
            Event::Unconfigured(attempt, why) => match self {
                Self::Connected(state) if state.journey.id == attempt => state.unconfigured(turn, why),
                state => state.ignore(turn, "no address, of another attempt"),
            },
            Event::Tick => self,
        }
    }

    /// What is of interest about the signal has changed.
    fn watch_signal(mut self, turn: &mut Turn<'_>) -> Self {
        if let Self::Connected(state) = &mut self
            && state.is_held()
        {
            state.watch_signal(turn);
        }
        self
    }

    /// A person wants a scan, perhaps for a name that is not announced, or of some channels only.
    fn scan(mut self, turn: &mut Turn<'_>, name: Option<Ssid>, frequencies: Vec<Frequency>) -> Self {
        turn.want_scan(name, frequencies);
        if let Self::Connected(state) = &mut self {
            state.end_quiet();
        }
        if matches!(self, Self::Unavailable(_)) {
            turn.survey_dropped();
        }
        self
    }

    fn ignore(self, turn: &mut Turn<'_>, why: &'static str) -> Self {
        turn.ignore(self.attempt(), why);
        self
    }

    /// Something has changed that may make a network worth joining now.
    fn look_around(self, turn: &mut Turn<'_>) -> Self {
        match self {
            Self::Idle(idle) => idle.look_around(turn),
            state => state,
        }
    }

    fn completed(self, turn: &mut Turn<'_>, ticket: Ticket, outcome: Result<Reply, Refusal>) -> Self {
        let outcome = match turn.survey_completed(ticket, outcome) {
            Ok(None) => return self,
            Ok(Some(surveyed)) => return self.surveyed(turn, surveyed),
            Err(outcome) => outcome,
        };
        let outcome = match turn.resync_completed(ticket, outcome) {
            Ok(None) => return self,
            Ok(Some(picture)) => return self.resynced(turn, &picture),
            Err(outcome) => outcome,
        };
        let outcome = match turn.external_completed(ticket, outcome) {
            Ok(served) => return self.served(turn, served),
            Err(outcome) => outcome,
        };
        let outcome = match turn.mirror_completed(ticket, outcome) {
            Ok(None) => return self,
            Ok(Some(told)) => {
                return match self {
                    Self::Connecting(state) => state.told(turn, &told),
                    state => state,
                };
            }
            Err(outcome) => outcome,
        };
        match self {
            Self::Connecting(state) => state.completed(turn, ticket, outcome),
            Self::Readdressing(state) => state.completed(turn, ticket, outcome),
            Self::Authenticating(state) => state.completed(turn, ticket, outcome),
            Self::Associating(state) => state.completed(turn, ticket, outcome),
            Self::Securing(state) => state.completed(turn, ticket, outcome),
            Self::Transitioning(state) => state.completed(turn, ticket, outcome),
            Self::Connected(state) => state.completed(turn, ticket, outcome),
            Self::Disconnecting(state) => state.completed(turn, ticket, outcome),
            Self::Idle(_) | Self::Scanning(_) | Self::Roaming(_) | Self::Unavailable(_) => {
                turn.ignore(ticket.attempt, LATE);
                self
            }
        }
    }

    /// The table is up to date, or the kernel refused to scan.
    fn surveyed(self, turn: &mut Turn<'_>, surveyed: Surveyed) -> Self {
        match self {
            Self::Scanning(state) => state.surveyed(turn, surveyed),
            Self::Roaming(state) => state.surveyed(turn),
            Self::Connected(state) => state.surveyed(turn),
            Self::Idle(idle) => {
                turn.prepare_one();
                Self::Idle(idle)
            }
            state => state,
        }
    }

    fn heard(self, turn: &mut Turn<'_>, event: KernelEvent) -> Self {
        match event {
            KernelEvent::ScanStarted | KernelEvent::ScanDone { .. } | KernelEvent::ScanAborted => {
                turn.survey_heard(&event);
                self
            }
            KernelEvent::InterfaceDown => self.unavailable(turn, Code::InterfaceDown),
            KernelEvent::InterfaceRemoved => self.unavailable(turn, Code::InterfaceRemoved),
            KernelEvent::ExternalAuthentication(wish) => self.wished(turn, wish),
            KernelEvent::InterfaceUp => match self {
                Self::Unavailable(state) => state.try_again(turn),
                state => {
                    turn.survey_outdated();
                    state
                }
            },
            KernelEvent::AddressChanged { address } => {
                // Cached keys are found by our address too: those of the old one are not found any more.
                turn.context.address = address;
                turn.flush_firmware();
                match self {
                    Self::Readdressing(state) => state.settled(turn),
                    state => state,
                }
            }
            // The driver gives the channels anew with `set_radio`; a scan that this broke off is done again.
            KernelEvent::RegulatoryChanged => self,
            event => {
                if let KernelEvent::Frame { bytes, .. } = &event
                    && let Some(served) = turn.external_heard(bytes)
                {
                    return self.served(turn, served);
                }
                self.heard_by_state(turn, event)
            }
        }
    }

    fn heard_by_state(self, turn: &mut Turn<'_>, event: KernelEvent) -> Self {
        match self {
            Self::Authenticating(state) => state.heard(turn, event),
            Self::Connecting(state) => state.heard(turn, event),
            Self::Roaming(state) => state.heard(turn, event),
            Self::Transitioning(state) => state.heard(turn, event),
            Self::Associating(state) => state.heard(turn, event),
            Self::Securing(state) => state.heard(turn, event),
            Self::Connected(state) => state.heard(turn, event),
            Self::Disconnecting(state) => state.heard(turn, &event),
            Self::Idle(idle) => idle.heard(turn, &event),
            Self::Scanning(_) | Self::Readdressing(_) | Self::Unavailable(_) => {
                self.ignore(turn, event.name())
            }
        }
    }

    /// What becomes of the state if a deadline is over; `Err` gives it back if none is.
    // The state itself is given back, which is as large as it is.
    #[allow(clippy::result_large_err)]
    fn overdue(self, turn: &mut Turn<'_>) -> Result<Self, Self> {
        let over = |deadline: Option<(Instant, &'static str)>| deadline.is_some_and(|(at, _)| at <= turn.now);
        if over(turn.context.survey.deadline()) {
            return Ok(match turn.survey_overdue() {
                Some(surveyed) => self.surveyed(turn, surveyed),
                None => self,
            });
        }
        if over(turn.context.resync.deadline()) {
            let picture = turn.resync_overdue();
            return Ok(self.resynced(turn, &picture));
        }
        if over(turn.context.external.deadline()) {
            let served = turn.external_overdue();
            return Ok(self.served(turn, served));
        }
        if !over(self.deadline()) {
            return Err(self);
        }
        Ok(match self {
            Self::Idle(idle) => idle.overdue(turn),
            Self::Scanning(state) => state.overdue(turn),
            Self::Unavailable(_) => self,
            Self::Readdressing(state) => state.overdue(turn),
            Self::Authenticating(state) => state.overdue(turn),
            Self::Associating(state) => state.overdue(turn),
            Self::Securing(state) => state.overdue(turn),
            Self::Connecting(state) => state.overdue(turn),
            Self::Roaming(state) => state.overdue(turn),
            Self::Transitioning(state) => state.overdue(turn),
            Self::Connected(state) => state.overdue(turn),
            Self::Disconnecting(state) => state.overdue(turn),
        })
    }

    /// Begins the scan that a person waits for, unless a connection is being made: then it comes after it.
    fn survey_if_wanted(&self, turn: &mut Turn<'_>) {
        let connected = matches!(self, Self::Connected(state) if !state.is_quiet());
        if connected || matches!(self, Self::Idle(_)) {
            turn.scan_for_person(turn.context.settings.random_scan_address && !connected);
        }
    }
}

/// What the kernel may still hold for an attempt that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Footing {
    /// Nothing: it has said so.
    Clean,
    /// An authentication or association with this peer that is not complete.
    Halfway(MacAddr),
    /// A connection with this peer.
    Connected(MacAddr),
    /// Unknown: it has to be asked.
    Doubt,
}

/// Why a completion is not acted on.
const LATE: &str = "a completion that nothing waits for any more";

impl Journey {
    /// Begins an attempt.
    fn begin(turn: &mut Turn<'_>, network: Network, asked: bool, cause: Cause) -> Self {
        use crate::attempt::{Entry, Phase};
        let id = turn.attempt();
        let roam = match cause {
            Cause::Roam(trigger) => Some(trigger),
            Cause::Asked | Cause::Automatic | Cause::Lost | Cause::Retry(_) => None,
        };
        turn.log(Some(id), Entry::Began { ssid: network.ssid.clone(), cause });
        turn.log(Some(id), Entry::Entered(Phase::Scan));
        Self {
            id,
            network,
            chosen: None,
            asked,
            roam,
            leaving: None,
            phase: Phase::Scan,
            rescanned: false,
            freed: false,
            addressed: false,
        }
    }
}

impl Turn<'_> {
    /// Reports that an attempt has ended without a connection.
    fn gave_up(&mut self, journey: &Journey, code: Code, next_try: Option<crate::time::Duration>) {
        if journey.leaving.is_some() {
            // It had a connection, which was to go on elsewhere.
            return self.ended(journey, code);
        }
        let why = self.failure(journey, code);
        self.log(Some(journey.id), crate::attempt::Entry::Failed(why.clone()));
        self.report(Report::Failed {
            attempt: journey.id,
            ssid: journey.network.ssid.clone(),
            why,
            next_try,
        });
    }

    /// A failure in the phase of the moment, which is the last one from now on.
    fn failure(&mut self, journey: &Journey, code: Code) -> Failure {
        let why = journey.failure(code);
        if why.code != Code::Asked {
            self.context.last_failure = Some(why.clone());
        }
        why
    }

    /// Reports that a connection has ended.
    fn ended(&mut self, journey: &Journey, code: Code) {
        self.ended_until(journey, code, None);
    }

    /// The same, of one that was of no use: says when the next attempt begins, too.
    fn ended_until(&mut self, journey: &Journey, code: Code, next_try: Option<crate::time::Duration>) {
        let why = self.failure(journey, code);
        self.log(Some(journey.id), crate::attempt::Entry::Ended(why.clone()));
        self.report(Report::Disconnected { attempt: journey.id, why, next_try });
    }

    /// Reports that an attempt was cut short by the interface going away, and says what comes after.
    fn cut_short(&mut self, journey: &Journey, code: Code) -> Then {
        self.gave_up(journey, code, None);
        Then::after(self.now, journey)
    }
}

#[cfg(test)]
mod tests;
