//! What a station is doing, and what each event means in each state.

use super::associating::Associating;
use super::authenticating::Authenticating;
use super::connecting::Connecting;
use super::context::{Journey, Turn};
use super::departure::Then;
use super::disconnecting::Disconnecting;
use super::external::Subject;
use super::idle::Idle;
use super::readdressing::Readdressing;
use super::roaming::Roaming;
use super::scanning::Scanning;
use super::securing::Securing;
use super::survey::Surveyed;
use super::transition::Transitioning;
use super::unavailable::Unavailable;
use super::{Event, LATE, Summary, connected, transition};
use crate::{
    attempt::{AttemptId, Ticket},
    failure::Code,
    kernel::{Frequency, KernelEvent, Refusal, Reply},
    rsn::Plan,
    select::Target,
    time::Instant,
};
use alloc::{boxed::Box, vec::Vec};
use lapwing_frames::Ssid;

/// How many BSSs somebody may want to stay with.
const MAX_AFFINITIES: usize = 32;

/// What a station is doing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum State {
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

impl State {
    pub(super) fn summary(&self) -> Summary {
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
    pub(super) fn deadline(&self) -> Option<(Instant, &'static str)> {
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
    pub(super) fn journey(&self) -> Option<&Journey> {
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
    pub(super) fn journey_mut(&mut self) -> Option<&mut Journey> {
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

    /// The connection of this attempt that is on its way to another AP, with its addresses.
    fn leaving_mut(&mut self, attempt: AttemptId) -> Option<&mut transition::Leaving> {
        let journey = self.journey_mut().filter(|journey| journey.id == attempt)?;
        journey.leaving.as_deref_mut()
    }

    /// The attempt or connection that a wish of the firmware may belong to.
    pub(super) fn subject(&self) -> Option<Subject> {
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
    pub(super) fn attempt(&self) -> Option<AttemptId> {
        self.journey().map(|journey| journey.id)
    }

    pub(super) fn step(self, turn: &mut Turn<'_>, event: Event) -> Self {
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
            Event::HoldScan(on) => self.hold_scan(on),
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
                mut state => match state.leaving_mut(attempt) {
                    Some(leaving) => {
                        leaving.configured();
                        state
                    }
                    None => state.ignore(turn, "an address for another attempt"),
                },
            },
            Event::Unconfigured(attempt, why) => match self {
                Self::Connected(state) if state.journey.id == attempt => state.unconfigured(turn, why),
                mut state => match state.leaving_mut(attempt) {
                    Some(leaving) => {
                        leaving.unconfigured(turn, why);
                        state
                    }
                    None => state.ignore(turn, "no address, of another attempt"),
                },
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

    /// The rest of an interrupted scan waits for something else, or that is over.
    fn hold_scan(mut self, on: bool) -> Self {
        if let Self::Connected(state) = &mut self {
            state.hold_quiet(on);
        }
        self
    }

    pub(super) fn ignore(self, turn: &mut Turn<'_>, why: &'static str) -> Self {
        turn.ignore(self.attempt(), why);
        self
    }

    /// Something has changed that may make a network worth joining now.
    pub(super) fn look_around(self, turn: &mut Turn<'_>) -> Self {
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
    pub(super) fn overdue(self, turn: &mut Turn<'_>) -> Result<Self, Self> {
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
    pub(super) fn survey_if_wanted(&self, turn: &mut Turn<'_>) {
        let connected = matches!(self, Self::Connected(state) if !state.is_quiet());
        if connected || matches!(self, Self::Idle(_)) {
            turn.scan_for_person(turn.context.settings.random_scan_address && !connected);
        }
    }
}
