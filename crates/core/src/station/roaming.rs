//! Roaming: the firmware is connected with an AP that was not chosen here. Before anything is believed of it, it
//! has to be found in the table, and to be one that might have been chosen.

use super::{
    Footing, State,
    associating::KeyFrame,
    context::{Journey, Turn},
};
use crate::{
    attempt::Entry,
    failure::Code,
    kernel::{Connection, KernelEvent},
    network::Network,
    select::{self, History, Policy, Target},
    time::{Duration, Instant},
};
use alloc::boxed::Box;
use lapwing_frames::MacAddr;

/// How long the kernel may take to give its table, a scan before it included.
const LIMIT: Duration = Duration::from_secs(10);
/// How old what was heard of the AP may be: the firmware has just spoken with it.
const FRESH_FOR: Duration = Duration::from_secs(300);

/// The firmware is connected with an AP that was not chosen here.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Roaming {
    pub journey: Journey,
    connection: Connection,
    /// A key frame that has to wait, and who sent it.
    early: Option<(MacAddr, KeyFrame)>,
    until: Instant,
}

impl core::fmt::Debug for Roaming {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Roaming")
            .field("journey", &self.journey)
            .field("connection", &self.connection)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl Turn<'_> {
    /// One BSS of a network as a target, if it might be joined. That it failed a moment ago counts for nothing:
    /// the firmware has chosen it.
    pub(super) fn target_at(&self, network: &Network, bssid: MacAddr) -> Option<Target> {
        let network = Network { bssid: Some(bssid), ..network.clone() };
        self.target_in(&network, FRESH_FOR).filter(|target| target.has_address(bssid))
    }

    /// The best BSS of a network that was heard within this time, whatever failed there before.
    pub(super) fn target_in(&self, network: &Network, fresh_for: Duration) -> Option<Target> {
        let context = &*self.context;
        let policy = Policy { fresh_for, ..Policy::at(self.now) };
        select::choose(&context.table, network, &context.radio, &History::default(), &policy).1
    }
}

impl Roaming {
    /// Goes on with the AP that the firmware is connected with.
    pub(super) fn begin(
        turn: &mut Turn<'_>,
        journey: Journey,
        connection: Connection,
        early: Option<(MacAddr, KeyFrame)>,
    ) -> State {
        let early = early.filter(|(from, _)| *from == connection.peer);
        let roaming = Box::new(Self { journey, connection, early, until: turn.now + LIMIT });
        let state = roaming.find(turn);
        if let State::Roaming(roaming) = &state {
            turn.read_table(Some(roaming.journey.id));
        }
        state
    }

    pub(super) const fn peer(&self) -> MacAddr {
        self.connection.peer
    }

    pub(super) const fn deadline(&self) -> (Instant, &'static str) {
        (self.until, "the kernel's table, for the access point of the firmware's choice")
    }

    fn find(self: Box<Self>, turn: &mut Turn<'_>) -> State {
        match turn.target_at(&self.journey.network, self.connection.peer) {
            Some(target) => {
                let Self { journey, connection, early, .. } = *self;
                turn.linked(journey, target, connection, early.map(|(_, frame)| frame))
            }
            None => State::Roaming(self),
        }
    }

    /// The table is up to date.
    pub(super) fn surveyed(self: Box<Self>, turn: &mut Turn<'_>) -> State {
        match self.find(turn) {
            State::Roaming(state) => state.overdue(turn),
            state => state,
        }
    }

    pub(super) fn heard(mut self: Box<Self>, turn: &mut Turn<'_>, event: KernelEvent) -> State {
        match event {
            KernelEvent::Roamed(connection) => {
                let Self { journey, early, .. } = *self;
                Self::begin(turn, journey, connection, early)
            }
            KernelEvent::KeyFrame { from, bytes, in_clear } if from == self.peer() => {
                self.early = Some((from, KeyFrame { bytes, in_clear }));
                State::Roaming(self)
            }
            KernelEvent::Disconnected { reason, by_ap } => {
                turn.log(Some(self.journey.id), Entry::Farewell { reason, by_ap });
                let code = if by_ap {
                    Code::EndedByAccessPoint(reason)
                } else {
                    Code::Firmware("it gave up connecting")
                };
                turn.failed(self.journey, None, code, Footing::Clean)
            }
            event => {
                turn.ignore(Some(self.journey.id), event.name());
                State::Roaming(self)
            }
        }
    }

    pub(super) fn overdue(self: Box<Self>, turn: &mut Turn<'_>) -> State {
        let peer = self.peer();
        let code = Code::Firmware("it is connected with an access point that must not be joined");
        turn.failed(self.journey, None, code, Footing::Connected(peer))
    }
}
