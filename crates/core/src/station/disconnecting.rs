//! Disconnecting: an interface is not idle until the kernel has said so.

use super::{LATE, State, context::Turn, departure::Then, resync::Picture};
use crate::{
    attempt::{Entry, Ticket},
    kernel::{KernelEvent, Refusal, Reply, Request},
    select::Target,
    time::{Duration, Instant},
};
use lapwing_frames::{
    MacAddr,
    management::{Body, Management, ReasonCode},
};

/// How long the kernel may take to say that a peer was left. It says so inside the command; some
/// firmwares take their time.
const WORD_LIMIT: Duration = Duration::from_secs(2);
/// How long after a goodbye to an AP MLD its links have no order: it may be sent on any of them, and an AP that
/// gets it after the next authentication ends that.
const SETTLES_AFTER: Duration = Duration::from_millis(20);
/// How often to say goodbye before the kernel's word is no longer waited for.
const TRIES: u8 = 2;

/// Waiting for the kernel's word that nothing is left of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Disconnecting {
    /// What comes after it.
    pub then: Then,
    stage: Stage,
    tries: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// The goodbye is on its way: both its completion and the event must come.
    Told { ticket: Ticket, peer: MacAddr, connected: bool, completed: bool, gone: bool, until: Instant },
    /// It is done. The next authentication with the same AP MLD may go another way than the goodbye, and is given
    /// no chance to overtake it.
    Settling { until: Instant },
    /// The kernel is asked what it believes.
    Reading,
}

impl Disconnecting {
    /// Waits for the kernel's view, which is being read.
    pub(super) const fn reading(then: Then) -> Self {
        Self { then, stage: Stage::Reading, tries: 0 }
    }

    /// Says goodbye to a peer. `connected` tells whether there was a connection, or the beginning of one.
    pub(super) fn begin(turn: &mut Turn<'_>, peer: MacAddr, connected: bool, then: Then) -> State {
        let then = then.entered(turn);
        // An AP that never heard of us would not understand a frame; the kernel sends none then.
        let stage = Self::tell(turn, peer, &then, connected, if connected { LEAVING } else { UNSPECIFIED });
        State::Disconnecting(Self { then, stage, tries: 1 })
    }

    /// Asks the kernel what it believes before anything else is done.
    pub(super) fn doubt(turn: &mut Turn<'_>, then: Then) -> State {
        let then = then.entered(turn);
        turn.resync();
        State::Disconnecting(Self::reading(then))
    }

    fn tell(turn: &mut Turn<'_>, peer: MacAddr, then: &Then, connected: bool, reason: ReasonCode) -> Stage {
        let attempt = then.journey().map(|journey| journey.id);
        let request = if turn.is_fullmac() {
            turn.context.freed = Some(turn.now);
            Request::Disconnect { reason }
        } else {
            Request::Deauthenticate { peer, reason, local_only: false }
        };
        let ticket = turn.ask(attempt, request);
        Stage::Told { ticket, peer, connected, completed: false, gone: false, until: turn.now + WORD_LIMIT }
    }

    pub(super) const fn deadline(&self) -> Option<(Instant, &'static str)> {
        match &self.stage {
            Stage::Told { until, .. } => Some((*until, "the kernel's word that the access point was left")),
            Stage::Settling { until } => Some((*until, "the goodbye to have arrived on whichever link")),
            // The reading has a deadline of its own.
            Stage::Reading => None,
        }
    }

    /// Goes on if both words have come.
    fn settled(mut self, turn: &mut Turn<'_>) -> State {
        match self.stage {
            Stage::Told { completed: true, gone: true, .. } => {
                let before = turn.context.several_links.take();
                if before.is_none_or(|ssid| self.then.network().is_none_or(|network| network.ssid != ssid)) {
                    return self.then.follow(turn);
                }
                self.stage = Stage::Settling { until: turn.now + SETTLES_AFTER };
                State::Disconnecting(self)
            }
            Stage::Told { .. } | Stage::Settling { .. } | Stage::Reading => State::Disconnecting(self),
        }
    }

    pub(super) fn completed(
        mut self,
        turn: &mut Turn<'_>,
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) -> State {
        match &mut self.stage {
            Stage::Told { ticket: ours, completed, .. } if *ours == ticket => match outcome {
                Ok(_) => {
                    *completed = true;
                    self.settled(turn)
                }
                // The kernel knows no such peer, or believes otherwise than we do: ask.
                Err(refusal) => {
                    let command = if turn.is_fullmac() { "DISCONNECT" } else { "DEAUTHENTICATE" };
                    turn.log(ticket.attempt, Entry::Refused { command, refusal });
                    self.in_doubt(turn)
                }
            },
            Stage::Told { .. } | Stage::Settling { .. } | Stage::Reading => {
                turn.ignore(ticket.attempt, LATE);
                State::Disconnecting(self)
            }
        }
    }

    pub(super) fn heard(mut self, turn: &mut Turn<'_>, event: &KernelEvent) -> State {
        match (&mut self.stage, event) {
            (Stage::Told { gone, .. }, KernelEvent::Disconnected { .. }) => {
                *gone = true;
                self.settled(turn)
            }
            // While nothing was complete yet, this event is the only one; of a connection the end follows.
            (Stage::Told { gone, peer, connected, .. }, KernelEvent::Deauthentication { frame })
                if concerns(frame, *peer) =>
            {
                *gone |= !*connected;
                self.settled(turn)
            }
            _ => {
                turn.ignore(self.then.journey().map(|journey| journey.id), event.name());
                State::Disconnecting(self)
            }
        }
    }

    /// Reads back what the kernel believes.
    pub(super) fn in_doubt(mut self, turn: &mut Turn<'_>) -> State {
        turn.resync();
        self.stage = Stage::Reading;
        State::Disconnecting(self)
    }

    pub(super) fn overdue(self, turn: &mut Turn<'_>) -> State {
        if let Stage::Settling { .. } = self.stage {
            return self.then.follow(turn);
        }
        self.in_doubt(turn)
    }

    pub(super) fn resynced(mut self, turn: &mut Turn<'_>, picture: &Picture) -> State {
        if self.stage != Stage::Reading {
            return State::Disconnecting(self);
        }
        match turn.held(picture) {
            Some(peer) if self.tries < TRIES => {
                self.tries += 1;
                // It may be one or the other.
                self.stage = Self::tell(turn, peer, &self.then, false, LEAVING);
                State::Disconnecting(self)
            }
            None if picture.stations.is_none() && self.tries < TRIES => {
                self.tries += 1;
                self.in_doubt(turn)
            }
            _ => self.then.follow(turn),
        }
    }
}

const LEAVING: ReasonCode = ReasonCode::LeavingDeauthenticated;
const UNSPECIFIED: ReasonCode = ReasonCode::Unspecified;

impl Target {
    /// Whether a frame is from or to it.
    pub(super) fn is_concerned(&self, frame: &[u8]) -> bool {
        concerns(frame, self.address()) || concerns(frame, self.bss().bssid)
    }

    /// Why it says goodbye, if this Deauthentication or Disassociation frame is from it.
    pub(super) fn farewell(&self, frame: &[u8]) -> Option<ReasonCode> {
        match Management::parse_decrypted(frame) {
            Ok(Management { header, body: Body::Deauthentication(body) | Body::Disassociation(body) })
                if self.has_address(header.transmitter) =>
            {
                Some(body.reason)
            }
            _ => None,
        }
    }
}

/// Whether a Deauthentication or Disassociation frame is from or to this peer.
pub(super) fn concerns(frame: &[u8], peer: MacAddr) -> bool {
    Management::parse(frame)
        .is_ok_and(|frame| frame.header.transmitter == peer || frame.header.receiver == peer)
}
