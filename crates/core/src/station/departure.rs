//! What comes after an end.

use super::{
    State,
    context::{Journey, Turn},
    idle::Idle,
    scanning::Scanning,
};
use crate::{
    attempt::{Cause, Difference, Phase},
    network::Network,
    select::Target,
    time::Instant,
};
use alloc::boxed::Box;
use lapwing_frames::{MacAddr, Ssid};

/// What comes after an end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Then {
    /// Look for a known network, if that is wanted by then.
    Seek,
    /// Look for a known network, but not before this moment: the attempt at this one has failed.
    SeekLater { at: Instant, after: Ssid },
    /// Go on with an attempt that has begun.
    Join(Box<Journey>),
    /// Begin another attempt.
    Try(Box<Next>),
    /// Join the same BSS with a full authentication: the cached PMKSA was no good.
    Again(Box<(Journey, Target)>),
    /// Go on from one AP to another, or back.
    Go(Box<(Journey, Target)>),
}

/// An attempt that is to begin.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Next {
    pub network: Network,
    /// As in [`Journey`].
    pub chosen: Option<MacAddr>,
    pub asked: bool,
    pub cause: Cause,
    pub at: Instant,
}

impl Then {
    /// After a connection that somebody asked for: the same again. Else whatever is there.
    pub(super) fn after(now: Instant, journey: &Journey) -> Self {
        if !journey.asked {
            return Self::Seek;
        }
        Self::Try(Box::new(Next {
            network: journey.network.clone(),
            chosen: journey.chosen,
            asked: true,
            cause: Cause::Lost,
            at: now,
        }))
    }

    /// The attempt that is live already.
    pub(super) fn journey(&self) -> Option<&Journey> {
        match self {
            Self::Join(journey) => Some(journey),
            Self::Again(pair) | Self::Go(pair) => Some(&pair.0),
            Self::Seek | Self::SeekLater { .. } | Self::Try(_) => None,
        }
    }

    /// The network that is joined next, if it is known by now.
    pub(super) fn network(&self) -> Option<&Network> {
        match self {
            Self::Try(next) => Some(&next.network),
            Self::Join(_) | Self::Again(_) | Self::Go(_) | Self::Seek | Self::SeekLater { .. } => {
                self.journey().map(|journey| &journey.network)
            }
        }
    }

    /// The same, to change what is wanted of it.
    pub(super) fn journey_mut(&mut self) -> Option<&mut Journey> {
        match self {
            Self::Join(journey) => Some(journey),
            Self::Again(pair) | Self::Go(pair) => Some(&mut pair.0),
            Self::Seek | Self::SeekLater { .. } | Self::Try(_) => None,
        }
    }

    /// As an attempt that begins with leaving the AP of before.
    pub(super) fn entered(mut self, turn: &mut Turn<'_>) -> Self {
        if let Self::Join(journey) = &mut self {
            journey.enter(turn, Phase::Leave);
        }
        self
    }

    /// Goes on, now that the kernel holds nothing.
    pub(super) fn follow(self, turn: &mut Turn<'_>) -> State {
        match self {
            Self::Seek => Idle::seek(turn, None),
            Self::SeekLater { at, after } if at <= turn.now => Idle::seek(turn, Some(after)),
            Self::SeekLater { at, after } => State::Idle(Idle::Pausing { at, after: Some(after), round: 0 }),
            Self::Join(journey) => Scanning::join(turn, *journey, false),
            // Nobody asked for it, and by now nobody wants it any more.
            Self::Try(next) if !next.asked && !turn.wants(&next.network) => Idle::seek(turn, None),
            Self::Try(next) if next.at <= turn.now => {
                let Next { network, chosen, asked, cause, .. } = *next;
                // The AP that failed may have changed: what was heard of it before is no good.
                let fresh = matches!(cause, Cause::Retry(Difference::FreshScan | Difference::AfterFarewell));
                let mut journey = Journey::begin(turn, network, asked, cause);
                journey.chosen = chosen;
                Scanning::join(turn, journey, fresh)
            }
            Self::Try(next) => State::Idle(Idle::Waiting(next)),
            Self::Again(pair) => {
                let (journey, target) = *pair;
                turn.authenticate(journey, target, false)
            }
            Self::Go(pair) => {
                let (journey, target) = *pair;
                turn.go(journey, target)
            }
        }
    }
}
