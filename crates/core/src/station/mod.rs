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
mod state;
mod survey;
mod transition;
mod unavailable;
mod vocabulary;

pub use context::{Pauses, Settings};
pub use multi_link::{LinkState, LinkView, MultiLink};
pub use roam::{Blocking, RoamPolicy, RoamStep};
pub use vocabulary::{Action, Connected, Event, Learned, Report, Summary};

use crate::{
    attempt::Cause,
    failure::{Code, Failure},
    kernel::{Interface, ScanEntry},
    means::Means,
    network::Network,
    radio::Radio,
    rsn::Plan,
    scan::{Bss, Table},
    select::{Judged, Rejection, Target},
    time::Instant,
};
use alloc::vec::Vec;
use context::{Context, Journey, Turn};
use departure::Then;
use disconnecting::Disconnecting;
use lapwing_frames::{MacAddr, suite::Akm};
use state::State;
use survey::Survey;

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

/// Three things can be overdue at once, and one may lead to another.
const OVERDUE_ROUNDS: u8 = 8;

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
