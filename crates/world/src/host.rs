//! The host above the interface, as far as a run needs it: once the port is open it sends a probe into the network
//! and waits for its echo, as a network configuration would.

use crate::network::{PROBE, Packet, ROUTER};
use lapwing_core::attempt::{AttemptId, Phase};
use lapwing_core::failure::{Code, Failure};
use lapwing_core::station::{Event, Report};
use lapwing_core::{Duration, Instant};

/// The time between two probes without an echo.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many probes without an echo make a failure.
const TRIES: u8 = 10;
/// The time between probes while all is well: whoever is in a network uses it, and so finds out that it is gone.
const USE: Duration = Duration::from_secs(5);

/// The host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    /// The port is closed.
    #[default]
    Offline,
    /// Waiting for the first echo.
    Probing { attempt: AttemptId, again_at: Instant, sent: u8 },
    /// The echo came. The network is used at this moment again, in a timed run.
    Online { attempt: AttemptId, again_at: Option<Instant> },
    /// The echo came, and what happened since may have been the end of that: another one must show it.
    Doubted { attempt: AttemptId, again_at: Instant },
}

/// What the host does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wants {
    /// Send this to the router.
    pub(crate) probe: Option<Vec<u8>>,
    /// Tell the party.
    pub(crate) event: Option<Event>,
}

impl Host {
    /// The attempt whose connection carries data, once it has.
    pub(crate) const fn online(&self) -> Option<AttemptId> {
        match self {
            Self::Online { attempt, .. } => Some(*attempt),
            Self::Offline | Self::Probing { .. } | Self::Doubted { .. } => None,
        }
    }

    /// The party reports something.
    pub(crate) fn hear(&mut self, now: Instant, report: &Report) -> Wants {
        match report {
            Report::Connected(connected) => {
                let attempt = connected.attempt;
                *self = Self::Probing { attempt, again_at: now + PATIENCE, sent: 1 };
                Wants { probe: Some(payload(attempt)), event: None }
            }
            Report::Disconnected { .. } => {
                *self = Self::Offline;
                Wants::default()
            }
            _ => Wants::default(),
        }
    }

    /// A packet comes. `uses` says whether the network is used from then on, now and then.
    pub(crate) fn receive(&mut self, now: Instant, packet: &Packet, uses: bool) -> Wants {
        match *self {
            Self::Probing { attempt, .. } if is_echo(packet, attempt) => {
                *self = Self::Online { attempt, again_at: uses.then(|| now + USE) };
                Wants { probe: None, event: Some(Event::Configured(attempt)) }
            }
            Self::Doubted { attempt, .. } if is_echo(packet, attempt) => {
                *self = Self::Online { attempt, again_at: uses.then(|| now + USE) };
                Wants::default()
            }
            _ => Wants::default(),
        }
    }

    /// From now on the network is used, and that it could be used before shows nothing.
    pub(crate) fn use_from(&mut self, now: Instant) {
        if let Self::Online { attempt, .. } = *self {
            *self = Self::Doubted { attempt, again_at: now };
        }
    }

    /// When [`Self::tick`] is due.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Offline => None,
            Self::Probing { again_at, .. } | Self::Doubted { again_at, .. } => Some(*again_at),
            Self::Online { again_at, .. } => *again_at,
        }
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now: Instant) -> Wants {
        match self {
            Self::Probing { attempt, again_at, sent } if *again_at <= now => {
                *again_at = now + PATIENCE;
                *sent = sent.saturating_add(1);
                let failed = || Failure { phase: Phase::Address, code: Code::NoAddress };
                let event = (*sent == TRIES).then(|| Event::Unconfigured(*attempt, failed()));
                Wants { probe: Some(payload(*attempt)), event }
            }
            Self::Doubted { attempt, again_at } if *again_at <= now => {
                *again_at = now + PATIENCE;
                Wants { probe: Some(payload(*attempt)), event: None }
            }
            Self::Online { attempt, again_at: Some(again_at) } if *again_at <= now => {
                *again_at = now + USE;
                Wants { probe: Some(payload(*attempt)), event: None }
            }
            _ => Wants::default(),
        }
    }
}

/// The probe of an attempt: the echo of an earlier one is none.
fn payload(attempt: AttemptId) -> Vec<u8> {
    attempt.0.to_be_bytes().to_vec()
}

fn is_echo(packet: &Packet, attempt: AttemptId) -> bool {
    packet.source == ROUTER && packet.ethertype == PROBE && packet.payload == attempt.0.to_be_bytes()
}
